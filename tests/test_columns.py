"""From admitted arrivals to rows of facts: every column where it belongs."""

import json
from typing import Any

from detak.columns import Admitted, events_table, items_table, volumes_table
from detak.event import EVENTS, ITEMS, VOLUMES, message_key
from detak.wire import Origin, arrive

RECEIVED = 1_790_000_000_000_000
ORIGIN = Origin("web", RECEIVED, imported=False, currency="IDR")


def admitted(subject: int | None = 7, **message: Any) -> Admitted:
    told = {"type": "track", "event": "Order Completed", "messageId": "m1", **message}
    return Admitted(arrive(json.dumps(told).encode(), ORIGIN), subject, 3)


def test_an_event_is_one_row_with_its_columns() -> None:
    told = {
        "order_id": "O1", "query": "mangkok", "results": 3, "total": 25000, "shipping": 9000, "discount": 500,
        "coupon": "HEMAT", "payment_method": "COD", "shipping_method": "JNE", "channel": "app", "reason": "habis",
        "status": "batal", "country": "ID", "own": 1, "line": 2,
    }  # fmt: skip
    context = {"device": {"type": "Mobile"}, "page": {"path": "/p?x"}, "location": {"city": "Bogor", "country": "SG"}}
    row = events_table([admitted(properties=told, context=context)]).to_pylist()[0]
    assert (row["id"], row["subject"], row["purposes"], row["source"]) == (message_key("web", "m1"), 7, 3, "web")
    assert row["time"] == row["received"]
    assert (row["amount"], row["shipping_cost"], row["discount"], row["currency"]) == (25000, 9000, 500, "IDR")
    assert (row["order_id"], row["line"], row["query"], row["results"]) == ("O1", 2, "mangkok", 3)
    assert (row["payment"], row["shipping"], row["coupon"]) == ("COD", "JNE", "HEMAT")
    assert (row["channel"], row["reason"], row["status"]) == ("app", "habis", "batal")
    assert (row["device"], row["page"], row["country"]) == ("mobile", "/p", "ID")
    assert row["city"]
    assert json.loads(row["properties"]) == {"own": 1}


def test_what_is_not_said_is_null() -> None:
    row = events_table([admitted(None, type="page")]).to_pylist()[0]
    said = {name for name, value in row.items() if value is not None}
    assert said == {"id", "time", "received", "type", "event", "source", "purposes", "line"}
    assert row["event"] == "Page Viewed"


def test_each_product_is_a_row_that_follows_its_event() -> None:
    first = admitted(properties={"order_id": "A", "products": [{"sku": "x", "price": 1}, {"product_id": "y"}]})
    none = admitted(messageId="m2", event="Page Seen")
    single = {
        "order_id": "B",
        "product_id": "z",
        "price": 2.5,
        "quantity": 2,
        "total": 99,
        "currency": "USD",
        "line": 7,
    }
    last = admitted(8, messageId="m3", properties=single)
    some = [first, none, last]
    items = items_table(some, events_table(some))
    assert items.schema.equals(ITEMS)
    rows = items.to_pylist()
    assert [one["event_id"] for one in rows] == [message_key("web", key) for key in ("m1", "m1", "m3")]
    assert [one["subject"] for one in rows] == [7, 7, 8]
    assert [one["line"] for one in rows] == [0, 1, 7]
    assert [one["product_id"] for one in rows] == ["x", "y", "z"]
    assert [one["order_id"] for one in rows] == ["A", "A", "B"]
    assert [(one["price"], one["amount"], one["currency"]) for one in rows] == [
        (1, 1, "IDR"),
        (None, None, "IDR"),
        (250, 500, "USD"),
    ]


def test_the_largest_line_fits() -> None:
    some = [admitted(properties={"line": 2**31 - 2, "products": [{}, {}]})]
    assert items_table(some, events_table(some))["line"].to_pylist() == [2**31 - 2, 2**31 - 1]


def test_nothing_makes_empty_tables() -> None:
    empty = events_table([])
    assert (empty.num_rows, empty.schema) == (0, EVENTS)
    assert items_table([], empty).schema == ITEMS
    assert volumes_table([]).schema == VOLUMES


def test_volumes_count_by_the_minute() -> None:
    minute = RECEIVED - RECEIVED % 60_000_000
    told = [(minute + second * 1_000_000, "web", "x", "accepted") for second in (0, 59, 60)]
    rows = volumes_table([*told, (minute, "web", "x", "rejected")]).to_pylist()
    assert [(one["outcome"], one["count"]) for one in rows] == [("accepted", 2), ("accepted", 1), ("rejected", 1)]
