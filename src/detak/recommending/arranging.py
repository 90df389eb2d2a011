"""An answer as the shop's rules have it: pins, boosts, quotas, what was bought lately, how varied. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from typing import Any, Final

import numpy as np

from detak.recommend.arrange import Occasion, Shelf, arrange
from detak.recommend.base import NOBODY, Floats, Ints32, Scored
from detak.recommend.newcomers import chosen, in_turn, newcomers, places
from detak.recommend.replenish import Rhythm
from detak.recommend.ruled import Ruled, ruled
from detak.recommend.rules import New, RulesFile
from detak.recommending.answering import Answering
from detak.recommending.asking import BY_RULE, FOR_YOU, NEWEST, Ask, Pick, Recommended
from detak.trust.passages import Visitor

_CANDIDATES: Final = 200  # at least, and five times as many as are shown
_TIMES: Final = 5
_REPLENISH: Final = "replenish"
_SIMILAR: Final = "similar"
_ALIKE: Final = 500  # products like what somebody touched, among which new ones are looked for
_HOUR: Final = 3_600_000_000
_NONE: Final = np.zeros(0, np.int32)


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
        self._newest: tuple[tuple[New, int] | None, Ints32] = (None, _NONE)

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
        laid = self.laid(placement)
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
        occasion = self._occasion(answering, ask, found.visitor, now)
        fresh = self._fresh(laid, ask, found.visitor, occasion, set(list(picks)[: ask.k]))
        occasion = replace(occasion, fresh={at: places[one.product_id] for at, one in fresh.items()})
        shelf = arrange(candidates, ask.k, laid, occasion)
        return replace(found, items=list(self._picks(shelf, picks, {one.product_id: one for one in fresh.values()})))

    def _fresh(
        self, laid: Ruled, ask: Ask, visitor: Visitor, occasion: Occasion, best: Collection[int]
    ) -> dict[int, Pick]:
        """New products, by the places that are kept for them; none of those that stand among the ``best`` anyway."""
        open_ = places(laid.rules.new, ask.k) if ask.shelf == FOR_YOU else []
        new = self._new(laid.rules.new, occasion.now) if open_ else _NONE
        touched = (self.answering.places.get(one) for one in visitor.touches.product)
        gone = {*occasion.exclude.tolist(), *occasion.bought.tolist(), *touched, *best}
        new = new[[one not in gone and not laid.hidden[one] for one in new.tolist()]] if len(new) else new
        if not len(new):
            return {}
        alike = self.answering.alike(visitor, _ALIKE, occasion.now)
        here = np.isin(alike.item, new)
        theirs = Scored(alike.item[here], alike.score[here], alike.because[here])
        said = [(one, _SIMILAR) for one in chosen(theirs, len(open_), laid)] if len(theirs.item) else []
        if not said:
            said = [(one, NEWEST) for one in chosen(in_turn(new, occasion.now), len(open_), laid)]
        ids = self.answering.content.ids
        picks = [Pick(ids[one], 0.0, by, None if told == NOBODY else ids[told]) for (one, told), by in said]
        return dict(zip(open_, picks, strict=False))

    def _new(self, rule: New, now: int) -> Ints32:
        """The products that are new, can be had, and are not sensitive; looked for once an hour."""
        key = (rule, now // _HOUR)
        if self._newest[0] != key:
            count = np.bincount(self.answering.fitted.data.item, minlength=len(self.answering.content))
            fresh = newcomers(rule, self.answering.content, count, now)
            fresh[self.answering.closed_personally] = False
            self._newest = (key, fresh.nonzero()[0].astype(np.int32))
        return self._newest[1]

    def _picks(self, shelf: Shelf, picks: Mapping[int, Pick], fresh: Mapping[str, Pick]) -> Iterator[Pick]:
        ids = self.answering.content.ids
        for item, score, rules in zip(shelf.item.tolist(), shelf.score.tolist(), shelf.rules, strict=True):
            named = (fresh.get(ids[item]) if "new" in rules else picks.get(item)) or Pick(ids[item], 0.0, BY_RULE)
            yield Pick(named.product_id, score, named.by, named.because, rules)

    def laid(self, placement: str) -> Ruled:
        """A placement's rules over the products: its own, else those for all."""
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
        return Occasion(now, bought.item, bought.time, due, exclude, sellable=self._sellable, fame=self.fame)

    @cached_property
    def _with_sold_out(self) -> Answering:
        return replace(self.answering, sold_out=True)

    @cached_property
    def _sellable(self) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        found = np.ones(len(self.answering.content.ids), np.bool_)
        found[self.answering.closed] = False
        return found

    @cached_property
    def fame(self) -> Floats:
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
