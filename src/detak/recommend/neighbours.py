"""The model that several recommenders end in: for each product the few that go with it, and how strongly.

What it suggests is the sum over a person's last touches, the later counting more, so a new click changes the next
answer, and each suggestion is explained by the touch that speaks for it most.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from scipy import sparse

from detak.recommend.base import NOBODY, Floats, History, Interactions, Ints, Ints32, Scored, Situation


@dataclass(frozen=True)
class Neighbours:
    """The products that go with each: those of ``a`` are ``item[starts[a]:starts[a + 1]]``, of positive strength."""

    starts: Ints
    item: Ints32
    strength: Floats
    depth: int = 10
    """How many of the last different products touched count."""
    decay: float = 0.7
    """What each of them counts, of the one touched after it."""

    @classmethod
    def of(cls, matrix: sparse.csr_array, keep: int, depth: int, decay: float) -> Self:
        """The ``keep`` strongest of each row; of those alike the lower numbers. The diagonal is left out."""
        starts, item, strength = strongest(matrix, keep)
        return cls(starts, item, strength, depth, decay)

    @classmethod
    def load(cls, arrays: Mapping[str, np.ndarray[Any, Any]], depth: int, decay: float) -> Self:
        """What ``arrays`` gave."""
        return cls(arrays["starts"], arrays["item"], arrays["strength"], depth, decay)

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """See ``Model``."""
        return {"starts": self.starts, "item": self.item, "strength": self.strength}

    def joined(self, links: tuple[Floats, tuple[Ints, Ints]], items: int, keep: int) -> Self:
        """With more links (how strongly, from and to which product) among so many products, the ``keep`` strongest of
        each. Rows that get none stay as they are."""
        value, (row, column) = links
        before = np.zeros(items, np.int64)
        before[: len(self.starts) - 1] = np.diff(self.starts)
        stays = np.ones(items, np.bool_)
        stays[row] = False
        kept = stays.repeat(before)
        row = np.concatenate([np.arange(items).repeat(before)[~kept], row])
        column = np.concatenate([self.item[~kept], column])
        once = np.unique(row * items + column, return_index=True)[1]
        told = (np.concatenate([self.strength[~kept], value])[once], (row[once], column[once]))
        starts, item, strength = strongest(sparse.coo_array(told, shape=(items, items)).tocsr(), keep)
        lengths = np.where(stays, before, np.diff(starts))
        into = stays.repeat(lengths)
        found = (np.empty(len(into), np.int32), np.empty(len(into), np.float32))
        for whole, old, new in zip(found, (self.item, self.strength), (item, strength), strict=True):
            whole[into], whole[~into] = old[kept], new
        return replace(self, starts=np.append(0, lengths.cumsum()), item=found[0], strength=found[1])

    def recommend(self, history: History, k: int, exclude: Ints32, situation: Situation) -> Scored:
        """See ``Model``. The product whose page it stands on counts as the last touch."""
        if situation.product is not None and not len(history):
            return self._row(situation.product, k, exclude)
        touched, count = self._touched(history.item, situation.product)
        lengths = self.starts[touched + 1] - self.starts[touched]
        if not lengths.sum():
            return nothing()
        ends = np.cumsum(lengths)
        at = np.repeat(self.starts[touched] - (ends - lengths), lengths) + np.arange(ends[-1])
        told = self.strength[at] * np.repeat(count, lengths)
        return summed(self.item[at], told, np.repeat(touched, lengths).astype(np.int32), k, exclude)

    def beside(self, product: int) -> Ints32:
        """All that goes with a product, the most first."""
        if product >= len(self.starts) - 1:
            return self.item[:0]
        return self.item[self.starts.item(product) : self.starts.item(product + 1)]

    def _row(self, product: int, k: int, exclude: Ints32) -> Scored:
        """What one product alone says: its row, which is in order already."""
        if product >= len(self.starts) - 1 or k <= 0:
            return nothing()
        row = slice(self.starts.item(product), self.starts.item(product + 1))
        item, told, shut = self.item[row], self.strength[row], set(exclude.tolist())
        there = item.tolist()
        if shut.isdisjoint(there):
            item, told = item[:k], told[:k]
        else:
            kept = [at for at, one in enumerate(there) if one not in shut][:k]
            item, told = item[kept], told[kept]
        return Scored(item, told, np.full(len(item), product, np.int32))

    def scores(self, histories: Interactions) -> Floats:
        """See ``Scorer``."""
        n = len(self.starts) - 1
        if not histories.people:
            return np.zeros((0, n), np.float32)
        rows = [self._touched(item, None) for item in np.split(histories.item, histories.starts[1:-1])]
        bounds = np.concatenate([[0], np.cumsum([len(touched) for touched, _ in rows])])
        column = np.concatenate([touched for touched, _ in rows])
        value = np.concatenate([count for _, count in rows])
        past = sparse.csr_array((value, column, bounds), shape=(histories.people, n))
        links = sparse.csr_array((self.strength, self.item, self.starts), shape=(n, n))
        return np.asarray((past @ links).toarray(), np.float32)

    def _touched(self, items: Ints32, product: int | None) -> tuple[Ints, Floats]:
        """The last different products, the latest first, and what each counts."""
        latest = [*([] if product is None else [product]), *items[::-1].tolist()]
        known = len(self.starts) - 1
        different = [item for item in dict.fromkeys(latest) if 0 <= item < known][: self.depth]
        return np.array(different, np.int64), (self.decay ** np.arange(len(different))).astype(np.float32)


def strongest(matrix: sparse.csr_array, keep: int) -> tuple[Ints, Ints32, Floats]:
    """Of each row the ``keep`` largest positive entries off the diagonal, largest first: starts, columns, values."""
    rows = matrix.tocoo()
    kept = (rows.data > 0) & (rows.row != rows.col)
    row, column, value = rows.row[kept], rows.col[kept], rows.data[kept].astype(np.float32)
    order = np.lexsort((column, -value, row))
    row, column, value = row[order], column[order], value[order]
    starts = np.searchsorted(row, np.arange(matrix.shape[0] + 1))
    near = np.arange(len(row)) - starts[row] < keep
    lengths = np.bincount(row[near], minlength=matrix.shape[0])
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), column[near].astype(np.int32), value[near]


def summed(item: Ints32, told: Floats, because: Ints32, k: int, exclude: Ints32) -> Scored:
    """The best ``k`` of products that several touches speak for: ``told`` added up, ``because`` the loudest."""
    order = np.lexsort((-told, item))
    item, told, because = item[order], told[order], because[order]
    first = np.ones(len(item), np.bool_)
    first[1:] = np.diff(item) != 0
    at = np.flatnonzero(first)
    return ranked(item[at], np.add.reduceat(told, at) if len(at) else told, because[at], k, exclude)


def ranked(item: Ints32, score: Floats, because: Ints32, k: int, exclude: Ints32) -> Scored:
    """The best ``k`` of some products, each named once: best first, those alike by their number."""
    if len(exclude):
        kept = ~np.isin(item, exclude)
        item, score, because = item[kept], score[kept], because[kept]
    order = np.lexsort((item, -score))[: max(k, 0)]
    return Scored(item[order], score[order].astype(np.float32), because[order])


def nothing() -> Scored:
    """Nothing to suggest."""
    return Scored(np.zeros(0, np.int32), np.zeros(0, np.float32), np.full(0, NOBODY, np.int32))
