"""Who went through steps in order, each within so long after the first. As ClickHouse's ``windowFunnel`` counts.

A person stands at a step if there are events of all steps up to it, one after the other (at one moment is in order,
too) and none of them later than ``within`` days after the first. Other events in between do not matter. Of several
first steps the latest that still comes in order is the best one to start from, so one pass a step finds them all.
"""

from typing import NamedTuple

import ibis
import ibis.expr.types as ir

from detak.insights.base import Facts
from detak.insights.trail import firsts_of, trail_of


class Steps(NamedTuple):
    """The names of events, in order, and how many days after the first the last may come."""

    names: tuple[str, ...]
    within: float


def began(facts: Facts, path: Steps) -> ir.Table:
    """Everybody who did the first step: ``subject, first, onward`` (what they did after the last time)."""
    firsts = firsts_of(facts)
    return firsts.filter(firsts.event == path.names[0]).select("subject", "first", "onward")


def reached(facts: Facts, path: Steps) -> list[ir.Table]:
    """For each step from the second on, its events that come in order: ``subject, time, start, onward``.

    ``start`` is when the first step was done that it follows from.
    """
    trail, firsts = trail_of(facts), firsts_of(facts)
    span = ibis.interval(seconds=round(path.within * 86_400))
    starts = trail.filter(trail.event == path.names[0], ~trail.again)  # of each run the last: it is the latest
    before = starts.select("subject", "time", start=starts.time)
    found: list[ir.Table] = []
    for name in path.names[1:]:
        leading = _leading(before, firsts.filter(firsts.event == name), span)
        mine = trail.filter(trail.event == name)
        both = leading.select("subject", "time", "start", onward=ibis.literal(""), mine=False).union(
            mine.select("subject", "time", start=ibis.null("timestamp(6)"), onward=mine.onward, mine=True)
        )
        latest = both.start.max().over(group_by="subject", order_by=[both.time, both.mine], rows=(None, 0))
        ahead = both.mutate(start=latest)
        kept = ahead.filter(ahead.mine, ahead.time <= ahead.start + span)
        before = kept.select("subject", "time", "start", "onward")
        found.append(before)
    return found


def _leading(before: ir.Table, onwards: ir.Table, span: ir.IntervalScalar) -> ir.Table:
    """What could lead on: ``onwards`` says of each person when they did the next step first and last."""
    wide = before.join(onwards.select("subject", "first", "last"), ["subject", before.time <= onwards["last"]])
    return wide.filter(wide.start + span >= wide["first"]).select("subject", "time", "start")
