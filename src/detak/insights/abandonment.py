"""Why carts are left behind, what it costs, and what removing each reason would bring back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from detak.consent import Purpose
from detak.errors import WordedError
from detak.estimates.inference import Estimate
from detak.insights import abandonment_words
from detak.insights.base import Facts, Report, Shop
from detak.insights.between import Between, MoneyBetween
from detak.insights.blame import NAMES, NONE
from detak.insights.blocks import Block
from detak.insights.cart_strata import REASONS, Strata, banded, read_strata, reduce_strata
from detak.insights.carts import ORDERED, carts
from detak.insights.effects import Effect, Findings, findings
from detak.insights.left_carts import left_carts, reduce_left
from detak.money import Money

MOST: Final = 20_000
_Z: Final = 1.96


class Back(msgspec.Struct, frozen=True, kw_only=True):
    """What removing a reason would bring back, among the carts looked at."""

    orders: Between
    money: MoneyBetween
    unadjusted: float
    """Orders by plain comparison of carts that came as far: what one would believe without adjusting."""
    evalue: float
    """An unseen trait must make both the reason and leaving this many times likelier to explain all of it away."""
    evalue_low: float
    """The same for the near end of the interval; 1: it holds nothing already."""
    strongest: str | None
    """The trait seen that would have misled most, had it not been seen."""
    hidden_low: float | None
    """Orders, if an unseen trait misleads as much as that one would, towards less; and towards more."""
    hidden_high: float | None


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One reason."""

    reason: str
    signs: int | None
    """Carts with its sign; null: it leaves none."""
    left: Between
    """Carts left for it."""
    share: Between
    """Of the carts left."""
    money: Money
    """What they were worth."""
    back: Back | None
    """Null: too few carts tell, or it leaves no sign."""


class AbandonmentReport(Report, frozen=True, kw_only=True):
    """The newest carts whose person and time are known."""

    carts: int
    left: int
    money: Money
    """What the left ones were worth in the shop's currency; those of other currencies count as nothing."""
    since: datetime | None
    """When the oldest of them was filled, UTC."""
    until: datetime | None
    lost_signs: float
    """The part of signs that do not arrive, where it can be counted."""
    reasons: list[Reason]
    """By carts left, most first; the traceless last."""
    few: list[str]
    """Reasons that too few people had: they are not shown."""

    def blocks(self, shop: Shop) -> list[Block]:
        """Ranking, effects, and how firm they are."""
        return abandonment_words.blocks(self, shop)


