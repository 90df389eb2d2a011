"""What calls of the kernel have in common: arrays as it reads them, and rooms to work in."""

import ctypes
from collections import deque
from collections.abc import Iterable
from itertools import accumulate
from typing import Any, Final, NamedTuple, Self

import numpy as np

DONE: Final = 0
POINTER: Final = ctypes.c_void_p


class Room(NamedTuple):
    """Memory, and where it begins."""

    memory: np.ndarray[Any, Any]
    at: int


class Rooms:
    """Memory that calls work in, each room for one call at a time; kept, for it is at nought again after a call."""

    def __init__(self) -> None:
        """With none yet."""
        self._free: deque[Room] = deque()

    def take(self, size: int) -> Room:
        """So many bytes."""
        try:
            found = self._free.pop()
        except IndexError:
            found = Room(np.zeros(0, np.uint8), 0)
        if len(found.memory) < size:
            memory = np.zeros(size, np.uint8)
            found = Room(memory, address(memory))
        return found

    def give(self, room: Room) -> None:
        """Back. What an error may have left behind is not to be given back."""
        self._free.append(room)


class Lists(NamedTuple):
    """Lists of numbers, one after the other: list ``n`` is ``item[start[n]:start[n + 1]]``, int32 and int64."""

    item: np.ndarray[Any, Any]
    start: np.ndarray[Any, Any]

    @classmethod
    def of(cls, lists: Iterable[np.ndarray[Any, Any]]) -> Self:
        """These lists, copied; there is at least one."""
        some = list(lists)
        item = np.concatenate(some).astype(np.int32, copy=False)
        return cls(item, np.fromiter(accumulate(map(len, some), initial=0), np.int64, len(some) + 1))

    @property
    def at(self) -> tuple[int, int]:
        """Where both begin."""
        return address(self.item), address(self.start)


class Matrix(ctypes.Structure):
    """``Matrix`` of ``gather.h``."""

    _fields_ = (
        *((name, POINTER) for name in ("begin", "item", "value")),
        *((name, ctypes.c_int64) for name in ("rows", "entries")),
        *((name, ctypes.c_int32) for name in ("items", "longest")),
    )


def address(array: np.ndarray[Any, Any]) -> int:
    """Where the first of its numbers lies."""
    try:
        held: Any = array
        return ctypes.addressof(ctypes.c_char.from_buffer(held))
    except (TypeError, ValueError):  # what is empty, or not to be written to, takes longer
        return int(array.__array_interface__["data"][0])


def flat(array: Any, kind: Any) -> np.ndarray[Any, Any]:
    """The same numbers of this kind, side by side in memory: what the kernel reads."""
    return np.ascontiguousarray(array, kind)


def matrix_of(begin: Any, item: np.ndarray[Any, Any], value: np.ndarray[Any, Any], items: int) -> Matrix | None:
    """Of a sparse matrix in rows; the arrays are kept as long as it is. None where the numbers are of kinds that the
    kernel does not read."""
    if item.dtype != np.int32 or value.dtype != np.float32:
        return None
    begin, item, value = flat(begin, np.int64), flat(item, np.int32), flat(value, np.float32)
    longest = int((begin[1:] - begin[:-1]).max(initial=0))
    entries = min(len(item), len(value))
    matrix = Matrix(address(begin), address(item), address(value), len(begin) - 1, entries, items, longest)
    matrix.kept = (begin, item, value)
    return matrix
