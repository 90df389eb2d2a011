"""The dimensions that orders are split by, and the small groups among them that are shown together."""

import ibis.expr.types as ir

from detak.errors import WordedError
from detak.insights import few, render
from detak.insights.base import Facts, Shop, local
from detak.insights.orders import KEY, order_categories, order_items
from detak.words import say

DIMENSIONS = ("province", "city", "payment", "shipping", "category", "country", "channel", "source", "device")
TIMES = ("hour", "weekday")


def check(by: str | None, known: tuple[str, ...]) -> None:
    """See that the dimension exists.

    Raises:
        UsageError: it does not; the message lists those there are.
    """
    if by is not None and by not in known:
        raise WordedError("dimension", {"value": by[:40], "known": ", ".join(known)})


def split(orders: ir.Table, facts: Facts, by: str, shop: Shop) -> ir.Table:
    """``orders`` with two columns more: ``level`` of the dimension (null: unknown) and ``small``.

    Levels whose orders are of fewer people than the shop shows are ``small`` and lose their name (``few.folded``; an
    order that nobody is known behind counts as a person's). An order with several categories
    has a row under each, but one only under all the small ones together. The level of a time is two digits, in the
    shop's zone.
    """
    levelled = _levelled(orders, facts, by, shop)
    marked = few.by_people(levelled, shop.min_group)
    return marked.distinct() if by == "category" else marked


def name(by: str, level: str | None, small: bool, shop: Shop) -> str:
    """What a person calls the level."""
    if small:
        return say(shop.language, "report.small_groups")
    if level is None:
        return say(shop.language, "report.unknown")
    if by == "hour":
        return render.clock(int(level), shop.language)
    return render.weekday(int(level), shop.language) if by == "weekday" else level


def _levelled(orders: ir.Table, facts: Facts, by: str, shop: Shop) -> ir.Table:
    if by in TIMES:
        here = local(orders.time, shop.zone)
        number = here.hour() if by == "hour" else here.day_of_week.index()
        return orders.mutate(level=number.cast("string").lpad(2, "0"))
    if by != "category":
        return orders.mutate(level=orders[by])
    each = order_categories(order_items(facts)).rename(level="category")
    return orders.left_join(each, list(KEY)).select(*orders.columns, "level")
