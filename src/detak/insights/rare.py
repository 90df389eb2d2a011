"""Events of which there are few, and about which most is asked: orders, and searches. They can be kept as they are, so
that whoever asks about them need not read all the others (``Facts.kept``).
"""

from typing import Final

import ibis.expr.types as ir

from detak.event import EVENTS, ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED, ORDER_UPDATED, PRODUCTS_SEARCHED
from detak.insights.base import Facts

OF_ORDERS: Final = (ORDER_COMPLETED, ORDER_UPDATED, ORDER_CANCELLED, ORDER_REFUNDED)
RARE: Final = (*OF_ORDERS, PRODUCTS_SEARCHED)
_LEFT_OUT: Final = ("type", "purposes", "agent", "bot", "flag", "properties")
COLUMNS: Final = tuple(name for name in EVENTS.names if name not in _LEFT_OUT)


def rare(events: ir.Table) -> ir.Table:
    """The rows of these events, ``COLUMNS`` of each."""
    return events.filter(events.event.isin(RARE)).select(*COLUMNS)


def rare_of(facts: Facts, *names: str) -> ir.Table:
    """The rows of the events called so, of ``RARE``: ``COLUMNS`` of each at least."""
    kept = facts.kept.rare if facts.kept else None
    events = facts.events if kept is None else kept
    return events.filter(events.event.isin(names))


def lines(items: ir.Table) -> ir.Table:
    """The rows of products of orders."""
    return items.filter(items.event.isin(OF_ORDERS))


def lines_of(facts: Facts) -> ir.Table:
    """``lines`` of the facts."""
    kept = facts.kept.lines if facts.kept else None
    return lines(facts.items) if kept is None else kept
