"""Who comes again: people by the week of their first visit, or order, and how many were there in later weeks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar, Final, NamedTuple

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa
from babel.dates import format_date

from detak.consent import Purpose
from detak.errors import WordedError
from detak.insights import few, render
from detak.insights.base import Facts, Report, Shop, local
from detak.insights.blocks import Block, Heat, Note, Words
from detak.insights.stages import placed
from detak.insights.trail import visits_of
from detak.words import say

DAY, WEEK, MONTH = "day", "week", "month"
UNITS: Final = (DAY, WEEK, MONTH)
VISITS, ORDERS = "visits", "orders"
_MONDAY: Final = 3  # 1970-01-01 was a Thursday


class Cohort(msgspec.Struct, frozen=True, kw_only=True):
    """People who came first in the same day, week or month."""

    first: date
    """Its first day, in the shop's zone."""
    people: int
    returned: list[int | None]
    """How many were there 0, 1, 2 ... units later; null: that time is not over yet, or it is withheld (``few``)."""
    withheld: list[int]
    """After how many units it is withheld."""


class RetentionReport(Report, frozen=True, kw_only=True):
    """Cohorts, the oldest first; those of fewer people than the shop shows are left out."""

    unit: str
    of: str
    cohorts: list[Cohort]
    shares: list[float | None]
    """Over all cohorts that are old enough: the share there 0, 1, 2 ... units later; null where it would tell what is
    withheld."""
    withheld: str | None
    """What is to be said of it, where something is."""

    def blocks(self, shop: Shop) -> list[Block]:
        """Sentences and a map of shares."""
        language = shop.language
        if not self.cohorts:
            return [Words([say(language, f"retention.nothing_{self.of}")])]
        names = [render.whole(one.people, language) for one in self.cohorts]
        width = max(len(one.returned) for one in self.cohorts)
        values = [self._shares(one, width) for one in self.cohorts]
        heat = Heat(
            say(language, f"retention.title_{self.of}"),
            [f"{self._name(one, language)} · {name}" for one, name in zip(self.cohorts, names, strict=True)],
            [say(language, f"retention.column_{self.unit}"), *map(str, range(1, width))],
            values,
            [self._shown(one, row, language) for one, row in zip(self.cohorts, values, strict=True)],
            [
                [f"cohort:{one.first}:{at}" if share is not None else None for at, share in enumerate(row)]
                for one, row in zip(self.cohorts, values, strict=True)
            ],
        )
        notes = [say(language, f"retention.note_{self.unit}"), *([self.withheld] if self.withheld else [])]
        return [Words(self._sentences(language)), heat, *map(Note, notes)]

    def _sentences(self, language: str) -> list[str]:
        known = [(at, share) for at, share in enumerate(self.shares) if at and share is not None]
        told = [known[0], known[min(len(known), 4) - 1]] if known else []
        return [
            say(
                language,
                f"retention.lead_{self.of}_{self.unit}",
                share=render.percent(share, language),
                after=render.whole(at, language),
            )
            for at, share in dict(told).items()
        ] or [say(language, "retention.young")]

    def _name(self, one: Cohort, language: str) -> str:
        return (
            format_date(one.first, "MMM y", locale=language) if self.unit == MONTH else render.day(one.first, language)
        )

    @staticmethod
    def _shown(one: Cohort, shares: list[float | None], language: str) -> list[str]:
        unknown = [few.mark(language) if at in one.withheld else "" for at in range(len(shares))]
        return [
            beside if share is None else render.percent(share, language)
            for share, beside in zip(shares, unknown, strict=True)
        ]

    @staticmethod
    def _shares(one: Cohort, width: int) -> list[float | None]:
        padded = [*one.returned, *[None] * (width - len(one.returned))]
        return [None if count is None else count / one.people for count in padded]


