"""Gorse's feedback, users and items, into the spec's events and the catalogue's rows and back."""

import json
from typing import Any

import pytest

from detak.catalogue import Product
from detak.dialects import gorse
from detak.errors import RowError
from detak.product_fields import read_row


def said(overwrite: bool = False, **more: Any) -> dict[str, Any]:
    """What becomes of one feedback."""
    told = {"FeedbackType": "read", "UserId": "ani", "ItemId": "S1", "Timestamp": "2026-11-01T10:00:00Z", **more}
    return json.loads(gorse.feedback([told], overwrite=overwrite))["batch"][0]


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("read", "Product Viewed"),
        ("Click", "Product Clicked"),
        ("cart", "Product Added"),
        ("star", "Product Added to Wishlist"),
        ("like", "Product Added to Wishlist"),
        ("rating", "Product Reviewed"),
        ("share", "Product Shared"),
        ("purchase", "Order Completed"),
        ("shrug", "shrug"),
    ],
)
def test_types_of_feedback_are_the_specs_events(kind: str, event: str) -> None:
    assert said(FeedbackType=kind)["event"] == event


def test_feedback_is_an_event() -> None:
    one = said(Value=3)
    del one["messageId"]
    assert one == {
        "type": "track",
        "event": "Product Viewed",
        "userId": "ani",
        "timestamp": "2026-11-01T10:00:00Z",
        "properties": {"product_id": "S1", "feedback_value": 3},
    }
    assert said(FeedbackType="rating", Value=4)["properties"] == {"product_id": "S1", "rating": 4}


def test_what_one_bought_at_one_moment_is_one_order() -> None:
    one = said(FeedbackType="purchase")["properties"]
    other = said(FeedbackType="purchase", ItemId="S2")["properties"]
    later = said(FeedbackType="purchase", Timestamp="2026-11-02T10:00:00Z")["properties"]
    assert one["order_id"] == other["order_id"] != later["order_id"]
    assert one["line"] != other["line"]
    assert (one["products"], other["products"]) == ([{"product_id": "S1"}], [{"product_id": "S2"}])


def test_kept_feedback_is_known_by_type_user_and_item() -> None:
    key = said()["messageId"]
    assert key == said(Timestamp="2026-12-01T00:00:00Z", Value=2)["messageId"]
    others = {said(**{name: "x"})["messageId"] for name in ("FeedbackType", "UserId", "ItemId")}
    assert len(others | {key}) == 4


def test_overwritten_feedback_is_known_by_time_and_value_too() -> None:
    key = said(overwrite=True)["messageId"]
    assert key == said(overwrite=True)["messageId"]
    assert key != said(overwrite=True, Value=2)["messageId"]
    assert key != said(overwrite=True, Timestamp="2026-12-01T00:00:00Z")["messageId"]


@pytest.mark.parametrize("item", [None, ""])
def test_feedback_on_nothing_is_refused(item: Any) -> None:
    with pytest.raises(RowError, match="ItemId: is missing"):
        said(ItemId=item)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("2026-11-01", "2026-11-01"),
        (1_793_527_200, "2026-11-01T10:00:00+00:00"),
        ("1793527200", "2026-11-01T10:00:00+00:00"),
        (1_793_527_200_000, "2026-11-01T10:00:00+00:00"),
        (1_793_527_200_000_000, "2026-11-01T10:00:00+00:00"),
        (1_793_527_200_000_000_000, "2026-11-01T10:00:00+00:00"),
        (None, None),
        (" ", None),
        ("soon", "soon"),
        ("9" * 40, "9" * 40),
    ],
)
def test_times_come_in_many_forms(stated: Any, expected: str | None) -> None:
    assert gorse.moment(stated) == expected


def test_a_user_is_an_identify() -> None:
    told = [
        {"UserId": "ani", "Labels": ["gold"], "Comment": "vip"},
        {"UserId": "budi", "Labels": {"age": 3}},
        {"UserId": "citra"},
        "odd",
    ]
    one, other, third, odd = json.loads(gorse.users(told, 1))["batch"]
    assert (one["type"], one["userId"], one["traits"]) == ("identify", "ani", {"labels": ["gold"], "comment": "vip"})
    assert (other["traits"], third["traits"], odd) == ({"age": 3}, {}, "odd")
    assert gorse.user("ani", one["traits"]) == {"UserId": "ani", "Labels": ["gold"], "Comment": "vip"}
    assert gorse.user("budi", other["traits"]) == {"UserId": "budi", "Labels": {"age": 3}, "Comment": ""}


def test_a_change_of_heart_and_back_is_three_messages() -> None:
    keys = {
        json.loads(gorse.users([{"UserId": "a", "Labels": [one]}], n))["batch"][0]["messageId"]
        for n, one in enumerate("xyx")
    }
    assert len(keys) == 3


ITEM = {
    "ItemId": "S1",
    "IsHidden": False,
    "Categories": ["Dapur", "Mangkok"],
    "Timestamp": "2026-11-01T10:00:00Z",
    "Labels": ["biru", "keramik"],
    "Comment": "Mangkok Biru",
}


@pytest.mark.parametrize("labels", [["biru", "keramik"], {"colour": "biru", "tags": ["a", "b"], "weight": 2.5}, []])
def test_an_item_goes_in_and_comes_back(labels: Any) -> None:
    told = {**ITEM, "Labels": labels}
    named, fields = read_row(gorse.row(told), "IDR")
    assert gorse.item(Product(id=named, **fields)) == told


def test_what_an_item_leaves_out_is_left_out() -> None:
    assert gorse.row({"ItemId": "S1", "Comment": None, "Timestamp": "0001-01-01T00:00:00Z"}) == {"id": "S1"}
    assert gorse.row({"ItemId": "S1", "Labels": {"embedding": [0.1, 0.2], "x": {"y": 1}, "z": 1}}) == {
        "id": "S1",
        "attributes": {"z": 1},
    }
    with pytest.raises(RowError, match="is not an object"):
        gorse.row("S1")
