"""Visits in which something was put into a cart, one row each: what was told on them, as it was told.

A cart is a visit (of one person, without half an hour of silence in it) in which something was put into a cart; an
order ends it. All is made person by person, so that it can be kept (``Facts.kept``). ``carts.py`` says what it means.
"""

from typing import Final

import ibis
import ibis.expr.types as ir

from detak.event import ORDER_COMPLETED
from detak.insights.trail import PRODUCT_ADDED

PAUSE: Final = ibis.interval(minutes=30)
_FILLING: Final = (PRODUCT_ADDED, "Cart Viewed", "Checkout Started")
_STEPS: Final = ("Checkout Step Viewed", "Checkout Step Completed")
_PAYS: Final = "Payment Info Entered"
_LOAD: Final = r'"load_ms":\s*(\d+)'
_STEP: Final = r'"step":\s*(\d+)'
_FASTEST: Final = 1.0  # milliseconds: no page is faster, and a logarithm needs something
_FINE: Final = 1_000_000  # parts of a logarithm, so that a sum hangs on no order


def filled(events: ir.Table, items: ir.Table, people: ir.Table) -> ir.Table:
    """One row a visit with a cart of these people (``subject``) whose time is known, and ``visit``: which of theirs.

    ``start``, ``filled`` (when the first product went in), UTC; how far it came (``ordered`` to ``seen``), ``value``
    (minor units, null: unknown) and ``currency``, what was told of prices, questions, stock, loads, shipping, coupons
    and payments; and of whom and how: ``province, device, category, pieces, looks, lists, home, speed``.
    """
    walked = _walked(events, people)
    return _with_goods(_summed(walked), walked, items)


def _walked(events: ir.Table, people: ir.Table) -> ir.Table:
    """The events of visits with a cart, with ``visit``, and ``filled``: when the first product went in."""
    timed = events.filter(events.subject.notnull() & events.time.notnull())
    theirs = timed.semi_join(people, "subject")
    known = theirs.mutate(load=_number(theirs.properties, _LOAD), step=_step_of(theirs))
    paged = ibis.ifelse(known.step.isnull(), known.load, ibis.null("int64"))
    fine = (_log(paged) * _FINE).round().cast("int64")
    speeds = known.group_by("subject").agg(speeds=fine.sum(), timed=paged.count())
    wide = known.inner_join(_visits(known), "id").left_join(speeds, "subject")
    return wide.drop("subject_right")


def _visits(theirs: ir.Table) -> ir.Table:
    """``id, visit, filled`` of the events of visits with a cart; few columns, for every one of their events is put in
    order."""
    walk = ibis.window(group_by="subject", order_by=[theirs.time, theirs.id])
    # An order ends a cart: what is put in behind it is the next one.
    pause = (theirs.time > theirs.time.lag().over(walk) + PAUSE) | (theirs.event.lag().over(walk) == ORDER_COMPLETED)
    marked = theirs.select(
        *("subject", "id"),
        turn=ibis.row_number().over(walk),
        fresh=pause.fill_null(False).cast("int64"),
        put=ibis.ifelse(theirs.event == PRODUCT_ADDED, theirs.time, ibis.null(theirs.time.type())),
    )
    so_far = ibis.window(group_by="subject", order_by=marked.turn, preceding=None, following=0)
    placed = marked.select("subject", "id", "put", visit=marked.fresh.sum().over(so_far))
    filled = placed.group_by("subject", "visit").agg(filled=placed.put.min())
    filled = filled.filter(filled.filled.notnull())
    return placed.inner_join(filled, ["subject", "visit"]).select("id", "visit", "filled")


def _step_of(events: ir.Table) -> ir.IntegerValue:
    return ibis.ifelse(events.event.isin(_STEPS), _number(events.properties, _STEP), ibis.null("int64"))


def _number(text: ir.StringColumn, pattern: str) -> ir.IntegerValue:
    return text.re_extract(pattern, 1).nullif("").cast("int64")


def _log(load: ir.IntegerValue) -> ir.FloatingValue:
    return ibis.greatest(load.cast("float64"), _FASTEST).ln()


def _summed(walked: ir.Table) -> ir.Table:
    """A row a visit with a cart."""
    it = walked
    early, late = it.time < it.filled, it.time >= it.filled
    checkout = it.step.notnull()
    told = it.shipping_cost.notnull() & checkout
    paid, applied = it.event == _PAYS, it.event == "Coupon Applied"
    return it.group_by("subject", "visit").agg(
        start=it.time.min(),
        filled=it.filled.min(),
        source=it.source.min(),
        cart_id=it.cart_id.max(),
        currency=it.currency.max(),
        ordered=(it.event == ORDER_COMPLETED).max(),
        paying=(paid | (it.event == "Payment Failed") | (it.step >= 3).fill_null(False)).max(),
        delivery=(told | (it.step >= 2).fill_null(False)).max(),
        checkout=(checkout | (it.event == "Checkout Started")).max(),
        seen=(it.event == "Cart Viewed").max(),
        value=it.amount.max(where=it.event.isin(_FILLING[1:])),
        found_cheaper=(late & (it.event == "Product List Filtered") & _by_price(it.properties)).max(),
        needs_to_ask=(late & (it.event == "Chat Opened")).max(),
        out_of_stock=(it.event.isin(_FILLING) & it.properties.contains('"out_of_stock"').fill_null(False)).max(),
        load=it.load.max(where=checkout),
        broken=(late & (it.event == "Page Error")).max(),
        dear=(it.shipping_cost / it.amount.nullif(0)).max(where=told),
        denied=(it.event == "Coupon Denied").max(),
        tried=(it.event == "Coupon Entered").max(),
        applied=applied.max(),
        failed=(it.event == "Payment Failed").max(),
        again=paid.sum() > it.checkout_id.nunique(where=paid),
        province=it.province.max(),
        device=it.device.max(),
        pieces=it.quantity.sum(where=it.event == PRODUCT_ADDED),
        looks=(early & (it.event == "Product Viewed")).sum(),
        lists=(early & it.event.isin(["Products Searched", "Product List Viewed"])).sum(),
        home=(early & (it.page == "/")).max(),
        speed=it.speeds.max() / _FINE / it.timed.max().nullif(0),
    )


def _by_price(properties: ir.StringColumn) -> ir.BooleanValue:
    sorts = properties.re_extract(r'"sorts":\s*(\[[^\]]*\])', 1)
    return (sorts.contains('"price"') & sorts.contains('"asc"')).fill_null(False)


def _with_goods(each: ir.Table, walked: ir.Table, items: ir.Table) -> ir.Table:
    """What the products are worth that were put in, and the category of the dearest."""
    put = walked.filter(walked.event == PRODUCT_ADDED).select("subject", "visit", event_id="id")
    lines = items.filter(items.event == PRODUCT_ADDED).select(
        "event_id", "category", worth=items.price * items.quantity.fill_null(1)
    )
    lines = put.inner_join(lines, "event_id")
    order = [lines.worth.fill_null(0).desc(), lines.category.fill_null("")]
    ranked = lines.mutate(turn=ibis.row_number().over(group_by=["subject", "visit"], order_by=order))
    goods = ranked.group_by(["subject", "visit"]).agg(
        worth=ranked.worth.sum().cast("int64"), category=ranked.category.max(where=ranked.turn == 0)
    )
    wide = each.left_join(goods, ["subject", "visit"])
    return wide.mutate(value=ibis.coalesce(wide.value, wide.worth)).drop("worth", "subject_right", "visit_right")
