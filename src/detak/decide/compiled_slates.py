"""Slates as the compiled kernel makes them (``kernel/slates.c``): what speaks for visitors, what it is worth, the pages
that it makes, and their products as JSON with why. The structures are those of ``kernel/slates.h``."""

import ctypes
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
import numpy as np

from detak.decide import rulebook as rules
from detak.decide.exploring import BEST, EXPLORED
from detak.decide.page import FEATURES
from detak.decide.rows import Rows
from detak.decide.scoring import Scoring
from detak.decide.slate import Slate
from detak.kernel.calling import DONE, POINTER, Room, Rooms, address
from detak.recommend.neighbours import Neighbours

_FULL: Final = 1
_UNTRIED: Final = -1.0
_USUAL_BYTES: Final = 200  # of a product with why
_WIDE: Final = len(FEATURES)
_VISITOR: Final = 11  # numbers of a ``Visitor``
_SIZE: Final = 3  # which number of a ``Wish`` is its k
SHELVES: Final = (*rules.SHELVES, rules.PINNED)
"""Shelves by their number in the kernel, and pins."""
OWN: Final = ("looked", "liked", "carted", "bought", "kind")
"""Reasons by their number in the kernel: for a product of the visitor's own, by the ``Kind`` of its last touch, and for
its category; those for shelves follow."""
_encode: Final = msgspec.json.Encoder().encode

Ints: TypeAlias = "array[int]"
_Array: TypeAlias = np.ndarray[Any, Any]


class Texts(ctypes.Structure):
    """Texts one after the other."""

    _fields_ = (("text", POINTER), ("at", POINTER))


def texts(some: Iterable[bytes]) -> Texts:
    """These texts; they are kept as long as it is."""
    known = list(some)
    text, at = b"".join(known) or b" ", array("q", accumulate(map(len, known), initial=0))
    found = Texts(ctypes.cast(ctypes.c_char_p(text), POINTER), _at(at))
    found.kept = (text, at)
    return found


def names(some: Iterable[str]) -> Texts:
    """Names, as they are written in JSON."""
    return texts(map(_encode, some))


def words(reasons: Sequence[str]) -> Texts:
    """What is written between a product and its reason, by shelf; then how reasons begin: those of ``OWN``, and by
    shelf ``reasons``."""
    shelves = (b',"shelf":' + _encode(one) + b',"reason":' for one in SHELVES)
    return texts([*shelves, *(b'{"code":' + _encode(one) for one in (*OWN, *reasons))])


def going(models: Sequence[Neighbours]) -> "array[int]":
    """What goes with a product, by some models: each a ``Going`` of ``slates.h``."""
    found = array("q")
    for one in models:
        longest = int((one.starts[1:] - one.starts[:-1]).max(initial=0))
        found.extend((address(one.starts), address(one.item), len(one.starts) - 1, longest))
    return found


class Goods(ctypes.Structure):
    """What holds of the products for everyone."""

    _fields_ = (
        ("items", ctypes.c_int64),
        *((name, POINTER) for name in ("category", "kind", "sensitive", "features")),
        ("kinds", ctypes.c_int64),
        *((name, POINTER) for name in ("usual", "silent", "best", "best_end")),
        ("goings", ctypes.c_int64),
        ("going", POINTER),
        *((name, Texts) for name in ("name", "called", "words")),
    )


class View(ctypes.Structure):
    """What a placement's rules make of them."""

    _fields_ = (
        *((name, POINTER) for name in ("same", "worth", "open")),
        *((name, ctypes.c_double) for name in ("fit", "rank", "lean")),
        ("base", ctypes.c_double * 3),
        *((name, ctypes.c_double) for name in ("share", "most_loss", "shelf_share", "category_share")),
        *((name, ctypes.c_int64) for name in ("shelf_most", "shelves", "pins")),
        *((name, POINTER) for name in ("shelf", "pin_at")),
    )


