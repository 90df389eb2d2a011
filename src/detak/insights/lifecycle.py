"""Where buyers stand, and how they moved within the last period: new, returning, slipping, lost, won back."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from detak.consent import Purpose
from detak.errors import WordedError
from detak.insights import few, render
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
    """Null: it cannot be told yet, as the facts do not reach back as far as the stage does (``Pace.needed``); or it is
    withheld (``few``)."""
    before: int | None
    """A period earlier."""
    withheld: bool
    """Whether one of the two is."""


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """Buyers who moved, or stayed, within the last period."""

    come_from: str
    """A stage, or ``none``: had not ordered yet."""
    to: str
    people: int


class LifecycleReport(Report, frozen=True, kw_only=True):
    """All buyers by stage; flows of few people are left out, and those that would tell of these."""

    period: int
    lost: int
    days: int
    """Whole days that the facts tell of."""
    buyers: int | None
    """Null: withheld, as all else is then."""
    stages: list[Stage]
    flows: list[Flow]
    withheld: str | None
    """What is to be said of it, where something is."""

    def blocks(self, shop: Shop) -> list[Block]:
        """Sentences, a bar a stage, a table of flows."""
        language = shop.language
        if not self.buyers:
            key = "lifecycle.nothing" if self.buyers == 0 else "lifecycle.few"
            return [Words([say(language, key, least=render.whole(shop.min_group, language))])]
        bars = [_bar(one, self.buyers, language) for one in self.stages if one.people is not None or one.withheld]
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
            *([Note(self.withheld)] if self.withheld else []),
        ]

    def _sentences(self, language: str) -> list[str]:
        people = {one.stage: one.people for one in self.stages}
        pace, buyers, withheld = (
            Pace(self.period, self.lost),
            self.buyers or 0,
            {one.stage for one in self.stages if one.withheld},
        )
        lines = [self._said("buyers", language, buyers=buyers)]
        if not withheld & {NEW, RETURNING, WON_BACK}:
            active = sum(people[one] or 0 for one in (NEW, RETURNING, WON_BACK))
            lines = [self._said("lead", language, buyers=buyers, active=active)]
        slipped, gone = self._moved((NEW, RETURNING), SLIPPING), self._moved((SLIPPING,), LOST)
        if self.days >= pace.needed(SLIPPING) and slipped is not None:
            lines.append(self._said("slipped", language, people=slipped))
        if self.days >= pace.needed(LOST):
            told = gone is not None and WON_BACK not in withheld
            return (
                [*lines, self._said("gone", language, people=gone or 0, back=people[WON_BACK] or 0)] if told else lines
            )
        key = "gone_untold" if self.days >= pace.needed(SLIPPING) else "untold"
        return [*lines, self._said(key, language, days=self.days)]

    def _moved(self, come_from: Collection[str], to: str) -> int | None:
        """How many moved so; None: that is not told of all of them."""
        moved = {one.come_from: one.people for one in self.flows if one.to == to}
        whole = self.withheld is None or moved.keys() >= set(come_from)
        return sum(moved.get(one, 0) for one in come_from) if whole else None

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
        told = _told(dict(sorted(moves.items(), key=lambda move: (-move[1], move[0]))), shop.min_group)
        days = _days(sums["span"])
        return LifecycleReport(
            period=self.period,
            lost=self.lost,
            days=days,
            buyers=told.buyers,
            stages=[self._stage(name, told, days) for name in STAGES],
            flows=[Flow(come_from=one, to=to, people=count) for (one, to), count in told.flows.items() if count],
            withheld=few.note([told.buyers, *told.now.values(), *told.before.values(), *told.flows.values()], shop),
        )

    def _stage(self, name: str, told: "_Told", days: int) -> Stage:
        needed = self.pace.needed(name)
        able = [(told.now[name], days >= needed), (told.before[name], days >= needed + self.period)]
        people, before = (count if known else None for count, known in able)
        return Stage(
            stage=name, people=people, before=before, withheld=any(known and count is None for count, known in able)
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

    def whole(self, key: str) -> str | None:
        """Who moved so stands there now."""
        kind, *names = key.split(":")
        return f"stage:{names[-1]}" if kind == "flow" else None

    def _moves(self, facts: Facts) -> ir.Table:
        """``subject, come_from, to``: everybody who ever ordered."""
        orders, end = placed(facts), latest_of(facts)
        now = stage(orders, end, self.pace)
        before = stage(orders, end - ibis.interval(days=self.period), self.pace)
        both = now.left_join(before, "subject")
        return both.select("subject", to=both.stage, come_from=both.stage_right.fill_null(_NONE))


class _Told(NamedTuple):
    """What may be told of moves; None: withheld."""

    buyers: int | None
    now: dict[str, int | None]
    before: dict[str, int | None]
    flows: dict[tuple[str, str], int | None]


def _told(moves: Mapping[tuple[str, str], int], least: int) -> _Told:
    """All buyers first, then where they stand, where they stood, and how they moved, most first."""
    people = list(moves.values())
    sums: dict[tuple[str, ...], list[int]] = {("all",): list(range(len(people)))}
    for kind, side in (("to", 1), ("from", 0)):
        sums |= {(kind, name): [at for at, move in enumerate(moves) if move[side] == name] for name in STAGES}
    sums |= {("flow", *move): [at] for at, move in enumerate(moves)}
    shown = few.untelling(list(sums.values()), people, least)
    told = {
        key: sum(people[at] for at in one) if seen else None
        for (key, one), seen in zip(sums.items(), shown, strict=True)
    }
    now, before = ({name: told[kind, name] for name in STAGES} for kind in ("to", "from"))
    return _Told(told["all",], now, before, {move: told["flow", *move] for move in moves})


def _bar(one: Stage, buyers: int, language: str) -> Bar:
    label = say(language, f"stage.{one.stage}")
    if one.people is None:
        return Bar(label, 0, few.cell(None, language))
    shown = f"{render.whole(one.people, language)} · {render.percent(one.people / buyers, language)}"
    return Bar(label, one.people, shown, key=f"stage:{one.stage}")


def _days(span: pa.Table) -> int:
    first, last = span["first"][0].as_py(), span["last"][0].as_py()
    return (last - first).days if first is not None else 0
