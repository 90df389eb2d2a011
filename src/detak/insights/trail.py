"""What each person did, in order: the narrow tables that sessions, funnels and retention are reduced from.

All are made person by person: what one does changes nobody else's rows. So they can be kept and only the rows of
those who did something since made anew (``Facts.kept``); where nothing is kept they are made from the events.
"""

from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
from ibis.expr.builders import LegacyWindowBuilder

from detak.event import NAMES, ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED, ORDER_UPDATED
from detak.insights.base import Facts, local

PAUSE: Final = 30
"""Minutes without an event after which a visit is over (as web analytics have it)."""
ATTRIBUTES: Final = ("device", "channel", "source", "province", "city", "country")
LEFT: Final = ""
"""What comes after the last event of a visit."""
PRODUCT_ADDED: Final = "Product Added"
NOT_DONE: Final = (
    *(ORDER_UPDATED, ORDER_CANCELLED, ORDER_REFUNDED),
    *("Email Delivered", "Email Bounced", "Email Opened", "Push Notification Received", "Push Notification Bounced"),
    *(NAMES[one] for one in ("identify", "group", "alias")),
)
"""What is told of a person and not done by them in the shop: it begins no visit and is no step of one."""
_TOLD_AGAIN: Final = (ORDER_COMPLETED, ORDER_UPDATED, ORDER_CANCELLED)


class Kept(NamedTuple):
    """What was made of the same facts already. None: to be made."""

    visits: ir.Table
    trail: ir.Table | None = None
    firsts: ir.Table | None = None
    steps: ir.Table | None = None
    rare: ir.Table | None = None
    """``rare.rare``, those that nobody is known behind among them; and so on."""
    lines: ir.Table | None = None
    looked: ir.Table | None = None
    searches: ir.Table | None = None
    filled: ir.Table | None = None
    nobody: ir.Table | None = None
    """Events that nobody is known behind."""
    strangers: ir.Table | None = None
    """And their products."""


def trail_of(facts: Facts) -> ir.Table:
    """``trail`` of the facts."""
    kept = facts.kept.trail if facts.kept else None
    return trail(facts.events) if kept is None else kept


def times_of(facts: Facts, event: str) -> ir.Table:
    """When known people did something: ``subject, time`` (UTC), known, a row each time."""
    kept = facts.kept.trail if facts.kept else None
    every = _known(facts.events) if kept is None else kept
    return every.filter(every.event == event).select("subject", "time")


def firsts_of(facts: Facts) -> ir.Table:
    """``firsts`` of the facts."""
    kept = facts.kept.firsts if facts.kept else None
    return firsts(trail_of(facts)) if kept is None else kept


def latest_of(facts: Facts, *names: str) -> ir.TimestampScalar:
    """The latest moment of events called so, of any if none is named; UTC, null where there is none."""
    kept, events = facts.kept, facts.events
    if kept is None or kept.firsts is None or kept.nobody is None:
        return (events.filter(events.event.isin(names)) if names else events).time.max().as_scalar()
    firsts, nobody = kept.firsts, kept.nobody
    if names:
        firsts, nobody = firsts.filter(firsts.event.isin(names)), nobody.filter(nobody.event.isin(names))
    both = firsts.select(time=firsts["last"]).union(nobody.select("time"))
    return both.time.max().as_scalar()


def span_of(facts: Facts) -> ir.Table:
    """From when to when the facts tell of anything: one row, ``first, last`` (UTC), null where there is nothing."""
    kept, events = facts.kept, facts.events
    if kept is None or kept.firsts is None or kept.nobody is None:
        return events.agg(first=events.time.min(), last=events.time.max())
    both = kept.firsts.select("first", "last").union(kept.nobody.select(first="time", last="time"))
    return both.agg(first=both["first"].min(), last=both["last"].max())


def visits_of(facts: Facts) -> ir.Table:
    """``visits`` of the facts, by the usual rules."""
    return facts.kept.visits if facts.kept else visits(facts.events)


def trail(events: ir.Table) -> ir.Table:
    """One row an event of a known person at a known time (UTC): ``subject, time, event, onward, again``.

    ``onward`` is the person's next event in the same visit (``LEFT``: there is none). ``again``: the next event of
    theirs, whenever, is of the same name, so that whatever follows this one follows that one too. Where that one is
    later this one is none, if something was at its very moment before it: what is at one moment follows each other.
    """
    theirs = _known(events)
    window = ibis.window(group_by="subject", order_by=[theirs.time, theirs["id"]])
    following, when = theirs.event.lead().over(window), theirs.time.lead().over(window)
    beside = (theirs.time.lag().over(window) == theirs.time).fill_null(False)
    return theirs.select(
        "subject",
        "time",
        "event",
        onward=ibis.ifelse(when <= theirs.time + ibis.interval(minutes=PAUSE), following, LEFT).fill_null(LEFT),
        again=((following == theirs.event) & ((when == theirs.time) | ~beside)).fill_null(False),
    )


