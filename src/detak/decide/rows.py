"""Scored products of many shelves as columns: what pages are composed from, without an object for each product."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detak.decide.page import FEATURES, Placed


class Rows(NamedTuple):
    """Products, shelf after shelf, each best first."""

    product: NDArray[np.int64]
    score: NDArray[np.float64]
    category: NDArray[np.int32]
    """-1: none is known."""
    told: NDArray[np.uint8]
    """By product, its features, 255 being 1."""
    end: list[int]
    """By shelf, where it ends; it begins where the one before does."""
    names: list[str]
    """Of the shelves."""
    common: list[bool]
    """By shelf, whether it is for everyone: then it lacks what is there for the visitor."""

    def lists(self) -> list[list[Placed]]:
        """The products of each shelf."""
        every = self.placed(range(len(self.product)))
        return [every[first:end] for first, end in pairwise((0, *self.end))]

    def placed(self, rows: Sequence[int] | NDArray[np.int32]) -> list[Placed]:
        """The products of some rows."""
        at = np.asarray(rows, np.int32)
        product, score, category = (one.take(at).tolist() for one in (self.product, self.score, self.category))
        names = self.names
        shelves = [names[one] for one in np.searchsorted(self.end, at, "right").tolist()]
        wide = self.told.shape[1]
        raw = self.told.take(at, axis=0).tobytes()
        features = [raw[byte : byte + wide] for byte in range(0, len(raw), wide)]
        return list(map(_placed, zip(product, shelves, score, features, category, strict=True)))


_placed: Final[Callable[[tuple[int, str, float, bytes, int]], Placed]] = partial(tuple.__new__, Placed)
"""A row as it is, without naming each of its fields: there are dozens for every question."""


def rows_of(shelf: str, placed: Sequence[Placed], *, common: bool = False) -> Rows:
    """One shelf."""
    product, _, score, features, category = zip(*placed, strict=True) if placed else ((),) * 5
    told = np.frombuffer(b"".join(features), np.uint8).reshape(-1, len(FEATURES))
    columns = np.array(product, np.int64), np.array(score, np.float64), np.array(category, np.int32)
    return Rows(*columns, told, [len(placed)], [shelf], [common])


class Joined:
    """Rows of many shelves side by side; shelves that are added again are not there twice."""

    def __init__(self) -> None:
        self._parts: list[Rows] = []
        self._first: dict[int, int] = {}
        self._row = [0]  # by shelf, its first

    def add(self, rows: Rows) -> int:
        """The number of the first of these shelves; the others follow."""
        first = self._first.get(id(rows))
        if first is None:
            first = self._first[id(rows)] = len(self._row) - 1
            self._parts.append(rows)  # and kept, so that no other rows have its identity
            before = self._row[-1]
            self._row += [before + end for end in rows.end]
        return first

    def first(self, shelf: int) -> int:
        """The row that a shelf begins with."""
        return self._row[shelf]

    @property
    def rows(self) -> Rows:
        """All of them."""
        parts = self._parts or [rows_of("", [])]
        return Rows(
            np.concatenate([one.product for one in parts]), np.concatenate([one.score for one in parts]),
            np.concatenate([one.category for one in parts]), np.concatenate([one.told for one in parts]),
            self._row[1:] or [0], [name for one in parts for name in one.names],
            [told for one in parts for told in one.common],
        )  # fmt: skip
