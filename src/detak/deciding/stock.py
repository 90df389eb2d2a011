"""The shop between two changes of its catalogue, its models or its rules: what pages look up of products, once.

Products are numbers, as models have them; a product that is not among them is given one past the last by ``Naming``.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import Final

import numpy as np
from msgspec.structs import replace as replace_field
from numpy.typing import NDArray

from detak.decide.compiled_slates import Texts, names
from detak.decide.goods import NEVER, Floats, Truths
from detak.decide.offers import Book, allowed, unlearnt
from detak.decide.rulebook import OFFERS, OfferRules, PageRules, Rulebook
from detak.decide.ruling import Ruling, chooses
from detak.recommend.base import Model
from detak.recommend.neighbours import Neighbours
from detak.recommend.ruled import Ruled
from detak.recommend.rules import DEFAULT, Rules
from detak.recommending.answering import Answering, guarded
from detak.recommending.arranging import Arranging
from detak.sensitive import sensitive_products
from detak.trust.touches import Names, Touches

COMMON: Final = 48
"""Products of a shelf that is for everyone."""
_POPULAR: Final = ("trending", "popular")
_TOGETHER: Final = ("together_bought", "also_viewed")
_FAR: Final = 16.0
_UNKNOWN: Final = -1
_FRESH: Final = 30 * 86_400_000_000  # microseconds


class Stock:
    """What holds of the products until something changes. Arrays go by product, with a last row for any other.

    Args:
        answering: models and catalogue.
        rulebook: ``rules.toml``.
        currency: the shop's.
    """

    def __init__(self, answering: Answering, rulebook: Rulebook, currency: str) -> None:
        self.answering = answering
        self.rulebook = rulebook
        self.products = answering.catalogue.products
        self.places = answering.places
        self.items = answering.content.ids
        self.goods = answering.goods
        self.newest = [self.places[one] for one in answering.newest[:COMMON]]
        models = answering.models
        self.popularity = next((models[one] for one in _POPULAR if one in models), None)
        together = (models.get(one) for one in _TOGETHER)
        self.beside = [one for one in together if isinstance(one, Neighbours)]
        """What goes with a product; the first that knows of anything is gone by."""
        chosen = [one for one in (answering.fitted.main, *reversed(_TOGETHER)) if one not in _POPULAR]
        self.main: Model | None = next((models[one] for one in chosen if one in models), None)
        """The best model that knows a person; what is merely popular, by where they are, has a shelf of its own."""
        self._guarded = guarded(answering, rulebook.guardrails.sensitive)
        self._worths: dict[str, Floats] = {}
        self._arranging = Arranging(answering, rulebook.shelves, currency)
        self._named: Names | None = None
        self._number_of = np.zeros(0, np.int64)  # by place in it

    @cached_property
    def names(self) -> Texts:
        """The products' ids, as they are written in JSON."""
        return names(self.items)

    @cached_property
    def cut(self) -> list[int]:
        """Products whose price is cut, the deepest cut first."""
        wanted = {one for page in (*self.rulebook.pages.values(), PageRules()) for one in page.shelves}
        if OFFERS not in wanted:
            return []
        deep = self.goods.cut
        cut = deep.nonzero()[0].tolist()
        return sorted(cut, key=lambda at: (-deep[at], self.items[at]))[:COMMON]

    @cached_property
    def usual_price(self) -> float:
        """The median price of what has one, minor units; 0: nothing has."""
        prices = self.answering.content.price
        known = prices[prices > 0]
        return float(np.median(known)) if len(known) else 0.0

    @cached_property
    def offers(self) -> OfferRules:
        """The rules of offers, with what the shop keeps of a price on average: by the catalogue, as far as it says."""
        rules, goods = self.rulebook.offers, self.goods
        sold = goods.sellable[:-1]
        if not goods.earning[:-1][sold].any():
            return rules
        kept = np.where(goods.earning, goods.margin, rules.margin)[:-1][sold].mean()
        return replace_field(rules, margin=round(float(kept), 4))

    @cached_property
    def unlearnt(self) -> Book:
        """What offers are expected to cost before anything is learnt of them."""
        return unlearnt(allowed(self.offers), self.usual_price)

    @cached_property
    def _dear(self) -> Floats:
        """Prices beside the usual one, at most 16 times more or less; 1 where one of the two is not known."""
        prices = self.answering.content.price
        found = np.ones(len(prices) + 1)
        known = (prices > 0).nonzero()[0]
        if len(known):
            found[known] = np.clip(prices[known] / self.usual_price, 1 / _FAR, _FAR)
        return found

    def own(self, placement: str) -> str:
        """The placement whose rules count: itself, where it has any of its own."""
        rulebook = self.rulebook
        return placement if placement in rulebook.pages or placement in rulebook.shelves.placements else DEFAULT

    def rules(self, placement: str) -> Rules | None:
        """What the shop laid down for a placement, or for all; None: nothing."""
        told = self.rulebook.shelves.placements
        return self.rulebook.shelves.of(placement) if placement in told or DEFAULT in told else None

    def laid(self, placement: str) -> Ruled | None:
        """A placement's rules over the products; None: it has none."""
        return self._arranging.laid(placement) if self.rules(placement) else None

    def ruling(self, placement: str) -> Ruling | None:
        """The rules by which products are chosen beside one another there; None: there are none."""
        laid = self.laid(placement)
        if laid is None or not chooses(laid):
            return None
        return Ruling(replace(laid, factor=np.ones_like(laid.factor)), self.goods.sellable[:-1], self._arranging.fame)

    def worth(self, placement: str) -> Floats:
        """What a click on each product is worth there."""
        found = self._worths.get(placement)
        if found is None:
            rules, laid, goods = self.rulebook.page(placement), self.laid(placement), self.goods
            found = (1.0 + rules.margin * goods.margin) * (1.0 + rules.stock * goods.stocked) * self._dear**rules.price
            if laid is not None:
                found[:-1] *= laid.factor
            self._worths[placement] = found
        return found

    def open(self, placement: str) -> Truths:
        """What may be shown there: no rule hides it, and it can be had, or may be shown although it is sold out."""
        laid = self.laid(placement)
        if laid is None:
            return self.goods.sellable
        found = (self.goods.sellable if laid.rules.sold_out == "hide" else self.goods.offered).copy()
        found[:-1] &= ~laid.hidden
        return found

    def listed(self, placement: str) -> Truths:
        """What may stand in a list that the shop itself sends: what may be shown there, and what is in no catalogue."""
        laid = self.laid(placement)
        found = self.open(placement) | self.goods.unknown
        if laid is not None:
            found[:-1] &= ~laid.hidden
        return found

    @cached_property
    def category(self) -> NDArray[np.int32]:
        """A number of each product's widest category but the root that all share; -1: none is known."""
        numbers = {name: at for at, name in enumerate(self.categories)}
        return np.array([*(numbers[_wide(path)] for path in self.answering.content.paths), -1], np.int32)[self._kinds]

    @cached_property
    def categories(self) -> list[str]:
        """What the numbers in ``category`` are called."""
        return list(dict.fromkeys(map(_wide, self.answering.content.paths)))

    @cached_property
    def sensitive(self) -> Truths:
        """Which products tell of what nobody may be chosen for."""
        found = np.zeros(len(self.items) + 1, np.bool_)
        found[self._guarded.aside] = True
        return found

    @cached_property
    def telling(self) -> Truths:
        """Which of ``categories`` hold anything that tells of what may be no trait of anybody's; a last one: none."""
        answering = self.answering
        told = sensitive_products(answering.catalogue.products, self.rulebook.guardrails.telling)
        found = np.zeros(len(self.categories) + 1, np.bool_)
        found[self.category[[self.places[one] for one in told if one in self.places]]] = True
        found[-1] = False
        return found

    def numbers(self, touches: Touches) -> NDArray[np.int64]:
        """The products' numbers; below 0 where one has none."""
        names = touches.names
        if not isinstance(names, Names):
            return np.array([self.places.get(one, _UNKNOWN) for one in touches.product], np.int64)
        if names is not self._named:
            self._named, self._number_of = names, np.zeros(0, np.int64)
        if len(names) > len(self._number_of):
            more = [self.places.get(one, _UNKNOWN) for one in names[len(self._number_of) :]]
            self._number_of = np.append(self._number_of, np.array(more, np.int64))
        return self._number_of.take(touches.word)

    @property
    def _kinds(self) -> NDArray[np.int32]:
        return np.append(self.answering.content.kinds, np.int32(-1))

    def freshness(self, now: int) -> Floats:
        """From 1, listed now, to 0, a month ago or at a time that is not known."""
        listed = self.goods.listed
        return np.where(listed == NEVER, 0.0, np.clip(1.0 - (now - listed) / _FRESH, 0.0, 1.0))


