"""From admitted arrivals to rows of facts: every column where it belongs."""

import json
from typing import Any

import numpy as np
import pyarrow as pa

from detak.event import EVENTS, ITEMS, VOLUMES, message_key
from detak.reading.columns import events_table, items_table, volumes_table
from detak.reading.decode import decode
from detak.reading.intake import Intake
from detak.record import Meta, Record
from detak.settings import Settings

RECEIVED = 1_790_000_000_000_000
Told = dict[str, Any]


def told(**message: Any) -> Told:
    return {"type": "track", "event": "Order Completed", "messageId": "m1", **message}


def facts(*messages: Told, subjects: list[int] | None = None, kept: list[bool] | None = None) -> list[pa.Table]:
    """The events and the items of messages that were let in."""
    body = json.dumps({"batch": list(messages)}).encode()
    decoded = decode([Record(0, Meta("web", RECEIVED), body)], Intake(Settings()))
    rows = len(messages)
    admission = (
        np.array(subjects or [7] * rows),
        np.full(rows, 3, dtype=np.int16),
        np.array(kept or [True] * rows),
    )
    events = events_table(decoded.events, *admission)
    return [events, items_table(decoded.items, decoded.events, *admission)]


def test_an_event_is_one_row_with_its_columns() -> None:
    properties = {
        "order_id": "O1", "query": "mangkok", "results": 3, "total": 25000, "shipping": 9000, "discount": 500,
        "coupon": "HEMAT", "payment_method": "COD", "shipping_method": "JNE", "channel": "app", "reason": "habis",
        "status": "batal", "country": "ID", "own": 1, "line": 2,
    }  # fmt: skip
    context = {"device": {"type": "Mobile"}, "page": {"path": "/p?x"}, "location": {"city": "Bogor", "country": "SG"}}
    row = facts(told(properties=properties, context=context))[0].to_pylist()[0]
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
    row = facts(told(type="page"), subjects=[0])[0].to_pylist()[0]
    said = {name for name, value in row.items() if value is not None}
    assert said == {"id", "time", "received", "type", "event", "source", "purposes", "line"}
    assert row["event"] == "Page Viewed"


def test_each_product_is_a_row_that_follows_its_event() -> None:
    first = told(properties={"order_id": "A", "products": [{"sku": "x", "price": 1}, {"product_id": 12}]})
    none = told(messageId="m2", event="Page Seen")
    single = {
        "order_id": "B",
        "product_id": "z",
        "price": 2.5,
        "quantity": 2,
        "total": 99,
        "currency": "USD",
        "line": 7,
    }
    last = told(messageId="m3", properties=single)
    items = facts(first, none, last, subjects=[7, 7, 8])[1]
    assert items.schema.equals(ITEMS)
    rows = items.to_pylist()
    assert [one["event_id"] for one in rows] == [message_key("web", key) for key in ("m1", "m1", "m3")]
    assert [one["subject"] for one in rows] == [7, 7, 8]
    assert [one["line"] for one in rows] == [0, 1, 7]
    assert [one["product_id"] for one in rows] == ["x", "12", "z"]
    assert [one["order_id"] for one in rows] == ["A", "A", "B"]
    assert [(one["price"], one["amount"], one["currency"]) for one in rows] == [
        (1, 1, "IDR"),
        (None, None, "IDR"),
        (250, 500, "USD"),
    ]


def test_the_largest_line_fits() -> None:
    items = facts(told(properties={"line": 2**31 - 2, "products": [{}, {}]}))[1]
    assert items["line"].to_pylist() == [2**31 - 2, 2**31 - 1]


def test_what_is_not_let_in_leaves_nothing() -> None:
    some = [told(messageId=str(at), properties={"products": [{"sku": str(at)}]}) for at in range(3)]
    events, items = facts(*some, kept=[False, True, False])
    assert events["id"].to_pylist() == items["event_id"].to_pylist() == [message_key("web", "1")]
    assert items["product_id"].to_pylist() == ["1"]


def test_nothing_makes_empty_tables() -> None:
    events, items = facts()
    assert (events.num_rows, events.schema) == (0, EVENTS)
    assert items.schema == ITEMS
    assert volumes_table([]).schema == VOLUMES


def test_volumes_count_by_the_minute() -> None:
    minute = RECEIVED - RECEIVED % 60_000_000
    counted = [(minute + second * 1_000_000, "web", "x", "accepted", "", 2) for second in (0, 59, 60)]
    rows = volumes_table([*counted, (minute, "web", "x", "rejected", "event: is missing", 1)]).to_pylist()
    assert [(one["outcome"], one["count"]) for one in rows] == [("accepted", 4), ("accepted", 2), ("rejected", 1)]
    assert [one["detail"] for one in rows] == ["", "", "event: is missing"]
