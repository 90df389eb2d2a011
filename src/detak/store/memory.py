"""A bounded copy in memory of a table on the disk, which may know that it holds all of it."""

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Memory(Generic[K, V]):
    """Values by key. While it is ``whole``, a key that is not in it has no value anywhere.

    Args:
        most: it is to be cleared rather than hold more.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: tuple[dict[K, V], bool] = ({}, False)  # replaced together: readers see one or the other

    @property
    def whole(self) -> bool:
        """Whether it holds all of the table."""
        return self._held[1]

    def look(self, keys: Iterable[K]) -> tuple[dict[K, V], set[K]]:
        """The values of those keys that are here, and the keys that have to be looked for on the disk."""
        values, whole = self._held
        found: dict[K, V] = {}
        unread: set[K] = set()
        for key in keys:
            value = values.get(key)
            if value is not None:
                found[key] = value
            elif not whole:
                unread.add(key)
        return found, unread

    def peek(self, key: K) -> tuple[V | None, bool]:
        """The value of one key, and whether that is certain; if not, it has to be looked for on the disk."""
        values, whole = self._held
        value = values.get(key)
        return value, whole or value is not None

    def get(self, key: K) -> V | None:
        """The value of one key, if it is here."""
        return self._held[0].get(key)

    def fill(self, everything: dict[K, V], rows: int | None = None) -> None:
        """Hold all of the table, or as much as fits: ``rows`` is how many were read for it."""
        self._held = everything, (len(everything) if rows is None else rows) <= self._most

    def fits(self, more: int) -> bool:
        """Whether there is room for so many more."""
        return len(self._held[0]) + more <= self._most

    def add(self, more: Mapping[K, V]) -> None:
        """Hold these too; ask first whether they fit."""
        self._held[0].update(more)

    def clear(self) -> None:
        """Hold nothing, and know that."""
        self._held = {}, False
