"""Sums over people that are exact: adding people and taking them away again leaves not a trace of them.

Floating-point addition rounds, and a residue of 1e-17 where there was nothing would still say that somebody once looked
at these two products together. So whoever makes sums rounds each factor with ``grain`` first: a product of two is a
multiple of 2^-24, and below 2^29 such numbers add without rounding, in any order.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy import sparse

_GRAIN = 4096.0


def grain(values: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The values as multiples of 2^-12."""
    rounded: np.ndarray[Any, np.dtype[np.float64]] = np.rint(np.asarray(values, np.float64) * _GRAIN) / _GRAIN
    return rounded


@dataclass(frozen=True)
class Sums:
    """Named sums over people: sparse items x items, or dense with one number an item, all float64."""

    pairs: Mapping[str, sparse.csr_array]
    singles: Mapping[str, np.ndarray[Any, np.dtype[np.float64]]]
    items: tuple[str, ...]

    def plus(self, more: Self) -> Self:
        """With these people too. Products that only one of the two knows count 0 in the other."""
        return self._with(more, lambda left, right: left + right)

    def minus(self, some: Self) -> Self:
        """As if these people, who are in here, had never been."""
        return self._with(some, lambda left, right: left - right)

    def over(self, items: tuple[str, ...]) -> Self:
        """The same sums with the products in this order; every product that is counted here must be among them.

        Raises:
            KeyError: one is not.
        """
        if items == self.items:
            return self
        at = {item: position for position, item in enumerate(items)}
        to = np.array([at[item] for item in self.items], np.int64)
        pairs = {name: _moved(matrix, to, len(items)) for name, matrix in self.pairs.items()}
        singles = {name: _spread(numbers, to, len(items)) for name, numbers in self.singles.items()}
        return type(self)(pairs, singles, items)

    def _with(self, other: Self, combine: Callable[[Any, Any], Any]) -> Self:
        items = tuple(dict.fromkeys(self.items + other.items)) if self.items != other.items else self.items
        left, right = self.over(items), other.over(items)
        pairs = {name: sparse.csr_array(combine(one, right.pairs[name])) for name, one in left.pairs.items()}
        for matrix in pairs.values():
            matrix.eliminate_zeros()
            matrix.sort_indices()
        singles = {name: combine(one, right.singles[name]) for name, one in left.singles.items()}
        return type(self)(pairs, singles, items)


def _moved(matrix: sparse.csr_array, to: np.ndarray[Any, Any], size: int) -> sparse.csr_array:
    """The matrix with row and column ``i`` at ``to[i]``."""
    entries = matrix.tocoo()
    return sparse.csr_array((entries.data, (to[entries.row], to[entries.col])), shape=(size, size))


def _spread(numbers: np.ndarray[Any, Any], to: np.ndarray[Any, Any], size: int) -> np.ndarray[Any, Any]:
    """The numbers with ``i`` at ``to[i]``, 0 elsewhere."""
    wide = np.zeros(size, np.float64)
    wide[to] = numbers
    return wide
