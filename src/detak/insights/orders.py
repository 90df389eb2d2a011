"""Orders and their items as they stand now, whatever number of events told of them.

An order is told in several events: completed, updated, cancelled, again by a later export, in parts, or twice by a
reloaded page. Here they become one row an order, with what was stated last.
"""

import ibis
import ibis.expr.types as ir

from detak.event import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_UPDATED
from detak.insights.base import Facts
from detak.insights.rare import lines_of, rare_of

KEY = ("source", "order_id")
"""What identifies an order: numbers of two sources may coincide."""

_STATED = ("subject", "payment", "shipping", "province", "city", "country", "channel", "device")
_CANCELLED_STATUS = ("batal", "cancel")


def headers(facts: Facts) -> ir.Table:
    """One row an order that was placed or cancelled; every column but the key and ``cancelled`` may be null.

    ``source, order_id, subject, time`` (UTC, when it was placed), ``cancelled, reason`` (as it was written),
    ``payment, shipping, province, city, country, channel, device, currency``. Of several events the one received last
    wins, attribute by attribute.
    """
    return _headers(_told(_about(facts)))


def orders(facts: Facts) -> ir.Table:
    """``headers`` with ``quantity, amount`` (minor units), ``category`` (null: none or several), ``several`` (it is).

    Amounts and quantities of an order in parts are added up; without any, its items' are, if all of them are known.
    """
    told = _told(_about(facts))
    items = _sums_of_items(order_items(facts))
    joined = (
        _headers(told)
        .left_join(_totals(told), list(KEY), rname="{name}_total")
        .left_join(items, list(KEY), rname="{name}_items")
    )
    return joined.select(
        *KEY,
        *_STATED,
        "time",
        "cancelled",
        "reason",
        "category",
        currency=ibis.coalesce(joined.currency, joined.currency_items),
        several=joined.several.fill_null(False),
        quantity=ibis.coalesce(joined.quantity, joined.quantity_items),
        amount=ibis.coalesce(joined.amount, joined.amount_items, joined.amount_cancelled),
    )


def order_items(facts: Facts) -> ir.Table:
    """The items of orders, one row an item: the columns of ``event.ITEMS``, ``order_id`` never null.

    A later event replaces the items of the earlier one for the same part of the order; a line counts once. What a
    cancellation lists counts only where nothing else does.
    """
    keyed = _keyed(lines_of(facts), "event_id")
    keyed = keyed.mutate(placed=keyed.event != ORDER_CANCELLED)
    lists = keyed.group_by([*KEY, "event_id"]).agg(
        part=keyed.line.min(), placed=keyed.placed.max(), received=keyed.received.max(), time=keyed.time.max()
    )
    latest = [lists.placed.desc(), lists.received.desc(), _known(lists.time).desc(), lists.event_id.desc()]
    lists = lists.mutate(
        turn=ibis.row_number().over(group_by=[*KEY, "part"], order_by=latest),
        any_placed=lists.placed.max().over(group_by=list(KEY)),
    )
    standing = lists.filter((lists.turn == 0) & (lists.placed | ~lists.any_placed))
    kept = keyed.semi_join(standing, [*KEY, "event_id"])
    turn = ibis.row_number().over(
        group_by=[*KEY, "line"], order_by=[kept.received.desc(), _known(kept.time).desc(), kept.event_id.desc()]
    )
    once = kept.mutate(turn=turn)
    return once.filter(once.turn == 0).drop("turn", "placed")


def order_categories(items: ir.Table) -> ir.Table:
    """Each category that an order has, once: ``source, order_id, category``. ``items`` as of ``order_items``."""
    return items.filter(items.category.notnull()).select(*KEY, "category").distinct()


def sum_if_all(column: ir.NumericColumn, whole: ir.IntegerScalar) -> ir.NumericScalar:
    """The sum over a group of ``whole`` rows, or null where the value of one of them is unknown."""
    return ibis.ifelse(column.count() == whole, column.sum(), ibis.null(column.type()))


