"""A real ``detak serve`` process for clients to send to, the story that each tells, and what must come of it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from detak.consent import Purpose
from detak.engine import Engine
from detak.event import message_key

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "NO_PROXY": "*"}
_COVERS = 'basis = "legitimate_interest"\npurposes = ["essential", "analytics", "personalisation"]\n'
_SETTINGS = f"[sources.web]\n{_COVERS}[sources.gorse]\n{_COVERS}"
_SKEW = timedelta(seconds=20)  # a client's clock is set right by when it says it sent, which a retry does not renew
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)


@dataclass
class Shop:
    """A served store."""

    folder: Path
    url: str
    key: str
    process: "subprocess.Popen[str]"

    @property
    def token(self) -> str:
        """The admin token."""
        return (self.folder / "admin.token").read_text().strip()

    def stop(self) -> None:
        """End the server as an operator does."""
        if self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(30) == 0


@contextmanager
def opened(folder: Path) -> Iterator[Shop]:
    """Serve a fresh store in a process of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "detak.toml").write_text(_SETTINGS)
    command = [sys.executable, "-m", "detak", "serve", "--store", str(folder), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        shop = Shop(folder, told["url"], told["write_key"], process)
        try:
            yield shop
        finally:
            shop.stop()


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


def check(shop: Shop, *, traits: bool = True) -> None:
    """Every message of the story is there exactly once, with its name, id, time, person and properties."""
    shop.stop()
    with Engine(shop.folder) as engine:
        events, items = _facts(engine)
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
        known = engine.export([("user", "ani")])
        assert {one["value"] for one in known["identifiers"]} == {"ani", "device-7"}
        assert len(known["events"]) == len(STORY) - 1
        assert len(engine.export([("anonymous", "device-9")])["events"]) == 1
        assert not traits or known["traits"]["plan"] == "gold"


def facts(shop: Shop) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What arrived: the rows of events and those of products, by time."""
    shop.stop()
    with Engine(shop.folder) as engine:
        return _facts(engine)


def names(shop: Shop) -> list[str]:
    """The names of what arrived, by time."""
    return [row["event"] for row in facts(shop)[0]]


def _facts(engine: Engine) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    with engine.gate.events(Purpose.ANALYTICS, before=datetime.now(UTC), why="test") as granted:
        events = granted.run(granted.facts.events.order_by("time")).to_pylist()
        items = granted.run(granted.facts.items.order_by(["time", "line"])).to_pylist()
    return events, items
