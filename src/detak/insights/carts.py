"""Carts, one row each: how far they came, which signs of a reason to leave showed, and who filled them, in what state.

A cart is a visit (of one person, without half an hour of silence in it) in which something was put into a cart. It
ends in an order if the visit does, or if an order names it later. What happened before the first product went in says
in what state of mind somebody came; what happened afterwards may be a reason to leave.
"""

from typing import Final

import ibis
import ibis.expr.types as ir

from detak.event import ORDER_COMPLETED
from detak.insights.base import Facts, Shop, local
from detak.insights.rare import rare_of
from detak.insights.trail import times_of

CART, SEEN, CHECKOUT, DELIVERY, PAYING, ORDERED = range(6)
"""How far a cart came: filled, looked at, at the checkout, told what delivery costs, about to pay, bought."""
ADDED: Final = "Product Added"
PAUSE: Final = ibis.interval(minutes=30)
SLOW_MS: Final = 4_000
"""Milliseconds from which on a page of the checkout is slow."""
DEAR: Final = 0.2
"""Part of the cart's value from which on shipping is dear."""

_FILLING: Final = (ADDED, "Cart Viewed", "Checkout Started")
_STEPS: Final = ("Checkout Step Viewed", "Checkout Step Completed")
_PAYS: Final = "Payment Info Entered"
_LOAD: Final = r'"load_ms":\s*(\d+)'
_STEP: Final = r'"step":\s*(\d+)'
_FASTEST: Final = 1.0  # milliseconds: no page is faster, and a logarithm needs something


def carts(facts: Facts, shop: Shop, most: int) -> ir.Table:
    """One row a cart whose person and time are known: those of the people who filled the newest ``most``, all of them.

    ``subject, start, source`` (UTC); ``stage`` (``CART`` to ``ORDERED``), ``bought``, ``value`` (minor units, null:
    unknown) and ``currency``; signs, each 1, 0 or null where nobody can tell: ``found_cheaper, needs_to_ask,
    out_of_stock, slow_page, shipping_cost, coupon_refused, payment_failed``; ``paid_again`` (a second payment for one
    checkout), ``unseen_failure`` (without a word of what became of the first); and the state: ``province, device,
    pieces, looks, lists, hour, home, category, speed`` (the mean logarithm of what this person's other pages took),
    ``before, ordered_before, careful_before`` (the person's earlier carts, those bought, and those with a coupon tried
    or prices compared).
    """
    walked = _walked(facts, most)
    summed = _with_orders(_summed(walked, shop), facts)
    return _with_history(_with_goods(summed, walked, facts.items))


def _lately(facts: Facts, most: int) -> ir.Table:
    """The people who filled the newest carts. A day on which somebody filled one is at least a cart, but for midnight:
    twice as many days are enough."""
    added = times_of(facts, ADDED)
    days = added.group_by("subject", day=added.time.truncate("D")).agg(latest=added.time.max())
    newest = days.order_by([days.latest.desc(), days.subject]).limit(2 * most)
    return newest.select("subject").distinct()


def _walked(facts: Facts, most: int) -> ir.Table:
    """The events of visits with a cart, with ``visit``, and ``filled``: when the first product went in."""
    timed = facts.events.filter(facts.events.subject.notnull() & facts.events.time.notnull())
    theirs = timed.semi_join(_lately(facts, most), "subject")
    known = theirs.mutate(load=_number(theirs.properties, _LOAD), step=_step_of(theirs))
    paged = ibis.ifelse(known.step.isnull(), known.load, ibis.null("int64"))
    speeds = known.group_by("subject").agg(speeds=_log(paged).sum(), timed=paged.count())
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
        put=ibis.ifelse(theirs.event == ADDED, theirs.time, ibis.null(theirs.time.type())),
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


def _summed(walked: ir.Table, shop: Shop) -> ir.Table:
    """A row a visit with a cart."""
    it = walked
    early, late = it.time < it.filled, it.time >= it.filled
    checkout = it.step.notnull()
    told = it.shipping_cost.notnull() & checkout
    paid, applied = it.event == _PAYS, it.event == "Coupon Applied"
    each = it.group_by(["subject", "visit"]).agg(
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
        pieces=it.quantity.sum(where=it.event == ADDED),
        looks=(early & (it.event == "Product Viewed")).sum(),
        lists=(early & it.event.isin(["Products Searched", "Product List Viewed"])).sum(),
        home=(early & (it.page == "/")).max(),
        speed=it.speeds.max() / it.timed.max().nullif(0),
    )
    kept = each.mutate(hour=local(each.start, shop.zone).hour())
    return kept.mutate(**_signs(kept))


def _with_orders(each: ir.Table, facts: Facts) -> ir.Table:
    """How far each came; whom an order names that was placed on another visit was bought too."""
    placed = rare_of(facts, ORDER_COMPLETED)
    told = placed.filter(placed.cart_id.notnull()).select("source", "cart_id").distinct().mutate(named=True)
    wide = each.left_join(told, ["source", "cart_id"])
    stage = ibis.cases(
        (wide.ordered | wide.named.fill_null(False), ORDERED),
        (wide.paying, PAYING),
        (wide.delivery, DELIVERY),
        (wide.checkout, CHECKOUT),
        (wide.seen, SEEN),
        else_=CART,
    )
    return wide.mutate(stage=stage).drop("named", "source_right", "cart_id_right")


def _by_price(properties: ir.StringColumn) -> ir.BooleanValue:
    sorts = properties.re_extract(r'"sorts":\s*(\[[^\]]*\])', 1)
    return (sorts.contains('"price"') & sorts.contains('"asc"')).fill_null(False)


def _signs(each: ir.Table) -> dict[str, ir.Value]:
    """1, 0, or null where nobody can tell."""
    answered = each.applied.max().over(ibis.window())  # of a shop that tells of coupons applied, silence is a refusal
    refused = each.denied | (each.tried & ~each.applied & answered)
    slow = each.load > SLOW_MS
    found = {
        "slow_page": slow | (each.broken & each.load.notnull()),
        "shipping_cost": each.dear > DEAR,
        "coupon_refused": refused,
        "payment_failed": each.failed,
        "paid_again": each.again,
        "unseen_failure": each.again & ~each.failed,
    }
    plain = ("found_cheaper", "needs_to_ask", "out_of_stock")
    return {name: one.cast("int64") for name, one in {**found, **{name: each[name] for name in plain}}.items()}


def _with_goods(each: ir.Table, walked: ir.Table, items: ir.Table) -> ir.Table:
    """What the products are worth that were put in, and the category of the dearest."""
    put = walked.filter(walked.event == ADDED).select("subject", "visit", event_id="id")
    lines = items.filter(items.event == ADDED).select(
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


def _with_history(each: ir.Table) -> ir.Table:
    """What the person did in earlier carts."""
    past = ibis.window(group_by="subject", order_by=["start", "visit"], rows=(None, -1))
    careful = ibis.greatest(each.found_cheaper.fill_null(0), each.tried.cast("int64"))
    return each.mutate(
        bought=each.stage == ORDERED,
        before=each.start.count().over(past).fill_null(0),
        ordered_before=(each.stage == ORDERED).cast("int64").sum().over(past).fill_null(0),
        careful_before=careful.sum().over(past).fill_null(0),
    )