def _known(time: ir.TimestampColumn) -> ir.TimestampColumn:
    """Unknown before all known: where nulls stand in an order differs from engine to engine."""
    return time.fill_null(ibis.timestamp("1970-01-01"))


def _keyed(table: ir.Table, identity: str) -> ir.Table:
    """The rows about orders. A completed order without a number is one by itself; others without one are left out."""
    about = table.filter(table.event.isin([ORDER_COMPLETED, ORDER_UPDATED, ORDER_CANCELLED]))
    stand_in = ibis.ifelse(about.event == ORDER_COMPLETED, about[identity].cast("string"), ibis.null("string"))
    keyed = about.mutate(order_id=ibis.coalesce(about.order_id, stand_in))
    return keyed.filter(keyed.order_id.notnull())


def _about(facts: Facts) -> ir.Table:
    return rare_of(facts, ORDER_COMPLETED, ORDER_UPDATED, ORDER_CANCELLED)


def _told(events: ir.Table) -> ir.Table:
    """The events of orders, ``rank``ed by when they were received; of one batch by time, then by id."""
    keyed = _keyed(events, "id")
    by = [keyed.received, _known(keyed.time), keyed.id]
    placed = keyed.event != ORDER_CANCELLED
    return keyed.mutate(
        placed=placed,
        rank=ibis.row_number().over(group_by=list(KEY), order_by=by),
        cancelled_at=keyed.received.max(where=~placed).over(group_by=list(KEY)),
    )


def _latest(told: ir.Table, column: str, where: ir.BooleanValue | None = None) -> ir.Value:
    stated = told[column].notnull()
    return told[column].argmax(told.rank, where=stated if where is None else stated & where)


def _headers(told: ir.Table) -> ir.Table:
    """What holds for the order as a whole."""
    restated = _latest(told, "status", where=told.placed & (told.received > told.cancelled_at))
    grouped = told.group_by(list(KEY)).agg(
        **{name: _latest(told, name) for name in (*_STATED, "currency")},
        reason=_latest(told, "reason", where=~told.placed),
        placed_time=told.time.min(where=told.placed),
        any_time=told.time.min(),
        any_placed=told.placed.max(),
        any_cancelled=(~told.placed).max(),
        restated=restated,
    )
    # A later export may say that an order goes on after all. A page that is loaded again says no status at all.
    still = ibis.or_(*(grouped.restated.lower().contains(word) for word in _CANCELLED_STATUS)).fill_null(True)
    cancelled = grouped.any_cancelled & still
    return grouped.mutate(
        cancelled=cancelled,
        reason=ibis.ifelse(cancelled, grouped.reason, ibis.null("string")),
        time=ibis.ifelse(grouped.any_placed, grouped.placed_time, grouped.any_time),
    ).drop("placed_time", "any_time", "any_placed", "any_cancelled", "restated")


def _totals(told: ir.Table) -> ir.Table:
    """Amount and quantity: the latest stated of each part, added up. A cancellation often says 0: it is asked last."""
    parts = told.group_by([*KEY, "line"]).agg(
        amount=_latest(told, "amount", where=told.placed),
        quantity=_latest(told, "quantity", where=told.placed),
        amount_cancelled=_latest(told, "amount", where=~told.placed & (told.amount > 0)),
    )
    return parts.group_by(list(KEY)).agg(
        amount=parts.amount.sum(), quantity=parts.quantity.sum(), amount_cancelled=parts.amount_cancelled.sum()
    )


def _sums_of_items(items: ir.Table) -> ir.Table:
    whole = items.count()
    return items.group_by(list(KEY)).agg(
        amount=sum_if_all(items.amount, whole),
        quantity=sum_if_all(items.quantity, whole),
        currency=items.currency.max(),
        several=items.category.min() != items.category.max(),
        category=ibis.ifelse(items.category.min() == items.category.max(), items.category.max(), ibis.null("string")),
    )
