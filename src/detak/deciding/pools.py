"""What speaks for one visitor: the products they looked at, those that fit them, those that go with what they have."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from detak.decide.goods import Floats
from detak.deciding.stock import Naming
from detak.deciding.tastes import Tastes
from detak.decision import Reason
from detak.recommend.base import NOBODY, NOTHING, Crowd, History, Many, Scored, Situation
from detak.recommend.content import Kind
from detak.trust.passages import Visitor
from detak.trust.touches import WEIGHTS

_CANDIDATES: Final = 28
_BESIDE: Final = 14
_LATELY: Final = 12
_SEEN: Final = 0.8  # how well what was just looked at fits, beside the best that was not
_OWN: Final = {int(Kind.VIEW): "looked", int(Kind.LIKE): "liked", int(Kind.CART): "carted", int(Kind.BUY): "bought"}
WEIGHT: Final = np.array([WEIGHTS[one] for one in Kind], np.float32)
"""What a touch means beside others, by ``Kind``."""
_NONE: Final = np.zeros(0, np.int32)


class Where(NamedTuple):
    """Where somebody is, in the spelling of ``detak.place``."""

    province: str | None = None
    city: str | None = None


class Wanted(NamedTuple):
    """Who is on which page."""

    visitor: Visitor
    shut: Collection[int]
    """Not to be put before them."""
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


class Pools:
    """Makes pools. One thread."""

    def __init__(self, tastes: Tastes) -> None:
        self._stock = tastes.stock
        self._tastes = tastes
        main = self._stock.main
        self._together = main if isinstance(main, Many) else None  # to find that out takes as long as an answer

    def of(self, wanted: Sequence[Wanted], now: int) -> list[Persons]:
        """What each visitor's pools hold, at the moment ``now`` (microseconds since 1970, UTC)."""
        touched = [self._touched(one) for one in wanted]
        speaking = [at for at, one in enumerate(wanted) if touched[at].history or _page(one) is not None]
        known = [[row for row in touched[at].history if wanted[at].naming.knows(row[0])] for at in speaking]
        said = self.said([_history(one) for one in known], [_page(wanted[at]) for at in speaking], now)
        fits = [_told(one, rows) for one, rows in zip(said, known, strict=True)]
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
            beside = next((row[0] for row in reversed(touched.history) if naming.knows(row[0])), None)
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

    def said(self, histories: Sequence[History], pages: Sequence[int | None], now: int) -> list[Scored]:
        """What the model says to each of some people, of products that they did not touch.

        Args:
            histories: what each touched of what models or the catalogue know.
            pages: the product on whose page each is; None: on none that is known.
            now: microseconds since 1970, UTC.
        """
        found = [NOTHING] * len(histories)
        if self._stock.main is None:
            return found
        asked: dict[int | None, list[int]] = {}
        for at, page in enumerate(pages):
            asked.setdefault(page, []).append(at)
        for page, some in asked.items():
            theirs = self._scored([histories[at] for at in some], Situation(now, product=page))
            for at, scored in zip(some, theirs, strict=True):
                found[at] = scored
        return found

    def _scored(self, histories: Sequence[History], situation: Situation) -> list[Scored]:
        """What the model says to each; never what they touched already."""
        model, together = self._stock.main, self._together
        if together is not None:
            return together.recommend_many(Crowd(histories, [one.item for one in histories]), _CANDIDATES, situation)
        return [model.recommend(one, _CANDIDATES, one.item, situation) for one in histories] if model else []

    def _going_with(self, product: int, shut: Collection[int], exclude: set[int]) -> list[int]:
        """What goes with a product, by the first model that knows of anything."""
        for model in self._stock.beside:
            found = [one for one in model.beside(product).tolist() if one not in exclude][:_BESIDE]
            if found:
                return [one for one in found if one not in shut] if shut else found
        return []


def _page(wanted: Wanted) -> int | None:
    """The product whose page they are on, where models or the catalogue know it."""
    return wanted.product if wanted.product is not None and wanted.naming.knows(wanted.product) else None


def _nobody(sensitive: int) -> Persons:
    return Persons([], [], [], {}, _NO_FITS, "", sensitive)


def _history(known: Sequence[tuple[int, int, int]]) -> History:
    items, kinds, times = zip(*known, strict=True) if known else ((), (), ())
    return History(np.array(items, np.int32), np.array(times, np.int64), WEIGHT[np.array(kinds, np.int8)])


def _told(scored: Scored, known: Sequence[tuple[int, int, int]]) -> _Fits:
    if not len(scored.item):
        return _NO_FITS
    score = scored.score.astype(np.float64)
    reach = (score[0] - score[-1]) or 1.0
    products = scored.item.tolist()
    relevance = (0.2 + 0.8 * (score - score[-1]) / reach).tolist()
    because = {one: told for one, told in zip(products, scored.because.tolist(), strict=True) if told != NOBODY}
    kinds = {product: kind for product, kind, _ in known}
    return _Fits(products, dict(zip(products, relevance, strict=True)), because, kinds)
