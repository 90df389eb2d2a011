"""Why each product of an answer is there: what spoke for it, and in words. Pure."""

from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np

from detak.catalogue import UNKNOWN
from detak.recommend.content import Kind
from detak.recommend.reasons import Reason, by_history, by_novelty, by_popularity, by_rules
from detak.recommend.trending import Popular
from detak.recommending.answering import Answering
from detak.recommending.asking import AS_SENT, BY_RULE, NEWEST, Ask, Pick, Recommended

_MOST_TOUCHED: Final = "popular"
_PINNED: Final = "pin"  # a rule of the shelf


class Shown(msgspec.Struct, frozen=True):
    """A product of an answer, and why."""

    product_id: str
    score: float
    """Compares with others of the same ``by``."""
    by: str
    because: str | None
    """The product of the history that speaks for it most."""
    reason: str
    """In words."""
    rules: tuple[str, ...] = ()
    """The shop's rules that had it stand where it stands."""


class Told(msgspec.Struct, frozen=True):
    """An answer for whoever reads it: products, best first. ``cold``: nothing of the person stood behind it."""

    items: list[Shown]
    model_version: str
    cold: bool


def told(answering: Answering, ask: Ask, found: Recommended, now: int, language: str) -> Told:
    """An answer with its reasons in words."""
    reasons = reasons_of(answering, ask, found, now)
    shown = [
        Shown(pick.product_id, pick.score, pick.by, pick.because, reason.said(language), pick.rules)
        for pick, reason in zip(found.items, reasons, strict=True)
    ]
    return Told(shown, found.model_version, found.cold)


def reasons_of(answering: Answering, ask: Ask, found: Recommended, now: int) -> list[Reason]:
    """For each product of the answer why it is there."""
    kinds: dict[str, Kind] = {}
    for product, kind in zip(found.visitor.touches.product, found.visitor.touches.kind.tolist(), strict=True):
        kinds[product] = max(Kind(kind), kinds.get(product, Kind.VIEW))
    popular = _popular(answering, ask, found, now)
    return [
        Reason("shop")  # it stands there because the shop has it so, whatever else speaks for it
        if pick.by == AS_SENT or _PINNED in pick.rules
        else popular.get(at) or _reason(answering, ask, pick, kinds)
        for at, pick in enumerate(found.items)
    ]


def _reason(answering: Answering, ask: Ask, pick: Pick, kinds: Mapping[str, Kind]) -> Reason:
    content = answering.content
    if pick.by == BY_RULE:
        return next(iter(by_rules(pick.rules)), Reason("shop"))
    if pick.because is not None:
        return by_history(pick.by, answering.places[pick.because], kinds.get(pick.because, Kind.VIEW), content)
    if pick.by == NEWEST:
        at = answering.places[pick.product_id]
        return by_novelty(at, content) if content.added[at] != UNKNOWN else Reason("shop")
    if pick.by == _MOST_TOUCHED:
        return Reason("popular_category", category=ask.category) if ask.category else Reason("popular")
    return Reason("for_you")


def _popular(answering: Answering, ask: Ask, found: Recommended, now: int) -> dict[int, Reason]:
    """Of the products that are there because they are popular now, by their place in the answer, where and when."""
    reasons: dict[int, Reason] = {}
    for by, model in answering.models.items():
        at = [place for place, pick in enumerate(found.items) if pick.by == by]
        if isinstance(model, Popular) and at:
            numbers = np.array([answering.places[found.items[place].product_id] for place in at], np.int32)
            basis = model.basis(numbers, answering.situation(ask, now))
            reasons |= {place: by_popularity(one, ask.category) for place, one in zip(at, basis, strict=True)}
    return reasons
