"""What several models say, as one matrix: the rows of all of them one after another, so that an answer gathers from all
of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass
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
        first = self.begin.take(rows)
        length = self.begin.take(rows + 1) - first
        ends = length.cumsum()
        row: Any = np.arange(len(rows)).repeat(length)
        at = np.arange(len(row)) + (first - ends + length).take(row)
        return Entries(row, self.item.take(at), self.value.take(at) * weight.take(row), ends)