def _wide(path: tuple[str, ...]) -> str:
    return path[min(1, len(path) - 1)]


class Naming:
    """Numbers for all products that one question names, and names for all that its answer does.

    Args:
        stock: the products that have numbers of their own.
    """

    def __init__(self, stock: Stock) -> None:
        self._places = stock.places
        self._items = stock.items
        self._more: dict[str, int] = {}
        self.more: list[str] = []
        """What has no number of its own, in the order of the numbers that it was given."""

    def number(self, product: str) -> int:
        """The product's number; one past all others where it has none."""
        found = self._places.get(product)
        if found is None:
            found = self._more.get(product)
            if found is None:
                found = self._more[product] = len(self._items) + 1 + len(self.more)
                self.more.append(product)
        return found

    def name(self, number: int) -> str:
        """The product that has a number."""
        items = self._items
        return items[number] if number < len(items) else self.more[number - len(items) - 1]

    def names(self, numbers: Iterable[int]) -> list[str]:
        """The product of each number."""
        items, known = self._items, len(self._items)
        return [items[one] if one < known else self.more[one - known - 1] for one in numbers]

    def known(self, product: str | None) -> int | None:
        """The number of a product that models or the catalogue have; None: they do not, or there is none."""
        return None if product is None else self._places.get(product)

    def knows(self, number: int) -> bool:
        """Whether models or the catalogue have it."""
        return number < len(self._items)
