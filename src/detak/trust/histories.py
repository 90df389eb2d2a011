"""Live histories: of each person the last touches, in memory, in arrays. Only the gate asks; nothing here is on a disk.

A person has two rings: the last touches of any kind, and the last purchases, which views must not push out.
"""

import threading
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice, pairwise
from typing import Final

import numpy as np

from detak.recommend.content import Kind
from detak.trust.rings import NONE, Cells, Read, Rings, joined
from detak.trust.touches import NOTHING, Arrived, Ints, Ints32, Names, Touches

MOST: Final = 64
"""Touches of a person that are remembered, and as many purchases."""
_WORDS: Final = 5_000_000  # different products; one that comes in later is not remembered
_OVERLAY: Final = 65_536  # people who came in since the sorted numbers were made
_TOGETHER: Final = 3  # bits: so many sorted numbers are looked through, on average


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
            self._names = Names()
            self._any, self._bought = Rings(self._most), Rings(self._most)

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

    def of(self, people: Sequence[Mapping[int, int]], purpose: int, until: int) -> list[tuple[Touches, Touches]]:
        """What each of some people did for a purpose to see: touches of any kind, and purchases.

        Args:
            people: of each, whose subjects are theirs: subject -> nothing up to this moment counts (microseconds since
                1970, UTC).
            purpose: bits of ``Purpose``.
            until: nothing from this moment on counts.
        """
        with self._lock:
            rows = [
                [(row, after) for one, after in since.items() if (row := self._rows.get(one)) >= 0] for since in people
            ]
            both = [self._told(one, rows, purpose, until) for one in (self._any, self._bought)]
        return list(zip(*both, strict=True))

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

    def _told(self, rings: Rings, rows: list[list[tuple[int, int]]], purpose: int, until: int) -> list[Touches]:
        flat = [one for some in rows for one in some]
        cells, ends = found = rings.read([row for row, _ in flat], [after for _, after in flat], purpose, until)
        if any(len(some) != 1 for some in rows):
            parts = iter(found.parts)
            whole = [self._joined(list(islice(parts, len(some)))) for some in rows]
            cells, ends = Read.of(whole)
        if not len(cells):
            return [NOTHING] * len(rows)
        item, kind, time = (cells[name].copy() for name in ("item", "kind", "time"))
        names = self._names
        return [Touches(item[a:b], names, kind[a:b], time[a:b]) if b > a else NOTHING for a, b in pairwise(ends)]

    def _joined(self, parts: Sequence[Cells]) -> Cells:
        """What one person's subjects did."""
        return joined(parts)[-self._most :] if len(parts) > 1 else parts[0] if parts else NONE


class _Numbers:
    """A small number for each subject: sorted arrays, and a dictionary of those that came in since."""

    def __init__(self) -> None:
        self._fresh: dict[int, int] = {}
        self._sort(np.zeros(0, np.int64), np.zeros(0, np.int32))
        self._gone: list[int] = []
        self._used = 0

    def __len__(self) -> int:
        return self._used - len(self._gone)

    @property
    def nbytes(self) -> int:
        return self._sorted.nbytes + self._row.nbytes + self._pages.nbytes + 200 * len(self._fresh)

    def get(self, subject: int) -> int:
        """The subject's number; -1: it has none."""
        found = self._fresh.get(subject)
        if found is not None:
            return found
        page = subject >> self._shift
        if not 0 <= page < len(self._pages) - 1:
            return -1
        end = self._pages.item(page + 1)
        at = bisect_left(self._view, subject, self._pages.item(page), end)
        return self._row.item(at) if at < end and self._view[at] == subject else -1

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
            self._sort(self._sorted[kept], self._row[kept])
            self._gone.append(row)
        return row

    def _settle(self) -> None:
        subjects = np.concatenate([self._sorted, np.fromiter(self._fresh, np.int64, len(self._fresh))])
        rows = np.concatenate([self._row, np.fromiter(self._fresh.values(), np.int32, len(self._fresh))])
        order = np.argsort(subjects, kind="stable")
        self._fresh = {}
        self._sort(subjects[order], rows[order])

    def _sort(self, subjects: Ints, rows: Ints32) -> None:
        """Sorted numbers, and where those with the same first bits begin: subjects are random, so a few stand there."""
        self._sorted, self._row, self._view = subjects, rows, subjects.data
        highest = int(subjects[-1]) if len(subjects) else 0
        self._shift = max(0, highest.bit_length() - max(0, len(subjects).bit_length() - _TOGETHER))
        bounds = np.arange((highest >> self._shift) + 1) << self._shift
        self._pages = np.append(subjects.searchsorted(bounds), len(subjects)).astype(np.int32)
