"""Composing a page: shelves of scored products, ordered by what they are worth, no product twice, no category over all.

What a product is worth in a place is its expected clicks times what a click means to the shop. A shelf is worth the sum
over its products; the best shelf stands first. Plain lists and dictionaries: arrays this short would be slower.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, exp
from operator import itemgetter
from typing import Final, NamedTuple

import numpy as np

FEATURES: Final = ("relevance", "rank", "popular", "fresh", "offered", "seen", "together")
"""What the chance of a click is told by, each from 0 to 1: how well the product fits the person, its rank on its shelf,
how known it is, how new, whether its price is cut, whether they looked at it, whether it goes with what they have."""


class Goods(NamedTuple):
    """What holds of a product for everyone, from 0 to 1: the features that say so, and what a click is worth."""

    popular: float = 0.0
    fresh: float = 0.0
    offered: float = 0.0
    worth: float = 1.0
    """A factor: margin, stock and the shop's boosts and buryings."""
    category: int = -1
    open: bool = True
    """Whether it may be shown: it can be had, and no rule hides it."""
    sensitive: bool = False
    """Whether it tells of what nobody may be chosen for."""


PLAIN: Final = Goods()


def _plain(_: str) -> Goods:
    return PLAIN


@dataclass(frozen=True)
class Weights:
    """A logistic model of a click: ``intercept + weights . features``, in the order of ``FEATURES``."""

    weights: tuple[float, ...] = (2.0, 1.0, 0.6, 0.2, 0.3, 0.8, 0.5)
    intercept: float = -3.0
    version: str = "prior"


class Pool(NamedTuple):
    """The candidates of one shelf, best first by the shelf's own measure."""

    shelf: str
    products: Sequence[str]
    seen: bool = False
    together: bool = False
    personal: bool = False
    """Whether what is known of the person chose them."""


class Placed(NamedTuple):
    """One product of a page."""

    product: str
    shelf: str
    score: float
    features: tuple[float, ...]
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


@dataclass(frozen=True)
class Scoring:
    """What the products are worth."""

    weights: Weights = Weights()
    goods: Callable[[str], Goods] = _plain

    def scored(self, pool: Pool, relevance: Mapping[str, float]) -> list[Placed]:
        """The products of a pool that may be shown, the most valuable first."""
        w, goods = self.weights.weights, self.goods
        w0, w1, w2, w3, w4 = w[:5]
        shelf, personal, seen, together = pool.shelf, pool.personal, float(pool.seen), float(pool.together)
        base = self.weights.intercept + w[5] * seen + w[6] * together
        step, rank = 1.0 / max(len(pool.products), 1), 1.0
        found = []
        for product in pool.products:
            popular, fresh, cut, worth, category, open_, sensitive = goods(product)
            if not open_ or (sensitive and personal):
                continue
            fits = relevance.get(product, 0.0)
            logit = base + w0 * fits + w1 * rank + w2 * popular + w3 * fresh + w4 * cut
            features = (fits, rank, popular, fresh, cut, seen, together)
            found.append(Placed(product, shelf, worth / (1.0 + exp(-logit)), features, category))
            rank -= step
        found.sort(key=_by_score, reverse=True)
        return found


_by_score: Final = itemgetter(2)


class Page(NamedTuple):
    """A page: its shelves from the top, each with its products."""

    shelves: tuple[tuple[Placed, ...], ...]

    @property
    def slate(self) -> list[Placed]:
        """The products in the order in which they are read."""
        return [one for shelf in self.shelves for one in shelf]


