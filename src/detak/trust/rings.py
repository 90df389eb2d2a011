"""Rings of touches: of each row the last that were added to it, in blocks. In memory; one thread at a time.

Rings consist of small blocks, so that a row with three touches costs four, not the most there can be. A block is a line
of the processor's cache, and what is needed to read a row without looking through it stands in one
place: most rows are all of one purpose, in order and of the past.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, Final, NamedTuple, Self

import numpy as np

from detak.trust.touches import Bytes, Ints, Ints32

Cells = np.ndarray[Any, Any]

CELL: Final = np.dtype([("time", "<i8"), ("item", "<i4"), ("kind", "i1"), ("purposes", "i1"), ("spare", "<i2")])
"""One touch: when (microseconds since 1970, UTC), of what, how, and which purposes may know; bits."""
NONE: Final = np.zeros(0, CELL)
_BLOCK: Final = 4
_WORDS: Final = CELL.itemsize // 8 * _BLOCK
_COUNT, _FIRST, _LAST, _BITS = range(4)  # of a row: how many, the earliest and the latest, purposes of all of them
_TOGETHER: Final = 3  # rows that are worth looking at together
_ORDERED: Final = 1 << 8  # beside the purposes: no touch came in before an earlier one
_FRESH: Final = (0, 2**62, -(2**62), 0xFF | _ORDERED)


class Read(NamedTuple):
    """What some rows hold, one after the other; of row n ``cells[ends[n]:ends[n + 1]]``."""

    cells: Cells
    ends: list[int]

    @classmethod
    def of(cls, parts: Sequence[Cells]) -> Self:
        """These, one after the other."""
        return cls(_flat(parts), list(accumulate(map(len, parts), initial=0)))

    @property
    def parts(self) -> list[Cells]:
        """What each of them holds."""
        return [self.cells[begin:end] for begin, end in pairwise(self.ends)]


class Rings:
    """Touches by row.

    Args:
        most: that a row holds; a multiple of a block.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._heads = np.zeros((0, 4), np.int64)
        self._blocks = np.zeros((0, -(-most // _BLOCK)), np.int32)
        self._cells = np.zeros((0, _WORDS), np.int64)
        self._turned = (np.arange(most)[:, None] + np.arange(most)) % most
        self._used = 0
        self._free: list[int] = []

    @property
    def nbytes(self) -> int:
        """Bytes that the arrays take."""
        return sum(array.nbytes for array in (self._heads, self._blocks, self._cells))

    def add(self, rows: Ints32, item: Ints32, time: Ints, kind: Bytes, purposes: Bytes) -> None:
        """Touches, the oldest of each row first."""
        if not len(rows):
            return
        self._heads = _grown(self._heads, int(rows.max()) + 1, _FRESH)
        self._blocks = _grown(self._blocks, int(rows.max()) + 1, -1)
        order = np.argsort(rows, kind="stable")
        sorted_ = rows[order]
        first = np.flatnonzero(np.concatenate([[True], sorted_[1:] != sorted_[:-1]]))
        heads, sizes = sorted_[first], np.diff(np.append(first, len(sorted_)))
        rank = np.arange(len(sorted_)) - np.repeat(first, sizes)
        before = self._heads[heads, _COUNT]
        self._sum_up(heads, first, time[order], purposes[order])
        last = rank >= np.repeat(sizes, sizes) - self._most  # more than the ring holds: only its end
        slot = (np.repeat(before, sizes) + rank)[last] % self._most
        order, sorted_ = order[last], sorted_[last]
        block, cell = self._block_of(sorted_, slot // _BLOCK), slot % _BLOCK
        cells = self._cells.view(CELL)
        for name, column in (("item", item), ("time", time), ("kind", kind), ("purposes", purposes)):
            cells[name][block, cell] = column[order]
        self._heads[heads, _COUNT] += sizes

    def read(self, rows: Sequence[int], after: Sequence[int], purpose: int, until: int) -> Read:
        """What each of some rows holds for a purpose to see, later than its ``after`` and before ``until``: the
        earliest first, and what came in first where times are the same."""
        if len(rows) < _TOGETHER or not len(self._heads):
            return Read.of([self._one(one, purpose, since, until) for one, since in zip(rows, after, strict=True)])
        row = np.array(rows)
        heads = self._heads.take(row, axis=0, mode="clip")
        count, bits = np.where(row < len(self._heads), heads[:, _COUNT], 0), heads[:, _BITS]
        if not count.any():
            return Read(NONE, [0] * (len(rows) + 1))
        plain = (heads[:, _FIRST] > after) & (heads[:, _LAST] < until) & (count <= self._most)
        plain &= (bits & purpose != 0) & (bits & _ORDERED != 0)
        found = self._plain(row, np.where(plain, count, 0))
        if plain.all():
            return found
        parts = found.parts
        for at in (~plain).nonzero()[0].tolist():
            parts[at] = self._one(rows[at], purpose, after[at], until)
        return Read.of(parts)

    def _plain(self, row: Ints, held: Ints) -> Read:
        """The first ``held`` touches of each row, as they came in."""
        ends = held.cumsum()
        place = np.arange(ends[-1]) - (ends - held).repeat(held)
        wide = self._blocks.shape[1]
        block = self._blocks.ravel().take(row.repeat(held) * wide + place // _BLOCK).astype(np.int64)
        cells = self._cells.reshape(-1, _WORDS // _BLOCK).take(block * _BLOCK + place % _BLOCK, axis=0)
        return Read(cells.view(CELL).ravel(), [0, *ends.tolist()])

    def _one(self, row: int, purpose: int, after: int, until: int) -> Cells:
        """``read`` of one row: what it holds may not all be to be seen, or may not be as it came in."""
        if row >= len(self._heads):
            return NONE
        count, earliest, latest, bits = self._heads[row].tolist()
        if not count:
            return NONE
        held = min(count, self._most)
        found = self._cells.take(self._blocks[row, : -(-held // _BLOCK)], axis=0).view(CELL).ravel()[:held]
        if count > held and count % held:
            found = found.take(self._turned[count % held])
        if not (bits & purpose and earliest > after and latest < until):
            time = found["time"]
            found = found[(found["purposes"] & purpose != 0) & (time > after) & (time < until)]
        return found if bits & _ORDERED else found.take(found["time"].argsort(kind="stable"))

    def drop(self, row: int) -> None:
        """Empty a row; its blocks are overwritten, and free."""
        if row >= len(self._heads):
            return
        blocks = self._blocks[row][self._blocks[row] >= 0]
        self._cells[blocks] = 0
        self._free += blocks.tolist()
        self._blocks[row], self._heads[row] = -1, _FRESH

    def _sum_up(self, rows: Ints32, first: Ints, time: Ints, purposes: Bytes) -> None:
        """What rows are like with more touches, which are sorted by row; the touches of each begin at ``first``."""
        heads = self._heads[rows]
        latest = np.maximum.reduceat(time, first)
        back = np.concatenate([[False], time[1:] < time[:-1]])
        back[first] = time[first] < heads[:, _LAST]
        ordered = np.where(np.logical_or.reduceat(back, first), 0xFF, 0xFF | _ORDERED)
        heads[:, _FIRST] = np.minimum(heads[:, _FIRST], np.minimum.reduceat(time, first))
        heads[:, _LAST] = np.maximum(heads[:, _LAST], latest)
        heads[:, _BITS] &= ordered & (np.bitwise_and.reduceat(purposes, first).astype(np.int64) | ~0xFF)
        self._heads[rows] = heads

    def _block_of(self, rows: Ints32, places: Ints) -> Ints32:
        """The block at each place of a row's ring; made where there is none."""
        missing = self._blocks[rows, places] < 0
        if missing.any():
            wide = self._blocks.shape[1]
            wanted = np.unique(rows[missing].astype(np.int64) * wide + places[missing])
            again = self._free[len(self._free) - min(len(wanted), len(self._free)) :]
            del self._free[len(self._free) - len(again) :]
            fresh = np.arange(self._used, self._used + len(wanted) - len(again))
            self._used += len(fresh)
            self._cells = _grown(self._cells, self._used, 0)
            self._blocks[wanted // wide, wanted % wide] = np.concatenate([np.array(again, np.int64), fresh])
        found: Ints32 = self._blocks[rows, places]
        return found


def joined(parts: Sequence[Cells]) -> Cells:
    """What several rows hold, the earliest first."""
    found = _flat(parts)
    return found.take(found["time"].argsort(kind="stable"))


def _flat(parts: Sequence[Cells]) -> Cells:
    """One after the other."""
    if not parts:
        return NONE
    return np.concatenate([one.view(np.int64) for one in parts]).view(CELL)  # plain numbers: much sooner done


def _grown(array: Any, least: int, empty: int | tuple[int, ...]) -> Any:
    """The array with room for so many, and a fifth more where it had to grow."""
    if len(array) >= least:
        return array
    wide = np.empty((max(least, len(array) * 6 // 5, 64), *array.shape[1:]), array.dtype)
    wide[: len(array)], wide[len(array) :] = array, empty
    return wide
