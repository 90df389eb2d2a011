"""What is popular now: touches that fade with age, seen from the place and the time of day of whoever asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detak.recommend.base import NOBODY, Floats, History, Interactions, Ints, Ints32, Scored, Situation
from detak.recommend.best import best
from detak.recommend.categories import Categories
from detak.recommend.content import Place
from detak.recommend.levels import Doubles, Levels, Table, Touches, everywhere
from detak.recommend.parts_of_day import PARTS, parts_of_day

HALF_LIVES: Final = (1.0, 3.0, 7.0, 14.0, 30.0, 90.0, 365.0)
"""Days after which a touch counts half, that are tried."""
_DAY: Final = 86_400_000_000
_KEPT: Final = 500
_HELD_OUT: Final = 0.1
_SLICES: Final = 20


class Basis(NamedTuple):
    """What stands behind a product's rank besides that it is popular: None, nothing in particular."""

    place: Place | None
    part: str | None
    """One of ``PARTS``."""


@dataclass(frozen=True)
class Popular:
    """The model. ``total`` is the faded touches by product."""

    total: Floats
    places: Table
    parts: Table
    categories: Categories
    zone: ZoneInfo

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """See ``Model``."""
        tables = {**self.places.arrays("place"), **self.parts.arrays("part")}
        return {"total": self.total, **tables, **self.categories.arrays()}

    def recommend(self, history: History, k: int, exclude: Ints32, situation: Situation) -> Scored:  # noqa: ARG002
        """See ``Model``. On a category's page the products of that category."""
        item, score = self._list(situation, k + len(exclude))
        kept = np.flatnonzero(~np.isin(item, exclude))[: max(k, 0)]
        return Scored(item[kept], score[kept], np.full(len(kept), NOBODY, np.int32))

    def scores(self, histories: Interactions) -> Floats:
        """See ``Scorer``: everybody's alike."""
        share = np.where(self.total > 0, everywhere(self.total), 0).astype(np.float32)
        return np.tile(share, (histories.people, 1))

    def basis(self, items: Ints32, situation: Situation) -> list[Basis]:
        """For each product whether the place or the time of day had it stand higher, by a tenth at least."""
        place, part = self._levels(situation)
        base = everywhere(self.total)[items]
        near = self.places.shares(place, everywhere(self.total))[items] > 1.1 * base
        now = self.parts.shares(part, everywhere(self.total))[items] > 1.1 * base
        told = split(self.places.keys[place]) if place >= 0 else None
        return [
            Basis(told if here else None, PARTS[part] if soon else None) for here, soon in zip(near, now, strict=True)
        ]

    def _list(self, situation: Situation, least: int) -> tuple[Ints32, Floats]:
        """The best of a situation, ``least`` of them if there are; kept, as many people are in the same."""
        place, part = self._levels(situation)
        wanted = situation.category.casefold() if situation.category and self.categories.name else ""
        if wanted and not len(self.categories.products(wanted)):
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        reach, item, score = self._lists.get((place, part, wanted), (0, None, None))
        if item is None or score is None or reach < least:
            reach = max(least, _KEPT)
            item, score = self._best(place, part, wanted, reach)
            self._lists[(place, part, wanted)] = (reach, item, score)
        return item, score

    def _best(self, place: int, part: int, category: str, k: int) -> tuple[Ints32, Floats]:
        score = self._shares(place, part).astype(np.float32)
        score[self.total <= 0] = -np.inf
        if category:
            elsewhere = np.ones(len(score), np.bool_)
            elsewhere[self.categories.products(category)] = False
            score[elsewhere] = -np.inf
        item = best(score, k, np.zeros(0, np.int32))
        return item, score[item]

    def _shares(self, place: int, part: int) -> Doubles:
        base = everywhere(self.total)
        return np.asarray(self.places.shares(place, base) * (self.parts.shares(part, base) / base))

    def _levels(self, situation: Situation) -> tuple[int, int]:
        """The levels of a situation: its city's, else its province's; its part of the day. -1: none."""
        keys = (joined(situation.province, situation.city), joined(situation.province, None))
        place = next((at for at in map(self._keys.get, keys) if at is not None), -1)
        part = int(parts_of_day(np.array([situation.now]), self.zone)[0]) if situation.now and self.parts.keys else -1
        return place, part

    @cached_property
    def _keys(self) -> Mapping[str, int]:
        return {key: at for at, key in enumerate(self.places.keys)}

    @cached_property
    def _lists(self) -> dict[tuple[int, int, str], tuple[int, Ints32, Floats]]:
        return {}


