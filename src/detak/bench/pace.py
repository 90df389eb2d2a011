"""How many answers a model gives a second: one person after the other, and many at once."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple, Protocol

import msgspec
import numpy as np

from detak.recommend.base import Crowd, History, Ints32, Many, Scored, Situation
from detak.recommend.windows import Touched

Ints = np.ndarray[Any, np.dtype[np.int64]]
_AT_ONCE: Final = 512  # people: what a thread is given at a time
_CORES: Final = 2


class Pace(msgspec.Struct, frozen=True):
    """Answers a second: by the clock, and for each second of the processor."""

    alone_s: int
    """One person after the other, one thread."""
    alone_a_cpu_second: int
    many_s: int
    """All of them at once, two threads."""
    many_a_cpu_second: int
    same: float | None = None
    """Of all places of the lists, the share in which both ways name one product: what floats hardly tell apart may
    change places."""


class Answered(NamedTuple):
    """People x k, best first (-1: no more), and how quickly."""

    best: Ints
    pace: Pace


class _Model(Many, Protocol):
    """What is asked."""


def answered(model: _Model, asked: Touched, people: Ints, k: int) -> Answered:
    """``k`` for each of the people, with what was touched left out."""
    histories = [np.asarray(asked.item[asked.starts[one] : asked.starts[one + 1]]) for one in people.tolist()]
    began, worked = time.perf_counter(), time.process_time()
    alone = [model.recommend(_history(one), k, one, Situation()) for one in histories]
    clock, processor = time.perf_counter() - began, time.process_time() - worked
    began, worked = time.perf_counter(), time.process_time()
    many = _many(model, histories, k)
    all_, all_processor = time.perf_counter() - began, time.process_time() - worked
    best = _table(alone, k)
    rates = [round(len(histories) / one) for one in (clock, processor, all_, all_processor)]
    same = round(float((best == _table(many, k)).mean()), 4)
    return Answered(best, Pace(rates[0], rates[1], rates[2], rates[3], same))


def _many(model: _Model, histories: Sequence[Ints32], k: int) -> list[Scored]:
    parts = [histories[at : at + _AT_ONCE] for at in range(0, len(histories), _AT_ONCE)]
    with ThreadPoolExecutor(_CORES) as pool:
        found = pool.map(lambda some: model.recommend_many(_crowd(some), k, Situation()), parts)
        return [one for part in found for one in part]


def _crowd(histories: Sequence[Ints32]) -> Crowd:
    return Crowd([_history(one) for one in histories], histories)


def _history(touched: Ints32) -> History:
    return History(touched, np.zeros(len(touched), np.int64), np.ones(len(touched), np.float32))


def _table(found: Sequence[Scored], k: int) -> Ints:
    best = np.full((len(found), k), -1, np.int64)
    for at, one in enumerate(found):
        best[at, : len(one.item)] = one.item
    return best
