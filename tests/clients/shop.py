"""A served shop for clients to send to, the story that each tells, and what must come of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.server.serving import Running, served

from detak.consent import Basis, Purpose
from detak.event import message_key
from detak.settings import Settings, SourceSettings

_COVERED = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics", "personalisation"))
_SETTINGS = Settings(sources={"web": _COVERED, "gorse": _COVERED})
_SKEW = timedelta(seconds=20)  # a client's clock is set right by when it says it sent, which a retry does not renew
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)


@contextmanager
def opened(folder: Path) -> Iterator[Running]:
    """A fresh store, served."""
    with served(folder, _SETTINGS) as shop:
        yield shop


def when(minutes: int) -> datetime:
    """A moment of the story."""
    return BEGAN + timedelta(minutes=minutes)


ORDER = {
    "order_id": "O-1",
    "total": 34_000,
    "currency": "IDR",
    "products": [
        {"product_id": "S1", "name": "Mangkok", "price": 12_500, "quantity": 2},
        {"product_id": "S2", "name": "Piring", "price": 9_000, "quantity": 1},
    ],
}
STORY: list[dict[str, Any]] = [
    {"type": "identify", "userId": "ani", "traits": {"plan": "gold"}},
    {"type": "track", "userId": "ani", "event": "Product Viewed",
     "properties": {"product_id": "S1", "name": "Mangkok 🍜", "price": 12_500, "colour": "biru"}},
    {"type": "track", "userId": "ani", "event": "Order Completed", "properties": ORDER},
    {"type": "track", "anonymousId": "device-9", "event": "Products Searched", "properties": {"query": "piring"}},
    {"type": "page", "userId": "ani", "name": "Bowls", "properties": {"path": "/bowls"}},
    {"type": "screen", "userId": "ani", "name": "Cart"},
    {"type": "group", "userId": "ani", "groupId": "family", "traits": {"size": 4}},
    {"type": "alias", "userId": "ani", "previousId": "device-7"},
]  # fmt: skip
"""Every call there is. The n-th happens at ``when(n)`` and has the message id ``m-n``."""

NAMES = [
    "Identified",
    "Product Viewed",
    "Order Completed",
    "Products Searched",
    "Page Viewed",
    "Screen Viewed",
    "Grouped",
    "Aliased",
]


def told() -> list[dict[str, Any]]:
    """The story with ids and times, for clients that take messages as JSON."""
    return [{**one, "messageId": f"m-{n}", "timestamp": when(n).isoformat()} for n, one in enumerate(STORY)]


def check(shop: Running, *, traits: bool = True) -> None:
    """Every message of the story is there exactly once, with its name, id, time, person and properties."""
    events, items = facts(shop)
    assert [row["event"] for row in events] == NAMES
    assert [row["id"] for row in events] == [message_key("web", f"m-{n}") for n in range(len(STORY))]
    for number, row in enumerate(events):
        assert abs(row["time"].replace(tzinfo=UTC) - when(number)) < _SKEW, row["event"]
    assert json.loads(events[1]["properties"])["colour"] == "biru"
    assert (events[2]["order_id"], events[2]["amount"], events[3]["query"]) == ("O-1", 34_000, "piring")
    assert events[4]["page"] == "/bowls"
    lines = [(row["event"], row["product_id"], row["name"], row["amount"]) for row in items]
    assert lines == [
        ("Product Viewed", "S1", "Mangkok 🍜", 12_500),
        ("Order Completed", "S1", "Mangkok", 25_000),
        ("Order Completed", "S2", "Piring", 9_000),
    ]
    known = shop.engine.export([("user", "ani")])
    assert {one["value"] for one in known["identifiers"]} == {"ani", "device-7"}
    assert len(known["events"]) == len(STORY) - 1
    assert len(shop.engine.export([("anonymous", "device-9")])["events"]) == 1
    assert not traits or known["traits"]["plan"] == "gold"


def facts(shop: Running) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What arrived: the rows of events and those of products, by time."""
    shop.engine.settle()
    with shop.engine.gate.events(Purpose.ANALYTICS, before=datetime.now(UTC), why="test") as granted:
        events = granted.run(granted.facts.events.order_by("time")).to_pylist()
        items = granted.run(granted.facts.items.order_by(["time", "line"])).to_pylist()
    return events, items


def names(shop: Running) -> list[str]:
    """The names of what arrived, by time."""
    return [row["event"] for row in facts(shop)[0]]
