"""Threads that stand back: what they compute is worth waiting for, an answer to a shopper is not to wait for it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_NICE: Final = 10
_TASKS: Final = Path("/proc/self/task")


@contextmanager
def standing_back() -> Iterator[None]:
    """Threads that come into being inside the block, in any library, get the processor after all others.

    Where the system does not tell of its threads they stay as they are.
    """
    before = _threads()
    yield
    for one in _threads() - before:
        with suppress(OSError):  # it may have ended
            os.setpriority(os.PRIO_PROCESS, one, _NICE)


def _threads() -> set[int]:
    with suppress(OSError):
        return {int(one.name) for one in _TASKS.iterdir()}
    return set()
