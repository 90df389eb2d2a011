"""Answers of an item-to-item matrix to many people at once: a product of matrices, and a sort of what is highest."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from scipy import sparse

from detak.recommend.base import Floats, Ints, Ints32, Scored
from detak.recommend.marks import Places
from detak.recommend.ragged import Ragged, highest, loudest, ordered, ranks, tied, valued
from detak.recommend.stack import Stack, Weighed

_CELLS: Final = 4_000_000  # people x products that a thread marks at once
_MOST: Final = 64  # people: what is said to more of them at once no longer lies near the processor


@dataclass(frozen=True)
class ManyRows:
    """The rows of one matrix."""

    stack: Stack

    @classmethod
    def of(cls, matrix: sparse.csr_array) -> "ManyRows":
        """The same matrix."""
        return cls(Stack.of([matrix], matrix.shape[0]))

    @property
    def most(self) -> int:
        """How many people are answered at once at most."""
        return min(max(1, _CELLS // max(1, self.stack.items)), _MOST)

    def best(self, touched: Ragged, weight: Floats, k: int, own: Ragged, closed: Ints32) -> Iterator[Scored]:
        """For each person what ``serve.Rows.best`` answers.

        Args:
            touched: by person, no item twice.
            weight: what the row of each of them counts.
            k: how many at most.
            own: by person, items that must not be among them.
            closed: items that must be among nobody's.
        """
        size, place = self.stack.items, self._places.of(touched.count * self.stack.items)
        sums = self.stack.sums(Weighed(touched.item.astype(np.int64), weight, touched.start))
        if len(closed):
            shut = np.zeros(size, np.bool_)
            shut[closed] = True
            sums.told[shut.take(sums.item)] = 0
        at = highest(sums.told, sums.begin, max(k, 0) + own.longest)
        many = np.diff(at.searchsorted(sums.begin))
        key = own.owner * size + own.item
        place[key] = 1
        owner, item = np.arange(touched.count).repeat(many), sums.item.take(at)
        open_ = (place.take(owner * size + item) == 0).nonzero()[0]
        place[key] = 0
        owner = owner.take(open_)
        packed, wide = ordered(owner, sums.told.take(at.take(open_)).view(np.int32), item.take(open_), size)
        start = owner.searchsorted(np.arange(touched.count + 1))
        first = (np.arange(len(owner)) < (start[:-1] + max(k, 0)).repeat(np.diff(start))).nonzero()[0]
        packed = packed.take(first)
        chosen = Ragged(tied(packed, wide).astype(np.int32), first.searchsorted(start))
        score, because = valued(packed, wide).view(np.float32), self._because(touched, weight, chosen)
        for begin, end in itertools.pairwise(chosen.start.tolist()):
            yield Scored(chosen.item[begin:end], score[begin:end], because[begin:end])

    def _because(self, touched: Ragged, weight: Floats, chosen: Ragged) -> Ints32:
        """Which touched item's row says most of each of the chosen."""
        if not len(chosen.item):
            return np.zeros(0, np.int32)
        size, rank = self.stack.items, ranks(chosen.start, chosen.lengths)
        place = self._places.of(touched.count * size)
        at, length = self.stack.where(touched.item.astype(np.int64))
        shown = chosen.owner * size + chosen.item
        place[shown] = rank + 1
        column = place.take((touched.owner * size).repeat(length) + self.stack.item.take(at))
        place[shown] = 0
        here = column.nonzero()[0]
        row = np.arange(len(length)).repeat(np.diff(here.searchsorted(np.concatenate([[0], length.cumsum()]))))
        said = np.full((len(touched.item), chosen.longest), -np.inf, np.float32)
        said[row, column.take(here) - 1] = self.stack.value.take(at.take(here)) * weight.take(row)
        touch, _ = loudest(said, touched)
        return touched.item.take(touch[chosen.owner, rank])

    @cached_property
    def _places(self) -> Places:
        return Places(np.int32)


def told_once(histories: Ragged, weight: Floats, size: int) -> tuple[Ragged, Floats]:
    """Each history with every item once, which counts what all its touches count together; items rise."""
    key: Ints = histories.owner * size + histories.item
    once, at = np.unique(key, return_inverse=True)
    start = once.searchsorted(np.arange(histories.count + 1) * size)
    return Ragged((once % size).astype(np.int32), start), np.bincount(at, weight, len(once)).astype(np.float32)
