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
from detak.insights.filled import filled
from detak.insights.rare import rare_of
from detak.insights.trail import PRODUCT_ADDED, times_of

CART, SEEN, CHECKOUT, DELIVERY, PAYING, ORDERED = range(6)
"""How far a cart came: filled, looked at, at the checkout, told what delivery costs, about to pay, bought."""
SLOW_MS: Final = 4_000
"""Milliseconds from which on a page of the checkout is slow."""
DEAR: Final = 0.2
"""Part of the cart's value from which on shipping is dear."""


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
    each = _filled(facts, _lately(facts, most))
    wide = each.mutate(hour=local(each.start, shop.zone).hour())
    return _with_history(_with_orders(wide.mutate(**_signs(wide)), facts))


def _filled(facts: Facts, people: ir.Table) -> ir.Table:
    kept = facts.kept.filled if facts.kept else None
    return filled(facts.events, facts.items, people) if kept is None else kept.semi_join(people, "subject")


def _lately(facts: Facts, most: int) -> ir.Table:
    """The people who filled the newest carts. A day on which somebody filled one is at least a cart, but for midnight:
    twice as many days are enough."""
    added = times_of(facts, PRODUCT_ADDED)
    days = added.group_by("subject", day=added.time.truncate("D")).agg(latest=added.time.max())
    newest = days.order_by([days.latest.desc(), days.subject]).limit(2 * most)
    return newest.select("subject").distinct()


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
