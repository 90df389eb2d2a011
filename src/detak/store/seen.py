"""Which messages are already among the facts: exact, in 8 bytes a message, most of them on the disk.

The hot tail's keys are a set; each sealed part has a sorted file of keys, mapped into memory and searched. Nothing
here is a second truth: both are derived from the facts, so a crash cannot make them disagree.
"""

from pathlib import Path

import numpy as np

from detak.errors import StoreError
from detak.store.parts import Keys, Mask


class Seen:
    """Message keys by where they lie."""

    def __init__(self, files: list[Path]) -> None:
        self._sealed = [_mapped(path) for path in files]
        self._tail: set[int] = set()
        self._turned: set[int] = set()

    def turn(self) -> None:
        """The hot tail of now is being sealed; what comes from now on is another one's."""
        self._turned |= self._tail
        self._tail = set()

    def sealed(self, files: list[Path], *, turned: bool) -> None:
        """From now on these files hold the sealed keys, those that were being sealed too or without them."""
        self._sealed = [_mapped(path) for path in files]
        if turned:
            self._turned = set()

    def add(self, keys: Keys) -> None:
        """These are in the hot tail now."""
        self._tail.update(keys.tolist())

    def known(self, keys: Keys) -> Mask:
        """For each key, whether it is among the facts."""
        every = keys.tolist()
        found = np.zeros(len(keys), dtype=np.bool_)
        for tail in (self._tail, self._turned):
            if not tail.isdisjoint(every):
                found |= np.fromiter((key in tail for key in every), dtype=np.bool_, count=len(keys))
        for sealed in self._sealed:
            at = np.searchsorted(sealed, keys)
            inside = at < len(sealed)
            found[inside] |= sealed[at[inside]] == keys[inside]
        return found


def _mapped(path: Path) -> Keys:
    try:
        keys: Keys = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise StoreError(f"{path}: is damaged ({error}); restore it from a backup") from None
    return keys