def view(scoring: Scoring, rules_: rules.PageRules, pins: Sequence[int]) -> View:
    """As the rules of a placement have it.

    Args:
        scoring: what products are worth there.
        rules_: of its page.
        pins: by product that was put in a place, the place, from 0.
    """
    weights, least = scoring.weights.weights, scoring.weights.intercept
    base = (ctypes.c_double * 3)(least + weights[6], least, least + weights[7])
    shelf, pin_at = array("i", map(SHELVES.index, rules_.shelves)), array("i", pins)
    arrays = (scoring.same, scoring.wares.worth, scoring.wares.open)
    found = View(
        *map(address, arrays), weights[0], weights[1], weights[8], base,
        rules_.explore, rules_.most_loss, rules_.shelf_share, rules_.category_share,
        rules_.shelf, len(shelf), len(pin_at), _at(shelf), _at(pin_at),
    )  # fmt: skip
    found.kept = (arrays, shelf, pin_at)
    return found


class Common(NamedTuple):
    """A shelf that is the same for all who are there then; ``told`` is a ``Common`` of ``slates.h``."""

    rows: Rows
    told: tuple[int, ...]


def common(rows: Rows) -> Common:
    """One shelf."""
    columns: tuple[_Array, ...] = (rows.product, rows.score, rows.category, rows.told)
    return Common(rows, (*map(address, columns), len(rows.product), SHELVES.index(rows.names[0])))


class Fits(NamedTuple):
    """What the model says, one visitor's products after another's."""

    item: np.ndarray[Any, np.dtype[np.int32]]
    score: np.ndarray[Any, np.dtype[np.float32]]
    because: np.ndarray[Any, np.dtype[np.int32]]


@dataclass
class Wanted:
    """Questions as lists that are quick to put together; ``Visitor`` and ``Wish`` of ``slates.h`` say which numbers.

    ``touched`` and ``how`` are what visitors touched, one visitor's after another's.
    """

    visitors: list[int] = field(default_factory=list)
    touched: _Array = field(default_factory=lambda: np.zeros(0, np.int64))
    how: _Array = field(default_factory=lambda: np.zeros(0, np.int8))
    wishes: list[int] = field(default_factory=list)
    number: Ints = field(default_factory=lambda: array("q"))
    commons: Ints = field(default_factory=lambda: array("q"))
    common_of: Ints = field(default_factory=lambda: array("q"))
    laid: dict[int, int] = field(default_factory=dict)
    shelves: list[Common] = field(default_factory=list)
    lot: "array[float]" = field(default_factory=lambda: array("d"))
    more: list[bytes] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    rows: int = 0

    def put(self, numbers: Iterable[int]) -> tuple[int, int]:
        """Where these products begin and end in ``number``."""
        first = len(self.number)
        self.number.extend(numbers)
        return first, len(self.number)

    def lay(self, shelf: Common) -> int:
        """The number of a shelf for everyone; one that is there already is not there twice."""
        known = self.laid.get(id(shelf.rows))
        if known is None:
            known = self.laid[id(shelf.rows)] = len(self.laid)
            self.shelves.append(shelf)  # and kept: the kernel reads it
            self.commons.extend(shelf.told)
        return known

    def say(self, text: bytes) -> int:
        """The number of a text."""
        self.more.append(text)
        return len(self.more) - 1

    def visit(self, *told: int) -> None:
        """A visitor: all of their numbers but the last."""
        self.visitors += told
        self.visitors.append(0)

    def names(self, visitor: int, names_: Iterable[bytes]) -> None:
        """The names that a visitor's question brings with it."""
        self.visitors[(visitor + 1) * _VISITOR - 1] = len(self.more)
        self.more += names_

    def wish(self, told: tuple[int, ...], lot: float | None) -> None:
        """A placement: question, visitor, view, k, what is shut, which shelves are for everyone, and the pins' own."""
        self.wishes += told
        self.wishes.append(self.rows)
        self.first.append(self.rows)
        self.lot.append(_UNTRIED if lot is None else lot)
        self.rows += told[_SIZE]


class _Wanted(ctypes.Structure):
    _fields_ = (
        *((name, POINTER) for name in ("goods", "view", "common")),
        *((name, ctypes.c_int64) for name in ("visitors", "wishes", "commons")),
        *((name, POINTER) for name in ("visitor", "wish", "touched", "how", "number")),
        *((name, POINTER) for name in ("item", "score", "because", "common_of", "lot")),
        ("more", Texts),
    )


class _Slates(ctypes.Structure):
    _fields_ = (
        ("text", POINTER),
        ("room", ctypes.c_int64),
        *((name, POINTER) for name in ("end", "product", "personal", "told", "many", "variant", "chance")),
    )


