"""How the engine itself does: figures that cost next to nothing to keep, for whoever watches over it."""

from bisect import bisect_left
from collections.abc import Mapping
from typing import Final

import msgspec

BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the classes that durations are counted in, in seconds; a last class has no bound."""


class Durations(msgspec.Struct, frozen=True):
    """How long something took, counted in classes."""

    counts: tuple[int, ...]
    """One for each of ``BOUNDS``, and one for what took longer."""
    seconds: float
    """All of it together."""


class Stopwatch:
    """Counts durations. One thread counts; any thread reads."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self._seconds += seconds

    def read(self) -> Durations:
        """What was counted so far."""
        return Durations(tuple(self._counts), self._seconds)


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    """The engine since it was started. What is None is not known."""

    messages: Mapping[tuple[str, str], int]
    """(source, outcome) -> how many. The source is empty where only sums are known."""
    waiting_bytes: int
    """Acknowledged, in the log, and not among the facts yet."""
    tail_rows: int
    """Facts that are not sealed yet."""
    lag_seconds: float | None = None
    """How long ago what is being applied came in; 0 where nothing waits."""
    seals: int | None = None
    commits: Durations | None = None
    """How long the log took to make requests durable."""
