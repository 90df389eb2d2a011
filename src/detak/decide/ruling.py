"""A page under the shop's rules for the placement: quotas, variety, novelty, what is sold out. They are those of any
shelf (``recommend.arrange``), and choose which products the page has; which shelves these stand on is the page's."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from detak.decide.page import FEATURES, Placed
from detak.decide.rulebook import PINNED
from detak.recommend.arrange import Occasion, arrange
from detak.recommend.base import NOBODY, Floats, Scored
from detak.recommend.ruled import Ruled, Truths

_PLAIN: Final = bytes(len(FEATURES))


def chooses(laid: Ruled) -> bool:
    """Whether the rules say which products stand beside one another; else what each is worth says it all. A shop that
    hides, pins or boosts something has not asked for that."""
    rules = laid.rules
    return bool(laid.limits or rules.diversity or rules.novelty or rules.sold_out == "bury")


@dataclass(frozen=True)
class Ruling:
    """The rules of one placement over its products.

    Args:
        laid: the rules; boosts and buryings are in the products' worth already, so ``factor`` is 1 everywhere.
        sellable: by product, whether it can be had now.
        fame: by product, its share of all touches.
    """

    laid: Ruled
    sellable: Truths
    fame: Floats

    def chosen(
        self, shelves: Sequence[Sequence[Placed]], k: int, shut: Collection[int], now: int
    ) -> list[list[Placed]]:
        """The shelves, with what a page of ``k`` has by the rules and nothing else; pinned products have their place
        besides, and are on none. Products that a quota wants and no shelf has are on one of their own.

        Args:
            shelves: scored; a product may stand on several.
            shut: not to be shown.
            now: microseconds since 1970, UTC.
        """
        known = len(self.sellable)
        best: dict[int, float] = {}
        for shelf in shelves:
            for one in shelf:
                if one.product < known:
                    best[one.product] = max(one.score, best.get(one.product, 0.0))
        item, score = np.array(list(best), np.int32), np.array(list(best.values()), np.float32)
        exclude = np.array([one for one in shut if one < known], np.int32)
        occasion = Occasion(now, exclude=exclude, sellable=self.sellable, fame=self.fame)
        found = arrange(Scored(item, score, np.full(len(item), NOBODY, np.int32)), k, self.laid, occasion)
        left = set(found.item.tolist()).difference(product for _, product in self.laid.pinned)
        kept = [[one for one in shelf if one.product in left] for shelf in shelves]
        owed = [Placed(one, PINNED, 0.0, _PLAIN) for one in found.item.tolist() if one in left and one not in best]
        return [one for one in (*kept, owed) if one]
