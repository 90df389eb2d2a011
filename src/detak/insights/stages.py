"""Where a buyer stands: new, returning, slipping, lost, won back. One definition for reports, filters and splits.

At a moment, with a ``period`` (30 days) and a longer silence after which a buyer counts as lost (90 days):

- ``new``: the first order ever lies within the last period;
- ``returning``: ordered within the last period, and not for the first time;
- ``won_back``: so, but after a silence as long as a lost buyer's;
- ``slipping``: did not order within the last period, but not as long ago as a lost buyer;
- ``lost``: the last order lies further back.

An order counts as of when it was placed, whatever became of it. Who never ordered stands nowhere.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import ibis
import ibis.expr.types as ir

from detak.errors import WordedError
from detak.event import ORDER_COMPLETED
from detak.insights.base import Facts
from detak.insights.rare import rare_of
from detak.insights.trail import latest_of

NEW: Final = "new"
RETURNING: Final = "returning"
WON_BACK: Final = "won_back"
SLIPPING: Final = "slipping"
LOST: Final = "lost"
STAGES: Final = (NEW, RETURNING, WON_BACK, SLIPPING, LOST)
BROWSING, ONCE, REPEAT = "browsing", "once", "repeat"
SEGMENTS: Final = (*STAGES, BROWSING, ONCE, REPEAT)
"""What people can be filtered by: stages; those without an order, with one, with several."""


@dataclass(frozen=True)
class Pace:
    """How long a period is, and after how long a silence a buyer counts as lost; in days."""

    period: int = 30
    lost: int = 90

    def __post_init__(self) -> None:
        """See that the second is the longer one.

        Raises:
            UsageError: it is not, or they are no numbers of days.
        """
        if not 1 <= self.period < self.lost <= 3_650:
            raise WordedError("lost_sooner", {"period": self.period, "lost": self.lost})

    def needed(self, name: str) -> int:
        """Of how many days there must be facts before anybody can be told to stand at a stage."""
        return {NEW: 0, WON_BACK: self.lost, LOST: self.lost}.get(name, self.period)


def stage(orders: ir.Table, at: datetime | ir.TimestampScalar, pace: Pace) -> ir.Table:
    """``subject, stage`` of everybody who ordered until then. ``orders``: ``subject, time`` (UTC), known both.

    Args:
        orders: a row an order; one told twice does no harm.
        at: the moment, UTC: what happened later is not known yet.
        pace: the lengths.
    """
    moment = at if isinstance(at, ir.Value) else ibis.timestamp(at)
    recent = moment - ibis.interval(days=pace.period)
    past = orders.filter(orders.time <= moment)
    each = past.group_by("subject").agg(
        last=past.time.max(),
        began=past.time.min(where=past.time > recent),
        earlier=past.time.max(where=past.time <= recent),
    )
    silence = ibis.interval(days=pace.lost)
    return each.select(
        "subject",
        stage=ibis.cases(
            (each.began.isnull() & (each["last"] > moment - silence), SLIPPING),
            (each.began.isnull(), LOST),
            (each.earlier.isnull(), NEW),
            (each.began > each.earlier + silence, WON_BACK),
            else_=RETURNING,
        ),
    )


def placed(facts: Facts) -> ir.Table:
    """``subject, time, number`` of each order that a known person placed at a known time."""
    bought = rare_of(facts, ORDER_COMPLETED)
    bought = bought.filter(bought.subject.notnull(), bought.time.notnull())
    return bought.select("subject", "time", number=ibis.coalesce(bought.order_id, bought.id.cast("string")))


def segment(facts: Facts, name: str, at: datetime | None) -> ir.Table:
    """The people of a segment, as of a moment (None: the latest that the facts tell of): one column ``subject``.

    Raises:
        UsageError: there is no such segment.
    """
    if name not in SEGMENTS:
        raise WordedError("segment", {"value": name[:40], "known": ", ".join(SEGMENTS)})
    orders = placed(facts)
    if name in STAGES:
        standing = stage(orders, latest_of(facts) if at is None else at, Pace())
        return standing.filter(standing.stage == name).select("subject")
    until = orders if at is None else orders.filter(orders.time <= at)
    counted = until.group_by("subject").agg(orders=until.number.nunique())
    if name == BROWSING:
        people = facts.events.filter(facts.events.subject.notnull()).select("subject").distinct()
        return people.anti_join(counted, "subject")
    return counted.filter(counted.orders == 1 if name == ONCE else counted.orders > 1).select("subject")
