"""What speaks for one visitor: the products they looked at, those that fit them, those that go with what they have."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from detak.decide.goods import Floats
from detak.deciding.stock import Naming
from detak.deciding.tastes import Tastes
from detak.decision import Reason
from detak.recommend.base import NOBODY, Crowd, History, Ints32, Many, Model, Scored, Situation
from detak.recommend.content import Kind
from detak.trust.passages import Visitor
from detak.trust.touches import WEIGHTS

_CANDIDATES: Final = 28
_BESIDE: Final = 14
_BESIDE_KEPT: Final = 64
_LATELY: Final = 12
_SEEN: Final = 0.8  # how well what was just looked at fits, beside the best that was not
_OWN: Final = {int(Kind.VIEW): "looked", int(Kind.LIKE): "liked", int(Kind.CART): "carted", int(Kind.BUY): "bought"}
_WEIGHT: Final = np.array([WEIGHTS[one] for one in Kind], np.float32)
_KEPT: Final = 2_000  # people whose candidates are kept for as long as the pools live
_GOING: Final = 10_000  # rows of what goes with a product
_NONE: Final = np.zeros(0, np.int32)
_NOBODY: Final = History(_NONE, np.zeros(0, np.int64), np.zeros(0, np.float32))


class Where(NamedTuple):
    """Where somebody is, in the spelling of ``detak.place``."""

    province: str | None = None
    city: str | None = None


class Wanted(NamedTuple):
    """Who is on which page."""

    visitor: Visitor
    shut: Collection[int]
    """Not to be put before them."""
    where: Where
    naming: Naming
    product: int | None
    """Whose page they are on."""


class _Fits(NamedTuple):
    """What the model says of a history: candidates best first, how well each fits from 0.2 to 1, and for which product
    of the history, which was touched as ``kinds`` says."""

    products: list[int]
    relevance: Mapping[int, float]
    because: Mapping[int, int]
    kinds: Mapping[int, int]


_NO_FITS: Final = _Fits([], {}, {}, {})
_NO_NAMES: Final[Mapping[int, str]] = {}


class Persons(NamedTuple):
    """The pools and fits of one visitor: what all placements of a page share."""

    continued: list[int]
    picked: list[int]
    together: list[int]
    relevance: Mapping[int, float]
    fits: _Fits
    beside: str
    """The product that ``together`` goes with."""
    sensitive: int
    """Touches that were set aside."""
    leans: Floats | None = None
    """How much they lean to each category; see ``Tastes``."""
    favoured: Mapping[int, str] = _NO_NAMES
    """Picked products that are there for their category alone, and what it is called."""

    @property
    def all(self) -> list[int]:
        """What is there for the visitor; some may be named twice."""
        return [*self.continued, *self.picked, *self.together]

    def fit(self, products: Sequence[int]) -> list[float]:
        """How well each fits the visitor, from 0 to 1."""
        known = self.relevance.get
        return [known(one, 0.0) for one in products]

    def reason(self, product: int, naming: Naming) -> Reason | None:
        """What of the visitor's own speaks for a product; None: nothing."""
        because = self.fits.because.get(product, NOBODY)
        if because != NOBODY:
            return Reason(_OWN[self.fits.kinds.get(because, 0)], naming.name(because))
        kind = self.favoured.get(product)
        return None if kind is None else Reason("kind", kind)


class _Touched(NamedTuple):
    history: list[tuple[int, int, int]]
    """Product, kind and time, oldest first; nothing that is sensitive."""
    latest: list[int]
    sensitive: int


class _Asked(NamedTuple):
    """What the model is asked."""

    product: int
    """-1: none."""
    where: Where
    known: list[tuple[int, int, int]]


_Key = tuple[int, Where, tuple[int, ...], tuple[int, ...]]


