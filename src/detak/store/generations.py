"""Files that readers may still look at are deleted once the last of those readers is gone, and not before.

Each change of the files begins a generation. A reader belongs to the one it began in, so those that come later never
keep an old file alive, however many they are.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Delete = Callable[[list[str]], None]


class Generations:
    """Open readers and retired files, by generation. Any thread reads; one thread retires and sweeps.

    Args:
        delete: deletes files by name; what it raises is the sweeper's to handle, and the files stay retired.
    """

    def __init__(self, delete: Delete) -> None:
        self._delete = delete
        self._now = 0
        self._open: Counter[int] = Counter()
        self._retired: list[tuple[int, list[str]]] = []
        self._change = threading.Condition()

    @contextmanager
    def pinned(self) -> Iterator[None]:
        """Keep the files of now in place."""
        with self._change:
            mine = self._now
            self._open[mine] += 1
        try:
            yield
        finally:
            with self._change:
                self._open[mine] -= 1
                self._open += Counter()  # forgets what is zero
                self._change.notify_all()

    def retire(self, names: list[str]) -> None:
        """These files are no longer shown; readers that began before may still read them."""
        with self._change:
            self._retired.append((self._now, names))
            self._now += 1

    def sweep(self, *, wait: bool = False) -> None:
        """Delete the retired files that no reader can see; with ``wait``, once no reader can see any of them."""
        with self._change:
            if wait:
                last = self._now
                self._change.wait_for(lambda: min(self._open, default=last) >= last)
            oldest = min(self._open, default=self._now)
        while self._retired and self._retired[0][0] < oldest:
            self._delete(self._retired[0][1])
            del self._retired[0]
