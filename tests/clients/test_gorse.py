"""Gorse's own clients, unmodified, against a real server."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.clients.packages import run
from tests.clients.shop import BEGAN, names, opened
from tests.server.serving import Running

NOW = BEGAN.isoformat()


def test_pygorse_writes(tmp_path: Path) -> None:
    gorse = pytest.importorskip("gorse", reason="PyGorse is not installed")
    with opened(tmp_path) as shop:
        client = gorse.Gorse(shop.url, shop.key)
        assert client.insert_user({"UserId": "ani", "Labels": ["gold"], "Comment": "vip"}) == {"RowAffected": 1}
        assert client.insert_users([{"UserId": "budi"}, {"UserId": "citra"}]) == {"RowAffected": 2}
        item = {"ItemId": "S1", "IsHidden": False, "Categories": ["Dapur"], "Labels": ["biru"], "Comment": "Mangkok",
                "Timestamp": "2026-11-01T10:00:00Z"}  # fmt: skip
        assert client.insert_item(item) == {"RowAffected": 1}
        assert client.get_item("S1") == item
        assert client.update_item("S1", is_hidden=True) == {"RowAffected": 1}
        assert client.get_items(10) == ([{**item, "IsHidden": True}], "")
        for _ in range(2):
            assert client.insert_feedback("read", "ani", "S1", NOW) == {"RowAffected": 1}
        many = [{"FeedbackType": kind, "UserId": "budi", "ItemId": "S1", "Timestamp": NOW} for kind in ("star", "nod")]
        assert client.insert_feedbacks(many) == {"RowAffected": 2}
        with pytest.raises(gorse.GorseException) as refused:
            gorse.Gorse(shop.url, "wrong").insert_feedback("read", "ani", "S1", NOW)
        assert refused.value.status_code == 401
        _as_admin(gorse.Gorse(shop.url, shop.token))
        arrived = sorted(names(shop))
    assert arrived == ["Identified", "Identified", "Product Added to Wishlist", "nod"]


def _as_admin(client: Any) -> None:
    """What reads people and removes things; ``ani`` is gone afterwards."""
    assert client.get_user("ani") == {"UserId": "ani", "Labels": ["gold"], "Comment": "vip"}
    assert [one["ItemId"] for one in client.list_feedbacks("read", "ani")] == ["S1"]
    assert client.delete_user("ani") == {"RowAffected": 1}
    assert client.delete_item("S1") == {"RowAffected": 1}


def test_pygorse_reads(tmp_path: Path) -> None:
    gorse = pytest.importorskip("gorse", reason="PyGorse is not installed")
    with opened(tmp_path) as shop:
        client = gorse.Gorse(shop.url, shop.token)
        told = [("budi", "S1"), ("budi", "S2"), ("citra", "S1"), ("citra", "S2"), ("ani", "S1")]
        many = [{"FeedbackType": "read", "UserId": user, "ItemId": item, "Timestamp": NOW} for user, item in told]
        assert client.insert_feedbacks(many) == {"RowAffected": 5}
        _fit(shop)
        assert [one.id for one in client.get_recommend("ani")] == ["S2"]
        assert client.get_recommend("ani", category="none") == []
        assert [one["Id"] for one in client.session_recommend(many[:1])] == ["S2"]
        assert [one["Id"] for one in client.get_neighbors("S1")] == ["S2"]


def _fit(shop: Running) -> None:
    """Have the server learn from what came in."""
    shop.engine.settle()
    assert (
        shop.post("/v1/admin/fit", b"", auth=None, headers={"Authorization": f"Bearer {shop.token}"}).json()["touches"]
        >= 5
    )


def test_gorsejs_reads(tmp_path: Path) -> None:
    with opened(tmp_path) as shop:
        told = {"url": shop.url, "key": shop.token}
        json.loads(run("gorse_reads.mjs", {**told, "write": True}))
        _fit(shop)
        said = json.loads(run("gorse_reads.mjs", told))
    assert said["recommended"] == ["S2"]
    for name in ("session", "neighbours"):
        assert [one["Id"] for one in said[name]] == ["S2"], name
    assert {one["Id"] for one in said["popular"]} == {"S1", "S2"}
    assert said["latest"] == []


def test_gorsejs_writes(tmp_path: Path) -> None:
    with opened(tmp_path) as shop:
        said = json.loads(run("gorse.mjs", {"url": shop.url, "key": shop.key}))
        arrived = sorted(names(shop))
        assert shop.engine.catalogue.count() == 2
    assert said["answers"] == [1, 2, 1, 1, 1, 2, 1, 1]
    assert (said["item"]["ItemId"], said["item"]["Categories"]) == ("S1", ["Dapur"])
    assert [(one["ItemId"], one["IsHidden"]) for one in said["items"]["Items"]] == [("S1", False), ("S2", False)]
    assert said["refused"] == 401
    assert arrived == ["Identified"] * 3 + ["Order Completed", "Product Added to Wishlist", "Product Viewed"]
