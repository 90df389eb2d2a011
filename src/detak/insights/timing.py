"""When people order: weekday by hour, in the shop's zone."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from detak.consent import Purpose
from detak.insights import dimensions, render
from detak.insights.base import Facts, Report, Shop, local
from detak.insights.blocks import Block, Heat, Note, Row, Table, Words
from detak.insights.orders import KEY, headers
from detak.words import say


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """Orders placed in one hour of the week."""

    weekday: int
    """0 = Monday."""
    hour: int
    """0 to 23, in the report's zone."""
    orders: int
    level: str | msgspec.UnsetType = msgspec.UNSET
    """Of the dimension, where the report has one."""


class TimingReport(Report, frozen=True, kw_only=True):
    """Orders by hour of the week: all 168 cells, or with a dimension those that are not empty."""

    zone: str
    by: str | None
    orders: int
    without_time: int
    """Orders whose time is unknown: they are in no cell."""
    cells: list[Cell]
    note: str | None = None

    def blocks(self, shop: Shop) -> list[Block]:
        """The busiest hour and the week as a map; with a dimension the busiest time of each level."""
        language = shop.language
        lead = [say(language, "timing.title", orders=render.whole(self.orders, language), zone=self.zone)]
        drawn: list[Block] = []
        if not any(cell.orders for cell in self.cells):
            lead.append(say(language, "timing.nothing"))
        else:
            drawn = [self._levels(language) if self.by else self._week(language)]
            lead += [] if self.by else [self._busiest(language)]
        if self.without_time:
            lead.append(say(language, "timing.without_time", orders=render.whole(self.without_time, language)))
        return [Words(lead), *drawn, *([Note(self.note)] if self.note else [])]

    def _week(self, language: str) -> Heat:
        counts = {(cell.weekday, cell.hour): cell.orders for cell in self.cells}
        rows = [[counts.get((day, hour), 0) for hour in range(24)] for day in range(7)]
        return Heat(
            say(language, "timing.week"),
            [render.weekday(day, language) for day in range(7)],
            [f"{hour:02d}" for hour in range(24)],
            [[float(count) for count in row] for row in rows],
            [[render.whole(count, language) for count in row] for row in rows],
        )

    def _levels(self, language: str) -> Table:
        levels: dict[str, list[Cell]] = {}
        for cell in self.cells:
            levels.setdefault(str(cell.level), []).append(cell)
        largest = sorted(levels, key=lambda level: (-sum(cell.orders for cell in levels[level]), level))
        heads = [say(language, f"report.{self.by}")]
        heads += [say(language, f"timing.{key}") for key in ("orders", "weekday", "hour")]
        rows = [Row([level, *_peaks(levels[level], language)]) for level in largest]
        return Table(say(language, "timing.levels"), heads, rows)

    def _busiest(self, language: str) -> str:
        cell = max(self.cells, key=lambda one: one.orders)
        return say(
            language,
            "timing.busiest",
            weekday=render.weekday(cell.weekday, language),
            hour=render.clock(cell.hour, language),
            until=render.clock(cell.hour + 1, language),
            orders=render.whole(cell.orders, language),
        )


@dataclass(frozen=True)
class Timing:
    """Counts orders placed, the later cancelled included: when people shop, not when they keep what they bought."""

    insight: ClassVar[str] = "timing"
    purpose: ClassVar[Purpose] = Purpose.ANALYTICS
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {"by": dimensions.DIMENSIONS}
    by: str | None = None
    """A dimension to split by, of ``dimensions.DIMENSIONS``."""

    def __post_init__(self) -> None:
        """See that the dimension exists.

        Raises:
            UsageError: it does not.
        """
        dimensions.check(self.by, dimensions.DIMENSIONS)

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:
        """``cells``: level, small, weekday, hour, orders; ``totals``: orders, without_time."""
        every = headers(facts)
        rows = every.select(*KEY, "time") if self.by is None else self._split(every, facts, shop)
        timed = rows.filter(rows.time.notnull())
        here = local(timed.time, shop.zone)
        names = ["weekday", "hour"] if self.by is None else ["level", "small", "weekday", "hour"]
        cells = (
            timed.mutate(weekday=here.day_of_week.index(), hour=here.hour()).group_by(names).agg(orders=ibis._.count())
        )
        totals = every.agg(orders=every.count(), without_time=every.time.isnull().sum())
        return {"cells": cells, "totals": totals}

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> TimingReport:
        """The report, its cells in the order of the week."""
        totals = sums["totals"].to_pylist()[0]
        several = say(shop.language, "report.several_categories") if self.by == "category" else None
        return TimingReport(
            zone=shop.zone.key,
            by=self.by,
            orders=totals["orders"],
            without_time=totals["without_time"] or 0,
            cells=_week(sums["cells"]) if self.by is None else _split_cells(sums["cells"], self.by, shop),
            note=several,
        )

    def _split(self, every: ir.Table, facts: Facts, shop: Shop) -> ir.Table:
        parted = dimensions.split(every, facts, str(self.by), shop)
        return parted.select(*KEY, "time", "level", "small")


def _week(cells: pa.Table) -> list[Cell]:
    counts = {(row["weekday"], row["hour"]): row["orders"] for row in cells.to_pylist()}
    return [Cell(weekday=at, hour=hour, orders=counts.get((at, hour), 0)) for at in range(7) for hour in range(24)]


def _split_cells(cells: pa.Table, by: str, shop: Shop) -> list[Cell]:
    found = [
        Cell(
            level=dimensions.name(by, row["level"], row["small"], shop),
            weekday=row["weekday"],
            hour=row["hour"],
            orders=row["orders"],
        )
        for row in cells.to_pylist()
    ]
    return sorted(found, key=lambda cell: (str(cell.level), cell.weekday, cell.hour))


def _peaks(cells: list[Cell], language: str) -> list[str]:
    days, hours = Counter[int](), Counter[int]()
    for cell in cells:
        days[cell.weekday] += cell.orders
        hours[cell.hour] += cell.orders
    day, hour = (max(counts, key=lambda at: (counts[at], -at)) for counts in (days, hours))
    return [render.whole(days.total(), language), render.weekday(day, language), render.clock(hour, language)]
