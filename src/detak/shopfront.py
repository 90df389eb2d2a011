"""The shop as pages are made from it at one moment: models, catalogue, rules and weights together. Immutable in effect;
what is looked up often is remembered."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec
import numpy as np

from detak.answering import Answering
from detak.catalogue import Product
from detak.decide.exploring import Exploration
from detak.decide.page import Goods, Layout, Placed, Pool, Scoring, Weights
from detak.decide.rulebook import CONTINUE, FOR_YOU, NEW, OFFERS, PERSONAL, TRENDING, PageRules, Rulebook
from detak.decision import Decision, Reason
from detak.money import exponent
from detak.recommend.base import NOBODY, History, Ints32, Scored, Situation
from detak.recommend.content import Kind
from detak.recommend.ruled import Ruled, ruled
from detak.recommend.rules import DEFAULT
from detak.remembering import Visitor
from detak.touches import WEIGHTS

HOUR: Final = 3_600_000_000  # microseconds
_CANDIDATES: Final = 28
_COMMON: Final = 48
_FRESH: Final = 30 * 86_400_000_000  # microseconds
_WELL_STOCKED: Final = 100
_LATELY: Final = 12
_SEEN: Final = 0.8  # how well what was just looked at fits, beside the best that was not
_PLACES: Final = 5_000
_POPULAR: Final = ("trending", "popular")
_TOGETHER: Final = ("together_bought", "also_viewed")
_OWN: Final = {int(Kind.VIEW): "looked", int(Kind.LIKE): "liked", int(Kind.CART): "carted", int(Kind.BUY): "bought"}
_WEIGHT: Final = [WEIGHTS[one] for one in Kind]
_EMPTY: Final = History(np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, np.float32))
_NONE: Final = np.zeros(0, np.int32)


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


class Where(NamedTuple):
    """Where somebody is, in the spelling of ``detak.place``."""

    province: str | None = None
    city: str | None = None


class Persons(NamedTuple):
    """The pools and fits of one visitor: what all placements of a page share."""

    continued: list[str]
    picked: list[str]
    together: list[str]
    relevance: dict[str, float]
    reasons: dict[str, Reason]
    """Of picked products."""
    beside: str
    """The product that ``together`` goes with."""
    history: History
    sensitive: int
    """Touches that were set aside."""


class View:
    """One placement's products."""

    def __init__(self, front: "Front", rules: PageRules, laid: Ruled | None) -> None:
        self._front = front
        self._laid = laid
        self.rules = rules
        self.exploration = Exploration(rules.explore, rules.most_loss)
        self.scoring = Scoring(front.weights, _Memo(self._looked_up).__getitem__)
        self._common: dict[tuple[str, Where | None, int], list[Placed]] = {}

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
                made.append([one for one in common if one.product not in theirs] if theirs else common)
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
        front, laid = self._front, self._laid
        found = front.answering.catalogue.products.get(product)
        place = front.places.get(product, NOBODY)
        factor, hidden = 1.0, False
        if laid is not None and place >= 0:
            factor, hidden = float(laid.factor[place]), bool(laid.hidden[place])
        popular = front.popular.get(product, 0.0)
        if found is None:
            return Goods(popular=popular, worth=factor, open=not hidden and not front.answering.catalogue.products)
        return Goods(
            popular,
            front.freshness(found),
            float(_is_cut(found)),
            factor * (1.0 + self.rules.margin * _margin(found)) * (1.0 + self.rules.stock * _stocked(found)),
            front.category(found),
            found.sellable and not hidden,
            front.sensitive(found),
        )


class _Memo(dict[str, Goods]):
    """Each product is looked up once."""

    def __init__(self, look_up: Callable[[str], Goods]) -> None:
        super().__init__()
        self._look_up = look_up

    def __missing__(self, product: str) -> Goods:
        found = self[product] = self._look_up(product)
        return found


