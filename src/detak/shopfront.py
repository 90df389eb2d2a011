"""The shop as pages are made from it at one moment: models, catalogue, rules and weights together. Immutable in effect;
what is looked up often is remembered."""

from collections.abc import Callable, Collection, Sequence
from typing import Final

import msgspec
import numpy as np

from detak.catalogue import Product
from detak.decide.exploring import Exploration
from detak.decide.page import FEATURES, Goods, Layout, Placed, Pool, Scoring, Weights
from detak.decide.rulebook import CONTINUE, FOR_YOU, NEW, PERSONAL, PINNED, TRENDING, PageRules
from detak.decision import Decision
from detak.money import exponent
from detak.pools import Persons, Pools, Where
from detak.recommend.base import NOBODY, History, Situation
from detak.recommend.ruled import Ruled
from detak.recommend.rules import Rules
from detak.stock import COMMON, Stock, freshness, is_cut, margin, stocked
from detak.touches import Touches

HOUR: Final = 3_600_000_000  # microseconds
_PLACES: Final = 5_000
_EMPTY: Final = History(np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, np.float32))


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
    """One placement's products."""

    def __init__(self, front: "Front", rules: PageRules, laid: Ruled | None, told: Rules | None) -> None:
        self._front = front
        self._laid = laid
        self.rules = rules
        self.exploration = Exploration(rules.explore, rules.most_loss)
        self.scoring = Scoring(front.weights, _Memo(self._looked_up).__getitem__)
        self._common: dict[tuple[str, Where | None, int], list[Placed]] = {}
        pins = sorted((one.at - 1, one.product) for one in told.pin) if told else []
        self._pins = [(at, self._pinned(product)) for at, product in pins if self.scoring.goods(product).open]
        self._again = (told.purchased_days if told else 0) * 24 * HOUR

    def pins(self, k: int, shut: Collection[str]) -> list[tuple[int, Placed]]:
        """The products that the shop has put in a place of a page of ``k``; from 0."""
        return [(at, one) for at, one in self._pins if at < k and one.product not in shut]

    def lately(self, bought: Touches, now: int) -> list[str]:
        """What was bought too lately to be shown again, by the placement's rules; what is pinned is not among it."""
        if not self._again or not len(bought):
            return []
        put = {one.product for _, one in self._pins}
        rows = zip(bought.product, bought.time.tolist(), strict=True)
        return list(dict.fromkeys(one for one, time in rows if time > now - self._again and one not in put))

    def _pinned(self, product: str) -> Placed:
        return Placed(product, PINNED, 0.0, (0.0,) * len(FEATURES), self.scoring.goods(product).category)

    def layout(self, k: int) -> Layout:
        """A page of ``k`` products."""
        return Layout(k, self.rules.shelf, self.rules.category_share)

    def shelves(self, persons: Persons, where: Where, now: int) -> list[list[Placed]]:
        """The shelves that there is anything for. What is there for the person stands on none that is for everyone."""
        theirs = {*persons.continued, *persons.picked, *persons.together}
        made = []
        for name in self.rules.shelves:
            if name in PERSONAL:
                pool = self._personal(name, persons)
                made.append(self.scoring.scored(pool, persons.relevance) if pool.products else [])
            else:
                common = self._for_everyone(name, where, now)
                made.append([one for one in common if one[0] not in theirs] if theirs else common)
        return [one for one in made if one]

    def _personal(self, name: str, persons: Persons) -> Pool:
        if name == CONTINUE:
            return Pool(name, persons.continued, seen=True, personal=True)
        if name == FOR_YOU:
            return Pool(name, persons.picked, personal=True)
        return Pool(name, persons.together, together=True, personal=True)

    def _for_everyone(self, name: str, where: Where, now: int) -> list[Placed]:
        """A shelf that is the same for all who are there then: scored once."""
        key = (name, where, now // HOUR) if name == TRENDING else (name, None, 0)
        found = self._common.get(key)
        if found is None:
            front = self._front
            products = front.trending(where, now) if name == TRENDING else front.newest if name == NEW else front.cut
            found = self.scoring.scored(Pool(name, products), {})
            if len(self._common) < _PLACES:
                self._common[key] = found
        return found

    def _looked_up(self, product: str) -> Goods:
        front, stock, laid = self._front, self._front.stock, self._laid
        found = stock.products.get(product)
        place = stock.places.get(product, NOBODY)
        factor, hidden = 1.0, False
        if laid is not None and place >= 0:
            factor, hidden = float(laid.factor[place]), bool(laid.hidden[place])
        popular = front.popular.get(product, 0.0)
        if found is None:
            return Goods(popular=popular, worth=factor, open=not hidden and not stock.products)
        rules = self.rules
        worth = factor * (1.0 + rules.margin * margin(found)) * (1.0 + rules.stock * stocked(found))
        return Goods(
            popular,
            freshness(found, front.made),
            float(is_cut(found)),
            worth * stock.dearness(found) ** rules.price,
            stock.category(found),
            found.sellable and not hidden,
            stock.is_sensitive(product),
        )


class _Memo(dict[str, Goods]):
    """Each product is looked up once."""

    def __init__(self, look_up: Callable[[str], Goods]) -> None:
        super().__init__()
        self._look_up = look_up

    def __missing__(self, product: str) -> Goods:
        found = self[product] = self._look_up(product)
        return found


class Front:
    """The shop at one moment. Whoever makes it keeps to one thread.

    Args:
        stock: what holds until something changes.
        weights: what the chance of a click is told by.
        made: the moment, microseconds since 1970, UTC.
    """

    def __init__(self, stock: Stock, weights: Weights, made: int) -> None:
        self.stock = stock
        self.answering = stock.answering
        self.rulebook = stock.rulebook
        self.weights = weights
        self.made = made
        self.version = stock.answering.version
        self.pools = Pools(stock)
        self.newest = stock.newest
        self.cut = stock.cut
        known = self.trending(Where(), made)
        self.popular = {one: 1.0 - at / len(known) for at, one in enumerate(known)}
        self._views: dict[str, View] = {}

    def view(self, placement: str) -> View:
        """The products as a placement's rules see them; placements without rules of their own share one view."""
        own = self.stock.own(placement)
        view = self._views.get(own)
        if view is None:
            view = self._views[own] = View(self, self.rulebook.page(own), self.stock.laid(own), self.stock.rules(own))
        return view

    def trending(self, where: Where, now: int) -> list[str]:
        """What many turn to there and then, the most first."""
        if self.stock.popularity is None:
            return []
        situation = Situation(now, where.province, where.city)
        scored = self.stock.popularity.recommend(_EMPTY, COMMON, self.answering.closed, situation)
        return [self.stock.items[at] for at in scored.item.tolist()]

    def details(self, decisions: Sequence[Decision]) -> dict[str, Told]:
        """What a page shows of the decisions' products."""
        known = self.stock.products
        slots = (slot.product_id for one in decisions for slot in one.slate)
        return {one: _told(known[one]) for one in slots if one in known}


def _told(product: Product) -> Told:
    price = product.price
    shown = Price(price.amount, price.currency, exponent(price.currency)) if price else None
    return Told(product.name, shown, product.image_url, product.url)