@dataclass(frozen=True)
class Trending:
    """How fast touches fade, and how far a place or a part of the day is listened to, is what would have foretold the
    latest tenth of the touches best.
    """

    recommender: ClassVar[str] = "trending"

    zone: str = "Asia/Jakarta"
    half_life_days: float | None = None
    """None: chosen from ``HALF_LIVES``."""
    least_people: int = 5
    """A place or a part of the day has its say on a product from so many people on."""

    def fit(self, data: Interactions) -> Popular:
        """See ``Recommender``. Where times are unknown nothing fades and no hour is told apart."""
        cut = np.quantile(data.time, 1 - _HELD_OUT) if len(data.time) else 0.0
        early = data.time <= cut
        life = self.half_life_days or half_life(data, early)
        before, now = faded(data, int(cut), life), faded(data, int(data.time.max(initial=0)), life)
        zone = ZoneInfo(self.zone)
        places, parts = (
            levels.table(before, now, early, self.least_people) for levels in (_places(data), _parts(data, zone))
        )
        return Popular(now.total, places, parts, Categories.of(data.content), zone)

    def load(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Popular:
        """See ``Recommender``."""
        places, parts = Table.load("place", arrays), Table.load("part", arrays)
        return Popular(arrays["total"], places, parts, Categories.load(arrays), ZoneInfo(self.zone))


def faded(data: Interactions, end: int, life: float) -> Touches:
    """All touches, worth half for each ``life`` days before ``end``; those after it count in full."""
    age = np.maximum(end - data.time, 0) / _DAY
    value = (data.weight * np.exp2(-age / life)).astype(np.float32)
    return Touches(data.person, data.item, value, len(data.items))


def half_life(data: Interactions, early: NDArray[np.bool_]) -> float:
    """The half-life in days under which the later touches are most likely, each told by those before it, the ``early``
    ones and those of the slices before its own. Without later touches: the longest.
    """
    later = np.flatnonzero(~early)
    if not len(later) or not early.any():
        return HALF_LIVES[-1]
    slices = np.array_split(later[np.argsort(data.time[later], kind="stable")], min(_SLICES, len(later)))
    told = [_likelihood(data, early, slices, life) for life in HALF_LIVES]
    return HALF_LIVES[int(np.argmax(told))]


def _likelihood(data: Interactions, early: NDArray[np.bool_], slices: list[Ints], life: float) -> float:
    """Of the touches in the slices, one after the other."""
    end = int(data.time[early].max())
    total, told = faded(data, end, life).of(early).total, 0.0
    for rows in slices:
        told += float(np.log(everywhere(total)[data.item[rows]]).sum())
        upto = int(data.time[rows].max())
        total = total * np.float32(np.exp2((end - upto) / _DAY / life))
        end, inside = upto, np.zeros(len(early), np.bool_)
        inside[rows] = True
        total += faded(data.rows(inside), end, life).total
    return told


def joined(province: str | None, city: str | None) -> str:
    """A place as a key."""
    return f"{province or ''}|{city or ''}"


def split(key: str) -> Place:
    """The place of a key."""
    province, _, city = key.partition("|")
    return Place(province or None, city or None)


def _places(data: Interactions) -> Levels:
    """Provinces, and the cities in them."""
    places = data.details.places if data.details else ()
    provinces = sorted({joined(place.province, None) for place in places if place.province})
    cities = sorted({joined(*place) for place in places if place.city})
    at = {key: number for number, key in enumerate([*provinces, *cities])}
    above = [at.get(joined(split(key).province, None), -1) for key in cities]
    parent = np.array([*([-1] * len(provinces)), *above], np.int32)
    level = np.array([*(at.get(joined(*place), -1) for place in places), -1], np.int32)
    place = data.details.place if data.details else np.full(data.people, -1, np.int32)
    return Levels(tuple(at), parent, level[place][data.person])


def _parts(data: Interactions, zone: ZoneInfo) -> Levels:
    """Parts of the day. None where no times are known."""
    if not data.time.any():
        return Levels((), np.zeros(0, np.int32), np.full(len(data.time), -1, np.int32))
    return Levels(PARTS, np.full(len(PARTS), -1, np.int32), parts_of_day(data.time, zone).astype(np.int32))
