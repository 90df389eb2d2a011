"""The shop as pages are made from it at one moment: models, catalogue, rules and weights together. Immutable in effect;
what is looked up often is remembered."""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from math import ceil
from typing import Final

import msgspec
import numpy as np

from detak.catalogue import Product
from detak.decide.exploring import Exploration
from detak.decide.page import FEATURES, Layout, Placed, Weights
from detak.decide.rows import Joined, Rows, rows_of
from detak.decide.rulebook import CONTINUE, FOR_YOU, NEW, PERSONAL, PINNED, TRENDING, PageRules
from detak.decide.scoring import Pool, Scoring, Wares
from detak.deciding.pools import Persons, Pools, Where
from detak.deciding.stock import COMMON
from detak.deciding.tastes import Tastes
from detak.money import exponent
from detak.recommend.base import History, Situation
from detak.trust.touches import Touches

HOUR: Final = 3_600_000_000  # microseconds
_PLACES: Final = 5_000
_EMPTY: Final = History(np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, np.float32))
_PLAIN: Final = bytes(len(FEATURES))


class Price(msgspec.Struct, frozen=True):
    """An amount of minor units, and how many of its digits are behind the point."""

    amount: int
    currency: str
    decimals: int


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a page shows of a product."""

    name: str | None = None
    price: Price | None = None
    image_url: str | None = None
    url: str | None = None


class View:
    """One placement's products.

    Args:
        front: the shop.
        own: the placement whose rules count.
    """

    def __init__(self, front: "Front", own: str) -> None:
        self._front = front
        stock = front.stock
        self._own = own
        self.rules: PageRules = stock.rulebook.page(own)
        self.exploration = Exploration(self.rules.explore, self.rules.most_loss)
        wares = Wares(*front.features, stock.worth(own), stock.category, stock.open(own), stock.sensitive)
        self.scoring = Scoring(front.weights, wares)
        self._common: dict[tuple[str, Where | None, int], Rows] = {}
        self._layouts: dict[int, Layout] = {}
        told = stock.rules(own)
        pins = (
            sorted((one.at - 1, stock.places[one.product]) for one in told.pin if one.product in stock.places)
            if told
            else []
        )
        pins = [(at, product) for at, product in pins if wares.open[product]]
        self.pinned = rows_of(PINNED, [self._pinned(product) for _, product in pins])
        """What the shop has put in places of its own."""
        self.pinned_at = [at for at, _ in pins]
        """By product of ``pinned``, its place, from 0."""
        self.ruling = stock.ruling(own)
        """The rules by which products are chosen beside one another, if there are any."""
        self._again = (told.purchased_days if told else 0) * 24 * HOUR

    @cached_property
    def listing(self) -> Scoring:
        """As ``scoring``, for lists that the shop itself sends."""
        wares = self.scoring.wares._replace(open=self._front.stock.listed(self._own))
        return Scoring(self._front.weights, wares)

    def pins(self, joined: Joined) -> list[tuple[int, int]]:
        """What the shop has put in a place, from 0, and its row, which is put there."""
        if not self.pinned_at:
            return []
        first = joined.first(joined.add(self.pinned))
        return [(at, first + row) for row, at in enumerate(self.pinned_at)]

    def lately(self, bought: Touches, now: int) -> list[str]:
        """What was bought too lately to be shown again, by the placement's rules; what is pinned is not among it."""
        if not self._again or not len(bought):
            return []
        put = {self._front.stock.items[one] for one in self.pinned.product.tolist()}
        rows = zip(bought.product, bought.time.tolist(), strict=True)
        return list(dict.fromkeys(one for one, time in rows if time > now - self._again and one not in put))

    def _pinned(self, product: int) -> Placed:
        return Placed(product, PINNED, 0.0, _PLAIN, int(self.scoring.wares.category[product]))

    def layout(self, k: int) -> Layout:
        """A page of ``k`` products."""
        found = self._layouts.get(k)
        if found is None:
            rules = self.rules
            shelf = min(rules.shelf, max(1, ceil(rules.shelf_share * k)))
            found = self._layouts[k] = Layout(k, shelf, rules.category_share)
        return found

    def personal(self, persons: Persons) -> list[Pool]:
        """The candidates of the shelves that are there for the person, in the order of the rules; some may be empty."""
        return [self._pool(name, persons) for name in self.rules.shelves if name in PERSONAL]

    def shelves(self, personal: Iterator[int], common: Callable[[Rows], int], where: Where, now: int) -> list[int]:
        """The numbers of the shelves, in the order of the rules: of those of the person as they come, and what
        ``common`` says of those that are for everyone."""
        return [
            next(personal) if name in PERSONAL else common(self._for_everyone(name, where, now))
            for name in self.rules.shelves
        ]

    def common(self, where: Where, now: int) -> list[Rows]:
        """The shelves that are for everyone, in the order of the rules."""
        return [self._for_everyone(name, where, now) for name in self.rules.shelves if name not in PERSONAL]

    def _pool(self, name: str, persons: Persons) -> Pool:
        if name == CONTINUE:
            return Pool(name, persons.continued, persons.fit(persons.continued), True, False, True, persons.leans)
        if name == FOR_YOU:
            return Pool(name, persons.picked, persons.fit(persons.picked), False, False, True, persons.leans)
        return Pool(name, persons.together, persons.fit(persons.together), False, True, True, persons.leans)

    def _for_everyone(self, name: str, where: Where, now: int) -> Rows:
        """A shelf that is the same for all who are there then: scored once."""
        key = (name, where, now // HOUR) if name == TRENDING else (name, None, 0)
        found = self._common.get(key)
        if found is None:
            front = self._front
            products = front.trending(where, now) if name == TRENDING else front.newest if name == NEW else front.cut
            found = self.scoring.rows([Pool(name, products, [0.0] * len(products))])
            if len(self._common) < _PLACES:
                self._common[key] = found
        return found


class Front:
    """The shop at one moment. Whoever makes it keeps to one thread.

    Args:
        tastes: what holds until something changes: the products, and what of them is liked.
        weights: what the chance of a click is told by.
        made: the moment, microseconds since 1970, UTC.
    """

    def __init__(self, tastes: Tastes, weights: Weights, made: int) -> None:
        stock = self.stock = tastes.stock
        self.answering = stock.answering
        self.rulebook = stock.rulebook
        self.weights = weights
        self.made = made
        self.version = stock.answering.version
        self.tastes = tastes
        self.pools = Pools(tastes)
        self.newest = stock.newest
        self.cut = stock.cut
        known = self.trending(Where(), made)
        popular = np.zeros(len(stock.items) + 1)
        popular[known] = 1.0 - np.arange(len(known)) / max(len(known), 1)
        self.features = (popular, stock.freshness(made), (stock.goods.cut > 0).astype(np.float64), tastes.liked)
        """By product: how known it is, how new, whether its price is cut, how much it is liked."""
        self._views: dict[str, View] = {}

    def view(self, placement: str) -> View:
        """The products as a placement's rules see them; placements without rules of their own share one view."""
        own = self.stock.own(placement)
        view = self._views.get(own)
        if view is None:
            view = self._views[own] = View(self, own)
        return view

    def trending(self, where: Where, now: int) -> list[int]:
        """What many turn to there and then, the most first."""
        if self.stock.popularity is None:
            return []
        situation = Situation(now, where.province, where.city)
        found: list[int] = self.stock.popularity.recommend(
            _EMPTY, COMMON, self.answering.closed, situation
        ).item.tolist()
        return found

    def details(self, products: Iterable[str]) -> dict[str, Told]:
        """What a page shows of products."""
        known = self.stock.products
        return {one: _told(known[one]) for one in products if one in known}


def _told(product: Product) -> Told:
    price = product.price
    shown = Price(price.amount, price.currency, exponent(price.currency)) if price else None
    return Told(product.name, shown, product.image_url, product.url)
