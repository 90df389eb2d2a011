"""Pages as the compiled kernel composes them (``kernel/pages.c``): those of ``pages.plainly``, far sooner."""

import ctypes
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detak.decide.exploring import BEST, EXPLORED, Drawn
from detak.decide.orders import Order
from detak.decide.page import Page
from detak.decide.rows import Rows
from detak.kernel.calling import DONE, address

_UNTRIED: Final = -1.0
_NONE: Final = (0, 0)

Ints: TypeAlias = "array[int]"


def _pointers(*names: str) -> list[tuple[str, Any]]:
    return [(name, ctypes.c_void_p) for name in names]


class _Rows(ctypes.Structure):
    _fields_ = _pointers("product", "score", "category", "end", "name", "common")


class _Orders(ctypes.Structure):
    _fields_ = [
        ("places", ctypes.c_int64),
        *_pointers("place", "tried", "shelf", "theirs", "shut", "pin_at", "pin_row", "size", "most"),
    ]


class _Drawn(ctypes.Structure):
    _fields_ = _pointers("row", "many", "variant", "chance")


class _Lists(NamedTuple):
    """What places refer to, one place's after another's, in arrays that are quick to put together."""

    place: Ints
    tried: "array[float]"
    shelf: Ints
    theirs: Ints
    shut: Ints
    pin_at: Ints
    pin_row: Ints
    size: Ints
    most: Ints

    @classmethod
    def empty(cls) -> Self:
        """Of no places."""
        ints = (array("i") for _ in range(4))
        return cls(array("i"), array("d"), array("i"), array("q"), array("q"), *ints)


def compiled(kernel: ctypes.CDLL, rows: Rows, questions: Sequence[Sequence[Order]]) -> list[list[Drawn]]:
    """The pages of each question's placements.

    Raises:
        MemoryError: there is none left.
    """
    orders = [one for some in questions for one in some]
    if not orders:
        return [[] for _ in questions]
    lists = _Lists.empty()
    total = _put_all(questions, lists)
    row, many = np.empty(total, np.int32), np.empty(len(orders), np.int32)
    variant, chance = np.empty(len(orders), np.uint8), np.empty(len(orders), np.float64)
    shelves: tuple[array[Any], ...] = array("i", rows.end), _numbered(rows.names), array("b", rows.common)
    what = (
        _Rows(address(rows.product), address(rows.score), address(rows.category), *[_at(one) for one in shelves]),
        _Orders(len(orders), *[_at(one) for one in lists]),
        _Drawn(address(row), address(many), address(variant), address(chance)),
    )
    if kernel.detak_pages(*map(ctypes.byref, what)) != DONE:
        raise MemoryError("there is no memory to compose pages in")
    drawn = iter(_drawn(rows, orders, (row, many, variant, chance)))
    return [[next(drawn) for _ in some] for some in questions]


def _put_all(questions: Sequence[Sequence[Order]], lists: _Lists) -> int:
    """Put every placement into the lists, what several share once; how many rows their pages have at most."""
    known: dict[int, tuple[int, int]] = {}
    first = 0
    for number, some in enumerate(questions, 1):
        for one in some:
            shelf = known.get(id(one.shelves)) or known.setdefault(id(one.shelves), _put(lists.shelf, one.shelves))
            theirs = known.get(id(one.theirs)) or known.setdefault(id(one.theirs), _put(lists.theirs, one.theirs))
            shut = _put(lists.shut, one.shut) if one.shut else _NONE
            pins = _put(lists.pin_at, [at for at, _ in one.pins]) if one.pins else _NONE
            lists.pin_row.extend([row for _, row in one.pins])
            lists.place.extend((number, one.k, *shelf, *theirs, *shut, *pins, len(lists.size), first))
            tried = one.exploration
            lists.tried.extend((tried.share, tried.most_loss, _UNTRIED if one.lot is None else one.lot))
            for shown in range(len(one.pins) + 1):
                layout = one.layout(max(one.k - shown, 0))
                lists.size.append(layout.shelf)
                lists.most.append(layout.most)
            first += one.k
    return first


def _put(into: Ints, more: Iterable[int]) -> tuple[int, int]:
    first = len(into)
    into.extend(more)
    return first, len(into)


def _at(numbers: "array[Any]") -> int:
    """Where the first of them lies."""
    return numbers.buffer_info()[0]


def _numbered(names: Sequence[str]) -> Ints:
    """The same number for the same name."""
    numbers = {name: at for at, name in enumerate(names)}
    return array("i", [numbers[one] for one in names])


def _drawn(rows: Rows, orders: Sequence[Order], answer: tuple[NDArray[Any], ...]) -> Iterator[Drawn]:
    row, many, variant, chance = answer
    if many.sum() < len(row):
        room = np.array([one.k for one in orders])
        row = row[np.arange(len(row)) - (room.cumsum() - room).repeat(room) < many.repeat(room)]
    placed = rows.placed(row)
    first = 0
    for count, explored, propensity in zip(many.tolist(), variant.tolist(), chance.tolist(), strict=True):
        page = Page((tuple(placed[first : first + count]),))
        yield Drawn(page, EXPLORED if explored else BEST, propensity)
        first += count
