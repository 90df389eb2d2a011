"""Composing a page: shelves of scored products, ordered by what they are worth, no product twice, no category over all.

What a product is worth in a place is its expected clicks times what a click means to the shop. A shelf is worth the sum
over its products; the best shelf stands first. Plain lists and dictionaries: arrays this short would be slower.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, exp
from typing import Final, NamedTuple

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
        w, intercept, goods = self.weights.weights, self.weights.intercept, self.goods
        seen, together = float(pool.seen), float(pool.together)
        base = intercept + w[5] * seen + w[6] * together
        step, rank = 1.0 / max(len(pool.products), 1), 1.0
        found = []
        for product in pool.products:
            one = goods(product)
            if not one.open or (one.sensitive and pool.personal):
                continue
            fits = relevance.get(product, 0.0)
            logit = base + w[0] * fits + w[1] * rank + w[2] * one.popular + w[3] * one.fresh + w[4] * one.offered
            features = (fits, rank, one.popular, one.fresh, one.offered, seen, together)
            found.append(Placed(product, pool.shelf, one.worth / (1.0 + exp(-logit)), features, one.category))
            rank -= step
        found.sort(key=_by_score)
        return found


def _by_score(one: Placed) -> float:
    return -one.score


class Page(NamedTuple):
    """A page: its shelves from the top, each with its products."""

    shelves: tuple[tuple[Placed, ...], ...]

    @property
    def slate(self) -> list[Placed]:
        """The products in the order in which they are read."""
        return [one for shelf in self.shelves for one in shelf]


def compose(shelves: Sequence[Sequence[Placed]], layout: Layout, shown: Collection[str] = ()) -> Page:
    """The page of the most valuable shelves.

    Shelf after shelf, the one whose next products are worth the most on average. Fewer than ``k`` products only where
    the shelves have no more. ``shown`` stands elsewhere on the page already and does not come again.
    """
    used, counts = set(shown), dict[int, int]()
    most = max(1, ceil(layout.category_share * layout.k))
    there = ([one for one in shelf if one[0] not in used] if used else shelf for shelf in shelves)
    left, rows, free = [one for one in there if one], [], layout.k
    offers: list[_Offer | None] = [None] * len(left)
    size = 0
    while left and free > 0:
        if size != min(layout.shelf, free):
            size = min(layout.shelf, free)
            offers = [None] * len(left)
        for at, offer in enumerate(offers):
            if offer is None:
                offers[at] = _next(left[at], size, used, counts, most)
        best, worth, chosen, added = max(((at, *one) for at, one in enumerate(offers) if one), key=_worth)
        if worth <= 0.0:
            break
        rows.append(tuple(chosen))
        free -= len(chosen)
        del left[best], offers[best]
        for one in chosen:
            used.add(one[0])
        for kind, count in added.items():
            counts[kind] = counts.get(kind, 0) + count
        offers = [None if one and _stale(one, used, counts, most) else one for one in offers]
    if free > 0:
        rows = _lengthened(rows, shelves, free, used)
    return Page(tuple(rows))


class _Offer(NamedTuple):
    """What a shelf would put on the page next, and what that is worth."""

    worth: float
    picked: list[Placed]
    kinds: dict[int, int]
    """How many of each category."""


def _worth(offer: tuple[int, float, list[Placed], dict[int, int]]) -> float:
    return offer[1]


def _stale(offer: _Offer, used: Collection[str], counts: Mapping[int, int], most: int) -> bool:
    for one in offer.picked:
        if one[0] in used:
            return True
    for kind, count in offer.kinds.items():  # noqa: SIM110  no generator: it runs for every shelf of every page
        if counts.get(kind, 0) + count > most:
            return True
    return False


def _next(shelf: Sequence[Placed], size: int, used: Collection[str], counts: Mapping[int, int], most: int) -> _Offer:
    """The first products of a shelf that may still stand on the page."""
    picked: list[Placed] = []
    more: dict[int, int] = {}
    worth = 0.0
    for one in shelf:
        product, _, score, _, kind = one
        if product in used:
            continue
        if kind >= 0:
            theirs = more.get(kind, 0)
            if counts.get(kind, 0) + theirs >= most:
                continue
            more[kind] = theirs + 1
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
    return bytes([int(255 * value + 0.5) for one in slate for value in one.features])
