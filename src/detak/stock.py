"""The shop between two changes of its catalogue, its models or its rules: what pages look up of products, once."""

from collections.abc import Collection
from functools import cached_property
from typing import Final

import numpy as np

from detak.answering import Answering, guarded
from detak.catalogue import Product
from detak.decide.rulebook import OFFERS, PageRules, Rulebook
from detak.recommend.base import Model
from detak.recommend.ruled import Ruled, ruled
from detak.recommend.rules import DEFAULT, Rules

COMMON: Final = 48
"""Products of a shelf that is for everyone."""
_POPULAR: Final = ("trending", "popular")
_TOGETHER: Final = ("together_bought", "also_viewed")
_WELL_STOCKED: Final = 100
_FAR: Final = 16.0
_FRESH: Final = 30 * 86_400_000_000  # microseconds


class Stock:
    """What holds of the products until something changes.

    Args:
        answering: models and catalogue.
        rulebook: ``rules.toml``.
        currency: the shop's.
    """

    def __init__(self, answering: Answering, rulebook: Rulebook, currency: str) -> None:
        self.answering = answering
        self.rulebook = rulebook
        self._currency = currency
        self.products = answering.catalogue.products
        self.places = answering.places
        self.items = answering.content.ids
        self.newest = answering.newest[:COMMON]
        models = answering.models
        self.popularity = next((models[one] for one in _POPULAR if one in models), None)
        self.beside = [models[one] for one in _TOGETHER if one in models]
        chosen = [one for one in (answering.fitted.main, *reversed(_TOGETHER)) if one not in _POPULAR]
        self.main: Model | None = next((models[one] for one in chosen if one in models), None)
        """The best model that knows a person; what is merely popular has a shelf of its own."""
        self._kinds: dict[str, int] = {}
        self._sensitive = guarded(answering, rulebook.guardrails.sensitive).sensitive

    @cached_property
    def cut(self) -> list[str]:
        """Products whose price is cut, the deepest cut first."""
        wanted = {one for page in (*self.rulebook.pages.values(), PageRules()) for one in page.shelves}
        if OFFERS not in wanted:
            return []
        return _cut([one for one in self.products.values() if one.compare_at_price is not None])

    @cached_property
    def usual_price(self) -> float:
        """The median price of what has one, minor units; 0: nothing has."""
        prices = self.answering.content.price
        known = prices[prices > 0]
        return float(np.median(known)) if len(known) else 0.0

    def dearness(self, product: Product) -> float:
        """Its price beside the usual one, at most 16 times more or less; 1 where one of the two is not known."""
        price = product.price
        if price is None or price.amount <= 0 or price.currency != self._currency or not self.usual_price:
            return 1.0
        return min(max(price.amount / self.usual_price, 1 / _FAR), _FAR)

    def own(self, placement: str) -> str:
        """The placement whose rules count: itself, where it has any of its own."""
        rulebook = self.rulebook
        return placement if placement in rulebook.pages or placement in rulebook.shelves.placements else DEFAULT

    def rules(self, placement: str) -> Rules | None:
        """What the shop laid down for a placement, or for all; None: nothing."""
        told = self.rulebook.shelves.placements
        return self.rulebook.shelves.of(placement) if placement in told or DEFAULT in told else None

    def laid(self, placement: str) -> Ruled | None:
        """A placement's rules over the products; None: none of them speaks of any product."""
        rules = self.rulebook.shelves.of(placement)
        if not (rules.boost or rules.bury or rules.hide):
            return None
        return ruled(rules, self.answering.content, self._currency)

    def category(self, product: Product) -> int:
        """A number of its widest category but the root that all share; -1: none is known."""
        path = product.category
        return self._kinds.setdefault(path[min(1, len(path) - 1)], len(self._kinds)) if path else -1

    def is_sensitive(self, product: str) -> bool:
        """Whether it tells of what nobody may be chosen for."""
        return product in self._sensitive


def freshness(product: Product, now: int) -> float:
    """From 1, listed now, to 0, a month ago."""
    return min(max(0.0, 1.0 - (now - product.listed) / _FRESH), 1.0) if product.listed is not None else 0.0


def is_cut(product: Product) -> bool:
    """Whether it costs less than before."""
    before, price = product.compare_at_price, product.price
    return bool(before and price and before.currency == price.currency and before.amount > price.amount)


def margin(product: Product) -> float:
    """What of the price the shop keeps, from 0 to 1; 0 where it is not known."""
    earned, price = product.earned, product.price
    if earned is None or price is None or price.amount <= 0 or earned.currency != price.currency:
        return 0.0
    return min(max(earned.amount / price.amount, 0.0), 1.0)


def stocked(product: Product) -> float:
    """How much of it there is, from 0 to 1; 0 where it is not known."""
    return 0.0 if product.stock is None else min(max(product.stock, 0) / _WELL_STOCKED, 1.0)


def _cut(products: Collection[Product]) -> list[str]:
    cut = [(1.0 - one.price.amount / one.compare_at_price.amount, one.id) for one in products if is_cut(one)]  # type: ignore[union-attr]
    return [product for _, product in sorted(cut, key=lambda pair: (-pair[0], pair[1]))[:COMMON]]