class CompiledSlates:
    """Makes slates of one shop. One thread at a time.

    Args:
        kernel: the compiled one.
        goods: the products.
    """

    def __init__(self, kernel: ctypes.CDLL, goods: Goods) -> None:
        self._kernel = kernel
        self._goods = goods
        self._size = kernel.detak_slates_room
        self._size.restype = ctypes.c_int64
        self._rooms, self._texts = Rooms(), Rooms()
        self._views: list[View] = []
        self._view_at: Ints = array("q")

    def add(self, view_: View) -> int:
        """The number of a view."""
        self._views.append(view_)
        self._view_at.append(ctypes.addressof(view_))
        return len(self._views) - 1

    def answer(self, wanted: Wanted, fits: Fits) -> list[Slate]:
        """The slate of each placement.

        Raises:
            ValueError: the kernel does not answer.
        """
        more, visitors, wishes = texts(wanted.more), array("q", wanted.visitors), array("q", wanted.wishes)
        asked = _Wanted(
            ctypes.addressof(self._goods), _at(self._view_at), _at(wanted.commons),
            len(wanted.visitors) // _VISITOR, len(wanted.lot), len(wanted.shelves),
            _at(visitors), _at(wishes), address(wanted.touched), address(wanted.how), _at(wanted.number),
            *map(address, fits), _at(wanted.common_of), _at(wanted.lot), more,
        )  # fmt: skip
        return self._slates(asked, wanted.first, wanted.rows)

    def _slates(self, asked: _Wanted, first: Sequence[int], rows: int) -> list[Slate]:
        told = _Told(len(first), rows)
        room, pages = self._rooms.take(self._size(ctypes.byref(asked))), self._texts.take(rows * _USUAL_BYTES)
        done = self._ask(asked, room, pages, told)
        if done == _FULL:
            pages = self._texts.take(int(told.end[-1]))
            done = self._ask(asked, room, pages, told)
        if done != DONE:
            raise ValueError("the compiled kernel makes no slates")
        found = told.slates(first, ctypes.string_at(pages.at, int(told.end[-1])))
        self._rooms.give(room)
        self._texts.give(pages)
        return found

    def _ask(self, asked: _Wanted, room: Room, pages: Room, told: "_Told") -> int:
        answer = _Slates(pages.at, len(pages.memory), *told.at)
        return int(self._kernel.detak_slates(ctypes.byref(asked), POINTER(room.at), ctypes.byref(answer)))


class _Told:
    """What the kernel says of slates, as in ``Slates`` of ``slates.h``: all of it in one piece of memory, which costs
    less to make and to find than seven."""

    def __init__(self, wishes: int, rows: int) -> None:
        sizes = (16 * wishes, 8 * rows, rows, _WIDE * rows, 4 * wishes, wishes, 8 * wishes)
        ends = list(accumulate([-(-size // 8) * 8 for size in sizes], initial=0))
        memory = np.zeros(ends[-1], np.uint8)
        begin = address(memory) if ends[-1] else 0
        self.at = [begin + one for one in ends[:-1]]
        parts = [memory[first : first + size] for first, size in zip(ends, sizes, strict=False)]
        self.end, self.product = parts[0].view(np.int64), parts[1].view(np.int64)
        self.personal, self.told = parts[2], parts[3]
        self.many, self.variant, self.chance = parts[4].view(np.int32), parts[5], parts[6].view(np.float64)

    def slates(self, first: Sequence[int], text: bytes) -> list[Slate]:
        """Each placement's; ``first``: where its rows begin."""
        ends, features, products = [0, *self.end.tolist()], self.told.tobytes(), self.product.tolist()
        own = self.personal.nonzero()[0]
        theirs, bounds = self.product.take(own).tolist(), [*own.searchsorted(first).tolist(), len(own)]
        found = []
        each = zip(first, self.many.tolist(), self.variant.tolist(), self.chance.tolist(), strict=True)
        for at, (begin, count, explored, chance) in enumerate(each):
            end, (start, middle, last) = begin + count, ends[2 * at : 2 * at + 3]
            told, variant = features[begin * _WIDE : end * _WIDE], EXPLORED if explored else BEST
            chosen = theirs[bounds[at] : bounds[at + 1]]
            slots, reasons = text[start:middle], text[middle:last]
            found.append(Slate(slots, reasons, products[begin:end], chosen, told, variant, chance))
        return found


def _at(numbers: "array[Any]") -> int:
    """Where the first of them lies."""
    return numbers.buffer_info()[0]