@dataclass
class Front:
    """The shop at one moment. Whoever makes it keeps to one thread."""

    answering: Answering
    rulebook: Rulebook
    weights: Weights
    currency: str
    made: int
    """Microseconds since 1970, UTC."""
    cut: list[str] = field(init=False)
    """Products whose price is cut, the deepest cut first."""
    popular: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        fitted = self.answering.fitted
        self.places = fitted.places
        self.items = fitted.data.items
        self.newest = list(self.answering.newest[:_COMMON])
        self._kinds: dict[str, int] = {}
        self._views: dict[str, View] = {}
        self.version = self.answering.version
        self._names = {one.casefold() for one in self.rulebook.guardrails.sensitive}
        self._popularity = next((fitted.models[one] for one in _POPULAR if one in fitted.models), None)
        self._beside = [fitted.models[one] for one in _TOGETHER if one in fitted.models]
        self.popular = {}
        known = self.trending(Where(), self.made)
        self.popular = {one: 1.0 - at / len(known) for at, one in enumerate(known)}
        self.cut = _cut(self.answering.catalogue.products.values()) if OFFERS in self._wanted() else []

    def view(self, placement: str) -> View:
        """The products as a placement's rules see them; placements without rules of their own share one view."""
        rulebook = self.rulebook
        own = placement if placement in rulebook.pages or placement in rulebook.shelves.placements else DEFAULT
        view = self._views.get(own)
        if view is None:
            rules = rulebook.shelves.of(own)
            content = self.answering.fitted.data.content
            plain = not (rules.boost or rules.bury or rules.hide)
            laid = None if plain or content is None else ruled(rules, content, self.currency)
            view = self._views[own] = View(self, rulebook.page(own), laid)
        return view

    def persons(self, visitor: Visitor, shut: Collection[str], where: Where, now: int, product: str | None) -> Persons:
        """What a visitor's pools hold. ``shut``: not to be put before them; ``product``: whose page they are on."""
        touched = self._touched(visitor)
        if not touched.history and product is None:
            return Persons([], [], [], {}, {}, "", _EMPTY, touched.sensitive)
        history = self._history(touched.history)
        exclude = np.unique(history.item)
        bought = set(visitor.bought.product)
        continued = [one for one in touched.latest if one not in bought and one not in shut]
        situation = Situation(now, where.province, where.city, None, self.places.get(product) if product else None)
        scored = self._personal(history, exclude, situation)
        relevance, picked = self._fits(scored, shut)
        for at, one in enumerate(continued):
            relevance.setdefault(one, _SEEN * (1.0 - at / _LATELY))
        reasons = self._because(scored, touched.kinds)
        beside = product or next((one for one in touched.latest if one in self.places), "")
        together = self._going_with(beside, shut, exclude, situation) if beside else []
        return Persons(continued, picked, together, relevance, reasons, beside, history, touched.sensitive)

    def _personal(self, history: History, exclude: Ints32, situation: Situation) -> Scored:
        """By the best model that knows a person; what is merely popular has a shelf of its own."""
        models = self.answering.fitted.models
        chosen = [one for one in (self.answering.fitted.main, *reversed(_TOGETHER)) if one not in _POPULAR]
        model = next((models[one] for one in chosen if one in models), None)
        if model is None:
            return Scored(_NONE, np.zeros(0, np.float32), _NONE)
        return model.recommend(history, _CANDIDATES, exclude, situation)

    def trending(self, where: Where, now: int) -> list[str]:
        """What many turn to there and then, the most first."""
        if self._popularity is None:
            return []
        situation = Situation(now, where.province, where.city)
        scored = self._popularity.recommend(_EMPTY, _COMMON, self.answering.closed, situation)
        return [self.items[at] for at in scored.item.tolist()]

    def details(self, decisions: Sequence[Decision]) -> dict[str, Told]:
        """What a page shows of the decisions' products."""
        known = self.answering.catalogue.products
        slots = (slot.product_id for one in decisions for slot in one.slate)
        return {one: _told(known[one]) for one in slots if one in known}

    def category(self, product: Product) -> int:
        """A number of its widest category but the root that all share; -1: none is known."""
        path = product.category
        return self._kinds.setdefault(path[min(1, len(path) - 1)], len(self._kinds)) if path else -1

    def freshness(self, product: Product) -> float:
        """From 1, listed now, to 0, a month ago."""
        return min(max(0.0, 1.0 - (self.made - product.listed) / _FRESH), 1.0) if product.listed is not None else 0.0

    def sensitive(self, product: Product) -> bool:
        """Whether it tells of what nobody may be chosen for."""
        return any(step.casefold() in self._names for step in product.category or ())

    def _wanted(self) -> set[str]:
        return {one for page in (*self.rulebook.pages.values(), PageRules()) for one in page.shelves}

    def _touched(self, visitor: Visitor) -> "_Touched":
        products = self.answering.catalogue.products
        touches, kept, sensitive = visitor.touches, [], 0
        for at, one in enumerate(touches.product):
            known = products.get(one)
            if known is not None and self._names and self.sensitive(known):
                sensitive += 1
            else:
                kept.append(at)
        kinds, times = touches.kind.tolist(), touches.time.tolist()
        history = [(touches.product[at], kinds[at], times[at]) for at in kept]
        latest = list(dict.fromkeys(one for one, _, _ in reversed(history)))[:_LATELY]
        return _Touched(history, latest, {one: kind for one, kind, _ in history}, sensitive)

    def _history(self, touched: Sequence[tuple[str, int, int]]) -> History:
        rows = [(self.places[one], _WEIGHT[kind], time) for one, kind, time in touched if one in self.places]
        if not rows:
            return _EMPTY
        item, weight, time = zip(*rows, strict=True)
        return History(np.array(item, np.int32), np.array(time, np.int64), np.array(weight, np.float32))

    def _fits(self, scored: Scored, shut: Collection[str]) -> tuple[dict[str, float], list[str]]:
        scores = scored.score.tolist()
        if not scores:
            return {}, []
        low, high = scores[-1], scores[0]
        reach = (high - low) or 1.0
        products = [self.items[at] for at in scored.item.tolist()]
        relevance = {one: 0.2 + 0.8 * (score - low) / reach for one, score in zip(products, scores, strict=True)}
        return relevance, [one for one in products if one not in shut]

    def _because(self, scored: Scored, kinds: dict[str, int]) -> dict[str, Reason]:
        found = {}
        for item, because in zip(scored.item.tolist(), scored.because.tolist(), strict=True):
            if because != NOBODY:
                told = self.items[because]
                found[self.items[item]] = Reason(_OWN[kinds.get(told, 0)], told)
        return found

    def _going_with(self, product: str, shut: Collection[str], exclude: Ints32, situation: Situation) -> list[str]:
        place = self.places.get(product)
        if place is None:
            return []
        shut_out = np.append(exclude, np.int32(place))
        for model in self._beside:
            scored = model.recommend(_EMPTY, _CANDIDATES // 2, shut_out, Situation(situation.now, product=place))
            if len(scored.item):
                return [one for one in (self.items[at] for at in scored.item.tolist()) if one not in shut]
        return []


class _Touched(NamedTuple):
    history: list[tuple[str, int, int]]
    latest: list[str]
    kinds: dict[str, int]
    sensitive: int


def _told(product: Product) -> Told:
    price = product.price
    shown = Price(price.amount, price.currency, exponent(price.currency)) if price else None
    return Told(product.name, shown, product.image_url, product.url)


def _cut(products: "Collection[Product]") -> list[str]:
    cut = [(1.0 - one.price.amount / one.compare_at_price.amount, one.id) for one in products if _is_cut(one)]  # type: ignore[union-attr]
    return [product for _, product in sorted(cut, key=lambda pair: (-pair[0], pair[1]))[:_COMMON]]


def _is_cut(product: Product) -> bool:
    before, price = product.compare_at_price, product.price
    return bool(before and price and before.currency == price.currency and before.amount > price.amount)


def _margin(product: Product) -> float:
    """What of the price the shop keeps, from 0 to 1; 0 where it is not known."""
    earned, price = product.earned, product.price
    if earned is None or price is None or price.amount <= 0 or earned.currency != price.currency:
        return 0.0
    return min(max(earned.amount / price.amount, 0.0), 1.0)


def _stocked(product: Product) -> float:
    return 0.0 if product.stock is None else min(max(product.stock, 0) / _WELL_STOCKED, 1.0)
