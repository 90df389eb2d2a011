"""Pages as the compiled kernel composes them (``kernel/pages.c``): those of ``pages.plainly``, far sooner."""

import ctypes
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detak.decide.exploring import BEST, EXPLORED, Drawn
from detak.decide.orders import Order
from detak.decide.page import Layout, Page
from detak.decide.rows import Rows
from detak.kernel.calling import DONE, address

_UNTRIED: Final = -1.0


def _pointers(*names: str) -> list[tuple[str, Any]]:
    return [(name, ctypes.c_void_p) for name in names]


class _Rows(ctypes.Structure):
    _fields_ = _pointers("product", "score", "category", "end", "name", "common")


class _Asked(ctypes.Structure):
    _fields_ = [
        ("places", ctypes.c_int64),
        *_pointers("place", "tried", "shelf", "theirs", "shut", "pin_at", "pin_row", "size", "most"),
    ]


class _Answer(ctypes.Structure):
    _fields_ = _pointers("row", "many", "variant", "chance")


class _Lists(NamedTuple):
    """What places refer to, one place's after another's."""

    shelf: list[int]
    theirs: list[int]
    shut: list[int]
    pins: list[tuple[int, int]]
    layouts: list[Layout]


def compiled(kernel: ctypes.CDLL, rows: Rows, questions: Sequence[Sequence[Order]]) -> list[list[Drawn]]:
    """The pages of each question's placements.

    Raises:
        MemoryError: there is none left.
    """
    orders = [one for some in questions for one in some]
    if not orders:
        return [[] for _ in questions]
    lists = _Lists([], [], [], [], [])
    places = _places(questions, lists)
    total = sum(one.k for one in orders)
    answer: tuple[NDArray[Any], ...] = (
        np.empty(total, np.int32), np.empty(len(orders), np.int32),
        np.empty(len(orders), np.uint8), np.empty(len(orders), np.float64),
    )  # fmt: skip
    tried = [(one.exploration.share, one.exploration.most_loss, _lot(one)) for one in orders]
    asked: tuple[NDArray[Any], ...] = (
        np.array(places, np.int32), np.array(tried, np.float64), np.array(lists.shelf, np.int32),
        np.array(lists.theirs, np.int64), np.array(lists.shut, np.int64),
        np.array([at for at, _ in lists.pins], np.int32), np.array([row for _, row in lists.pins], np.int32),
        np.array([one.shelf for one in lists.layouts], np.int32),
        np.array([one.most for one in lists.layouts], np.int32),
    )  # fmt: skip
    columns: tuple[NDArray[Any], ...] = (
        rows.product, rows.score, rows.category, np.array(rows.end, np.int32), _numbered(rows.names),
        np.array(rows.common, np.uint8),
    )  # fmt: skip
    what = _Rows(*map(address, columns)), _Asked(len(orders), *map(address, asked)), _Answer(*map(address, answer))
    if kernel.detak_pages(*map(ctypes.byref, what)) != DONE:
        raise MemoryError("there is no memory to compose pages in")
    drawn = iter(_drawn(rows, orders, answer))
    return [[next(drawn) for _ in some] for some in questions]


def _places(questions: Sequence[Sequence[Order]], lists: _Lists) -> list[tuple[int, ...]]:
    """A row of numbers for each placement; what they refer to goes to ``lists``, what several share once."""
    places: list[tuple[int, ...]] = []
    theirs: dict[int, tuple[int, int]] = {}
    first = 0
    for number, some in enumerate(questions, 1):
        for one in some:
            named = theirs.get(id(one.theirs))
            if named is None:
                named = theirs[id(one.theirs)] = _put(lists.theirs, one.theirs)
            shelf, shut = _put(lists.shelf, one.shelves), _put(lists.shut, one.shut)
            layout = len(lists.layouts)
            lists.layouts.extend([one.layout(max(one.k - shown, 0)) for shown in range(len(one.pins) + 1)])
            places.append((number, one.k, *shelf, *named, *shut, *_put(lists.pins, one.pins), layout, first))
            first += one.k
    return places


def _put(into: list[Any], more: Collection[Any]) -> tuple[int, int]:
    first = len(into)
    into.extend(more)
    return first, len(into)


def _lot(order: Order) -> float:
    return _UNTRIED if order.lot is None else order.lot


def _numbered(names: Sequence[str]) -> NDArray[np.int32]:
    """The same number for the same name."""
    numbers = {name: at for at, name in enumerate(names)}
    return np.array([numbers[one] for one in names], np.int32)


def _drawn(rows: Rows, orders: Sequence[Order], answer: tuple[NDArray[Any], ...]) -> Iterator[Drawn]:
    row, many, variant, chance = answer
    room = np.array([one.k for one in orders])
    within = np.arange(len(row)) - (room.cumsum() - room).repeat(room) < many.repeat(room)
    placed = rows.placed(row[within])
    first = 0
    for count, explored, propensity in zip(many.tolist(), variant.tolist(), chance.tolist(), strict=True):
        page = Page((tuple(placed[first : first + count]),))
        yield Drawn(page, EXPLORED if explored else BEST, propensity)
        first += count
