"""How visits go on, step by step: the same event directly again is one step."""

from typing import Final

import ibis
import ibis.expr.types as ir

from detak.insights.base import Facts
from detak.insights.trail import NOT_DONE, PAUSE

START, END = "(start)", "(end)"
"""What stands before the first step and after the last."""
DEEPEST: Final = 10
"""The steps of a visit beyond are not numbered."""


def visit_steps_of(facts: Facts, depth: int) -> ir.Table:
    """``visit_steps`` of the facts; what is kept is numbered to the deepest."""
    kept = facts.kept.steps if facts.kept else None
    return visit_steps(facts.events, depth) if kept is None else kept


def visit_steps(events: ir.Table, depth: int = DEEPEST) -> ir.Table:
    """A row a step of a visit of a known person: ``subject, event, before, after, step``.

    ``before`` and ``after`` are events of the same visit, or ``START`` and ``END``; ``step`` counts from 1 and is null
    beyond ``depth``.
    """
    done = events.filter(events.subject.notnull(), events.time.notnull(), events.event.notin(NOT_DONE))
    walk = ibis.window(group_by="subject", order_by=[done.time, done["id"]])
    last, same = done.time.lag().over(walk), done.event.lag().over(walk)
    fresh = (last + ibis.interval(minutes=PAUSE) < done.time).fill_null(True)
    told = done.select("subject", "event", turn=ibis.row_number().over(walk), fresh=fresh, same=same)
    told = told.filter(told.fresh | (told.event != told.same)).drop("same")
    by = ibis.window(group_by="subject", order_by=told.turn)
    begun = [(told.fresh if at == 0 else told.fresh.lag(at).over(by), at + 1) for at in range(depth)]
    return told.select(
        "subject",
        "event",
        before=ibis.ifelse(told.fresh, START, told.event.lag().over(by)),
        after=ibis.ifelse(told.fresh.lead().over(by).fill_null(True), END, told.event.lead().over(by)),
        step=ibis.cases(*begun).cast("int8") if depth else ibis.null("int8"),
    )
