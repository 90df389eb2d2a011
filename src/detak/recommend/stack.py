"""What several models say, as one matrix: the rows of all of them one after another, so that an answer gathers from all
of them at once, and many answers are one product of matrices."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from scipy import sparse

from detak.recommend.base import Floats, Ints, Ints32


class Entries(NamedTuple):
    """The entries of some rows, one row after the other: ``row``, a position in the rows that were asked for, ``item``
    and ``told``. ``ends``: where each row's entries end."""

    row: Ints
    item: Ints32
    told: Floats
    ends: Ints


class Weighed(NamedTuple):
    """Rows of a stack, to be weighed and added up in groups: ``begin`` has where each group begins, and the end."""

    row: Ints
    weight: Floats
    begin: Ints


class Sums(NamedTuple):
    """The sums of groups of rows, one group after the other and no item twice in one, in any order. ``begin`` as in
    ``Weighed``."""

    item: Ints32
    told: Floats
    begin: Ints


@dataclass(frozen=True)
class Stack:
    """``value[begin[at * items + i]:begin[at * items + i + 1]]`` is what product ``i`` says to model ``at`` of the
    products ``item`` at the same places; no product twice in a row."""

    begin: Ints
    item: Ints32
    value: Floats
    items: int

    @classmethod
    def of(cls, matrices: Sequence[sparse.csr_array], items: int) -> Self:
        """Products x products of each model, in this order."""
        ends = np.concatenate([[0], np.cumsum([one.nnz for one in matrices])]).astype(np.int64)
        begins = [one.indptr[:-1] + end for one, end in zip(matrices, ends[:-1], strict=True)]
        item = np.concatenate([np.zeros(0, np.int32), *(one.indices for one in matrices)]).astype(np.int32, copy=False)
        value = np.concatenate([np.zeros(0), *(one.data for one in matrices)], dtype=np.float32)
        return cls(np.concatenate([*begins, ends[-1:]]).astype(np.int64), item, value, items)

    def entries(self, rows: Ints, weight: Floats) -> Entries:
        """Of these rows, each times its weight."""
        at, length = self.where(rows)
        row: Any = np.arange(len(rows)).repeat(length)
        return Entries(row, self.item.take(at), self.value.take(at) * weight.repeat(length), length.cumsum())

    def where(self, rows: Ints) -> tuple[Ints, Ints]:
        """Where the entries of these rows stand, one row after the other, and how many each row has."""
        first = self.begin.take(rows)
        length = self.begin.take(rows + 1) - first
        ends = length.cumsum()
        at: Any = (first - ends + length).repeat(length)
        at += np.arange(len(at))
        return at, length

    def sums(self, rows: Weighed) -> Sums:
        """The sum of each group of rows, each row times its weight, added up in their order."""
        shape = (len(rows.begin) - 1, len(self.begin) - 1)
        parts = (rows.weight, rows.row.astype(np.int32), rows.begin.astype(np.int32))
        found: Any = sparse.csr_array(parts, shape=shape, copy=False) @ self._matrix
        return Sums(found.indices, found.data, found.indptr.astype(np.int64))

    @cached_property
    def _matrix(self) -> sparse.csr_array:
        # Numbers of 32 bits where they do: the product of matrices would copy everything to have all alike.
        narrow = len(self.item) < np.iinfo(np.int32).max
        begin = self.begin.astype(np.int32) if narrow else self.begin
        item = self.item if narrow else self.item.astype(np.int64)
        return sparse.csr_array((self.value, item, begin), shape=(len(begin) - 1, self.items), copy=False)
