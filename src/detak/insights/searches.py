"""What people search for, and whether they order afterwards."""

from typing import Any

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from detak.insights import few
from detak.insights.asked import typed_of
from detak.insights.base import Facts, Shop

_DAY = ibis.interval(days=1)


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """A query, whatever its capitals and spaces."""

    query: str | None
    """Null: all the rare ones together."""
    searches: int
    people: int | None
    """How many people, of those who are known; null: withheld (``few``)."""
    without_results: int | None
    """Searches that found nothing; null where none says how many it found."""
    followed: float | None
    """Share that the same person followed with an order within a day; null where nobody is known behind any."""

    @classmethod
    def read(cls, rows: pa.Table, least: int) -> "list[Search]":
        """From the result of ``reduce_searches``, most frequent first, the rare ones last."""
        found = [cls._one(row, least) for row in rows.to_pylist()]
        return sorted(found, key=lambda one: (one.query is None, -one.searches, one.query or ""))

    @classmethod
    def _one(cls, row: dict[str, Any], least: int) -> "Search":
        return cls(
            query=row["query"],
            searches=row["searches"],
            people=few.told(row["people"], least),
            without_results=row["without_results"] if row["stated"] else None,
            followed=row["followed"] / row["traced"] if row["traced"] else None,
        )


def reduce_searches(facts: Facts, orders: ir.Table, shop: Shop, limit: int) -> ir.Table:
    """A row a query: searches, people, stated, without_results, traced (person and time known), followed.

    A query typed by fewer people than the shop shows alone may say who typed it: those share one row, without a name.
    So do all beyond ``limit``.
    """
    asked = _followed(typed_of(facts), orders)
    each = asked.group_by("query").agg(
        searches=asked.count(), people=asked.subject.nunique(), unknown=asked.subject.isnull().sum()
    )
    order = [each.searches.desc(), each["query"]]
    common = each.filter(each.people + each.unknown >= shop.min_group).order_by(order).limit(limit)
    joined = asked.left_join(common.select("query", shown=common["query"]), "query")
    named = joined.select("subject", "results", "traced", "followed", query=joined.shown)
    return named.group_by("query").agg(
        searches=named.count(),
        people=named.subject.nunique(),
        stated=named.results.count(),
        without_results=(named.results == 0).sum(),
        traced=named.traced.sum(),
        followed=named.followed.sum(),
    )


def _followed(asked: ir.Table, orders: ir.Table) -> ir.Table:
    """The searches, with ``traced`` and ``followed``: one pass over each person's searches and orders in time."""
    searches = asked.select("subject", "time", "query", "results", ordered=ibis.null("timestamp(6)"))
    placed = orders.filter(orders.subject.notnull() & orders.time.notnull()).select(
        "subject", "time", query=ibis.null("string"), results=ibis.null("int64"), ordered=orders.time
    )
    both = searches.union(placed)
    known = both.subject.notnull() & both.time.notnull()
    ahead = both.ordered.min().over(
        group_by="subject", order_by=[both.time, both.ordered.isnull().desc()], rows=(0, None)
    )
    both = both.mutate(traced=known, followed=(known & (ahead <= both.time + _DAY)).fill_null(False))
    return both.filter(both["query"].notnull())
