"""Composing a page: shelves of scored products, ordered by what they are worth, no product twice, no category over all.

What a product is worth in a place is its expected clicks times what a click means to the shop. A shelf is worth the sum
over its products; the best shelf stands first. Plain lists and dictionaries: arrays this short would be slower.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from operator import itemgetter
from typing import Final, NamedTuple

FEATURES: Final = ("relevance", "rank", "popular", "fresh", "offered", "liked", "seen", "together", "kind")
"""What the chance of a click is told by, each from 0 to 1: how well the product fits the person, its rank on its shelf,
how known it is, how new, whether its price is cut, how much it is liked by whoever sees it, whether they looked at it,
whether it goes with what they have, and how much they lean to products of its kind."""


@dataclass(frozen=True)
class Weights:
    """A logistic model of a click: ``intercept + weights . features``, in the order of ``FEATURES``."""

    weights: tuple[float, ...] = (1.0, 0.3, 0.5, 0.2, 0.3, 5.0, 0.8, 0.3, 3.0)
    intercept: float = -7.0
    version: str = "prior"


class Placed(NamedTuple):
    """One product of a page."""

    product: int
    shelf: str
    score: float
    features: bytes
    """A byte each, 255 being 1."""
    category: int = -1


@dataclass(frozen=True)
class Layout:
    """How a page is laid out."""

    k: int = 12
    """Products in all."""
    shelf: int = 4
    """Products of one shelf at most; the last may be longer where shelves run out."""
    category_share: float = 0.5
    """No category holds more of the page, as long as there is anything else."""

    @cached_property
    def most(self) -> int:
        """Products of a category."""
        return max(1, ceil(self.category_share * self.k))


class Page(NamedTuple):
    """A page: its shelves from the top, each with its products."""

    shelves: tuple[tuple[Placed, ...], ...]

    @property
    def slate(self) -> list[Placed]:
        """The products in the order in which they are read."""
        return [one for shelf in self.shelves for one in shelf]


def compose(shelves: Sequence[Sequence[Placed]], layout: Layout, shown: Collection[int] = ()) -> Page:
    """The page of the most valuable shelves.

    Shelf after shelf, each best first, the one whose next products are worth the most on average. Fewer than ``k``
    products only where the shelves have no more. ``shown`` stands elsewhere on the page already, and does not come
    again.
    """
    taken = _Taken(set(shown), {}, layout.most)
    left = _there(shelves, taken.used)
    rows: list[tuple[Placed, ...]] = []
    free = layout.k
    while left and free > 0:
        at, picked = _best(left, min(layout.shelf, free), taken)
        if not picked:
            break
        rows.append(tuple(picked))
        free -= len(picked)
        del left[at]
        if free > 0:
            taken.take(picked)
    if free > 0:
        rows = _lengthened(rows, shelves, free, taken.used)
    return Page(tuple(rows))


@dataclass
class _Taken:
    """What stands on the page so far."""

    used: set[int]
    counts: dict[int, int]
    most: int
    """Of a category."""

    def take(self, picked: Sequence[Placed]) -> None:
        """Put them on the page."""
        counts = self.counts
        for product, _, _, _, kind in picked:
            self.used.add(product)
            counts[kind] = counts.get(kind, 0) + 1


_Left = tuple[float, Sequence[Placed]]
"""A shelf, and what the first of its products that may be shown is worth."""


def _there(shelves: Sequence[Sequence[Placed]], used: Collection[int]) -> list[_Left]:
    """The shelves that there is anything on, the one with the best first product first."""
    found = []
    for shelf in shelves:
        for at, one in enumerate(shelf):
            if one[0] not in used:
                found.append((one[2], shelf[at:] if at else shelf))
                break
    found.sort(key=_top, reverse=True)
    return found


_top: Final = itemgetter(0)
_ROUNDED: Final = 1 + 1e-9
_AT_MOST: Final = 0.5 * _ROUNDED  # of the first product's score, what ``size`` products are worth


def _best(left: Sequence[_Left], size: int, taken: _Taken) -> tuple[int, Sequence[Placed]]:
    """Which shelf's next products are worth the most, and these; of those alike the one whose first product is; no
    products: none has any worth. ``left``: the shelf with the best first product first.

    Products are worth no more than all as much as the first of their shelf; and no more than its first ones, where the
    last of these does not bring them down. Shelves that cannot win by that are not looked at.
    """
    best, found = 0.0, 0
    products: Sequence[Placed] = ()
    for at, (first, shelf) in enumerate(left):
        if first * _AT_MOST < best:
            break
        scores = [one[2] for one in shelf[:size]]
        among = size + len(scores)
        if scores[-1] * among >= sum(scores) and sum(scores) * _ROUNDED < best * among:
            continue
        picked = _next(shelf, size, taken)
        # A shelf that cannot be filled counts for less: it leaves places empty, or makes the page restless.
        worth = sum([one[2] for one in picked]) / (size + len(picked))
        if worth > best:
            best, found, products = worth, at, picked
    return found, products


def _next(shelf: Sequence[Placed], size: int, taken: _Taken) -> Sequence[Placed]:
    """The first products of a shelf that may still stand on the page."""
    used, most = taken.used, taken.most
    if not taken.counts and size <= most:
        first = shelf[:size]
        if used.isdisjoint([one[0] for one in first]):
            return first
    counts = taken.counts.copy()
    picked: list[Placed] = []
    for one in shelf:
        product, _, _, _, kind = one
        if product in used:
            continue
        if kind >= 0:
            theirs = counts.get(kind, 0)
            if theirs >= most:
                continue
            counts[kind] = theirs + 1
        picked.append(one)
        if len(picked) == size:
            break
    return picked


def _lengthened(
    rows: list[tuple[Placed, ...]], shelves: Sequence[Sequence[Placed]], free: int, used: set[int]
) -> list[tuple[Placed, ...]]:
    """The shelves there are made longer, whatever their categories, until the page is full or nothing is left."""
    places = {row[0].shelf: at for at, row in enumerate(rows)}
    for shelf in shelves:
        for one in shelf:
            if free <= 0:
                return rows
            if one.product not in used:
                used.add(one.product)
                free -= 1
                at = places.setdefault(one.shelf, len(rows))
                rows[at : at + 1] = [(*(rows[at] if at < len(rows) else ()), one)]
    return rows


def packed(slate: Sequence[Placed]) -> bytes:
    """The features of a slate, one product's after another's: what ``learning`` reads from the facts."""
    return b"".join([one[3] for one in slate])


def pinned(page: Page, pins: Sequence[tuple[int, Placed]]) -> Page:
    """The page with products put in their places, from 0, in order of places; behind its end where it is shorter."""
    if not pins:
        return page
    slate = page.slate
    for at, one in pins:
        slate.insert(at, one)
    return Page((tuple(slate),))
