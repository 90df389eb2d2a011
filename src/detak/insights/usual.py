"""How often what is watched for alerts usually fails: sums over weeks, nobody in them."""

import ibis
import ibis.expr.types as ir

from detak.alerts import WATCHED
from detak.insights.base import Facts


def reduce_usual(facts: Facts) -> ir.Table:
    """A row a reason and thing (``of``): ``tries`` and ``fails``."""
    each = []
    for reason, watched in WATCHED.items():
        about = facts.events.filter(facts.events.event.isin([watched.tries, watched.fails]))
        of = about[watched.by].fill_null("") if watched.by else ibis.literal("")
        each.append(
            about.select(
                reason=ibis.literal(reason),
                of=of,
                tried=(about.event == watched.tries).cast("int64"),
                failed=(about.event == watched.fails).cast("int64"),
            )
        )
    every = ibis.union(*each)
    return every.group_by(["reason", "of"]).agg(tries=every.tried.sum(), fails=every.failed.sum())
