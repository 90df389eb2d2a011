"""Paths of visits: the report, and what a manager reads of it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from detak.estimates.inference import wilson
from detak.insights import render
from detak.insights.base import Report, Shop
from detak.insights.blocks import Bar, Bars, Block, Note, Row, Table, Words
from detak.insights.unheard import unheard
from detak.insights.visit_steps import END, START
from detak.words import say

_ROWS: Final = 12


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """Visits whose ``step``-th step was ``event``, and which went on to ``after``: a band of a Sankey diagram."""

    step: int
    event: str
    after: str
    visits: int
    share: float
    """Of the visits with this step."""


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What stood directly before or after."""

    event: str
    times: int
    share: float


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """Visits that left a cart behind, by their last step. Null: all of them."""

    event: str | None
    visits: int
    back: int
    """Of them, followed by another visit within a week."""
    bought: int
    """Of them, followed by an order within a week."""
    share_back: float
    low: float
    """Of its 95% interval."""
    high: float


class PathsReport(Report, frozen=True, kw_only=True):
    """How visits go on. What few visits did is left out."""

    around: str
    flows: list[Flow]
    """By step, the most frequent first."""
    before: list[Beside]
    after: list[Beside]
    left: list[Left]
    """By last step, the most frequent first; the rare ones are in ``total`` alone."""
    total: Left | None

    def blocks(self, shop: Shop) -> list[Block]:
        """What became of carts; what comes around the step; the ways in."""
        language = shop.language
        if not self.flows:
            return [Words([say(language, "paths.nothing")])]
        told: list[Block] = [Words(_sentences(self, shop))]
        if self.left:
            told.append(_left_table(self, shop))
        for side, rows in (("before", self.before), ("after", self.after)):
            if rows:
                told.append(_bars(self.around, side, rows, shop))
        return [*told, _flow_table(self.flows, shop), Note(say(language, "paths.method"))]


def read(rows: Sequence[Mapping[str, Any]], around: str, least: int) -> PathsReport:
    """From the rows of ``Paths.reduce``."""
    parts: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        parts[row["part"]].append(row)
    left = [_left(row["event"], [row]) for row in parts["left"] if row["people"] >= least]
    enough = sum(row["visits"] for row in parts["left"]) >= least
    return PathsReport(
        around=around,
        flows=_flows(parts["flows"]),
        before=_beside(parts["before"]),
        after=_beside(parts["after"]),
        left=sorted(left, key=lambda one: (-one.visits, one.event or "")),
        total=_left(None, parts["left"]) if enough else None,
    )


def _left(event: str | None, rows: Sequence[Mapping[str, Any]]) -> Left:
    visits, back, bought = (sum(row[name] for row in rows) for name in ("visits", "back", "bought"))
    share = wilson(back, visits)
    return Left(
        event=event,
        visits=visits,
        back=back,
        bought=bought,
        share_back=share.value,
        low=share.low,
        high=share.high,
    )


def _flows(rows: Sequence[Mapping[str, Any]]) -> list[Flow]:
    steps = Counter[tuple[int, str]]()
    for row in rows:
        steps[row["step"], row["event"]] += row["visits"]
    flows = [
        Flow(
            **{name: row[name] for name in ("step", "event", "after", "visits")},
            share=row["visits"] / steps[row["step"], row["event"]],
        )
        for row in rows
    ]
    return sorted(flows, key=lambda one: (one.step, -one.visits, one.event, one.after))


def _beside(rows: Sequence[Mapping[str, Any]]) -> list[Beside]:
    total = sum(row["visits"] for row in rows)
    found = [Beside(event=row["event"], times=row["visits"], share=row["visits"] / total) for row in rows]
    return sorted(found, key=lambda one: (-one.times, one.event))


def _named(event: str, language: str) -> str:
    return say(language, f"paths.{event.strip('()')}") if event in (START, END) else render.event(event, language)


def _sentences(report: PathsReport, shop: Shop) -> list[str]:
    language = shop.language
    told = []
    if report.total is not None:
        told.append(
            say(
                language,
                "paths.left",
                visits=render.whole(report.total.visits, language),
                back=render.percent(report.total.share_back, language),
                low=render.percent(report.total.low, language),
                high=render.percent(report.total.high, language),
                bought=render.percent(report.total.bought / report.total.visits, language),
            )
        )
    if report.left and report.total is not None:
        last = report.left[0]
        share = render.percent(last.visits / report.total.visits, language)
        told.append(say(language, "paths.last", event=render.event(last.event or "", language), share=share))
    if not report.before and not report.after:
        told += unheard(report.around, language, "few")
    for side, rows in (("before", report.before), ("after", report.after)):
        if rows:
            told.append(_most(report.around, side, rows[0], language))
    return told or [say(language, "paths.no_cart")]


def _most(around: str, side: str, one: Beside, language: str) -> str:
    share = render.percent(one.share, language)
    return say(
        language,
        f"paths.most_{side}",
        around=render.event(around, language),
        event=_named(one.event, language),
        share=share,
    )


def _bars(around: str, side: str, rows: Sequence[Beside], shop: Shop) -> Bars:
    language = shop.language
    bars = [
        Bar(_named(one.event, language), one.share, render.percent(one.share, language), key=f"{side}/{one.event}")
        for one in rows[:_ROWS]
    ]
    return Bars(say(language, f"paths.{side}", around=render.event(around, language)), bars)


def _left_table(report: PathsReport, shop: Shop) -> Table:
    language = shop.language
    rows = [
        Row(
            [
                render.event(one.event or "", language),
                render.whole(one.visits, language),
                render.percent(one.share_back, language),
                f"{render.percent(one.low, language)} – {render.percent(one.high, language)}",
                render.percent(one.bought / one.visits, language),
            ],
            f"left/{one.event}",
        )
        for one in report.left
    ]
    heads = [say(language, f"paths.head_{one}") for one in ("event", "visits", "back", "interval", "bought")]
    return Table(say(language, "paths.where"), heads, rows)


def _flow_table(flows: Sequence[Flow], shop: Shop) -> Table:
    language = shop.language
    rows = [
        Row(
            [
                str(one.step),
                render.event(one.event, language),
                _named(one.after, language),
                render.whole(one.visits, language),
                render.percent(one.share, language),
            ]
        )
        for one in flows
    ]
    heads = [say(language, f"paths.head_{one}") for one in ("step", "event", "after", "visits", "share")]
    return Table(say(language, "paths.flows"), heads, rows, left=3)
