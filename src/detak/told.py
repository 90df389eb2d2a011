"""Answers that took long: kept to be given again, older but at once, and made anew behind that.

Who is in them and whether they may still be is not known here: the gate says so each time (``Gate.stands``). Nothing of
it is on the disk.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from detak.insights.base import Report
from detak.trust.passages import Standpoint

SLOW: Final = 0.5
"""Seconds; what takes less is made anew each time it is asked for."""
_MOST: Final = 256
_REST: Final = 20  # times as long as it took an answer stands before it is made anew
_LEAST: Final = 60.0  # seconds
_GRACE: Final = 180.0


class Told(NamedTuple):
    """A report, of which moment (UTC) it is, and what it took."""

    report: Report
    at: datetime
    seconds: float
    standpoint: Standpoint | None
    """Null: it must not be given again."""


@dataclass
class _Turn:
    """Whose turn it is to make an answer."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    wanted: int = 0
    """By so many: who holds it, and who waits."""


class Given:
    """The latest answers by key. Any thread may ask."""

    def __init__(self, slow: float = SLOW) -> None:
        self._slow = slow
        self._lock = threading.Lock()
        self._found: OrderedDict[str, Told] = OrderedDict()
        self._making: dict[str, _Turn] = {}

    def get(self, key: str, now: datetime) -> Told | None:
        """What was answered, if making it anew would take long and it is not too old: nobody made it anew in time."""
        with self._lock:
            told = self._found.get(key)
        if told is None or told.seconds < self._slow:
            return None
        return told if (now - told.at).total_seconds() <= _GRACE + 2 * _stands(told) else None

    def put(self, key: str, told: Told) -> None:
        """Keep it, if it may be given again; of too many the oldest goes."""
        with self._lock:
            self._found.pop(key, None)
            if told.standpoint is None:
                return
            self._found[key] = told
            while len(self._found) > _MOST:
                self._found.popitem(last=False)

    def drop(self, key: str) -> None:
        """It must not be given again."""
        with self._lock:
            self._found.pop(key, None)

    @contextmanager
    def making(self, key: str) -> Iterator[None]:
        """Held by whoever makes it, so that pages opened together ask the facts once. Nothing of it is kept then."""
        with self._lock:
            turn = self._making.setdefault(key, _Turn())
            turn.wanted += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._lock:
                turn.wanted -= 1
                if not turn.wanted:
                    self._making.pop(key, None)

    def due(self, key: str, now: datetime, holds: Callable[[Standpoint], bool]) -> bool:
        """Whether to make it before it is asked for: it is not there, or is slow and stood for long enough, or what it
        was drawn from holds no more."""
        with self._lock:
            told = self._found.get(key)
        if told is None or told.standpoint is None:
            return True
        old = (now - told.at).total_seconds() > _stands(told)
        return told.seconds >= self._slow and (old or not holds(told.standpoint))


def _stands(told: Told) -> float:
    """Seconds for which it need not be made anew."""
    return max(_LEAST, _REST * told.seconds)
