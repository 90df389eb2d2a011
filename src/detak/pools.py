"""What speaks for one visitor: the products they looked at, those that fit them, those that go with what they have."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

import numpy as np

from detak.decision import Reason
from detak.recommend.base import NOBODY, History, Ints32, Situation
from detak.recommend.content import Kind
from detak.remembering import Visitor
from detak.stock import Stock
from detak.touches import WEIGHTS

_CANDIDATES: Final = 28
_BESIDE: Final = 14
_BESIDE_KEPT: Final = 64
_LATELY: Final = 12
_SEEN: Final = 0.8  # how well what was just looked at fits, beside the best that was not
_OWN: Final = {int(Kind.VIEW): "looked", int(Kind.LIKE): "liked", int(Kind.CART): "carted", int(Kind.BUY): "bought"}
_WEIGHT: Final = [WEIGHTS[one] for one in Kind]
_KEPT: Final = 2_000  # people whose candidates are kept for as long as the pools live
_NONE: Final = np.zeros(0, np.int32)


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
    sensitive: int
    """Touches that were set aside."""


class _Touched(NamedTuple):
    history: list[tuple[str, int, int]]
    latest: list[str]
    sensitive: int


class _Fits(NamedTuple):
    """What the model says of a history: candidates best first, how well each fits from 0.2 to 1, and why."""

    products: list[str]
    relevance: dict[str, float]
    reasons: dict[str, Reason]


_NO_FITS: Final = _Fits([], {}, {})


class Pools:
    """Makes pools; keeps for a short life what it found for whom, for people who turn a few pages. One thread."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock
        self._fitting: dict[tuple[bytes, bytes, int | None, Where], _Fits] = {}
        self._going: dict[int, list[list[int]]] = {}

    def of(self, visitor: Visitor, shut: Collection[str], where: Where, now: int, product: str | None) -> Persons:
        """What a visitor's pools hold. ``shut``: not to be put before them; ``product``: whose page they are on."""
        touched = self._touched(visitor)
        if not touched.history and product is None:
            return Persons([], [], [], {}, {}, "", touched.sensitive)
        places = self._stock.places
        known = [(places[one], kind, time) for one, kind, time in touched.history if one in places]
        fits = self._fits(known, Situation(now, where.province, where.city, None, places.get(product or "")))
        bought = set(visitor.bought.product)
        continued = [one for one in touched.latest if one not in bought and one not in shut]
        relevance = dict(fits.relevance)
        for at, one in enumerate(continued):
            relevance.setdefault(one, _SEEN * (1.0 - at / _LATELY))
        picked = [one for one in fits.products if one not in shut] if shut else fits.products
        beside = product or next((one for one in touched.latest if one in places), "")
        together = self._going_with(beside, shut, {item for item, _, _ in known}) if beside else []
        return Persons(continued, picked, together, relevance, fits.reasons, beside, touched.sensitive)

    def _touched(self, visitor: Visitor) -> _Touched:
        """What may be gone by: nothing that is sensitive."""
        sensitive = self._stock.is_sensitive
        touches = visitor.touches
        rows = zip(touches.product, touches.kind.tolist(), touches.time.tolist(), strict=True)
        history = [row for row in rows if not sensitive(row[0])]
        latest = list(dict.fromkeys([one for one, _, _ in reversed(history)]))[:_LATELY]
        return _Touched(history, latest, len(touches.product) - len(history))

    def _fits(self, known: Sequence[tuple[int, int, int]], situation: Situation) -> _Fits:
        model = self._stock.main
        if model is None:
            return _NO_FITS
        items, kinds, times = zip(*known, strict=True) if known else ((), (), ())
        item = np.array(items, np.int32)
        where = Where(situation.province, situation.city)
        key = (item.tobytes(), bytes(kinds), situation.product, where)
        found = self._fitting.get(key)
        if found is None:
            weight = np.array([_WEIGHT[kind] for kind in kinds], np.float32)
            history = History(item, np.array(times, np.int64), weight)
            scored = model.recommend(history, _CANDIDATES, np.unique(item), situation)
            found = self._told(
                scored.item, scored.score.tolist(), scored.because.tolist(), dict(zip(items, kinds, strict=True))
            )
            if len(self._fitting) >= _KEPT:
                self._fitting.clear()
            self._fitting[key] = found
        return found

    def _told(self, item: Ints32, scores: list[float], because: list[int], kinds: dict[int, int]) -> _Fits:
        if not scores:
            return _NO_FITS
        names = self._stock.items
        low, reach = scores[-1], (scores[0] - scores[-1]) or 1.0
        products = [names[at] for at in item.tolist()]
        relevance = {one: 0.2 + 0.8 * (score - low) / reach for one, score in zip(products, scores, strict=True)}
        reasons = {
            one: Reason(_OWN[kinds.get(told, 0)], names[told])
            for one, told in zip(products, because, strict=True)
            if told != NOBODY
        }
        return _Fits(products, relevance, reasons)

    def _going_with(self, product: str, shut: Collection[str], exclude: set[int]) -> list[str]:
        """What goes with a product, by the first model that knows of anything."""
        place = self._stock.places.get(product)
        if place is None:
            return []
        names = self._stock.items
        rows = self._going.get(place)
        if rows is None:
            rows = self._going[place] = [self._beside(at, place, _NONE, _BESIDE_KEPT) for at in range(self._models)]
        for at, row in enumerate(rows):
            found = [one for one in row if one not in exclude][:_BESIDE]
            if len(found) < _BESIDE and len(row) == _BESIDE_KEPT:
                found = self._beside(at, place, np.fromiter(exclude, np.int32, len(exclude)), _BESIDE)
            if found:
                return [one for one in map(names.__getitem__, found) if one not in shut]
        return []

    @property
    def _models(self) -> int:
        return len(self._stock.beside)

    def _beside(self, at: int, place: int, exclude: Ints32, k: int) -> list[int]:
        nobody = History(_NONE, np.zeros(0, np.int64), np.zeros(0, np.float32))
        shut = np.append(exclude, np.int32(place)).astype(np.int32)
        found: list[int] = self._stock.beside[at].recommend(nobody, k, shut, Situation(product=place)).item.tolist()
        return found
