"""Answering who asks for products: from models, the catalogue as it stands, and what is known of the person. Pure.

Everything is in memory and immutable, so that an answer waits for nobody.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

import numpy as np

from detak.catalogue import Product, Snapshot
from detak.decide.goods import Goods, goods_of
from detak.decide.rulebook import Guardrails
from detak.errors import UsageError
from detak.recommend.base import NOBODY, Crowd, History, Ints32, Many, Model, Scored, Scorer, Situation
from detak.recommend.content import Items, Kind, items_of
from detak.recommend.neighbours import nothing
from detak.recommending.asking import AS_SENT, BESIDE, FOR_YOU, NEWEST, Ask, Pick, Recommended
from detak.recommending.fitted import Fitted, part_of
from detak.sensitive import sensitive_products
from detak.trust.passages import Visitor
from detak.trust.touches import NOTHING, WEIGHTS, Touches, runs

_ALIKE: Final = "similar"  # what fills the shelf of somebody whose touches say nothing to the main model
_BESIDE: Final = ("also_viewed", _ALIKE)
_FILLING: Final = ("trending", "popular")  # what fills any shelf up, where there are such models
_FOR_ALL: Final = frozenset((*_FILLING, NEWEST))  # these say the same to everybody who asks from one place
_NONE: Final = np.zeros(0, np.int32)
_WEIGHTS: Final = np.array([WEIGHTS[one] for one in Kind], np.float32)


@runtime_checkable
class Growing(Protocol):
    """A model that goes by what products are: it takes in those that came since, without a fit."""

    def grown(self, items: Items) -> Model:
        """The model that also knows the products that follow those it was fitted on."""
        ...


class _Asking(NamedTuple):
    """Who asks for what: ``history`` as far as it counts, in the models' numbers; ``shut`` is not to be shown."""

    ask: Ask
    visitor: Visitor
    history: History
    shut: set[str]


