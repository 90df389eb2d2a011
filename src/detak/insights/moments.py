"""When something happened, by kind: visits begun, searches, carts begun, orders placed. One row each."""

from typing import Final

import ibis
import ibis.expr.types as ir

from detak.errors import WordedError
from detak.event import PRODUCTS_SEARCHED
from detak.insights.base import Facts
from detak.insights.orders import headers
from detak.insights.rare import rare_of
from detak.insights.trail import PRODUCT_ADDED, visits_of

VISITS, SEARCHES, CARTS, ORDERS = "visits", "searches", "carts", "orders"
KINDS: Final = (VISITS, SEARCHES, CARTS, ORDERS)
_COLUMNS: Final = ("subject", "time", "province", "device", "channel", "source")
PLACES: Final = ("province", "device", "channel", "source")
"""What a moment can be split by: as the event states it that began it; of a visit, as the first that states it."""


def check(kind: str) -> None:
    """See that the kind exists.

    Raises:
        UsageError: it does not; the message lists those there are.
    """
    if kind not in KINDS:
        raise WordedError("choice", {"name": "of", "value": kind[:40], "known": ", ".join(KINDS)})


def moments(facts: Facts, kind: str) -> ir.Table:
    """One row each: ``subject`` (may be null), ``time`` (UTC, known), ``province, device, channel, source``.

    A visit is a known person's (``trail.visits``); orders count in it as any event. A cart begins with the first
    product put into it; without a ``cart_id`` a person has one a day (UTC).
    """
    found = {VISITS: _visits, SEARCHES: _searches, CARTS: _carts, ORDERS: headers}[kind](facts)
    return found.filter(found.time.notnull()).select(*_COLUMNS)


def _visits(facts: Facts) -> ir.Table:
    visits = visits_of(facts)
    return visits.mutate(time=visits.start)


def _searches(facts: Facts) -> ir.Table:
    return rare_of(facts, PRODUCTS_SEARCHED)


def _carts(facts: Facts) -> ir.Table:
    added = facts.events.filter(facts.events.event == PRODUCT_ADDED, facts.events.time.notnull())
    alone = ibis.ifelse(added.subject.isnull(), added["id"], ibis.null("int64"))
    day = ibis.ifelse(added.cart_id.isnull(), added.time.truncate("D"), ibis.null("timestamp"))
    keyed = added.mutate(alone=alone, day=day)
    key = [keyed.cart_id.notnull(), keyed.cart_id, keyed.subject, keyed.alone, keyed.day]
    turn = ibis.row_number().over(group_by=key, order_by=[keyed.time, keyed["id"]])
    ranked = keyed.mutate(turn=turn)
    return ranked.filter(ranked.turn == 0)
