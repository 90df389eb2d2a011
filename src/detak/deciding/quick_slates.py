"""The slates of ordinary questions, made by the compiled kernel: what ``paging`` and ``telling`` make, far sooner.

A question is ordinary where no placement sends a list of its own, and no rule says which products stand beside one
another.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec
import numpy as np

from detak.decide.asking import Asked
from detak.decide.compiled_slates import Fits, Wanted
from detak.deciding.compiled_shop import CompiledShop, Seen
from detak.deciding.pools import WEIGHT, Where
from detak.deciding.posing import Asker, Posed
from detak.deciding.shopfront import View
from detak.deciding.telling import Slated, here
from detak.recommend.base import History, Ints

_NONE: Final = -1
_NOWHERE: Final = (0, 0)
_encode: Final = msgspec.json.Encoder().encode


def ordinary(posed: Posed, shop: CompiledShop) -> bool:
    """Whether the kernel makes a question's slates."""
    for one in posed.question.placements:
        if one.products is not None or shop.view(one.name).view.ruling is not None:
            return False
    return True


def quick(
    posed: Sequence[Posed], askers: Sequence[Asker], shop: CompiledShop, chance: Callable[[], float]
) -> list[list[Slated]]:
    """The slate of each placement of each question; all are ordinary, and of one moment. See ``paging.paged``."""
    sights = [
        _Sight(at, asker, product)
        for at, (one, asker) in enumerate(zip(posed, askers, strict=True))
        for product in dict.fromkeys([asked.product for asked in one.question.placements])
    ]
    putting = _Putting(shop, posed[0].moment.now)
    fits = putting.meet(sights)
    number = {(one.question, one.product): at for at, one in enumerate(sights)}
    made = []
    for at, (one, asker) in enumerate(zip(posed, askers, strict=True)):
        for asked in one.question.placements:
            lot = None if one.moment.preview else chance()
            made.append(putting.wish(asked, asker, (at, number[at, asked.product]), lot))
    putting.name(sights)
    slates = shop.slates.answer(putting.wanted, fits)
    every = iter([Slated(slate, *told) for slate, told in zip(slates, made, strict=True)])
    return [[next(every) for _ in one.question.placements] for one in posed]


class _Sight(NamedTuple):
    """Who is on which page."""

    question: int
    asker: Asker
    product: str | None


class _Heard(NamedTuple):
    """What visitors touched of what models or the catalogue know, but what is sensitive."""

    item: list[int]
    histories: list[History]
    end: list[int]
    """By visitor, where theirs end in ``item``."""


class _Putting:
    """Puts questions together for the kernel.

    Args:
        shop: as the kernel reads it.
        now: microseconds since 1970, UTC.
    """

    def __init__(self, shop: CompiledShop, now: int) -> None:
        self.wanted = Wanted()
        self._shop = shop
        self._front = shop.front
        self._now = now
        self._sensitive: list[int] = []
        self._commons: dict[tuple[int, Where], int] = {}
        self._said: dict[Where, int] = {}

    def meet(self, sights: Sequence[_Sight]) -> Fits:
        """Put the visitors; what the model says to them."""
        starts = [0]
        for one in sights:
            touches = one.asker.visitor.touches
            self.wanted.touched.extend(map(one.asker.naming.number, touches.product))
            self.wanted.how.frombytes(touches.kind.tobytes())
            starts.append(len(self.wanted.touched))
        heard = self._heard(sights, np.array(starts))
        pages = [one.asker.naming.known(one.product) for one in sights]
        speaking = [
            at for at in range(len(sights))
            if pages[at] is not None or starts[at + 1] - starts[at] > self._sensitive[at]
        ]  # fmt: skip
        said = self._front.pools.said(
            [heard.histories[at] for at in speaking], [pages[at] for at in speaking], self._now
        )
        counts = dict(zip(speaking, (len(one.item) for one in said), strict=True))
        first = 0
        for at, one in enumerate(sights):
            last = heard.item[heard.end[at] - 1] if heard.end[at] > (heard.end[at - 1] if at else 0) else _NONE
            beside = last if one.product is None else _NONE if pages[at] is None else pages[at]
            many = counts.get(at, 0)
            self._put(one.asker, (starts[at], starts[at + 1]), _NONE if beside is None else beside, (first, many))
            first += many
        return Fits(*(np.concatenate(some) for some in zip(*said, strict=True))) if said else _NO_FITS

    def wish(self, asked: Asked, asker: Asker, whose: tuple[int, int], lot: float | None) -> tuple[View, int, int]:
        """Put a placement of a question and a visitor (``whose``: their numbers); by which rules, how much of it was
        bought lately, and what was set aside."""
        wanted, number = self.wanted, asker.naming.number
        seen = self._shop.view(asked.name)
        lately = seen.view.lately(asker.visitor.bought, self._now)
        shut = [*map(number, lately), *map(number, asked.exclude)]
        if asked.product is not None:
            shut.append(number(asked.product))
        places = wanted.put(shut) if shut else _NOWHERE
        pinned = wanted.lay(seen.pinned) if seen.pinned else 0
        wanted.wish((*whose, seen.number, asked.size, *places, self._common(seen, asker.where), pinned), lot)
        return seen.view, len(lately), self._sensitive[whose[1]]

    def name(self, sights: Sequence[_Sight]) -> None:
        """Put the names of products that have no number of their own."""
        for at, one in enumerate(sights):
            more = one.asker.naming.more
            if more:
                first = len(self.wanted.more)
                self.wanted.more += map(_encode, more)
                self.wanted.names(at, first)

    def _heard(self, sights: Sequence[_Sight], starts: Ints) -> _Heard:
        stock, wanted = self._front.stock, self.wanted
        touched, kind = np.array(wanted.touched, np.int64), np.array(wanted.how, np.int8)
        time = np.concatenate([one.asker.visitor.touches.time for one in sights])
        items = len(stock.items)
        aside = stock.sensitive.take(np.minimum(touched, items))
        kept = ((touched < items) & ~aside).nonzero()[0]
        ends = kept.searchsorted(starts).tolist()
        item, time, weight = touched.take(kept).astype(np.int32), time.take(kept), WEIGHT.take(kind.take(kept))
        histories = [History(item[a:b], time[a:b], weight[a:b]) for a, b in pairwise(ends)]
        self._sensitive = np.diff(np.append(0, aside.cumsum()).take(starts)).tolist()
        return _Heard(item.tolist(), histories, ends[1:])

    def _put(self, asker: Asker, touched: tuple[int, int], beside: int, fits: tuple[int, int]) -> None:
        wanted, visitor = self.wanted, asker.visitor
        bought = wanted.put(map(asker.naming.number, visitor.bought.product)) if len(visitor.bought) else _NOWHERE
        shut = wanted.put(asker.shut) if asker.shut else _NOWHERE
        wanted.visitors.extend((*touched, *bought, *shut, beside, *fits, self._here(asker.where), 0))

    def _here(self, where: Where) -> int:
        said = self._said.get(where)
        if said is None:
            said = self._said[where] = self.wanted.say(_encode(here(where)))
        return said

    def _common(self, seen: Seen, where: Where) -> int:
        """Where the numbers of a placement's shelves for everyone begin."""
        first = self._commons.get((seen.number, where))
        if first is None:
            first = self._commons[seen.number, where] = len(self.wanted.common_of)
            self.wanted.common_of.extend(map(self.wanted.lay, self._shop.commons(seen, where, self._now)))
        return first


_NO_FITS: Final = Fits(np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.int32))