@dataclass(frozen=True)
class Abandonment:
    """Counts the newest carts by signs and state, and fits what makes people leave."""

    insight: ClassVar[str] = "abandonment"
    purpose: ClassVar[Purpose] = Purpose.ANALYTICS
    most: int = MOST
    """Carts to look at, the newest."""

    def __post_init__(self) -> None:
        """See that there are carts to look at.

        Raises:
            UsageError: there would be none.
        """
        if self.most < 1:
            raise WordedError("most")

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:
        """``strata``: a row for each kind of cart (``cart_strata.reduce_strata``); ``totals``: one row."""
        newest = self._newest(facts, shop)
        return {"strata": reduce_strata(banded(newest)), "totals": _totals(newest)}

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> AbandonmentReport:
        """The report."""
        totals = sums["totals"].to_pylist()[0]
        strata, found = self._findings(sums)
        few = [name for name in REASONS if 0 < totals[f"people_{name}"] < shop.min_group]
        gone = strata.stage < ORDERED
        return AbandonmentReport(
            carts=int(strata.carts.sum()),
            left=int(strata.carts[gone].sum()),
            money=_money(strata.value[gone].sum(), shop),
            since=totals["since"],
            until=totals["until"],
            lost_signs=found.losses.usual,
            reasons=_reasons(strata, found, few, shop),
            few=few,
        )

    def each(self, facts: Facts, shop: Shop, limit: int) -> dict[str, ir.Table]:
        """What ``reduce`` makes, and ``left``: the newest carts left behind."""
        return {**self.reduce(facts, shop), "left": reduce_left(self._newest(facts, shop), limit)}

    def conclude_each(self, sums: Mapping[str, pa.Table], shop: Shop) -> list[tuple[int, dict[str, Any]]]:  # noqa: ARG002
        """Of each of these carts whose it was, and the likely reasons with their chances."""
        return left_carts(sums["left"], sums["strata"], self._findings(sums)[1].blame)

    def _findings(self, sums: Mapping[str, pa.Table]) -> tuple[Strata, Findings]:
        totals, strata = sums["totals"].to_pylist()[0], read_strata(sums["strata"])
        return strata, findings(strata, totals["again"] or 0, totals["unseen"] or 0)

    def behind(self, facts: Facts, shop: Shop, key: str) -> ir.Table:
        """Who left a cart on which the reason's sign shows; for the traceless, one without any.

        Raises:
            UsageError: there is no such reason.
        """
        if key not in NAMES:
            raise WordedError("number", {"number": key[:80], "example": ", ".join(NAMES)})
        left = self._newest(facts, shop)
        left = left.filter(left.stage < ORDERED)
        signs = [left[name] == 1 for name in (REASONS if key == NONE else (key,))]
        shows = ibis.or_(*signs).fill_null(False)
        return left.filter(~shows if key == NONE else shows).select("subject").distinct()

    def _newest(self, facts: Facts, shop: Shop) -> ir.Table:
        every = carts(facts, shop, self.most)
        own = every.currency.fill_null(shop.currency) == shop.currency
        every = every.mutate(value=ibis.ifelse(own, every["value"], ibis.null("int64")))
        turn = ibis.row_number().over(order_by=[every.start.desc(), every.subject, every.visit])
        ranked = every.mutate(turn=turn)
        return ranked.filter(ranked.turn < self.most).drop("turn")


def _totals(newest: ir.Table) -> ir.Table:
    left = newest.stage < ORDERED
    people = {
        f"people_{name}": newest.subject.nunique(where=left & (newest[name] == 1).fill_null(False)) for name in REASONS
    }
    return newest.agg(
        since=newest.start.min(),
        until=newest.start.max(),
        again=newest.paid_again.sum(),
        unseen=newest.unseen_failure.sum(),
        **people,
    )


def _reasons(strata: Strata, found: Findings, few: list[str], shop: Shop) -> list[Reason]:
    """What small groups left is part of the traceless: it is not shown under a name."""
    left, money = found.blame.left(strata.carts).tolist(), found.blame.left(strata.value).tolist()
    spread = found.blame.spread(strata.carts).tolist()
    every = sum(left) or 1.0
    rows = []
    for at, name in enumerate(NAMES):
        if name in few:
            left[-1], money[-1] = left[-1] + left[at], money[-1] + money[at]
            continue
        if left[at] <= 0 and name not in found.effects:
            continue
        count = Between(left[at], *(left[at] * max(0.0, 1 + sign * _Z * spread[at]) for sign in (-1, 1)))
        rows.append(
            Reason(
                reason=name,
                signs=None if name == NONE else int(strata.carts @ (strata.signs[name] == 1)),
                left=count,
                share=Between(*(min(value / every, 1.0) for value in (count.value, count.low, count.high))),
                money=_money(money[at], shop),
                back=_back(found.effects.get(name), shop),
            )
        )
    return sorted(rows, key=lambda row: (row.reason == NONE, -row.left.value, row.reason))


def _back(effect: Effect | None, shop: Shop) -> Back | None:
    if effect is None:
        return None
    return Back(
        orders=_between(effect.orders),
        money=MoneyBetween(*(_money(one, shop) for one in effect.money)),
        unadjusted=effect.unadjusted,
        evalue=effect.evalue,
        evalue_low=effect.evalue_low,
        strongest=effect.strongest,
        hidden_low=effect.hidden[0] if effect.hidden else None,
        hidden_high=effect.hidden[1] if effect.hidden else None,
    )


def _between(estimate: Estimate) -> Between:
    return Between(*estimate)


def _money(minor: float, shop: Shop) -> Money:
    return Money(round(minor), shop.currency)