class Pools:
    """Makes pools; keeps for a short life what it found for whom, for people who turn a few pages. One thread."""

    def __init__(self, tastes: Tastes) -> None:
        self._stock = tastes.stock
        self._tastes = tastes
        self._fitting: dict[_Key, _Fits] = {}

    def of(self, wanted: Sequence[Wanted], now: int) -> list[Persons]:
        """What each visitor's pools hold, at the moment ``now`` (microseconds since 1970, UTC)."""
        touched = [self._touched(one) for one in wanted]
        asked = [
            _Asked(
                NOBODY if one.product is None or not one.naming.knows(one.product) else one.product,
                one.where,
                [row for row in theirs.history if one.naming.knows(row[0])],
            )
            for one, theirs in zip(wanted, touched, strict=True)
        ]
        speaking = [at for at, one in enumerate(asked) if touched[at].history or one.product != NOBODY]
        fits = self._fits([asked[at] for at in speaking], now)
        leans = self._tastes.leans([[row[0] for row in touched[at].history] for at in speaking])
        found = [_nobody(theirs.sensitive) for theirs in touched]
        for at, fit, lean in zip(speaking, fits, leans, strict=True):
            found[at] = self._persons(wanted[at], touched[at], fit, lean)
        return found

    def _persons(self, wanted: Wanted, touched: _Touched, fits: _Fits, leans: Floats) -> Persons:
        shut, naming = wanted.shut, wanted.naming
        bought = {naming.number(one) for one in wanted.visitor.bought.product}
        continued = [one for one in touched.latest if one not in bought and one not in shut]
        relevance = dict(fits.relevance)
        for at, product in enumerate(continued):
            relevance.setdefault(product, _SEEN * (1.0 - at / _LATELY))
        picked = [one for one in fits.products if one not in shut] if shut else fits.products
        beside = wanted.product
        if beside is None:
            beside = next((one for one in touched.latest if naming.knows(one)), None)
        had = {row[0] for row in touched.history}
        together = self._going_with(beside, shut, had) if beside is not None and naming.knows(beside) else []
        favoured = self._favoured(leans, {*had, *bought, *shut, *picked, *together})
        name = "" if beside is None else naming.name(beside)
        sensitive = touched.sensitive
        return Persons(continued, [*picked, *favoured], together, relevance, fits, name, sensitive, leans, favoured)

    def _favoured(self, leans: Floats, shut: Collection[int]) -> dict[int, str]:
        """The best of the categories that somebody leans to, but what is ``shut``."""
        tastes, names = self._tastes, self._stock.categories
        kinds = tastes.favourites(leans)
        return {one: names[kind] for kind in kinds for one in tastes.best(kind) if one not in shut}

    def _touched(self, wanted: Wanted) -> _Touched:
        """What may be gone by: nothing that is sensitive."""
        touches, number, sensitive = wanted.visitor.touches, wanted.naming.number, self._stock.sensitive
        if not len(touches):
            return _Touched([], [], 0)
        last = len(sensitive) - 1
        rows = zip(map(number, touches.product), touches.kind.tolist(), touches.time.tolist(), strict=True)
        history = [row for row in rows if not sensitive[min(row[0], last)]]
        latest = list(dict.fromkeys([row[0] for row in reversed(history)]))[:_LATELY]
        return _Touched(history, latest, len(touches) - len(history))

    def _fits(self, asked: Sequence[_Asked], now: int) -> list[_Fits]:
        """What the model says to each; asked of all who are new to it at once."""
        model = self._stock.main
        if model is None:
            return [_NO_FITS] * len(asked)
        keys = [_key(one) for one in asked]
        if len(self._fitting) >= _KEPT:
            self._fitting.clear()
        fitting = self._fitting
        fresh = {key: one for key, one in zip(keys, asked, strict=True) if key not in fitting}
        pages: dict[tuple[int, Where], list[_Key]] = {}
        for key in fresh:
            pages.setdefault((key[0], key[1]), []).append(key)
        for (product, where), theirs in pages.items():
            situation = Situation(now, where.province, where.city, None, None if product == NOBODY else product)
            histories = [_history(fresh[key].known) for key in theirs]
            scored = _scored(model, histories, situation)
            for key, one in zip(theirs, scored, strict=True):
                fitting[key] = _told(one, dict(zip(key[2], key[3], strict=True)))
        return [fitting[key] for key in keys]

    def _going_with(self, product: int, shut: Collection[int], exclude: set[int]) -> list[int]:
        """What goes with a product, by the first model that knows of anything."""
        for at in range(len(self._stock.beside)):
            row = self._row(at, product)
            found = [one for one in row if one not in exclude][:_BESIDE]
            if len(found) < _BESIDE and len(row) == _BESIDE_KEPT:
                found = self._beside(at, product, np.fromiter(exclude, np.int32, len(exclude)), _BESIDE)
            if found:
                return [one for one in found if one not in shut] if shut else found
        return []

    def _row(self, at: int, product: int) -> list[int]:
        going = self._stock.going
        row = going.get((at, product))
        if row is None:
            if len(going) >= _GOING:
                going.clear()
            row = going[at, product] = self._beside(at, product, _NONE, _BESIDE_KEPT)
        return row

    def _beside(self, at: int, product: int, exclude: Ints32, k: int) -> list[int]:
        own = np.array([product], np.int32)
        shut = np.concatenate([exclude, own]) if len(exclude) else own
        model = self._stock.beside[at]
        found: list[int] = model.recommend(_NOBODY, k, shut, Situation(product=product)).item.tolist()
        return found


def _scored(model: Model, histories: Sequence[History], situation: Situation) -> list[Scored]:
    """What the model says to each; never what they touched already."""
    touched = [np.unique(one.item) for one in histories]
    if len(histories) > 1 and isinstance(model, Many):  # one alone is answered sooner by itself
        return model.recommend_many(Crowd(histories, touched), _CANDIDATES, situation)
    each = zip(histories, touched, strict=True)
    return [model.recommend(history, _CANDIDATES, theirs, situation) for history, theirs in each]


def _nobody(sensitive: int) -> Persons:
    return Persons([], [], [], {}, _NO_FITS, "", sensitive)


def _key(asked: _Asked) -> _Key:
    items, kinds, _ = zip(*asked.known, strict=True) if asked.known else ((), (), ())
    return asked.product, asked.where, items, kinds


def _history(known: Sequence[tuple[int, int, int]]) -> History:
    items, kinds, times = zip(*known, strict=True) if known else ((), (), ())
    return History(np.array(items, np.int32), np.array(times, np.int64), _WEIGHT[np.array(kinds, np.int8)])


def _told(scored: Scored, kinds: Mapping[int, int]) -> _Fits:
    if not len(scored.item):
        return _NO_FITS
    score = scored.score.astype(np.float64)
    reach = (score[0] - score[-1]) or 1.0
    products = scored.item.tolist()
    relevance = (0.2 + 0.8 * (score - score[-1]) / reach).tolist()
    because = {one: told for one, told in zip(products, scored.because.tolist(), strict=True) if told != NOBODY}
    return _Fits(products, dict(zip(products, relevance, strict=True)), because, kinds)
