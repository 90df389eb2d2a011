"""When people visit, search, fill carts and order: weekday by hour, by the shop's clock or by each person's own."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from detak.consent import Purpose
from detak.errors import WordedError
from detak.insights import few, moments, render
from detak.insights.base import Facts, Report, Shop, local
from detak.insights.blocks import Block, Heat, Note, Row, Table, Words
from detak.place import HOURS_AHEAD
from detak.words import say

SHOP, OWN = "shop", "own"
CLOCKS: Final = (SHOP, OWN)
_DAYS, _HOURS = range(7), range(24)
_TOGETHER: Final = 3  # hours that are named as one
_LEVELS: Final = 20
_FEW: Final = 20  # fewer name no busy hour: chance alone would


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """One hour of the week."""

    weekday: int
    """0 = Monday."""
    hour: int
    count: int


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """The 168 hours of one kind of moment."""

    of: str
    level: str | None
    """Of the dimension, where the report has one; null: unknown, or all small ones together."""
    small: bool
    count: int
    hours: list[Hour]


class HoursReport(Report, frozen=True, kw_only=True):
    """Weeks, one for each kind of moment (or level of the dimension), the largest level first."""

    zone: str
    clock: str
    by: str | None
    weeks: list[Week]

    def blocks(self, shop: Shop) -> list[Block]:
        """What is busiest, then a map for each kind; with a dimension a table of its levels."""
        if not any(week.count for week in self.weeks):
            return [Words([say(shop.language, "hours.nothing")])]
        told = Words([_busiest(week, shop) for week in self.weeks[:_LEVELS] if week.count and not self.by])
        note = Note(say(shop.language, f"hours.clock_{self.clock}", zone=self.zone))
        if self.by:
            return [_levels(self.weeks, self.by, shop), note]
        return [told, *(_heat(week, shop) for week in self.weeks if week.count), note]


@dataclass(frozen=True)
class Hours:
    """Counts moments (``moments.KINDS``) by the hour of the week they fall into."""

    insight: ClassVar[str] = "hours"
    purpose: ClassVar[Purpose] = Purpose.ANALYTICS
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {"of": moments.KINDS, "by": moments.PLACES, "clock": CLOCKS}
    of: str | None = None
    """One kind of ``moments.KINDS``; None: all, or with a dimension visits."""
    by: str | None = None
    """A dimension to split by, of ``moments.PLACES``."""
    clock: str = SHOP
    """``shop``: the shop's zone; ``own``: that of the province a moment states (the shop's where it states none)."""

    def __post_init__(self) -> None:
        """See that there is such a kind, dimension and clock.

        Raises:
            UsageError: there is not.
        """
        if self.of is not None:
            moments.check(self.of)
        if self.by is not None and self.by not in moments.PLACES:
            raise WordedError("choice", {"name": "by", "value": self.by[:40], "known": ", ".join(moments.PLACES)})
        if self.clock not in CLOCKS:
            raise WordedError("choice", {"name": "clock", "value": self.clock[:40], "known": ", ".join(CLOCKS)})

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:
        """For each kind: level, small, weekday, hour, count; without a dimension the level is null, and not small."""
        return {kind: self._counted(facts, kind, shop) for kind in self._kinds()}

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> HoursReport:
        """The report, hours in the order of the week."""
        weeks = [week for kind in self._kinds() for week in _weeks(kind, sums[kind].to_pylist())]
        if self.by is None:
            weeks = weeks or [_week(kind, (None, False), {}) for kind in self._kinds()]
        return HoursReport(zone=shop.zone.key, clock=self.clock, by=self.by, weeks=weeks)

    def behind(self, facts: Facts, shop: Shop, key: str) -> ir.Table:
        """The people of one hour: ``orders/0/13`` are those who ordered on a Monday between 13 and 14.

        Raises:
            UsageError: the report has no such number.
        """
        kind, _, rest = key.partition("/")
        day, _, hour = rest.partition("/")
        if kind not in moments.KINDS or not (day.isdigit() and hour.isdigit()):
            raise WordedError("number", {"number": key[:80], "example": "visits/0/13"})
        timed = self._timed(facts, kind, shop)
        here = timed.filter(timed.weekday == int(day), timed.hour == int(hour), timed.subject.notnull())
        return here.select("subject").distinct()

    def _kinds(self) -> tuple[str, ...]:
        if self.of is not None:
            return (self.of,)
        return moments.KINDS if self.by is None else (moments.VISITS,)

    def _timed(self, facts: Facts, kind: str, shop: Shop) -> ir.Table:
        found = moments.moments(facts, kind)
        here = local(found.time, shop.zone) if self.clock == SHOP else own(found, shop)
        return found.mutate(weekday=here.day_of_week.index(), hour=here.hour())

    def _counted(self, facts: Facts, kind: str, shop: Shop) -> ir.Table:
        timed = self._timed(facts, kind, shop)
        if self.by is None:
            grouped = timed.group_by(["weekday", "hour"]).agg(count=ibis._.count())
            return grouped.mutate(level=ibis.null("string"), small=ibis.literal(False))
        whole = few.by_people(timed.mutate(level=timed[self.by]), shop.min_group)
        return whole.group_by(["level", "small", "weekday", "hour"]).agg(count=ibis._.count())


def own(found: ir.Table, shop: Shop) -> ir.TimestampColumn:
    """``time`` by the clock of the ``province``; by the shop's where that is unknown or abroad."""
    zones: dict[int, list[str]] = {}
    for province, ahead in HOURS_AHEAD.items():
        zones.setdefault(ahead, []).append(province)
    branches = [
        (found.province.isin(provinces), found.time + ibis.interval(hours=ahead))
        for ahead, provinces in sorted(zones.items())
    ]
    return ibis.cases(*branches, else_=local(found.time, shop.zone))


