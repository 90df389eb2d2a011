"""Answers that took long: kept to be given again, older but at once, and made anew behind that.

Who is in them and whether they may still be is not known here: the gate says so each time (``Gate.stands``).
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from detak.answer_files import AnswerFiles, Told
from detak.insights.base import Report
from detak.trust.passages import Standpoint

SLOW: Final = 0.5
"""Seconds; what takes less is made anew each time it is asked for."""
_MOST: Final = 256
_REST: Final = 20  # times as long as it took an answer stands before it is made anew
_LEAST: Final = 60.0  # seconds
_GRACE: Final = 180.0


@dataclass
class _Turn:
    """Whose turn it is to make an answer."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    wanted: int = 0
    """By so many: who holds it, and who waits."""


class Given:
    """The latest answers by key. Any thread may ask.

    Args:
        slow: seconds; what takes less is made anew each time it is asked for.
        files: where those that took long lie over restarts; none: they go with the process.
    """

    def __init__(self, slow: float = SLOW, files: AnswerFiles | None = None) -> None:
        self._slow = slow
        self._files = files
        self._lock = threading.Lock()
        self._found: OrderedDict[str, Told] = OrderedDict()
        self._making: dict[str, _Turn] = {}
        self._began = datetime.now(UTC)

    def find(self, key: str, kind: type[Report]) -> Told | None:
        """What was answered last, however old, if making it anew would take long."""
        with self._lock:
            told = self._found.get(key)
        if told is None and self._files is not None and (told := self._files.read(key, kind)) is not None:
            with self._lock:
                told = self._found.setdefault(key, told)
        return told if told is not None and told.seconds >= self._slow else None

    def fresh(self, told: Told, now: datetime) -> bool:
        """Whether it need not be made anew first: nobody was late with that. While no process ran it did not age."""
        return (now - max(told.at, self._began)).total_seconds() <= _GRACE + 2 * _stands(told)

    def put(self, key: str, told: Told, holds: Callable[[Standpoint], bool]) -> None:
        """Keep it, if it may be given again; of too many the oldest goes."""
        with self._lock:
            self._found.pop(key, None)
            if told.standpoint is not None:
                self._found[key] = told
            while len(self._found) > _MOST:
                self._found.popitem(last=False)
        if self._files is not None:
            self._files.drop(key) if told.seconds < self._slow else self._files.write(key, told, holds)

    def drop(self, key: str) -> None:
        """It must not be given again."""
        with self._lock:
            self._found.pop(key, None)
        if self._files is not None:
            self._files.drop(key)

    def thin_out(self) -> None:
        """See that nothing lies on the disk for longer than it may."""
        if self._files is not None:
            self._files.thin_out()

    def closed(self) -> AbstractContextManager[None]:
        """Around the removal of somebody from the facts: no answer that counts them is on the disk afterwards."""
        return nullcontext() if self._files is None else self._files.closed()

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

    def due(self, key: str, kind: type[Report], now: datetime, holds: Callable[[Standpoint], bool]) -> bool:
        """Whether to make it before it is asked for: it is not there, or is slow and stood for long enough, or what it
        was drawn from holds no more."""
        self.find(key, kind)
        with self._lock:
            told = self._found.get(key)
        if told is None or told.standpoint is None:
            return True
        old = (now - told.at).total_seconds() > _stands(told)
        return told.seconds >= self._slow and (old or not holds(told.standpoint))


def _stands(told: Told) -> float:
    """Seconds for which it need not be made anew."""
    return max(_LEAST, _REST * told.seconds)
