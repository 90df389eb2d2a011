"""Which messages are already among the facts: exact, in 8 bytes a message, most of them on the disk.

The hot tail's keys are a set; each sealed part has a sorted file of keys, mapped into memory and searched. Nothing
here is a second truth: both are derived from the facts, so a crash cannot make them disagree.
"""

from pathlib import Path

import numpy as np

from detak.store.parts import Keys

Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]


class Seen:
    """Message keys by where they lie."""

    def __init__(self, files: list[Path]) -> None:
        self._sealed: list[Keys] = []
        self._tail: set[int] = set()
        self.reset(files)

    def reset(self, files: list[Path]) -> None:
        """The tail is sealed: from now on these files hold all keys."""
        self._sealed = [np.load(path, mmap_mode="r") for path in files]
        self._tail = set()

    def add(self, keys: Keys) -> None:
        """These are in the hot tail now."""
        self._tail.update(keys.tolist())

    def known(self, keys: Keys) -> Mask:
        """For each key, whether it is among the facts."""
        tail = self._tail
        found = np.fromiter((key in tail for key in keys.tolist()), dtype=np.bool_, count=len(keys))
        for sealed in self._sealed:
            at = np.searchsorted(sealed, keys)
            inside = at < len(sealed)
            found[inside] |= sealed[at[inside]] == keys[inside]
        return found
