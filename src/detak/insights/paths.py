"""Paths: how visits go on, what comes before and after a step, and where people went who left a cart behind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from detak.consent import Purpose
from detak.errors import WordedError
from detak.insights.base import Facts, Shop
from detak.insights.paths_report import PathsReport, read
from detak.insights.trail import PRODUCT_ADDED, visits_of
from detak.insights.visit_steps import DEEPEST, visit_steps_of

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
        if not 1 <= self.depth <= DEEPEST:
            raise WordedError("depth")
        if not self.around.strip():
            raise WordedError("around")

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:
        """``paths``, of four parts, so that visits are walked once: ``flows``: step, event, after, visits; ``before``,
        ``after``: event, visits; ``left``: event (the last), visits, people, back, bought.
        """
        steps = visit_steps_of(facts, self.depth)
        enough = ibis._.visits >= shop.min_group
        parts = {
            "flows": _flows(steps, self.depth).filter(enough),
            "before": _beside(steps, self.around, "before").filter(enough),
            "after": _beside(steps, self.around, "after").filter(enough),
            "left": _left(facts),
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
        if side == "left" and event:
            return _abandoned(facts).filter(ibis._.event == event).select("subject").distinct()
        if side not in ("before", "after") or not event:
            raise WordedError("number", {"number": key[:80], "example": "after/Cart Viewed"})
        steps = visit_steps_of(facts, 0)
        beside = steps.before if side == "before" else steps.after
        here = steps.filter(steps.event == self.around, beside == event)
        return here.select("subject").distinct()


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


def _abandoned(facts: Facts) -> ir.Table:
    """A row for each visit that left a cart behind: ``subject, event`` (the last), ``back, bought`` (within a week)."""
    every = visits_of(facts)
    visits = every.semi_join(every.filter(every.carted).select("subject").distinct(), "subject")
    visits = visits.select("subject", "start", "end", "carted", "placed", event=visits["last"])
    by = ibis.window(group_by="subject", order_by=visits.start)
    later = ibis.window(group_by="subject", order_by=visits.start, preceding=0, following=None)
    visits = visits.mutate(next=visits.start.lead().over(by), order=visits.placed.min().over(later))
    left = visits.filter(visits.carted, visits.placed.isnull())
    return left.select(
        "subject",
        "event",
        back=(left["next"] <= left.end + _BACK).fill_null(False),
        bought=(left.order <= left.end + _BACK).fill_null(False),
    )


def _left(facts: Facts) -> ir.Table:
    left = _abandoned(facts)
    return left.group_by("event").agg(
        visits=left.count(), people=left.subject.nunique(), back=left.back.sum(), bought=left.bought.sum()
    )
