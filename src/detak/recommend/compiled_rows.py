"""Answers of an item-to-item matrix by the compiled kernel (``kernel/rows.c``): to the bit what ``Links`` says."""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from scipy import sparse

from detak.kernel.calling import DONE, POINTER, Lists, Matrix, Rooms, address, flat, matrix_of
from detak.kernel.library import library
from detak.recommend.base import NOTHING, Crowd, Floats, Scored


class Asked(ctypes.Structure):
    """``Asked`` of ``gather.h``."""

    _fields_ = (
        *((name, POINTER) for name in ("item", "start")),
        ("people", ctypes.c_int64),
        *((name, ctypes.c_int32) for name in ("k", "again", "page")),
    )


class Answer(ctypes.Structure):
    """``Answer`` of ``gather.h``."""

    _fields_ = tuple((name, POINTER) for name in ("item", "score", "because", "many"))


class Way(NamedTuple):
    """How it is asked. ``page``: what all touched last, where it was not their last touch anyway."""

    k: int
    again: bool = True
    page: int | None = None


def best(crowd: Crowd, way: Way, ask: Callable[[Asked, Answer], None]) -> list[Scored]:
    """What the kernel, asked by ``ask``, says to each of them."""
    people = len(crowd.histories)
    if not people or way.k <= 0:
        return [NOTHING] * people
    shut = [own for _, own in zip(crowd.histories, crowd.exclude, strict=True)]  # one each: the kernel counts on it
    lists = Lists.of([*(one.item for one in crowd.histories), *shut, crowd.closed])
    cells = people * way.k
    found = np.empty(3 * cells + people, np.int32)  # three tables of people x k, and how many each has
    at = address(found)
    page = -1 if way.page is None else way.page
    ask(Asked(*lists.at, people, way.k, way.again, page), Answer(*(at + 4 * cells * part for part in range(4))))
    item, because = found[:cells].reshape(people, -1), found[2 * cells : -people].reshape(people, -1)
    score: Floats = found[cells : 2 * cells].view(np.float32).reshape(people, -1)
    many = enumerate(found[-people:].tolist())
    return [Scored(item[one, :end], score[one, :end], because[one, :end]) for one, end in many]


class _Links(ctypes.Structure):
    _fields_ = (("matrix", Matrix), ("fade", POINTER), ("heard", ctypes.c_int32))


@dataclass(frozen=True)
class CompiledLinks:
    """``fade``: what a touch counts, by how many came after it. Any thread asks it."""

    kernel: ctypes.CDLL
    matrix: Matrix
    fade: Floats

    @classmethod
    def of(cls, weight: sparse.csr_array, fade: Floats) -> Self | None:
        """None where there is no compiled kernel."""
        kernel = library()
        matrix = matrix_of(weight.indptr, weight.indices, weight.data, weight.shape[1]) if kernel else None
        return cls(kernel, matrix, flat(fade, np.float32)) if kernel and matrix else None

    def best(self, crowd: Crowd, k: int) -> list[Scored]:
        """What ``Links.recommend`` answers to each."""
        return best(crowd, Way(min(k, self.matrix.items)), self._ask)

    def _ask(self, asked: Asked, answer: Answer) -> None:
        size = self.kernel.detak_rows_room
        size.restype = ctypes.c_int64
        room = self._rooms.take(size(ctypes.byref(self._links), asked.k))
        what = (ctypes.byref(self._links), ctypes.byref(asked), POINTER(room.at), ctypes.byref(answer))
        if self.kernel.detak_rows_answer(*what) != DONE:
            raise ValueError("the rows of the fitted model do not lie within their arrays: fit again")
        self._rooms.give(room)

    @cached_property
    def _links(self) -> Any:
        return _Links(self.matrix, address(self.fade), len(self.fade))

    @cached_property
    def _rooms(self) -> Rooms:
        return Rooms()
