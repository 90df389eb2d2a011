"""Slates as the log keeps them (JSON of lists of ``decision.Slot``) as columns of facts."""

import ctypes
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final, Self

import msgspec
import numpy as np
import pyarrow as pa

from detak.decision import Reason, Slot
from detak.kernel.calling import POINTER, address
from detak.kernel.library import library

NAMES: Final = ("slate", "shelves", "because")
_SMALLEST: Final = len(b'{"product_id":""}')
_MOST_BYTES: Final = 2**30  # of one call: what it counts must fit into 32 bits
_decode: Final = msgspec.json.Decoder(list[Slot]).decode


def slate_columns(told: Sequence[bytes]) -> dict[str, pa.Array]:
    """By name each of ``NAMES``, a list of strings for each slate: the products, the shelf of each, and why it stands
    there (``code about``). Slot by slot they were most of the work on a decision: the kernel reads them where it can.

    Raises:
        ValueError: it is no slate.
    """
    return _quick(told) or _slow([_decode(one) for one in told])


def _slow(slates: Sequence[list[Slot]]) -> dict[str, pa.Array]:
    columns = (
        [[slot.product_id for slot in one] for one in slates],
        [[slot.shelf for slot in one] for one in slates],
        [[_said(slot.reason) for slot in one] for one in slates],
    )
    return {name: pa.array(one, pa.list_(pa.string())) for name, one in zip(NAMES, columns, strict=True)}


def _said(reason: Reason | None) -> str:
    if reason is None:
        return ""
    return f"{reason.code} {reason.about}" if reason.about else reason.code


class _Column(ctypes.Structure):
    _fields_ = (("end", POINTER), ("text", POINTER))


class _Columns(ctypes.Structure):
    """``Columns`` of ``told.c``, and the memory that it points to."""

    _fields_ = (("slots", POINTER), *((name, _Column) for name in NAMES))

    @classmethod
    def of(cls, slates: int, size: int) -> Self:
        """With room for what so much text can hold."""
        slots = np.zeros(slates + 1, np.int32)
        ends = [np.zeros(size // _SMALLEST + 2, np.int32) for _ in NAMES]
        texts = [np.empty(size + 1, np.uint8) for _ in NAMES]
        found = cls(
            address(slots), *(_Column(address(end), address(text)) for end, text in zip(ends, texts, strict=True))
        )
        found.kept = slots, ends, texts
        return found

    def lists(self, slots: int) -> dict[str, pa.Array]:
        """By name its column."""
        starts, ends, texts = self.kept
        columns = [_strings(end[: slots + 1], text) for end, text in zip(ends, texts, strict=True)]
        lists = (pa.ListArray.from_arrays(pa.array(starts), one) for one in columns)
        return dict(zip(NAMES, lists, strict=True))


def _strings(end: np.ndarray[Any, Any], text: np.ndarray[Any, Any]) -> pa.Array:
    buffers = [None, pa.py_buffer(end), pa.py_buffer(text[: end[-1]])]
    return pa.StringArray.from_buffers(len(end) - 1, buffers[1], buffers[2])


def _quick(told: Sequence[bytes]) -> dict[str, pa.Array] | None:
    """As the kernel reads them; None: there is none, or something is written otherwise than it knows."""
    kernel, text = library(), b"".join(told)
    if kernel is None or len(text) > _MOST_BYTES:
        return None
    start = np.fromiter(accumulate(map(len, told), initial=0), np.int64, len(told) + 1)
    columns = _Columns.of(len(told), len(text))
    slots = kernel.detak_told_slates(text, POINTER(address(start)), len(told), ctypes.byref(columns))
    return columns.lists(slots) if slots >= 0 else None