@dataclass(frozen=True)
class Answering:
    """Models and the catalogue of one moment.

    Products are numbers: first those that models were fitted on, then those that the catalogue has besides.
    """

    fitted: Fitted
    catalogue: Snapshot
    content: Items
    """What is known of all of them."""
    models: Mapping[str, Model]
    """The fitted models; those that go by what products are know the later ones too."""
    guarded: tuple[str, ...] = Guardrails().sensitive
    """Sensitive categories: see ``detak.sensitive``."""
    sold_out: bool = False
    """Whether what cannot be had now may be shown too."""

    @property
    def version(self) -> str:
        """Of the models."""
        return self.fitted.version

    @property
    def shelves(self) -> list[str]:
        """What can be asked for."""
        return [FOR_YOU, BESIDE, NEWEST, *self.models]

    @cached_property
    def places(self) -> Mapping[str, int]:
        """The number of each product."""
        return {one: place for place, one in enumerate(self.content.ids)}

    @cached_property
    def goods(self) -> Goods:
        """What the catalogue says of the products, for those who make pages of them."""
        return goods_of(self.catalogue, self.content.ids)

    @cached_property
    def closed(self) -> Ints32:
        """The products that nobody may be shown: not in the catalogue any more, hidden, sold out (see ``sold_out``)."""
        products = self.catalogue.products
        if not self.catalogue.whole:  # such a shop shows what its events speak of
            return self.withdrawn
        unknown = (at for at, one in enumerate(self.content.ids) if one not in products)
        return np.union1d(self.withdrawn, np.fromiter(unknown, np.int32))

    @cached_property
    def withdrawn(self) -> Ints32:
        """Of the catalogue's products those that nobody may be shown: hidden, sold out (see ``sold_out``)."""
        known = ((at, self.catalogue.products.get(one)) for at, one in enumerate(self.content.ids))
        return np.fromiter((at for at, one in known if one is not None and not self._open(one)), np.int32)

    @cached_property
    def people(self) -> list[int]:
        """The pseudonyms of those whom the models learnt from, in order."""
        return sorted(self.fitted.data.subjects.tolist())

    @cached_property
    def sensitive(self) -> frozenset[str]:
        """The products that nobody is chosen for."""
        return sensitive_products(self.catalogue.products, self.guarded)

    @cached_property
    def aside(self) -> Ints32:
        """The numbers of what is sensitive, in their order."""
        places = self.places
        return np.sort(np.fromiter((places[one] for one in self.sensitive), np.int32, len(self.sensitive)))

    @cached_property
    def closed_personally(self) -> Ints32:
        """The products that nobody may be shown because of what they did."""
        return np.union1d(self.closed, self.aside)

    @cached_property
    def newest(self) -> tuple[str, ...]:
        """What can be sold, the latest listed first."""
        shown = [one for one in self.catalogue.products.values() if self._open(one)]
        return tuple(one.id for one in sorted(shown, key=lambda one: (-(one.listed or 0), one.id)))

    def recommend(self, ask: Ask, visitor: Visitor, now: int) -> Recommended:
        """The best products for whoever asks, at the moment ``now`` (microseconds since 1970, UTC).

        Raises:
            UsageError: there is no such shelf.
        """
        return self._filled(self._asking(ask, visitor), now, None)

    def recommend_many(self, ask: Ask, visitors: Sequence[Visitor], now: int) -> list[Recommended]:
        """What ``recommend`` answers to each of the visitors; who is asked first answers all of them at once.

        Raises:
            UsageError: there is no such shelf.
        """
        asking = [self._asking(ask, one) for one in visitors]
        first = [next(self._speakers(ask, one.history), NEWEST) for one in asking]
        ready: list[Scored | None] = [None] * len(asking)
        for by in set(first).difference(_FOR_ALL):
            model, theirs = self.models[by], [at for at, one in enumerate(first) if one == by]
            if isinstance(model, Many) and ask.among is None:
                shut = [self._numbers(asking[at].shut) for at in theirs]
                crowd = Crowd([asking[at].history for at in theirs], shut, self._closed_to(by, ask.category))
                said = model.recommend_many(crowd, ask.k, self.situation(ask, now))
                for at, scored in zip(theirs, said, strict=True):
                    ready[at] = scored
        return [self._filled(one, now, scored) for one, scored in zip(asking, ready, strict=True)]

    def _asking(self, ask: Ask, visitor: Visitor) -> _Asking:
        if ask.shelf not in self.shelves:
            raise UsageError(f"there is no shelf {ask.shelf!r}; there are: {', '.join(self.shelves)}")
        again = getattr(self.fitted.recommenders.get(ask.shelf), "again", False)
        touches = NOTHING if ask.shelf == BESIDE else visitor.bought if again else visitor.touches
        again |= ask.again
        shut = {*ask.exclude, *(() if again else visitor.touches.product)}
        if ask.product is not None:
            shut.add(ask.product)
        return _Asking(ask, visitor, self._guarded(self.history(touches)), shut)

    def _filled(self, asking: _Asking, now: int, ready: Scored | None) -> Recommended:
        """An answer; ``ready`` is what the first speaker says, where it has been asked already."""
        ask, picks = asking.ask, dict[str, Pick]()
        for by in self._speakers(ask, asking.history):
            if len(picks) >= ask.k:
                break
            said = self._of(by, asking, picks, now) if ready is None else self._picks(by, ready)
            ready = None
            for pick in said:
                picks.setdefault(pick.product_id, pick)
        return Recommended(list(picks.values())[: max(ask.k, 0)], self.version, not len(asking.history), asking.visitor)

    def rank(self, ask: Ask, visitor: Visitor, now: int) -> Recommended:
        """All products ``ask.among``: the likeliest to be wanted first, those that nothing is known of as they came.

        Raises:
            UsageError: there is no such shelf.
        """
        among = list(dict.fromkeys(ask.among or ()))
        found = self.recommend(replace(ask, k=len(among), among=among, again=True), visitor, now)
        placed = {one.product_id for one in found.items}
        rest = [Pick(one, 0.0, AS_SENT) for one in among if one not in placed]
        return replace(found, items=[*found.items, *rest])

    def situation(self, ask: Ask, now: int) -> Situation:
        """When and where it is asked, in the models' numbers."""
        product = None if ask.product is None else self.places.get(ask.product)
        return Situation(now, ask.province, ask.city, ask.category, product)

    def _speakers(self, ask: Ask, history: History) -> Iterator[str]:
        """Who is asked, one after the other, until the shelf is full."""
        if ask.shelf == BESIDE:
            yield from (one for one in _BESIDE if one in self.models)
            return
        if ask.shelf != FOR_YOU:
            yield ask.shelf
            return
        if len(history) or ask.product in self.places:
            yield from (one for one in (self.fitted.main, _ALIKE) if one in self.models and one not in _FILLING)
        yield from (name for name in _FILLING if name in self.models)
        yield NEWEST

    def _of(self, by: str, asking: _Asking, picks: Collection[str], now: int) -> list[Pick]:
        ask, shut = asking.ask, asking.shut | set(picks)
        if by == NEWEST:
            among = None if ask.among is None else set(ask.among)
            shown = (one for one in self.newest if one not in shut and (among is None or one in among))
            kept = [one for one in shown if self._fits(one, ask.category)]
            return [Pick(one, 0.0, NEWEST) for one in kept[: ask.k]]
        exclude = np.concatenate([self._closed_of(by, ask), self._numbers(shut)])
        return self._picks(by, self._scored(self.models[by], ask, asking.history, exclude, self.situation(ask, now)))

    def _picks(self, by: str, scored: Scored) -> list[Pick]:
        items = self.content.ids
        because = [None if one == NOBODY else items[one] for one in scored.because.tolist()]
        return [
            Pick(items[item], score, by, reason)
            for item, score, reason in zip(scored.item.tolist(), scored.score.tolist(), because, strict=True)
        ]

    def _numbers(self, products: Collection[str]) -> Ints32:
        """Those that there are."""
        places = self.places
        return np.fromiter((places[one] for one in products if one in places), np.int32)

    def alike(self, visitor: Visitor, k: int, now: int) -> Scored:
        """The products most like what somebody touched; none for somebody of whom nothing is known."""
        model, history = self.models.get(_ALIKE), self._guarded(self.history(visitor.touches))
        if model is None or not len(history):
            return nothing()
        return model.recommend(history, k, _NONE, Situation(now))

    def _scored(self, model: Model, ask: Ask, history: History, exclude: Ints32, situation: Situation) -> Scored:
        if ask.among is None:
            return model.recommend(history, ask.k, exclude, situation)
        among = np.setdiff1d(self._numbers(ask.among), exclude)
        if isinstance(model, Scorer):
            row = model.scores(history.alone(self.content.ids))[0]
            among = among[among < len(row)]
            among = among[row[among] != 0]  # of the others it says nothing
            scores = row[among]
            order = np.lexsort((among, -scores))[: ask.k]
            return Scored(among[order], scores[order], np.full(len(order), NOBODY, np.int32))
        whole = model.recommend(history, len(self.content.ids), exclude, situation)
        kept = np.flatnonzero(np.isin(whole.item, among))[: ask.k]
        return Scored(whole.item[kept], whole.score[kept], whole.because[kept])

    def history(self, touches: Touches) -> History:
        """What somebody touched, in the models' numbers."""
        places = self.places
        known = [at for at, one in enumerate(touches.product) if one in places]
        item = np.array([places[touches.product[at]] for at in known], np.int32)
        time = touches.time[known]
        found = runs(np.zeros(len(item), np.int8), item, touches.kind[known], time)
        return History(item[found.last], time[found.last], _WEIGHTS[found.kind], found.kind)

    def _guarded(self, history: History) -> History:
        """Without touches of what is sensitive: they choose nothing."""
        if not len(self.aside) or not len(history):
            return history
        kept = ~np.isin(history.item, self.aside)
        kind = None if history.kind is None else history.kind[kept]
        return History(history.item[kept], history.time[kept], history.weight[kept], kind)

    def _closed_of(self, by: str, ask: Ask) -> Ints32:
        if ask.among is None or ask.category is not None:
            return self._closed_to(by, ask.category)
        # Whoever sends a list has what is in it, whether the catalogue knows it or not.
        return self.withdrawn if by in _FOR_ALL else np.union1d(self.withdrawn, self.aside)

    def _closed_to(self, by: str, category: str | None) -> Ints32:
        """The products that a recommender may show nobody on a shelf for a category."""
        if by in _FOR_ALL:
            return self.closed_to(category)
        if category is None:
            return self.closed_personally
        return np.concatenate([self.closed_to(category), self.aside])

    def closed_to(self, category: str | None) -> Ints32:
        """The products that nobody may be shown on a shelf for a category."""
        if category is None:
            return self.closed
        shut = np.ones(len(self.content.ids), np.bool_)
        shut[self._categories.get(category.casefold(), _NONE)] = False
        shut[self.closed] = True
        return shut.nonzero()[0].astype(np.int32)

    @cached_property
    def _categories(self) -> Mapping[str, Ints32]:
        """The products of each category, by its name in small letters."""
        found: dict[str, list[int]] = {}
        for at, one in enumerate(self.content.ids):
            product = self.catalogue.products.get(one)
            for step in {step.casefold() for step in (product and product.category) or ()}:
                found.setdefault(step, []).append(at)
        return {step: np.array(places, np.int32) for step, places in found.items()}

    def _open(self, product: Product | None) -> bool:
        return product is not None and not product.hidden and (self.sold_out or product.sellable)

    def _fits(self, product: str, category: str | None) -> bool:
        if category is None:
            return True
        found: Any = self.catalogue.products.get(product)
        return found is not None and category.casefold() in (step.casefold() for step in found.category or ())


def answering_of(
    fitted: Fitted, catalogue: Snapshot, currency: str, guarded: tuple[str, ...] = Guardrails().sensitive
) -> Answering:
    """Models and a catalogue put together; everything that an answer needs is made now, not while somebody waits.

    ``guarded``: the categories that are sensitive.
    """
    fresh = (one for one in catalogue.products if one not in fitted.places)
    content = items_of(catalogue.products, (*fitted.data.items, *fresh), currency)
    models = {name: one.grown(content) if isinstance(one, Growing) else one for name, one in fitted.models.items()}
    known = part_of(content, range(len(fitted.data.items)))
    return _ready(Answering(fitted.described(known), catalogue, content, models, guarded))


def guarded(answering: Answering, categories: tuple[str, ...]) -> Answering:
    """The same, where these categories are the sensitive ones."""
    return answering if categories == answering.guarded else _ready(replace(answering, guarded=categories))


def _ready(made: Answering) -> Answering:
    _ = made.withdrawn, made.closed, made.newest, made.places, made._categories, made.closed_personally, made.goods
    _ = made.content.kinds, made.content.paths
    return made