def firsts(trail: ir.Table) -> ir.Table:
    """Who did what, first and last, and what after the last time: ``subject, event, first, last, onward`` (UTC)."""
    return trail.group_by("subject", "event").agg(
        first=trail.time.min(), last=trail.time.max(), onward=trail.onward.argmax(trail.time, where=~trail.again)
    )


class Rules(NamedTuple):
    """When a visit ends."""

    pause: int = PAUSE
    """Minutes without an event."""
    channel: bool = False
    """And when the person comes by another channel."""
    midnight: bool = False
    """And at midnight in the shop's zone."""


USUAL: Final = Rules()


def visits(events: ir.Table, rules: Rules = USUAL, zone: ZoneInfo | None = None) -> ir.Table:
    """One row a visit of a known person; what is only told of them (``NOT_DONE``) is no part of one.

    ``subject, start, end`` (UTC), ``events, pages`` (how many of them are page views), ``entry, exit`` (the first and
    the last page), ``last`` (event), ``carted, ordered`` (something was put into a cart, an order was placed),
    ``placed`` (the first order, UTC), and the ``ATTRIBUTES``, each as the first event that states it has it;
    ``first, previous``: see ``in_turn``. What is told of an order twice at one moment is one event.
    """
    done = events.filter(~events.event.isin(NOT_DONE))
    theirs = _once(_known(done, ("page", *ATTRIBUTES)))
    window = ibis.window(group_by="subject", order_by=[theirs.time, theirs["id"]])
    marked = theirs.mutate(turn=ibis.row_number().over(window), fresh=_fresh(theirs, window, rules, zone))
    so_far = ibis.window(group_by="subject", order_by=marked.turn, preceding=None, following=0)
    numbered = marked.mutate(visit=marked.fresh.cast("int32").sum().over(so_far))
    page = numbered.page.notnull()
    stated = {name: numbered[name].argmin(numbered.turn, where=numbered[name].notnull()) for name in ATTRIBUTES}
    each = (
        numbered.group_by("subject", "visit")
        .agg(
            start=numbered.time.min(),
            end=numbered.time.max(),
            events=numbered.count(),
            pages=(numbered.event == "Page Viewed").sum().cast("int64"),
            entry=numbered.page.argmin(numbered.turn, where=page),
            exit=numbered.page.argmax(numbered.turn, where=page),
            last=numbered.event.argmax(numbered.turn),
            carted=(numbered.event == PRODUCT_ADDED).max(),
            ordered=(numbered.event == ORDER_COMPLETED).max(),
            placed=numbered.time.min(where=numbered.event == ORDER_COMPLETED),
            **stated,
        )
        .drop("visit")
    )
    return in_turn(each)


def in_turn(visits: ir.Table) -> ir.Table:
    """Visits with ``first``, when the person's first one began, and ``previous``, when the one before ended (null)."""
    window = ibis.window(group_by="subject", order_by=visits.start)
    return visits.mutate(first=visits.start.min().over(group_by="subject"), previous=visits.end.lag().over(window))


def _known(events: ir.Table, more: tuple[str, ...] = ()) -> ir.Table:
    theirs = events.filter(events.subject.notnull(), events.time.notnull())
    return theirs.select("subject", "event", "time", "id", *more)


def _once(theirs: ir.Table) -> ir.Table:
    """An order's page that is loaded again, an export that is read again: the same moment told twice."""
    key = ["subject", "event", "time"]
    retold = theirs.event.isin(_TOLD_AGAIN)
    told = theirs.filter(retold).group_by(key)
    once = told.agg(**{name: ibis._[name].min() for name in theirs.columns if name not in key})
    return theirs.filter(~retold).union(once.select(theirs.columns).cast(theirs.schema()))


def _fresh(theirs: ir.Table, window: LegacyWindowBuilder, rules: Rules, zone: ZoneInfo | None) -> ir.BooleanValue:
    before = theirs.time.lag().over(window)
    fresh = before.isnull() | (theirs.time > before + ibis.interval(minutes=rules.pause))
    if rules.channel:
        fresh |= (theirs.channel != theirs.channel.lag().over(window)).fill_null(False)
    if rules.midnight and zone is not None:
        fresh |= (local(before, zone).date() != local(theirs.time, zone).date()).fill_null(False)
    return fresh
