"""The shop as the compiled kernel reads it to make slates, put together once for as long as a ``Front`` lives."""

import ctypes
from array import array
from functools import cached_property
from itertools import accumulate
from typing import Final, NamedTuple

import numpy as np

from detak.decide.compiled_slates import Common, CompiledSlates, Goods, common, going, names, view, words
from detak.deciding.pools import Where
from detak.deciding.shopfront import HOUR, Front, View
from detak.deciding.telling import REASONS
from detak.kernel.calling import address, flat
from detak.recommend.rules import DEFAULT

_PLACES: Final = 20_000  # pairs of a view and a place whose shelves are remembered
_NAMES: Final = 1_000  # placements whose rules are


class Seen(NamedTuple):
    """The products as a placement's rules see them."""

    view: View
    number: int
    """In the kernel."""
    pinned: Common | None
    """What the shop has put in places of its own; None: nothing."""


class CompiledShop:
    """One thread at a time.

    Args:
        kernel: the compiled one.
        front: the shop.
    """

    def __init__(self, kernel: ctypes.CDLL, front: Front) -> None:
        self.front = front
        self._kernel = kernel
        self._seen: dict[View, Seen] = {}
        self._named: dict[str, Seen] = {}
        self._commons: dict[tuple[int, Where, int], list[Common]] = {}

    @cached_property
    def slates(self) -> CompiledSlates:
        """What makes them."""
        return CompiledSlates(self._kernel, _goods(self.front))

    def view(self, placement: str) -> Seen:
        """The products as the rules of a placement see them."""
        found = self._named.get(placement)
        if found is None:
            seen = self.front.view(placement)
            found = self._seen.get(seen)
            if found is None:
                number = self.slates.add(view(seen.scoring, seen.rules, seen.pinned_at))
                pinned = common(seen.pinned) if seen.pinned_at else None
                found = self._seen[seen] = Seen(seen, number, pinned)
            if len(self._named) < _NAMES:
                self._named[placement] = found
        return found

    def commons(self, seen: Seen, where: Where, now: int) -> list[Common]:
        """The shelves of a placement that are for everyone."""
        key = (seen.number, where, now // HOUR)
        found = self._commons.get(key)
        if found is None:
            if len(self._commons) >= _PLACES:
                self._commons.clear()
            found = self._commons[key] = [common(one) for one in seen.view.common(where, now)]
        return found


def _goods(front: Front) -> Goods:
    stock, tastes = front.stock, front.tastes
    kinds, best = len(tastes.usual), array("i")
    ends = array("i", accumulate((len(tastes.best(kind)) for kind in range(kinds)), initial=0))[1:]
    for kind in range(kinds):
        best.extend(tastes.best(kind))
    scoring = front.view(DEFAULT).scoring
    arrays = {
        "category": flat(stock.category, np.int32),
        "kind": flat(tastes.kinds, np.int32),
        "sensitive": flat(stock.sensitive, np.bool_),
        "features": flat(scoring.told, np.uint8),
        "usual": flat(tastes.usual, np.float64),
        "silent": flat(stock.telling[:kinds], np.bool_),
    }
    called = stock.categories[:kinds]
    texts = {"name": stock.names, "called": names(called), "words": words(REASONS)}
    at = {name: address(one) for name, one in arrays.items()}
    beside = going(stock.beside)
    counts = {"items": len(stock.items), "kinds": kinds, "goings": len(stock.beside)}
    more = {name: one.buffer_info()[0] for name, one in (("going", beside), ("best", best), ("best_end", ends))}
    goods = Goods(**counts, **at, **more, **texts)
    goods.kept = (arrays, best, ends, beside, texts)
    return goods
