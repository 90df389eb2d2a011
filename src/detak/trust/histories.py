"""Live histories: of each person the last touches, in memory, in arrays. Only the gate asks; nothing here is on a disk.

A person has two rings: the last touches of any kind, and the last purchases, which views must not push out. Rings
consist of small blocks, so that a person with three touches costs three, not the most there can be.
"""

import threading
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from detak.recommend.content import Kind
from detak.trust.touches import NOTHING, Arrived, Bytes, Ints, Touches

Ints32 = np.ndarray[Any, np.dtype[np.int32]]

MOST: Final = 64
"""Touches of a person that are remembered, and as many purchases. A multiple of a block."""
_BLOCK: Final = 4
_WORDS: Final = 5_000_000  # different products; one that comes in later is not remembered
_OVERLAY: Final = 65_536  # people who came in since the sorted numbers were made


class Histories:
    """Touches by subject. The sink writes; any thread reads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Remember nothing."""
        with self._lock:
            self._rows = _Numbers()
            self._words: dict[str, int] = {}
            self._names: list[str] = []
            self._any, self._bought = _Rings(self._most), _Rings(self._most)

    def add(self, fresh: Arrived) -> None:
        """Touches that came in, after all those before."""
        if not len(fresh):
            return
        with self._lock:
            item = self._numbered(fresh.product)
            kept = item >= 0
            rows = self._rows.take(fresh.subject[kept])
            told = (item[kept], fresh.time[kept], fresh.kind[kept], fresh.purposes[kept])
            self._any.add(rows, *told)
            bought = fresh.kind[kept] == Kind.BUY
            if bought.any():
                self._bought.add(rows[bought], *(column[bought] for column in told))

    def of(self, since: Mapping[int, int], purpose: int, until: int) -> tuple[Touches, Touches]:
        """What these subjects, who are one person, did for a purpose to see: touches of any kind, and purchases.

        Args:
            since: subject -> nothing up to this moment counts (microseconds since 1970, UTC).
            purpose: bits of ``Purpose``.
            until: nothing from this moment on counts.
        """
        with self._lock:
            rows = [(row, after) for one, after in since.items() if (row := self._rows.get(one)) >= 0]
            if not rows:
                return NOTHING, NOTHING
            return self._told(self._any, rows, purpose, until), self._told(self._bought, rows, purpose, until)

    def drop(self, subjects: Iterable[int]) -> None:
        """Forget people; what their blocks held is overwritten."""
        with self._lock:
            for one in subjects:
                row = self._rows.drop(one)
                if row >= 0:
                    self._any.drop(row)
                    self._bought.drop(row)

    @property
    def people(self) -> int:
        """How many people are remembered."""
        return len(self._rows)

    @property
    def nbytes(self) -> int:
        """Bytes that the arrays take; the names of products are not among them."""
        return self._rows.nbytes + self._any.nbytes + self._bought.nbytes

    def _numbered(self, products: list[str]) -> Ints32:
        words, names = self._words, self._names
        for one in products:
            if one not in words and len(names) < _WORDS:
                words[one] = len(names)
                names.append(one)
        return np.array([words.get(one, -1) for one in products], np.int32)

    def _told(self, rings: "_Rings", rows: list[tuple[int, int]], purpose: int, until: int) -> Touches:
        found = []
        for row, after in rows:
            if rings.empty(row):
                continue
            item, time, kind, purposes = rings.read(row)
            kept = (purposes & purpose != 0) & (time > after) & (time < until)
            told = (item, time, kind)
            found.append(told if kept.all() else tuple(one[kept] for one in told))
        if not found:
            return NOTHING
        item, time, kind = found[0] if len(found) == 1 else map(np.concatenate, zip(*found, strict=True))
        order = time.argsort(kind="stable")[-self._most :]
        product = tuple(map(self._names.__getitem__, item.take(order).tolist()))
        return Touches(product, kind.take(order), time.take(order))


