"""How soon a click counts in what is answered, and what remembering a million people takes."""

import tempfile
import threading
import time
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from detak.consent import Basis, Purpose
from detak.engine import Engine
from detak.recommending.asking import Ask
from detak.settings import Settings, SourceSettings
from detak.trust.histories import Histories
from detak.trust.touches import Arrived

_SETTINGS: Final = Settings(sources={"web": SourceSettings(Basis.LEGITIMATE_INTEREST, ("personalisation",))})
_SHOPPERS: Final = 300
_GOODS: Final = 200
_TOUCHES: Final = 8  # a person, on average
_BATCH: Final = 20_000


class Live(msgspec.Struct, frozen=True):
    """Milliseconds, and bytes."""

    clicks: int
    click_p50_ms: float
    """From the acknowledgement of a click, that is its being on the disk, to an answer that goes by it."""
    click_p99_ms: float
    click_max_ms: float
    people: int
    touches: int
    bytes_a_person: int
    """Of memory: arrays and numbers; the names of products are counted nowhere."""
    remembered_touches_s: int
    read_us: float
    """To read one person's history."""


def measure(people: int, clicks: int) -> Live:
    """Click, and ask until the answer changes; then remember so many people."""
    with tempfile.TemporaryDirectory() as folder, Engine(Path(folder) / "store", _SETTINGS) as engine:
        waits = np.sort(_clicked(engine, clicks))
    live, touches, seconds = _filled(people)
    random = np.random.default_rng(1)
    began = time.perf_counter()
    for one in random.integers(1, people + 1, 2_000).tolist():
        live.of([{one: -1}], int(Purpose.PERSONALISATION), 2**62)
    read = (time.perf_counter() - began) / 2_000
    p50, p99, longest = (round(1e3 * float(np.quantile(waits, part)), 2) for part in (0.5, 0.99, 1.0))
    share = live.nbytes // live.people
    return Live(clicks, p50, p99, longest, live.people, touches, share, round(touches / seconds), round(1e6 * read, 1))


def _clicked(engine: Engine, clicks: int) -> list[float]:
    """Seconds from each acknowledgement until the clicked product, shown before, is left out of the answer."""
    random = np.random.default_rng(0)
    looks = [_look(f"u{user}", int(one), f"{user}-{at}")
             for user in range(_SHOPPERS) for at, one in enumerate(random.integers(0, _GOODS, 6))]  # fmt: skip
    engine.take("web", msgspec.json.encode({"batch": looks}), imported=False).result()
    engine.models.fit()
    engine.models.warm()
    acknowledged = threading.Event()
    waits = []
    for number in range(clicks):
        ask = Ask([("user", f"u{number % _SHOPPERS}")])
        first = engine.models.recommend(ask).items[0].product_id
        acknowledged.clear()
        body = msgspec.json.encode({"batch": [_look(f"u{number % _SHOPPERS}", int(first[1:]), f"click-{number}")]})
        engine.collect("web", body, lambda _: acknowledged.set())
        acknowledged.wait()
        began = time.perf_counter()
        while engine.models.recommend(ask).items[0].product_id == first:
            time.sleep(0.0005)
        waits.append(time.perf_counter() - began)
    return waits


def _look(user: str, product: int, key: str) -> dict[str, object]:
    seen = {"product_id": f"P{product}"}
    return {"type": "track", "event": "Product Viewed", "userId": user, "messageId": key, "properties": seen}


def _filled(people: int) -> tuple[Histories, int, float]:
    """A memory of so many people, how many touches went in, and in how many seconds."""
    random = np.random.default_rng(2)
    live, touches, seconds = Histories(), people * _TOUCHES, 0.0
    whose = np.concatenate([np.arange(1, people + 1), random.integers(1, people + 1, touches - people)])
    for start in range(0, touches, _BATCH):
        some = whose[start : start + _BATCH]
        product = [f"P{one}" for one in random.integers(0, 100_000, len(some)).tolist()]
        time_ = np.full(len(some), start, np.int64)
        purposes = np.full(len(some), int(Purpose.PERSONALISATION), np.int8)
        fresh = Arrived(some, product, random.integers(0, 4, len(some)).astype(np.int8), time_, purposes)
        began = time.perf_counter()
        live.add(fresh)
        seconds += time.perf_counter() - began
    return live, touches, seconds
