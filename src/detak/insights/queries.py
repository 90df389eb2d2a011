"""What people search for: united over spellings, with what came of it, what rises and what they type instead."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from detak.consent import Purpose
from detak.errors import WordedError
from detak.insights.asked import outcomes_of, typed_of
from detak.insights.base import Facts, Shop, check_limit
from detak.insights.queries_report import SearchesReport, draw
from detak.spellings import words

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
        asked = outcomes_of(facts)
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
        return draw({name: table.to_pylist() for name, table in sums.items()}, self.limit, shop)

    def behind(self, facts: Facts, shop: Shop, key: str) -> ir.Table:  # noqa: ARG002  every insight is asked alike
        """The people who typed one of these spellings, parted by tabs.

        Raises:
            UsageError: there is no word in the key.
        """
        spellings = [one for one in key.split("\t") if words(one)]
        if not spellings:
            raise WordedError("which_search")
        asked = typed_of(facts)
        return asked.filter(asked["query"].isin(spellings), asked.subject.notnull()).select("subject").distinct()