class _Numbers:
    """A small number for each subject: sorted arrays, and a dictionary of those that came in since."""

    def __init__(self) -> None:
        self._sorted = np.zeros(0, np.int64)
        self._row = np.zeros(0, np.int32)
        self._fresh: dict[int, int] = {}
        self._gone: list[int] = []
        self._used = 0

    def __len__(self) -> int:
        return self._used - len(self._gone)

    @property
    def nbytes(self) -> int:
        return self._sorted.nbytes + self._row.nbytes + 200 * len(self._fresh)

    def get(self, subject: int) -> int:
        """The subject's number; -1: it has none."""
        found = self._fresh.get(subject)
        if found is not None:
            return found
        at = int(self._sorted.searchsorted(subject))
        known = at < len(self._sorted) and self._sorted.item(at) == subject
        return self._row.item(at) if known else -1

    def take(self, subjects: Ints) -> Ints32:
        """The number of each; those without one get one."""
        unique, of = np.unique(subjects, return_inverse=True)
        at = np.minimum(self._sorted.searchsorted(unique), max(len(self._sorted) - 1, 0))
        found = np.full(len(unique), -1, np.int32)
        if len(self._sorted):
            found = np.where(self._sorted[at] == unique, self._row[at], -1).astype(np.int32)
        for place in np.flatnonzero(found < 0).tolist():
            found[place] = self._fresh_number(int(unique[place]))
        if len(self._fresh) > _OVERLAY:
            self._settle()
        return found[of]

    def _fresh_number(self, subject: int) -> int:
        number = self._fresh.get(subject)
        if number is None or number < 0:
            if self._gone:
                number = self._gone.pop()
            else:
                number, self._used = self._used, self._used + 1
            self._fresh[subject] = number
        return number

    def drop(self, subject: int) -> int:
        """Let the subject's number go; which it was, -1: it had none."""
        row = self.get(subject)
        if row >= 0:
            self._settle()
            kept = self._sorted != subject
            self._sorted, self._row = self._sorted[kept], self._row[kept]
            self._gone.append(row)
        return row

    def _settle(self) -> None:
        subjects = np.concatenate([self._sorted, np.fromiter(self._fresh, np.int64, len(self._fresh))])
        rows = np.concatenate([self._row, np.fromiter(self._fresh.values(), np.int32, len(self._fresh))])
        order = np.argsort(subjects, kind="stable")
        self._sorted, self._row, self._fresh = subjects[order], rows[order], {}


class _Rings:
    """For each row the last touches that were added to it, in blocks."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = np.zeros(0, np.int64)
        self._blocks = np.zeros((0, -(-most // _BLOCK)), np.int32)
        self._item = np.zeros((0, _BLOCK), np.int32)
        self._time = np.zeros((0, _BLOCK), np.int64)
        self._kind = np.zeros((0, _BLOCK), np.int8)
        self._purposes = np.zeros((0, _BLOCK), np.int8)
        self._used = 0
        self._free: list[int] = []

    @property
    def nbytes(self) -> int:
        held = (self._count, self._blocks, self._item, self._time, self._kind, self._purposes)
        return sum(array.nbytes for array in held)

    def add(self, rows: Ints32, item: Ints32, time: Ints, kind: Bytes, purposes: Bytes) -> None:
        """Touches, the oldest of each row first."""
        if not len(rows):
            return
        self._count = _grown(self._count, int(rows.max()) + 1)
        self._blocks = _grown(self._blocks, int(rows.max()) + 1, -1)
        order = np.argsort(rows, kind="stable")
        sorted_ = rows[order]
        first = np.flatnonzero(np.concatenate([[True], sorted_[1:] != sorted_[:-1]]))
        heads, sizes = sorted_[first], np.diff(np.append(first, len(sorted_)))
        rank = np.arange(len(sorted_)) - np.repeat(first, sizes)
        last = rank >= np.repeat(sizes, sizes) - self._most  # more than the ring holds: only its end
        order, sorted_, rank = order[last], sorted_[last], rank[last]
        slot = (self._count[sorted_] + rank) % self._most
        block = self._block_of(sorted_, slot // _BLOCK)
        cell = (block, slot % _BLOCK)
        self._item[cell], self._time[cell] = item[order], time[order]
        self._kind[cell], self._purposes[cell] = kind[order], purposes[order]
        self._count[heads] += sizes

    def empty(self, row: int) -> bool:
        """Whether the row holds nothing."""
        return row >= len(self._count) or not self._count[row]

    def read(self, row: int) -> tuple[Ints32, Ints, Bytes, Bytes]:
        """Item, time, kind and purposes of what the row holds, in the order in which it came in."""
        if row >= len(self._count):
            return self._item[:0, 0], self._time[:0, 0], self._kind[:0, 0], self._purposes[:0, 0]
        count = int(self._count[row])
        held = min(count, self._most)
        blocks = self._blocks[row, : -(-held // _BLOCK)]
        oldest = count % self._most if count > held else 0

        def told(array: Any) -> Any:
            found = array.take(blocks, axis=0).ravel()[:held]
            return np.concatenate([found[oldest:], found[:oldest]]) if oldest else found

        return told(self._item), told(self._time), told(self._kind), told(self._purposes)

    def drop(self, row: int) -> None:
        """Empty a row; its blocks are overwritten, and free."""
        if row >= len(self._count):
            return
        blocks = self._blocks[row][self._blocks[row] >= 0]
        for array in (self._item, self._time, self._kind, self._purposes):
            array[blocks] = 0
        self._free += blocks.tolist()
        self._blocks[row], self._count[row] = -1, 0

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
            for name in ("_item", "_time", "_kind", "_purposes"):
                setattr(self, name, _grown(getattr(self, name), self._used))
            self._blocks[wanted // wide, wanted % wide] = np.concatenate([np.array(again, np.int64), fresh])
        found: Ints32 = self._blocks[rows, places]
        return found


def _grown(array: Any, least: int, empty: int = 0) -> Any:
    """The array with room for so many, and a fifth more where it had to grow."""
    if len(array) >= least:
        return array
    wide = np.full((max(least, len(array) * 6 // 5, 64), *array.shape[1:]), empty, array.dtype)
    wide[: len(array)] = array
    return wide
