"""What is being counted behind whoever asked for it: they look again, and do not wait."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from typing import Final, Generic, TypeVar

from detak.errors import BusyError

_MOST: Final = 64  # asked for and not fetched
_THREADS: Final = 2

T = TypeVar("T")


class Counting(Generic[T]):
    """Answers by key, each made once however many ask. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: dict[bytes, Future[T]] = {}
        self._threads = ThreadPoolExecutor(_THREADS, "detak-counting")

    def ask(self, key: bytes, make: Callable[[], T], seconds: float) -> T | None:
        """What ``make`` answers, if that is there after so many seconds; else None, and it goes on being made.

        What was made since somebody asked last is asked for again: who made it kept it, if it may be given. What went
        wrong meanwhile is raised.

        Raises:
            BusyError: too much is waiting to be made.
        """
        with self._lock:
            made = self._asked.get(key)
            if made is not None and made.done():
                del self._asked[key]
                if made.exception() is None:
                    made = None
            if made is None:
                self._thin_out()
                made = self._asked[key] = self._threads.submit(make)
        try:
            found = made.result(timeout=seconds)
        except NotYet:
            if not made.done():
                return None
            raise
        finally:
            with self._lock:
                if made.done() and self._asked.get(key) is made:
                    del self._asked[key]
        return found

    def busy(self, key: bytes) -> bool:
        """Whether it is being made."""
        with self._lock:
            made = self._asked.get(key)
        return made is not None and not made.done()

    def close(self) -> None:
        """Wait for what is being made; begin nothing more."""
        self._threads.shutdown(cancel_futures=True)

    def _thin_out(self) -> None:
        """What nobody fetched goes, where much was asked for."""
        if len(self._asked) >= _MOST:
            self._asked = {key: made for key, made in self._asked.items() if not made.done()}
        if len(self._asked) >= _MOST:
            raise BusyError("many reports are being counted already: ask again in a few minutes")
