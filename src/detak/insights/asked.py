"""Searches, one row each: what was typed, and what came next."""

from typing import Final

import ibis
import ibis.expr.types as ir

from detak.event import ORDER_COMPLETED, PRODUCTS_SEARCHED
from detak.insights.base import Facts
from detak.insights.rare import rare_of

TOUCHES: Final = ("Product Clicked", "Product Viewed", "Product Added")
_SEARCH, _TOUCH, _ORDER = 0, 1, 2
_PAUSE: Final = ibis.interval(minutes=30)
_DAY: Final = ibis.interval(days=1)
_TYPED: Final = ("subject", "time", "query", "results")


def typed_of(facts: Facts) -> ir.Table:
    """Every search: ``subject, time, query, results``."""
    kept = facts.kept
    if kept is None or kept.searches is None or kept.nobody is None:
        return searched(rare_of(facts, PRODUCTS_SEARCHED)).select(*_TYPED)
    return kept.searches.select(*_TYPED).union(searched(kept.nobody).select(*_TYPED))


def outcomes_of(facts: Facts) -> ir.Table:
    """``outcomes`` of every search; of one that nobody is known behind nothing is told."""
    kept = facts.kept
    if kept is not None and kept.searches is not None and kept.nobody is not None:
        theirs, every = kept.searches, searched(kept.nobody)
    else:
        every = searched(rare_of(facts, PRODUCTS_SEARCHED))
        theirs = _outcomes(every, facts.items, rare_of(facts, ORDER_COMPLETED))
    nobodys = _untold(every.filter(every.subject.isnull()))
    return theirs.union(nobodys.select(*theirs.columns).cast(theirs.schema()))


def searched(events: ir.Table) -> ir.Table:
    """The searches among events, ``query`` without regard to capitals and spaces; empty ones are none."""
    found = events.filter(events.event == PRODUCTS_SEARCHED)
    found = found.mutate(query=found["query"].lower().re_replace(r"\s+", " ").strip())
    return found.filter(found["query"] != "")


def outcomes(events: ir.Table, items: ir.Table) -> ir.Table:
    """A row a search of a known person: ``subject, time, query, results, traced, clicked, category, moved, after, left,
    bought``.

    What came next is the same person's next search, product or order: a product or an order within half an hour makes
    the search ``clicked``, another query ``moved`` (to ``after``), nothing at all ``left``. An order within a day makes
    it ``bought``. Of a search whose time is unknown nothing is told: ``traced`` is false.
    """
    return _outcomes(searched(events), items, events.filter(events.event == ORDER_COMPLETED))


def _outcomes(searched: ir.Table, items: ir.Table, placed: ir.Table) -> ir.Table:
    theirs = searched.filter(searched.subject.notnull())
    rows = theirs.select("id", "subject", "time", "query", "results", kind=ibis.literal(_SEARCH, "int8"))
    rows = rows.mutate(category=ibis.null("string"))
    known = rows.filter(rows.time.notnull())
    known = known.union(_others(theirs, items, placed).cast(known.schema()))
    ordered = ibis.ifelse(known.kind == _ORDER, known.time, ibis.null("timestamp"))
    known = known.mutate(ordered=ordered)
    by = [known.time, known.kind, known["id"]]
    ahead = ibis.window(group_by="subject", order_by=by)
    onwards = ibis.window(group_by="subject", order_by=by, preceding=0, following=None)
    known = known.mutate(
        next_kind=known.kind.lead().over(ahead),
        next_time=known.time.lead().over(ahead),
        after=known["query"].lead().over(ahead),
        next_category=known.category.lead().over(ahead),
        next_order=known.ordered.min().over(onwards),
    )
    traced = known.filter(known.kind == _SEARCH)
    soon = (traced.next_time <= traced.time + _PAUSE).fill_null(False)
    clicked = soon & (traced.next_kind != _SEARCH)
    moved = soon & (traced.next_kind == _SEARCH) & (traced.after != traced["query"])
    told = traced.select(
        "subject",
        "time",
        "query",
        "results",
        traced=ibis.literal(True),
        clicked=clicked.fill_null(False),
        category=traced.next_category,
        moved=moved.fill_null(False),
        after=traced.after,
        left=~soon,
        bought=(traced.next_order <= traced.time + _DAY).fill_null(False),
    )
    return told.union(_untold(theirs.filter(theirs.time.isnull())).select(*told.columns).cast(told.schema()))


def _untold(searched: ir.Table) -> ir.Table:
    no = ibis.literal(False)
    untold = {"traced": no, "clicked": no, "category": ibis.null("string"), "moved": no, "after": ibis.null("string")}
    return searched.select("subject", "time", "query", "results", **untold, left=no, bought=no)


def _others(searched: ir.Table, items: ir.Table, placed: ir.Table) -> ir.Table:
    """Products looked at or put into the cart, and orders, of known people at known times; only of those who search."""
    columns = {"query": ibis.null("string"), "results": ibis.null("int64")}
    items = items.filter(items.event.isin(TOUCHES), items.line == 0)
    touched = items.select(
        *(items.event_id.name("id"), "subject", "time"),
        **columns,
        kind=ibis.literal(_TOUCH, "int8"),
        category=items.category,
    )
    orders = placed.select(
        *("id", "subject", "time"), **columns, kind=ibis.literal(_ORDER, "int8"), category=ibis.null("string")
    )
    both = touched.union(orders)
    both = both.filter(both.subject.notnull(), both.time.notnull())
    return both.semi_join(searched.select("subject").distinct(), "subject")
