"""An item-to-item matrix as the compiled kernel answers from it (``kernel/rows.c``): to the bit what ``serve.Rows``
says."""

import ctypes
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from scipy import sparse

from detak.kernel.calling import DONE, Matrix, Rooms, address, flat, matrix_of
from detak.kernel.library import library
from detak.recommend.base import NOTHING, Floats, Ints32, Scored
from detak.recommend.ragged import Ragged


class _Asked(ctypes.Structure):
    _fields_ = (
        ("people", ctypes.c_int64),
        *((name, ctypes.c_void_p) for name in ("touched", "start", "weight", "shut", "shut_start", "closed")),
        ("closed_many", ctypes.c_int64),
        *((name, ctypes.c_int32) for name in ("k", "most")),
    )


class _Answer(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_void_p) for name in ("item", "score", "because", "many"))


class Best(NamedTuple):
    """Room for the best of some people: people x places, best first, and how many each person has."""

    item: Ints32
    score: Floats
    because: Ints32
    many: Ints32

    @classmethod
    def of(cls, people: int, places: int) -> Self:
        """Still empty."""
        shape = (people, places)
        parts = (np.empty(shape, np.int32), np.empty(shape, np.float32), np.empty(shape, np.int32))
        return cls(*parts, np.zeros(people, np.int32))

    @property
    def addresses(self) -> list[int]:
        """Where the kernel writes."""
        return [address(one) for one in self]

    def lists(self) -> list[Scored]:
        """By person."""
        rows = zip(self.item, self.score, self.because, self.many.tolist(), strict=True)
        return [Scored(item[:end], score[:end], because[:end]) for item, score, because, end in rows]


@dataclass(frozen=True)
class CompiledRows:
    """Any thread asks it."""

    kernel: ctypes.CDLL
    matrix: Matrix

    @classmethod
    def of(cls, weight: sparse.csr_array) -> Self | None:
        """None where there is no compiled kernel."""
        kernel = library()
        matrix = matrix_of(weight.indptr, weight.indices, weight.data, weight.shape[1]) if kernel else None
        return cls(kernel, matrix) if kernel and matrix else None

    def best(self, touched: Ragged, weight: Floats, k: int, shut: Ragged, closed: Ints32) -> list[Scored]:
        """For each person what ``serve.Rows.best`` answers. Items that there are not are passed over.

        Args:
            touched: by person, no item twice.
            weight: what the row of each of them counts.
            k: how many at most.
            shut: by person, items that must not be among them.
            closed: items that must be among nobody's.
        """
        people, places = touched.count, min(max(k, 0), self.matrix.items)
        if not people or not places:
            return [NOTHING] * people
        lists = (touched.item, touched.start, flat(weight, np.float32), shut.item, shut.start, flat(closed, np.int32))
        at = [address(one) for one in lists]
        asked = _Asked(people, *at, len(closed), places, int(touched.lengths.max()))
        best = Best.of(people, places)
        self._answer(asked, _Answer(*best.addresses))
        return best.lists()

    def _answer(self, asked: _Asked, answer: _Answer) -> None:
        what = (ctypes.byref(self.matrix), ctypes.byref(asked))
        size = self.kernel.detak_rows_room
        size.restype = ctypes.c_int64
        with self._rooms.room(size(*what)) as room:
            if self.kernel.detak_rows_best(*what, ctypes.c_void_p(room), ctypes.byref(answer)) != DONE:
                raise ValueError("the rows of the fitted model do not lie within their arrays: fit again")

    @cached_property
    def _rooms(self) -> Rooms:
        return Rooms()
