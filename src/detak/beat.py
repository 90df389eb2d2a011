"""The beat: what recurs as long as a store is open, one task after the other."""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Final

_log: Final = logging.getLogger("detak.beat")

Ended = Callable[[], bool]
"""Whether to leave off where that loses nothing."""
Task = Callable[[Ended], object]


def never() -> bool:
    """What is done for its own sake is done to its end."""
    return False


class Beat:
    """A task that fails is told to the log by its name, and done again with the next beat.

    Args:
        tasks: by name, in their order. Each asks now and then whether the beat has ended, and may leave off then.
        seconds: from the end of one beat to the next.
    """

    def __init__(self, tasks: Mapping[str, Task], seconds: float) -> None:
        self._tasks = tasks
        self._seconds = seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_beating, name="detak-beat", daemon=True)

    def start(self) -> None:
        """Begin; the first beat comes after a while."""
        self._thread.start()

    def stop(self) -> None:
        """End, once what is being done is done, or has left off."""
        self._ended.set()
        self._thread.join()

    def _keep_beating(self) -> None:
        while not self._ended.wait(self._seconds):
            for name, task in self._tasks.items():
                if self._ended.is_set():
                    return
                try:
                    task(self._ended.is_set)
                except Exception as error:  # the next beat tries again
                    _log.error("%s was put off: %s", name, error)