def compose(shelves: Sequence[Sequence[Placed]], layout: Layout, shown: Collection[str] = ()) -> Page:
    """The page of the most valuable shelves.

    Shelf after shelf, each best first, the one whose next products are worth the most on average. Fewer than ``k``
    products only where the shelves have no more. ``shown`` stands elsewhere on the page already, and does not come
    again.
    """
    taken = _Taken(set(shown), {}, max(1, ceil(layout.category_share * layout.k)))
    used = taken.used
    there = [[one for one in shelf if one[0] not in used] for shelf in shelves] if used else shelves
    left = sorted([shelf for shelf in there if shelf], key=_top, reverse=True)
    rows, free = [], layout.k
    offers: list[_Offer | None] = []
    size = 0
    while left and free > 0:
        if size != min(layout.shelf, free):
            size = min(layout.shelf, free)
            offers = [None] * len(left)
        at = _best(left, offers, size, taken)
        if at is None or (best := offers[at]) is None:
            break
        rows.append(tuple(best.picked))
        free -= len(best.picked)
        del left[at], offers[at]
        taken.take(best)
        offers = [None if one and taken.spoils(one) else one for one in offers]
    if free > 0:
        rows = _lengthened(rows, shelves, free, taken.used)
    return Page(tuple(rows))


class _Offer(NamedTuple):
    """What a shelf would put on the page next, and what that is worth."""

    worth: float
    picked: list[Placed]
    kinds: dict[int, int]
    """How many of each category."""


@dataclass
class _Taken:
    """What stands on the page so far."""

    used: set[str]
    counts: dict[int, int]
    most: int
    """Of a category."""

    def take(self, offer: _Offer) -> None:
        """Put it on the page."""
        self.used.update([one[0] for one in offer.picked])
        counts = self.counts
        for kind, count in offer.kinds.items():
            counts[kind] = counts.get(kind, 0) + count

    def spoils(self, offer: _Offer) -> bool:
        """Whether an offer cannot be put on the page any more as it is."""
        used, counts, most = self.used, self.counts, self.most
        for one in offer.picked:
            if one[0] in used:
                return True
        for kind, count in offer.kinds.items():  # noqa: SIM110
            if counts.get(kind, 0) + count > most:
                return True
        return False


def _top(shelf: Sequence[Placed]) -> float:
    return shelf[0][2]


def _best(left: Sequence[Sequence[Placed]], offers: list[_Offer | None], size: int, taken: _Taken) -> int | None:
    """Which shelf's next products are worth the most; of those alike the one whose first product is; None: none has any
    worth. ``left``: the shelf with the best first product first.

    Products are worth no more than all as much as the first of their shelf: shelves that cannot win by that are not
    looked at. ``offers`` takes what was looked up.
    """
    best, found = 0.0, None
    for at, shelf in enumerate(left):
        if shelf[0][2] * _AT_MOST < best:
            break
        offer = offers[at]
        if offer is None:
            offer = offers[at] = _next(shelf, size, taken)
        if offer[0] > best:
            best, found = offer[0], at
    return found


_AT_MOST: Final = 0.5 * (1 + 1e-9)  # of the first product's score, what ``size`` products are worth; and a rounding


def _next(shelf: Sequence[Placed], size: int, taken: _Taken) -> _Offer:
    """The first products of a shelf that may still stand on the page."""
    used, counts, most = taken.used, taken.counts, taken.most
    picked: list[Placed] = []
    more: dict[int, int] = {}
    full = {kind for kind, count in counts.items() if count >= most}
    worth = 0.0
    for one in shelf:
        product, _, score, _, kind = one
        if product in used or kind in full:
            continue
        if kind >= 0:
            theirs = more[kind] = more.get(kind, 0) + 1
            if counts.get(kind, 0) + theirs >= most:
                full.add(kind)
        picked.append(one)
        worth += score
        if len(picked) == size:
            break
    # A shelf that cannot be filled counts for less: it leaves places empty, or makes the page restless.
    return _Offer(worth / (size + len(picked)), picked, more)


def _lengthened(
    rows: list[tuple[Placed, ...]], shelves: Sequence[Sequence[Placed]], free: int, used: set[str]
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
    """The features of a slate, a byte each, 255 being 1: what ``learning`` reads from the facts."""
    return (np.array([one[3] for one in slate], np.float64) * 255 + 0.5).astype(np.uint8).tobytes()


def pinned(page: Page, pins: Sequence[tuple[int, Placed]]) -> Page:
    """The page with products put in their places, from 0, in order of places; behind its end where it is shorter."""
    if not pins:
        return page
    slate = page.slate
    for at, one in pins:
        slate.insert(at, one)
    return Page((tuple(slate),))
