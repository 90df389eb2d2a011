"""Paths: how visits go on, what comes before and after a step, and where people went who left a cart behind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from detak.consent import Purpose
from detak.errors import UsageError, WordedError
from detak.event import ORDER_COMPLETED
from detak.insights.base import Facts, Shop
from detak.insights.moments import NOT_DONE, PAUSE, PRODUCT_ADDED
from detak.insights.paths_report import END, START, PathsReport, read

_BACK: Final = ibis.interval(days=7)
_MOST: Final = 500


@dataclass(frozen=True)
class Paths:
    """Steps of visits: the events of known people, the same one again counted once."""

    insight: ClassVar[str] = "paths"
    purpose: ClassVar[Purpose] = Purpose.ANALYTICS
    around: str = PRODUCT_ADDED
    """The event whose steps before and after are shown."""
    depth: int = 4
    """So many steps from the beginning of a visit."""

    def __post_init__(self) -> None:
        """See that the figures make sense.

        Raises:
            UsageError: they do not.
        """
        if not 1 <= self.depth <= 10:
            raise WordedError("depth")
        if not self.around.strip():
            raise WordedError("around")

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:
        """``paths``, of three parts, so that visits are walked once: ``flows``: step, event, after, visits; ``before``,
        ``after``: event, visits; ``left``: event (the last), visits, people, back, bought.
        """
        steps = _steps(facts)
        enough = ibis._.visits >= shop.min_group
        parts = {
            "flows": _flows(steps, self.depth).filter(enough),
            "before": _beside(steps, self.around, "before").filter(enough),
            "after": _beside(steps, self.around, "after").filter(enough),
            "left": _left(steps),
        }
        first, *others = (_part(name, table) for name, table in parts.items())
        return {"paths": first.union(*others)}

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> PathsReport:
        """The report, the most frequent first."""
        return read(sums["paths"].to_pylist(), self.around, shop.min_group)

    def behind(self, facts: Facts, shop: Shop, key: str) -> ir.Table:  # noqa: ARG002  every insight is asked alike
        """The people of one number: ``after/EVENT``, ``before/EVENT`` of ``around``; ``left/EVENT``: who left there.

        Raises:
            UsageError: the report has no such number.
        """
        side, _, event = key.partition("/")
        steps = _steps(facts)
        if side == "left" and event:
            return _abandoned(steps).filter(ibis._.event == event).select("subject").distinct()
        if side not in ("before", "after") or not event:
            raise UsageError(f"{key!r} is no number of this report: write before/, after/ or left/ and the event")
        beside = steps.before if side == "before" else steps.after
        here = steps.filter(steps.event == self.around, beside == event)
        return here.select("subject").distinct()


def _steps(facts: Facts) -> ir.Table:
    """A row a step: ``subject, time, visit, step`` (both from 1), ``event, before, after`` (``START``, ``END``)."""
    done = facts.events.filter(
        facts.events.subject.notnull(), facts.events.time.notnull(), facts.events.event.notin(NOT_DONE)
    ).select("subject", "time", "event")
    by = ibis.window(group_by="subject", order_by=[done.time, done.event])
    done = done.mutate(last=done.time.lag().over(by), same=done.event.lag().over(by))
    fresh = (done.last + PAUSE < done.time).fill_null(True)
    done = done.filter(fresh | (done.event != done.same)).mutate(fresh=fresh.cast("int64"))
    onwards = ibis.window(group_by="subject", order_by=[done.time, done.event], preceding=None, following=0)
    done = done.mutate(visit=done.fresh.sum().over(onwards))
    within = ibis.window(group_by=["subject", "visit"], order_by=[done.time, done.event])
    return done.mutate(
        step=ibis.row_number().over(within) + 1,
        before=done.event.lag().over(within).fill_null(START),
        after=done.event.lead().over(within).fill_null(END),
    )


def _flows(steps: ir.Table, depth: int) -> ir.Table:
    first = steps.filter(steps.step <= depth)
    flows = first.group_by(["step", "event", "after"]).agg(visits=first.count())
    return flows.order_by([flows.visits.desc(), flows.step, flows.event, flows.after]).limit(_MOST)


def _beside(steps: ir.Table, event: str, side: str) -> ir.Table:
    here = steps.filter(steps.event == event)
    return here.group_by(event=here[side]).agg(visits=here.count())


def _part(name: str, table: ir.Table) -> ir.Table:
    """The table with all columns that any part has."""
    wanted = {"step": "int64", "after": "string", "people": "int64", "back": "int64", "bought": "int64"}
    found = {name: table[name].cast(kind) for name, kind in wanted.items() if name in table.columns}
    rest = {name: ibis.null(kind) for name, kind in wanted.items()}
    # An event has a name always; that the column says so would keep it from standing beside one that does not.
    named = table.event.nullif("")
    return table.select(part=ibis.literal(name), event=named, visits=table.visits, **{**rest, **found})


def _abandoned(steps: ir.Table) -> ir.Table:
    """A row for each visit that left a cart behind: ``subject, event`` (the last), ``back, bought`` (within a week)."""
    visits = steps.group_by(["subject", "visit"]).agg(
        begin=steps.time.min(),
        end=steps.time.max(),
        event=steps.event.max(where=steps.after == END),
        cart=(steps.event == PRODUCT_ADDED).any(),
        ordered=steps.time.min(where=steps.event == ORDER_COMPLETED),
    )
    by = ibis.window(group_by="subject", order_by=visits.visit)
    later = ibis.window(group_by="subject", order_by=visits.visit, preceding=0, following=None)
    visits = visits.mutate(next=visits.begin.lead().over(by), order=visits.ordered.min().over(later))
    left = visits.filter(visits.cart, visits.ordered.isnull())
    return left.select(
        "subject",
        "event",
        back=(left["next"] <= left.end + _BACK).fill_null(False),
        bought=(left.order <= left.end + _BACK).fill_null(False),
    )


def _left(steps: ir.Table) -> ir.Table:
    left = _abandoned(steps)
    return left.group_by("event").agg(
        visits=left.count(), people=left.subject.nunique(), back=left.back.sum(), bought=left.bought.sum()
    )
