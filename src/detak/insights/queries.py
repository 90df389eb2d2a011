"""What people search for: united over spellings, with what came of it, what rises and what they type instead."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from detak.consent import Purpose
from detak.errors import WordedError
from detak.event import ORDER_COMPLETED, PRODUCTS_SEARCHED
from detak.insights.base import Facts, Shop, check_limit
from detak.insights.queries_report import SearchesReport, draw
from detak.spellings import words

TOUCHES: Final = ("Product Clicked", "Product Viewed", "Product Added")
_SEARCH, _TOUCH, _ORDER = 0, 1, 2
_PAUSE: Final = ibis.interval(minutes=30)
_DAY: Final = ibis.interval(days=1)
_SPAN: Final = 28  # days that are compared with as many before
_MOST: Final = 5_000  # spellings that are looked at one by one
_MOVES: Final = 2_000


@dataclass(frozen=True)
class Searches:
    """Queries by how often, each with what came next. What few people typed is shown together."""

    insight: ClassVar[str] = "searches"
    purpose: ClassVar[Purpose] = Purpose.ANALYTICS
    limit: int = 50
    """So many queries, the most searched."""

    def __post_init__(self) -> None:
        """See that the limit makes sense.

        Raises:
            UsageError: it is less than 1.
        """
        check_limit(self.limit)

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:
        """``queries``: a row a spelling, its outcomes; ``about``: spelling, category, clicks; ``moves``: from, to.

        ``lately`` and ``earlier`` count the last 28 days that searches are known of, and as many before. Beyond the
        most frequent 5,000 spellings all are one row without a name.
        """
        asked = _asked(facts)
        latest = asked.time.max().as_scalar()
        span = ibis.interval(days=_SPAN)
        counted = asked.mutate(
            lately=(asked.time > latest - span).fill_null(False),
            earlier=((asked.time <= latest - span) & (asked.time > latest - span - span)).fill_null(False),
        )
        each = counted.group_by("query").agg(
            searches=counted.count(),
            people=counted.subject.nunique(),
            unknown=counted.subject.isnull().sum(),
            stated=counted.results.count(),
            nothing=(counted.results == 0).sum(),
            **{name: counted[name].sum() for name in ("traced", "clicked", "moved", "left", "bought")},
            lately=counted.lately.sum(),
            earlier=counted.earlier.sum(),
        )
        turn = ibis.row_number().over(order_by=[each.searches.desc(), each["query"]])
        ranked = each.mutate(turn=turn)
        named = ranked.mutate(query=ibis.ifelse(ranked.turn < _MOST, ranked["query"], ibis.null("string")))
        sums = [name for name in each.columns if name not in ("query", "people")]
        # Nobody is shown by name there, so that a person who typed several of them may count several times.
        queries = named.group_by("query").agg(
            spellings=named.count(), people=named.people.sum(), **{name: named[name].sum() for name in sums}
        )
        led = asked.filter(asked.clicked, asked.category.notnull())
        about = led.group_by(["query", "category"]).agg(clicks=led.count())
        gone = asked.filter(asked.moved)
        moves = gone.group_by(["query", "after"]).agg(count=gone.count(), people=gone.subject.nunique())
        moves = moves.filter(moves.people >= shop.min_group)
        moves = moves.order_by([moves["count"].desc(), moves["query"], moves.after]).limit(_MOVES)
        common = queries.filter(queries["query"].notnull()).select("query")
        return {"queries": queries, "about": about.semi_join(common, "query"), "moves": moves}

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> SearchesReport:
        """The report, the most searched first."""
        return draw({name: table.to_pylist() for name, table in sums.items()}, self.limit, shop.min_group)

    def behind(self, facts: Facts, shop: Shop, key: str) -> ir.Table:  # noqa: ARG002  every insight is asked alike
        """The people who typed one of these spellings, parted by tabs.

        Raises:
            UsageError: there is no word in the key.
        """
        spellings = [one for one in key.split("\t") if words(one)]
        if not spellings:
            raise WordedError("which_search")
        asked = _searched(facts)
        return asked.filter(asked["query"].isin(spellings), asked.subject.notnull()).select("subject").distinct()


def _searched(facts: Facts) -> ir.Table:
    asked = facts.events.filter(facts.events.event == PRODUCTS_SEARCHED)
    asked = asked.mutate(query=asked["query"].lower().re_replace(r"\s+", " ").strip())
    return asked.filter(asked["query"] != "")


def _asked(facts: Facts) -> ir.Table:
    """A row a search: ``subject, time, query, results, traced, clicked, category, moved, after, left, bought``.

    What came next is the same person's next search, product or order: a product or an order within half an hour makes
    the search ``clicked``, another query ``moved`` (to ``after``), nothing at all ``left``. An order within a day makes
    it ``bought``. Of a search whose person or time is unknown nothing is told: ``traced`` is false.
    """
    searched = _searched(facts)
    rows = searched.select("id", "subject", "time", "query", "results", kind=ibis.literal(_SEARCH, "int8"))
    rows = rows.mutate(category=ibis.null("string"))
    known = rows.filter(rows.subject.notnull(), rows.time.notnull())
    known = known.union(_others(facts).cast(known.schema()))
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
    nobody = rows.filter(rows.subject.isnull() | rows.time.isnull())
    no = ibis.literal(False)
    untold = {"traced": no, "clicked": no, "category": ibis.null("string"), "moved": no, "after": ibis.null("string")}
    return told.union(nobody.select("subject", "time", "query", "results", **untold, left=no, bought=no))


def _others(facts: Facts) -> ir.Table:
    """Products looked at or put into the cart, and orders, of known people at known times; only of those who search."""
    columns = {"query": ibis.null("string"), "results": ibis.null("int64")}
    items = facts.items.filter(facts.items.event.isin(TOUCHES), facts.items.line == 0)
    touched = items.select(
        *(items.event_id.name("id"), "subject", "time"),
        **columns,
        kind=ibis.literal(_TOUCH, "int8"),
        category=items.category,
    )
    placed = facts.events.filter(facts.events.event == ORDER_COMPLETED)
    orders = placed.select(
        *("id", "subject", "time"), **columns, kind=ibis.literal(_ORDER, "int8"), category=ibis.null("string")
    )
    both = touched.union(orders)
    both = both.filter(both.subject.notnull(), both.time.notnull())
    return both.semi_join(_searched(facts).select("subject").distinct(), "subject")