def _weeks(kind: str, rows: Iterable[dict[str, Any]]) -> list[Week]:
    found: dict[tuple[str | None, bool], dict[tuple[int, int], int]] = {}
    for row in rows:
        found.setdefault((row["level"], row["small"]), {})[row["weekday"], row["hour"]] = row["count"]
    weeks = [_week(kind, level, counts) for level, counts in found.items()]
    return sorted(weeks, key=lambda week: (week.small, -week.count, week.level or ""))


def _week(kind: str, level: tuple[str | None, bool], counts: Mapping[tuple[int, int], int]) -> Week:
    hours = [Hour(weekday=day, hour=hour, count=counts.get((day, hour), 0)) for day in _DAYS for hour in _HOURS]
    return Week(of=kind, level=level[0], small=level[1], count=sum(counts.values()), hours=hours)


def _busiest(week: Week, shop: Shop) -> str:
    """The three hours of the day and the weekday that have the most, where there is enough to go by."""
    language = shop.language
    what, count = say(language, f"hours.{week.of}"), render.whole(week.count, language)
    if week.count < _FEW:
        return say(language, "hours.few", what=what, count=count)
    hours, days = _profiles(week)
    spans = {start: sum(hours[(start + step) % 24] for step in range(_TOGETHER)) for start in _HOURS}
    start = max(spans, key=lambda one: (spans[one], -one))
    quiet = min(spans, key=lambda one: (spans[one], one))
    day = max(days, key=lambda one: (days[one], -one))
    return say(
        language,
        "hours.busiest",
        what=what,
        count=count,
        start=render.clock(start, language),
        until=render.clock(start + _TOGETHER, language),
        share=render.percent(spans[start] / week.count, language),
        quiet=render.clock(quiet, language),
        quiet_until=render.clock(quiet + _TOGETHER, language),
        weekday=render.weekday(day, language),
        day_share=render.percent(days[day] / week.count, language),
    )


def _profiles(week: Week) -> tuple[Counter[int], Counter[int]]:
    """Counts by hour of the day, and by weekday."""
    hours, days = Counter[int](dict.fromkeys(_HOURS, 0)), Counter[int](dict.fromkeys(_DAYS, 0))
    for one in week.hours:
        hours[one.hour] += one.count
        days[one.weekday] += one.count
    return hours, days


def _heat(week: Week, shop: Shop) -> Heat:
    """A cell opens where it has as many as the shop shows of a group."""
    counts = {(one.weekday, one.hour): one.count for one in week.hours}
    shown = [[render.whole(counts[day, hour], shop.language) for hour in _HOURS] for day in _DAYS]
    keys = [
        [f"{week.of}/{day}/{hour}" if counts[day, hour] >= shop.min_group else None for hour in _HOURS] for day in _DAYS
    ]
    return Heat(
        title=say(shop.language, "hours.map", what=say(shop.language, f"hours.{week.of}")),
        rows=[render.weekday(day, shop.language) for day in _DAYS],
        columns=[f"{hour:02d}" for hour in _HOURS],
        values=[[float(counts[day, hour]) for hour in _HOURS] for day in _DAYS],
        shown=shown,
        keys=keys,
    )


def _levels(weeks: list[Week], by: str, shop: Shop) -> Table:
    language = shop.language
    rows = []
    for week in weeks:
        hours, days = _profiles(week)
        unnamed = say(language, "report.small_groups" if week.small else "report.unknown")
        hour, day = (max(found, key=lambda one: (found[one], -one)) for found in (hours, days))
        whole = render.whole(week.count, language)
        rows.append(Row([week.level or unnamed, whole, render.weekday(day, language), render.clock(hour, language)]))
    heads = [say(language, f"report.{by}"), *(say(language, f"hours.head_{one}") for one in ("count", "day", "hour"))]
    title = say(language, "hours.by", what=say(language, f"hours.{weeks[0].of}"))
    return Table(title=title, heads=heads, rows=rows)
