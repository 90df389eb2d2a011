"""Answers from a sparse item-to-item matrix: the rows of what was touched, weighed and added up; ten thousand a second
at a hundred thousand items.

Only the entries of these few rows are touched, never an array over all items; the matrix may lie in a file that is
mapped into memory, so that a model of a million items answers at once.
"""

import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from detak.recommend.base import Floats, Ints32, Scored


class _Scratch(threading.local):
    """What a thread works with: a number for each item, always back at zero between two answers."""

    def __init__(self, items: int) -> None:
        self.total = np.zeros(items, np.float32)
        self.place = np.zeros(items, np.int32)


@dataclass(frozen=True)
class Rows:
    """An item-to-item matrix in rows: ``value[begin[i]:begin[i + 1]]`` is what item ``i`` says of the items ``item``
    at the same places; no item twice in a row."""

    begin: np.ndarray[Any, Any]
    item: Ints32
    value: Floats
    _scratch: _Scratch = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make room to work in."""
        object.__setattr__(self, "_scratch", _Scratch(self.items))

    @classmethod
    def of(cls, matrix: sparse.csr_array) -> "Rows":
        """The same matrix."""
        return cls(matrix.indptr, matrix.indices, matrix.data)

    @property
    def items(self) -> int:
        """How many items."""
        return len(self.begin) - 1

    def best(self, touched: Ints32, weight: Floats, k: int, exclude: Ints32) -> Scored:
        """The best ``k`` for what was touched, best first, those alike by their number.

        Args:
            touched: items.
            weight: what the row of each of them counts.
            k: how many at most; items that no row speaks of, or whose sum is not above 0, are not among them.
            exclude: items that must not be among them.
        """
        if not len(touched):
            return _nothing()
        first = self.begin.take(touched)
        length = self.begin.take(touched + 1) - first
        ends = length.cumsum()
        row = np.arange(len(touched)).repeat(length)
        at = np.arange(len(row)) + (first - (ends - length)).take(row)
        item, told = self.item.take(at), self.value.take(at) * weight.take(row)
        total, place = self._scratch.total, self._scratch.place
        np.add.at(total, item, told)
        total[exclude] = 0
        # The last entry of each item stands for it: whoever writes last is found again.
        entry = np.arange(len(item), dtype=np.int32)
        place[item] = entry
        stands = place.take(item)
        score = total.take(item)
        total[item] = 0
        open_ = ((stands == entry) & (score > 0)).nonzero()[0]
        top = open_.take(_first(score.take(open_), item.take(open_), k))
        by = _loudest(told, row, stands, top)
        return Scored(item.take(top), score.take(top), touched.take(by).astype(np.int32))


def _loudest(told: Floats, row: Any, stands: Ints32, top: Any) -> Any:
    """Which row says most for each of the top entries; ``stands`` says by entry which one stands for its item."""
    rank = np.full(len(told), -1, np.int32)
    rank[top] = np.arange(len(top), dtype=np.int32)
    of = rank.take(stands)
    here = (of >= 0).nonzero()[0]
    said = np.full((len(top), int(row[-1]) + 1 if len(row) else 1), -np.inf, np.float32)
    said[of.take(here), row.take(here)] = told.take(here)
    return said.argmax(axis=1)


def _first(score: Floats, item: Ints32, k: int) -> Any:
    """Positions of the ``k`` highest scores, highest first, those alike by the item's number."""
    if k <= 0:
        return np.zeros(0, np.int64)
    if len(score) > k:
        least = np.partition(score, len(score) - k)[len(score) - k]
        near = np.flatnonzero(score >= least)
    else:
        near = np.arange(len(score))
    return near[np.lexsort((item[near], -score[near]))[:k]]


def _nothing() -> Scored:
    return Scored(np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.int32))
