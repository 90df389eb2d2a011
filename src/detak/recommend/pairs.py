"""Products that stand near one another in histories: rows of a products x products matrix, made for some products at a
time, so that a million of them never need more memory than what is kept.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final, Self, TypeVar

import numpy as np
from scipy import sparse

from detak.recommend.base import Interactions, Ints, Ints32

_BLOCK: Final = 1 << 14  # touches at a time
_T = TypeVar("_T")
Doubles = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class ByItem:
    """The touches, product after product, each product's in their order."""

    data: Interactions
    order: Ints32
    begin: Ints
    """Where in ``order`` each product's touches begin, and the end."""
    product: Ints32
    """Which product each one is: all of them, or some."""

    @classmethod
    def of(cls, data: Interactions) -> Self:
        """Sorted, by counting."""
        size = len(data.items)
        begin = np.concatenate([[0], np.cumsum(np.bincount(data.item, minlength=size))]).astype(np.int64)
        return cls(data, by_item(data.item, size), begin, np.arange(size, dtype=np.int32))

    def only(self, products: Ints32) -> Self:
        """The touches of these products alone, of those that there are."""
        first, length = self.begin.take(products), np.diff(self.begin).take(products)
        ends = length.cumsum()
        rows = np.arange(ends[-1] if len(ends) else 0) + (first - ends + length).repeat(length)
        return replace(self, order=self.order.take(rows), begin=np.append(0, ends), product=self.product.take(products))

    def in_blocks(self, make: Callable[[int, int], _T]) -> list[_T]:
        """What ``make`` makes of the products from the one to the other, of all of them in turn."""
        return at_once(make, edges(self.begin, worth(len(self.data.items))))

    def near(self, first: int, last: int, lags: Doubles, share: Doubles) -> sparse.csr_array:
        """Of the products from ``first`` to ``last``, what stands near them: a row each, every other product once.

        Args:
            first: a product, by its place in ``product``.
            last: the first that is no longer wanted.
            lags: what a touch counts by how far after it lies, the farthest before first; an odd number of them.
            share: what a person's touches count, by person.
        """
        data, size = self.data, len(self.data.items)
        touch = self.order[self.begin[first] : self.begin[last]].astype(np.int64)
        width = len(lags) // 2
        person = data.person.take(touch)
        before = np.minimum(touch - data.starts.take(person), width if lags[:width].any() else 0)
        after = np.minimum(data.starts.take(person + 1) - 1 - touch, width if lags[width + 1 :].any() else 0)
        length = before + after + 1
        ends = length.cumsum()
        lag: Any = np.arange(ends[-1] if len(ends) else 0) - (ends - length + before).repeat(length)
        other = data.item.take(touch.repeat(length) + lag)
        beside = sparse.csr_array((lags.take(lag + width), other, np.append(0, ends)), shape=(len(touch), size))
        rows = self.begin[first : last + 1] - self.begin[first]
        own = sparse.csr_array((share.take(person), np.arange(len(touch)), rows), shape=(last - first, len(touch)))
        found = sparse.csr_array(own @ beside)
        found.eliminate_zeros()
        return found


def worth(items: int) -> int:
    """How many touches are a part, among so many products: each part costs a little for every one of them."""
    return max(_BLOCK, items // 16)


def edges(begin: Ints, step: int) -> Ints:
    """Where to part products, whose touches begin there, into parts of about ``step`` touches."""
    ends = np.searchsorted(begin, np.arange(step, begin[-1], step))
    within = np.unique(ends[(ends > 0) & (ends < len(begin) - 1)])
    return np.concatenate([[0], within, [len(begin) - 1]])


def at_once(make: Callable[[int, int], _T], stops: Ints) -> list[_T]:
    """What ``make`` makes of each stretch between two stops, several at a time."""
    # The long operations of NumPy and SciPy let go of the interpreter.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        return list(pool.map(make, stops[:-1].tolist(), stops[1:].tolist()))


def by_item(item: Ints32, items: int) -> Ints32:
    """The touches, item after item: a counting sort."""
    one = np.ones(len(item), np.bool_)
    kind = np.int32 if len(item) < 2**31 else np.int64
    by_touch = sparse.csr_array((one, item, np.arange(len(item) + 1, dtype=kind)), shape=(len(item), items))
    return np.asarray(by_touch.tocsc().indices, np.int32)
