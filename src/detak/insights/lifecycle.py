"""Where buyers stand, and how they moved within the last period: new, returning, slipping, lost, won back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from detak.consent import Purpose
from detak.errors import WordedError
from detak.insights import render
from detak.insights.base import Facts, Report, Shop
from detak.insights.blocks import Bar, Bars, Block, Note, Row, Table, Words
from detak.insights.stages import LOST, NEW, RETURNING, SLIPPING, STAGES, WON_BACK, Pace, placed, stage
from detak.insights.trail import latest_of, span_of
from detak.words import say

_NONE: Final = "none"  # had not ordered yet


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """Buyers at one stage."""

    stage: str
    people: int | None
    """Null: it cannot be told yet, as the facts do not reach back as far as the stage does (``Pace.needed``)."""
    before: int | None
    """A period earlier."""


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """Buyers who moved, or stayed, within the last period."""

    come_from: str
    """A stage, or ``none``: had not ordered yet."""
    to: str
    people: int


class LifecycleReport(Report, frozen=True, kw_only=True):
    """All buyers by stage; flows of fewer people than the shop shows are left out."""

    period: int
    lost: int
    days: int
    """Whole days that the facts tell of."""
    buyers: int
    stages: list[Stage]
    flows: list[Flow]

    def blocks(self, shop: Shop) -> list[Block]:
        """Sentences, a bar a stage, a table of flows."""
        language = shop.language
        if not self.buyers:
            return [Words([say(language, "lifecycle.nothing")])]
        bars = [
            Bar(
                say(language, f"stage.{one.stage}"),
                one.people,
                f"{render.whole(one.people, language)} · {render.percent(one.people / self.buyers, language)}",
                key=f"stage:{one.stage}",
            )
            for one in self.stages
            if one.people is not None
        ]
        heads = [say(language, f"lifecycle.{key}") for key in ("from", "to", "people")]
        rows = [
            Row(
                [
                    say(language, f"stage.{one.come_from}"),
                    say(language, f"stage.{one.to}"),
                    render.whole(one.people, language),
                ],
                f"flow:{one.come_from}:{one.to}",
            )
            for one in self.flows
        ]
        note = say(language, "lifecycle.note", period=self.period, lost=self.lost)
        return [
            Words(self._sentences(language)),
            Bars(say(language, "lifecycle.title"), bars),
            Table(say(language, "lifecycle.flows", period=self.period), heads, rows, left=2),
            Note(note),
        ]

    def _sentences(self, language: str) -> list[str]:
        people = {one.stage: one.people for one in self.stages}
        moved = {(one.come_from, one.to): one.people for one in self.flows}
        active = sum(people[one] or 0 for one in (NEW, RETURNING, WON_BACK))
        lines = [self._said("lead", language, buyers=self.buyers, active=active)]
        if people[SLIPPING] is not None:
            slipped = sum(moved.get((one, SLIPPING), 0) for one in (NEW, RETURNING))
            lines.append(self._said("slipped", language, people=slipped))
        if people[LOST] is not None:
            gone = moved.get((SLIPPING, LOST), 0)
            lines.append(self._said("gone", language, people=gone, back=people[WON_BACK] or 0))
        elif people[SLIPPING] is not None:
            lines.append(self._said("gone_untold", language, days=self.days))
        else:
            lines.append(self._said("untold", language, days=self.days))
        return lines

    def _said(self, key: str, language: str, **counts: int) -> str:
        shown = {name: render.whole(count, language) for name, count in counts.items()}
        return say(language, f"lifecycle.{key}", period=self.period, lost=self.lost, **shown)


@dataclass(frozen=True)
class Lifecycle:
    """By orders placed, as of the latest moment that the facts tell of."""

    insight: ClassVar[str] = "lifecycle"
    purpose: ClassVar[Purpose] = Purpose.ANALYTICS
    period: int = 30
    """Days: who ordered within the last so many is not slipping."""
    lost: int = 90
    """Days: who did not order for so long is lost."""

    def __post_init__(self) -> None:
        """See that the lengths make sense.

        Raises:
            UsageError: they do not.
        """
        _ = self.pace

    @property
    def pace(self) -> Pace:
        """The lengths."""
        return Pace(self.period, self.lost)

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:  # noqa: ARG002 - the contract's
        """``moves``: come_from, to, people; ``span``: first, last."""
        both = self._moves(facts)
        return {"moves": both.group_by("come_from", "to").agg(people=both.count()), "span": span_of(facts)}

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> LifecycleReport:
        """The report."""
        moves = {(row["come_from"], row["to"]): row["people"] for row in sums["moves"].to_pylist()}
        flows = [
            Flow(come_from=one, to=other, people=people)
            for (one, other), people in sorted(moves.items(), key=lambda move: (-move[1], move[0]))
            if people >= shop.min_group
        ]
        days = _days(sums["span"])
        return LifecycleReport(
            period=self.period,
            lost=self.lost,
            days=days,
            buyers=sum(moves.values()),
            stages=[
                Stage(
                    stage=name,
                    people=sum(people for (_, to), people in moves.items() if to == name) if days >= needed else None,
                    before=sum(people for (come_from, _), people in moves.items() if come_from == name)
                    if days >= needed + self.period
                    else None,
                )
                for name in STAGES
                for needed in (self.pace.needed(name),)
            ],
            flows=flows,
        )

    def behind(self, facts: Facts, shop: Shop, key: str) -> ir.Table:  # noqa: ARG002 - the contract's
        """``stage:lost``: who stands there; ``flow:slipping:lost``: who moved so.

        Raises:
            UsageError: there is no such stage.
        """
        kind, *names = key.split(":")
        wanted = {"stage": 1, "flow": 2}.get(kind)
        if wanted != len(names) or not set(names) <= {*STAGES, _NONE}:
            raise WordedError("number", {"number": key[:80], "example": f"stage:{LOST}, flow:{SLIPPING}:{LOST}"})
        both = self._moves(facts)
        if kind == "flow":
            both = both.filter(both.come_from == names[0])
        return both.filter(both.to == names[-1]).select("subject")

    def _moves(self, facts: Facts) -> ir.Table:
        """``subject, come_from, to``: everybody who ever ordered."""
        orders, end = placed(facts), latest_of(facts)
        now = stage(orders, end, self.pace)
        before = stage(orders, end - ibis.interval(days=self.period), self.pace)
        both = now.left_join(before, "subject")
        return both.select("subject", to=both.stage, come_from=both.stage_right.fill_null(_NONE))


def _days(span: pa.Table) -> int:
    first, last = span["first"][0].as_py(), span["last"][0].as_py()
    return (last - first).days if first is not None else 0
