"""The slates of ordinary questions, made by the compiled kernel: what ``paging`` and ``telling`` make, far sooner.

A question is ordinary where no placement sends a list of its own, and no rule says which products stand beside one
another.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
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
from detak.recommend.base import History, Ints, Scored

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
    putting = _Putting(shop, posed[0].moment.now, sights)
    fits = putting.meet()
    made = [putting.wish(at, one, chance) for at, one in enumerate(posed)]
    putting.name()
    slates = iter(shop.slates.answer(putting.wanted, fits))
    return [[Slated(next(slates), *told) for told in theirs] for theirs in made]


class _Sight(NamedTuple):
    """Who is on which page."""

    question: int
    asker: Asker
    product: str | None


class _Putting:
    """Puts questions together for the kernel.

    Args:
        shop: as the kernel reads it.
        now: microseconds since 1970, UTC.
        sights: of the questions.
    """

    def __init__(self, shop: CompiledShop, now: int, sights: Sequence[_Sight]) -> None:
        self.wanted = Wanted()
        self._shop = shop
        self._front = shop.front
        self._now = now
        self._sights = sights
        self._number = {(one.question, one.product): at for at, one in enumerate(sights)}
        self._sensitive: list[int] = []
        self._commons: dict[Where, dict[int, int]] = {}
        self._said: dict[Where, int] = {}

    def meet(self) -> Fits:
        """Put the visitors; what the model says to them."""
        sights, wanted = self._sights, self.wanted
        starts = [0, *accumulate([len(one.asker.visitor.touches) for one in sights])]
        pages = [one.asker.naming.known(one.product) for one in sights]
        histories, last = self._heard(starts)
        speaking = [
            at for at in range(len(sights))
            if pages[at] is not None or starts[at + 1] - starts[at] > self._sensitive[at]
        ]  # fmt: skip
        said = self._front.pools.said([histories[at] for at in speaking], [pages[at] for at in speaking], self._now)
        many, first = dict(zip(speaking, (len(one.item) for one in said), strict=True)), 0
        for at, (one, page) in enumerate(zip(sights, pages, strict=True)):
            beside = (last[at] if one.product is None else _NONE) if page is None else page
            theirs = many.get(at, 0)
            wanted.visit(
                starts[at], starts[at + 1], *self._shut(one.asker), beside, first, theirs, self._here(one.asker)
            )
            first += theirs
        return _fits(said)

    def wish(self, question: int, posed: Posed, chance: Callable[[], float]) -> list[tuple[View, int, int]]:
        """Put the placements of a question; of each by which rules, how much of it was bought lately, and what was set
        aside."""
        wanted, made = self.wanted, []
        for asked in posed.question.placements:
            whose = self._number[question, asked.product]
            asker, seen = self._sights[whose].asker, self._shop.view(asked.name)
            lately, places = self._kept_away(asked, asker, seen)
            common, pinned = self._common(seen, asker.where), wanted.lay(seen.pinned) if seen.pinned else 0
            lot = None if posed.moment.preview else chance()
            wanted.wish((question, whose, seen.number, asked.size, *places, common, pinned), lot)
            made.append((seen.view, lately, self._sensitive[whose]))
        return made

    def name(self) -> None:
        """Put the names of products that have no number of their own."""
        for at, one in enumerate(self._sights):
            more = one.asker.naming.more
            if more:
                self.wanted.names(at, map(_encode, more))

    def _heard(self, starts: Sequence[int]) -> tuple[list[History], list[int]]:
        """What each visitor touched of what models or the catalogue know, but what is sensitive; and the last of it."""
        stock, wanted = self._front.stock, self.wanted
        touches = [one.asker.visitor.touches for one in self._sights]
        touched = wanted.touched = self._numbers(starts)
        kind = wanted.how = np.concatenate([one.kind for one in touches])
        time = np.concatenate([one.time for one in touches])
        items = len(stock.items)
        aside = stock.sensitive.take(np.minimum(touched, items))
        kept = ((touched < items) & ~aside).nonzero()[0]
        ends = kept.searchsorted(starts).tolist()
        item, time, weight = touched.take(kept).astype(np.int32), time.take(kept), WEIGHT.take(kind.take(kept))
        self._sensitive = [b - a for a, b in pairwise(aside.nonzero()[0].searchsorted(starts).tolist())]
        histories = [History(item[a:b], time[a:b], weight[a:b]) for a, b in pairwise(ends)]
        told = item.tolist()
        return histories, [told[b - 1] if b > a else _NONE for a, b in pairwise(ends)]

    def _numbers(self, starts: Sequence[int]) -> Ints:
        """The numbers of what visitors touched."""
        stock, sights = self._front.stock, self._sights
        found = np.concatenate([stock.numbers(one.asker.visitor.touches) for one in sights])
        for at in (found < 0).nonzero()[0].tolist():
            whose = bisect_right(starts, at) - 1
            asker = sights[whose].asker
            found[at] = asker.naming.number(asker.visitor.touches.product[at - starts[whose]])
        return found

    def _shut(self, asker: Asker) -> tuple[int, ...]:
        """What a visitor bought, and what guardrails keep from them."""
        put, bought = self.wanted.put, asker.visitor.bought
        theirs = put(map(asker.naming.number, bought.product)) if len(bought) else _NOWHERE
        return (*theirs, *(put(asker.shut) if asker.shut else _NOWHERE))

    def _kept_away(self, asked: Asked, asker: Asker, seen: Seen) -> tuple[int, tuple[int, int]]:
        """How much of what must not stand in a placement was bought lately, and where all of it is in ``number``."""
        bought, number = asker.visitor.bought, asker.naming.number
        lately = seen.view.lately(bought, self._now) if len(bought) else []
        if not lately and not asked.exclude and asked.product is None:
            return 0, _NOWHERE
        shut = [*lately, *asked.exclude] if asked.product is None else [*lately, *asked.exclude, asked.product]
        return len(lately), self.wanted.put(map(number, shut))

    def _here(self, asker: Asker) -> int:
        where = asker.where
        said = self._said.get(where)
        if said is None:
            said = self._said[where] = self.wanted.say(_encode(here(where)))
        return said

    def _common(self, seen: Seen, where: Where) -> int:
        """Where the numbers of a placement's shelves for everyone begin."""
        known = self._commons.get(where)
        if known is None:
            known = self._commons[where] = {}
        first = known.get(seen.number)
        if first is None:
            first = known[seen.number] = len(self.wanted.common_of)
            self.wanted.common_of.extend(map(self.wanted.lay, self._shop.commons(seen, where, self._now)))
        return first


def _fits(said: Sequence[Scored]) -> Fits:
    """One visitor's after another's."""
    return Fits(*(np.concatenate(some) for some in zip(*said, strict=True))) if said else _NO_FITS


_NO_FITS: Final = Fits(np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.int32))
