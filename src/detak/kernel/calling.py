"""What calls of the kernel have in common: addresses of arrays, and rooms to work in."""

import ctypes
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np

DONE: Final = 0


class Rooms:
    """Memory that calls work in, each room for one call at a time; kept, for it is at nought again after a call."""

    def __init__(self) -> None:
        """With none yet."""
        self._free: deque[np.ndarray[Any, Any]] = deque()

    @contextmanager
    def room(self, size: int) -> Iterator[int]:
        """The address of so many bytes. What an error may have left behind is not used again."""
        try:
            found = self._free.pop()
        except IndexError:
            found = np.zeros(0, np.uint8)
        if len(found) < size:
            found = np.zeros(size, np.uint8)
        yield address(found)
        self._free.append(found)


def address(array: np.ndarray[Any, Any]) -> int:
    """Where the first of its numbers lies."""
    found: int = array.__array_interface__["data"][0]
    return found


def flat(array: Any, kind: Any) -> np.ndarray[Any, Any]:
    """The same numbers of this kind, side by side in memory: what the kernel reads."""
    return np.ascontiguousarray(array, kind)


class Matrix(ctypes.Structure):
    """``Matrix`` of ``gather.h``."""

    _fields_ = (
        ("begin", ctypes.c_void_p),
        ("item", ctypes.c_void_p),
        ("value", ctypes.c_void_p),
        ("rows", ctypes.c_int64),
        ("entries", ctypes.c_int64),
        ("items", ctypes.c_int32),
        ("longest", ctypes.c_int32),
    )


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
