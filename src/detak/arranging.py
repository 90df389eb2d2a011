"""An answer as the shop's rules have it: pins, boosts, quotas, what was bought lately, how varied. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from typing import Any, Final

import numpy as np

from detak.answering import BY_RULE, Answering, Ask, Pick, Recommended
from detak.recommend.arrange import Occasion, Shelf, arrange
from detak.recommend.base import NOBODY, Floats, Scored
from detak.recommend.replenish import Rhythm
from detak.recommend.ruled import Ruled, ruled
from detak.recommend.rules import RulesFile
from detak.remembering import Visitor

_CANDIDATES: Final = 200  # at least, and five times as many as are shown
_TIMES: Final = 5
_REPLENISH: Final = "replenish"


class Arranging:
    """Rules over the models and the catalogue of one moment.

    Args:
        answering: models and catalogue.
        rules: of all placements.
        currency: the shop's.
    """

    def __init__(self, answering: Answering, rules: RulesFile, currency: str) -> None:
        self.answering = answering
        self.rules = rules
        self._currency = currency
        self._laid: dict[str, Ruled] = {}

    def recommend(self, ask: Ask, placement: str, visitor: Visitor, now: int) -> Recommended:
        """The best products for whoever asks, as the rules of the placement have them. ``now``: microseconds, UTC.

        Raises:
            UsageError: there is no such shelf.
        """
        return self.recommend_many(ask, placement, [visitor], now)[0]

    def recommend_many(self, ask: Ask, placement: str, visitors: Sequence[Visitor], now: int) -> list[Recommended]:
        """The same for each of the visitors.

        Raises:
            UsageError: there is no such shelf.
        """
        laid = self._ruled(placement)
        answering = self.answering if laid.rules.sold_out == "hide" else self._with_sold_out
        wide = replace(ask, k=max(_CANDIDATES, _TIMES * ask.k) if ask.k > 0 else 0)
        if len(visitors) == 1:
            return [self._arranged(answering, ask, laid, answering.recommend(wide, visitors[0], now), now)]
        many = answering.recommend_many(wide, visitors, now)
        return [self._arranged(answering, ask, laid, found, now) for found in many]

    def _arranged(self, answering: Answering, ask: Ask, laid: Ruled, found: Recommended, now: int) -> Recommended:
        places = answering.places
        picks = {places[one.product_id]: one for one in found.items if one.product_id in places}
        candidates = _scored(list(picks.values()), list(picks))
        shelf = arrange(candidates, ask.k, laid, self._occasion(answering, ask, found.visitor, now))
        return replace(found, items=list(self._picks(shelf, picks)))

    def _picks(self, shelf: Shelf, picks: dict[int, Pick]) -> Iterator[Pick]:
        ids = self.answering.content.ids
        for item, score, rules in zip(shelf.item.tolist(), shelf.score.tolist(), shelf.rules, strict=True):
            named = picks.get(item) or Pick(ids[item], 0.0, BY_RULE)
            yield Pick(named.product_id, score, named.by, named.because, rules)

    def _ruled(self, placement: str) -> Ruled:
        own = placement if placement in self.rules.placements else ""
        if own not in self._laid:
            self._laid[own] = ruled(self.rules.of(placement), self.answering.content, self._currency)
        return self._laid[own]

    def _occasion(self, answering: Answering, ask: Ask, visitor: Visitor, now: int) -> Occasion:
        places = answering.places
        bought = answering.history(visitor.bought)
        model = answering.models.get(_REPLENISH)
        due = model.due(bought, now) if isinstance(model, Rhythm) else np.zeros(0, np.int32)
        shut = [*ask.exclude, *([ask.product] if ask.product is not None else [])]
        named = (places[one] for one in shut if one in places)
        exclude = np.concatenate([answering.closed_to(ask.category), np.fromiter(named, np.int32)])
        return Occasion(now, bought.item, bought.time, due, exclude, self._sellable, self._fame)

    @cached_property
    def _with_sold_out(self) -> Answering:
        return replace(self.answering, sold_out=True)

    @cached_property
    def _sellable(self) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        found = np.ones(len(self.answering.content.ids), np.bool_)
        found[self.answering.closed] = False
        return found

    @cached_property
    def _fame(self) -> Floats:
        """By product, its share of all touches."""
        data = self.answering.fitted.data
        count = np.bincount(data.item, minlength=len(self.answering.content.ids))
        return (count / max(1, len(data.item))).astype(np.float32)


def _scored(picks: Sequence[Pick], items: Sequence[int]) -> Scored:
    """Candidates of several recommenders, whose scores do not compare: each one's between 0 and 1, above the next's."""
    runs = [[one.score for one in run] for _, run in groupby(picks, key=lambda one: one.by)]
    parts = [_level(run) + (len(runs) - at) for at, run in enumerate(runs)]
    score = np.concatenate([*parts, np.zeros(0)]).astype(np.float32)
    return Scored(np.array(items, np.int32), score, np.full(len(items), NOBODY, np.int32))


def _level(scores: Sequence[float]) -> Any:
    """Between 0 and 0.9, in their order; where all are one, by their place."""
    found = np.asarray(scores, np.float64)
    reach = np.ptp(found)
    if reach <= 0:
        return np.linspace(0.9, 0, len(found))
    return 0.9 * (found - found.min()) / reach
