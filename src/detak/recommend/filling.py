"""Filling a shelf place by place: pinned products, quotas, variety.

Variety is by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): each place goes to the product of the
best score less its likeness to those chosen before. Likeness here is what products share: category, brand.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from detak.recommend.base import Ints32
from detak.recommend.ruled import Limit, Ruled, Truths

_SAME_KIND, _SAME_BRAND = 0.6, 0.4
_BEHIND: Final = (
    10.0  # more than any score and any likeness: what is worth nothing stands behind what is worth something
)


class Filling:
    """One shelf being filled; lives no longer than one arrangement."""

    def __init__(self, item: Ints32, value: NDArray[np.float64], laid: Ruled) -> None:
        self.laid = laid
        self.open = (1 - laid.rules.variety) * value - np.where(value > 0, 0.0, _BEHIND)
        self.worth = self.open.copy()
        self.close = np.zeros(len(item))
        self.kinds, self.brands = laid.kinds[item], laid.brands[item]
        self.groups = [limit.group[item] for limit in laid.limits]
        self.promising = any(limit.at_least for limit in laid.limits)
        self.counts: list[dict[int, int]] = [{} for _ in laid.limits]
        self.blocked: set[int] = set()
        self.lifted: dict[int, str] = {}
        self.item = item

    def fill(self, k: int, fixed: dict[int, int]) -> list[int]:
        """Places in the pool, in the shelf's order: where ``fixed`` has a product it stands, the best of the others
        between them."""
        at = {product: place for place, product in enumerate(self.item.tolist())} if fixed else {}
        waiting = [(position, at[product]) for position, product in sorted(fixed.items())]
        for _, pinned in waiting:
            self._take(pinned)
        chosen: list[int] = []
        while len(chosen) < k:
            left = k - len(chosen) - len(waiting)
            place = None if left <= 0 or (waiting and waiting[0][0] <= len(chosen)) else self._best(left)
            if place is not None:
                self._take(place)
            elif waiting:
                place = waiting.pop(0)[1]
            else:
                break
            chosen.append(place)
        return chosen

    def shut_out(self, chosen: list[int]) -> list[int]:
        """The places that a quota kept off the shelf, of those that were worth more than what stands there last."""
        lowest = min((self.worth[place] for place in chosen), default=0.0)
        return sorted(place for place in self.blocked - set(chosen) if self.worth[place] > lowest)

    def _best(self, left: int) -> int | None:
        """The next product, ``left`` places being free; None: there is none that may stand here."""
        weight = self.laid.rules.variety
        worth = self.open - weight * self.close if weight else self.open
        wanted = self._wanted(left) if self.promising else None
        if wanted is not None:
            worth = np.where(wanted, worth, -np.inf)
        place = int(worth.argmax()) if len(worth) else 0
        if not len(worth) or worth[place] == -np.inf:
            return None
        if (weight or wanted is not None) and place != (plain := int(self.open.argmax())):
            self.lifted[place] = "quota" if wanted is not None and not wanted[plain] else "diversity"
        return place

    def _wanted(self, left: int) -> Truths | None:
        """Those that a quota still lacks, once all places that are left are needed for them; None: anything goes."""
        missing = [
            limit.at_least - counts.get(0, 0) for limit, counts in zip(self.laid.limits, self.counts, strict=True)
        ]
        if left > sum(max(one, 0) for one in missing):
            return None
        lacking = [(group == 0, one) for group, one in zip(self.groups, missing, strict=True) if one > 0]
        free = np.isfinite(self.open)
        there = [(those & free, one) for those, one in lacking if (those & free).any()]
        if not there or left > sum(min(one, int(those.sum())) for those, one in there):
            return None
        return np.asarray(np.logical_or.reduce([those for those, _ in there]))

    def _take(self, place: int) -> None:
        """The product of this place stands on the shelf now."""
        self.open[place] = -np.inf
        if self.laid.rules.variety:
            np.maximum(self.close, self._likeness(place), out=self.close)
        for limit, group, counts in zip(self.laid.limits, self.groups, self.counts, strict=True):
            self._count(limit, group, counts, int(group[place]))

    def _count(self, limit: Limit, group: NDArray[np.int32], counts: dict[int, int], number: int) -> None:
        if number < 0:
            return
        counts[number] = counts.get(number, 0) + 1
        if limit.at_most is not None and counts[number] >= limit.at_most:
            shut = np.flatnonzero((group == number) & np.isfinite(self.open))
            self.blocked.update(shut.tolist())
            self.open[shut] = -np.inf

    def _likeness(self, place: int) -> NDArray[np.float64]:
        """How much each is like the product of this place: 0 to 1."""
        kind, brand = self.kinds[place], self.brands[place]
        like = np.zeros(len(self.kinds))
        if kind >= 0:
            like += _SAME_KIND * (self.kinds == kind)
        if brand >= 0:
            like += _SAME_BRAND * (self.brands == brand)
        return like