@dataclass(frozen=True)
class Retention:
    """A person was there in every unit in which a visit of theirs has an event; or, of orders, placed one."""

    insight: ClassVar[str] = "retention"
    purpose: ClassVar[Purpose] = Purpose.ANALYTICS
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {"unit": UNITS, "of": (VISITS, ORDERS)}
    unit: str = WEEK
    """``day``, ``week`` (from Monday) or ``month``, in the shop's zone."""
    of: str = VISITS
    """``visits`` or ``orders``."""
    cohorts: int = 12
    """The latest so many cohorts."""

    def __post_init__(self) -> None:
        """See that the parameters make sense.

        Raises:
            UsageError: they do not.
        """
        for name, value, known in (("unit", self.unit, UNITS), ("of", self.of, (VISITS, ORDERS))):
            if value not in known:
                raise WordedError("choice", {"name": name, "value": value[:40], "known": ", ".join(known)})
        if not 1 <= self.cohorts <= 400:
            raise WordedError("cohorts")

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:
        """``cohorts``: first, later, people; ``latest``: one row, the unit that is not over. Units are numbers."""
        counted = self._orders(facts, shop) if self.of == ORDERS else self._visits(facts, shop)
        last = self._last(facts, shop)
        recent = counted.cross_join(last)
        recent = recent.filter(recent["first"] > recent.latest - self.cohorts)
        summed = recent.group_by("first", "later").agg(people=recent.people.sum())
        return {"cohorts": summed, "latest": last}

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> RetentionReport:
        """The report."""
        latest = sums["latest"].to_pylist()[0]["latest"]
        rows = {(row["first"], row["later"]): row["people"] for row in sums["cohorts"].to_pylist()}
        firsts = [first for first in sorted({first for first, _ in rows}) if rows[first, 0] >= shop.min_group]
        width = latest - firsts[0] + 1 if firsts else 0
        columns = [_column(rows, [one for one in firsts if _over(one, at, latest)], at, shop) for at in range(width)]
        cohorts = [
            Cohort(
                first=_day(first, self.unit),
                people=rows[first, 0],
                returned=[columns[later].shown.get(first) for later in range(latest - first + 1)],
                withheld=[at for at, one in enumerate(columns) if first in one.shown and one.shown[first] is None],
            )
            for first in firsts
        ]
        withheld = few.note([count for column in columns for count in column.shown.values()], shop)
        shares = [column.share for column in columns]
        return RetentionReport(unit=self.unit, of=self.of, cohorts=cohorts, shares=shares, withheld=withheld)

    def behind(self, facts: Facts, shop: Shop, key: str) -> ir.Table:
        """``cohort:2026-01-05:3``: those of the cohort that begins on that day who were there three units later.

        Raises:
            UsageError: the key is not written so.
        """
        kind, _, rest = key.partition(":")
        day, _, later = rest.partition(":")
        try:
            first = _number(date.fromisoformat(day), self.unit)
        except ValueError:
            first = None
        if kind != "cohort" or first is None or not later.isdigit():
            raise WordedError("number", {"number": key[:80], "example": "cohort:2026-01-05:3"})
        there = self._there(facts, shop)
        born = there.group_by("subject").agg(first=there.unit.min())
        theirs = born.filter(born["first"] == first).select("subject")
        return there.filter(there.unit == first + int(later)).semi_join(theirs, "subject").select("subject")

    def whole(self, key: str) -> str | None:
        """Who was there again is a part of the cohort."""
        start, _, later = key.rpartition(":")
        return None if later == "0" else f"{start}:0"

    def _orders(self, facts: Facts, shop: Shop) -> ir.Table:
        """``first, later, people``."""
        there = self._there(facts, shop)
        born = there.group_by("subject").agg(first=there.unit.min())
        both = there.inner_join(born, "subject")
        both = both.select("first", later=both.unit - both["first"])
        return both.group_by("first", "later").agg(people=both.count())

    def _visits(self, facts: Facts, shop: Shop) -> ir.Table:
        """``first, later, people``: a visit adds its person to every unit that the one before did not reach."""
        visits = visits_of(facts)
        units = {name: _unit(visits[name], self.unit, shop) for name in ("first", "previous", "start", "end")}
        spans = visits.select(**units)
        fresh = spans.filter((spans.previous < spans.start).fill_null(True))
        begun = fresh.select("first", later=fresh.start - fresh["first"])
        longer = spans.filter(spans.end > spans.start)
        later = ibis.range(longer.start + 1, longer.end + 1).unnest() - longer["first"]
        both = begun.union(longer.select("first", later=later).cast(begun.schema()))
        return both.group_by("first", "later").agg(people=both.count())

    def _there(self, facts: Facts, shop: Shop) -> ir.Table:
        """``subject, unit``: in which units each person was there, each once."""
        if self.of == ORDERS:
            orders = placed(facts)
            return orders.select("subject", unit=_unit(orders.time, self.unit, shop)).distinct()
        visits = visits_of(facts)
        spans = visits.select(
            "subject", begun=_unit(visits.start, self.unit, shop), ended=_unit(visits.end, self.unit, shop)
        )
        begun = spans.select("subject", unit=spans.begun)
        longer = spans.filter(spans.ended > spans.begun)
        # Within a visit there is an event every half hour: whoever was there before and after midnight was in between.
        also = longer.select("subject", unit=ibis.range(longer.begun + 1, longer.ended + 1).unnest())
        return begun.union(also.cast(begun.schema())).distinct()

    def _last(self, facts: Facts, shop: Shop) -> ir.Table:
        """The unit of the latest moment that the facts tell of."""
        moments = placed(facts).time if self.of == ORDERS else visits_of(facts).end
        last = moments.max().name("latest").as_table()
        return last.select(latest=_unit(last.latest, self.unit, shop))


def _unit(time: ir.TimestampColumn, unit: str, shop: Shop) -> ir.IntegerColumn:
    """The number of the unit since 1970, in the shop's zone."""
    here = local(time, shop.zone)
    if unit == MONTH:
        return (here.year() * 12 + here.month() - 1).cast("int64")
    days = here.date().delta(ibis.date("1970-01-01"), unit="day")
    return days if unit == DAY else ((days + _MONDAY) / 7).floor().cast("int64")


def _number(day: date, unit: str) -> int:
    if unit == MONTH:
        return day.year * 12 + day.month - 1
    days = (day - date(1970, 1, 1)).days
    return days if unit == DAY else (days + _MONDAY) // 7


def _day(number: int, unit: str) -> date:
    """The first day of a unit."""
    if unit == MONTH:
        return date(number // 12, number % 12 + 1, 1)
    return date(1970, 1, 1) + timedelta(days=number if unit == DAY else number * 7 - _MONDAY)


class _Column(NamedTuple):
    """So many units later: by cohort how many were there, and the share of all."""

    shown: dict[int, int | None]
    share: float | None


def _column(rows: Mapping[tuple[int, int], int], firsts: list[int], later: int, shop: Shop) -> _Column:
    """Of cohorts that are old enough."""
    people, there = [rows[first, 0] for first in firsts], [rows.get((first, later), 0) for first in firsts]
    shown = few.parts(there, shop.min_group, people)
    gone = [whole - count for whole, count in zip(people, there, strict=True)]
    told = sum(people) and few.sums_tell_nothing((there, gone), shown, shop.min_group)
    return _Column(dict(zip(firsts, shown, strict=True)), sum(there) / sum(people) if told else None)


def _over(first: int, later: int, latest: int) -> bool:
    return later == 0 or first + later < latest
