"""Products and categories bought: counted in the engine, ranked, and read into rows of a report."""

from collections.abc import Iterable, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import msgspec

from detak.insights.base import Facts
from detak.insights.orders import KEY, order_items, sum_if_all
from detak.money import Money


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """A product, or a category."""

    product: str | None
    """Its id, or its name where it has none; null for a category."""
    name: str
    category: str | None
    orders: int
    """Orders that have it and were not cancelled."""
    quantity: float | None
    """Pieces, of the lines that say how many; null where none does."""
    uncounted: int
    """Orders among ``orders`` that ``quantity`` leaves out."""
    revenue: Money | None
    """Of the lines whose amount is known, in the currency most of them are in; null where none is."""
    unpriced: int
    """Orders among ``orders`` that ``revenue`` leaves out: amount unknown, or another currency."""
    cancelled: int
    """Orders that had it and were cancelled."""


def reduce_bought(facts: Facts, orders: ir.Table, limit: int, within: Sequence[str] = ()) -> dict[str, ir.Table]:
    """``products`` and ``categories``: a row for each of the ``limit`` most ordered and currency.

    ``orders`` has a row an order, with ``cancelled`` and the columns ``within``; of each combination of those, so many.
    """
    items = order_items(facts)
    items = items.join(orders.select(*KEY, "cancelled", *within), list(KEY)).select(
        *KEY,
        *within,
        "cancelled",
        "category",
        "currency",
        "amount",
        "quantity",
        "name",
        product=ibis.coalesce(items.product_id, items.name),
    )
    products = items.filter(items["product"].notnull())
    named = _top(products, "product", limit, within).left_join(_names(products), "product").drop("product_right")
    return {"products": named, "categories": _top(items.filter(items.category.notnull()), "category", limit, within)}


def read_bought(rows: Iterable[dict[str, Any]], key: str, currency: str) -> list[Bought]:
    """From the rows of ``reduce_bought``, in descending order of orders; ``currency`` is the shop's.

    ``key`` is ``product`` or ``category``.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    bought = [_one(key, name, several, currency) for name, several in found.items()]
    return sorted(bought, key=lambda one: (-one.orders, -one.cancelled, one.product or one.name))


def _top(items: ir.Table, key: str, limit: int, within: Sequence[str]) -> ir.Table:
    """The most ordered: a row for each and currency, with the orders that have an amount and what they come to.

    Windows, not joins, bring the currencies of one together: a level may be null, and null joins nothing.
    """
    lines = items.group_by([*KEY, *within, "cancelled", key]).agg(
        currency=items.currency.max(),
        amount=sum_if_all(items.amount, items.count()),
        quantity=sum_if_all(items.quantity, items.count()),
    )
    kept = ~lines.cancelled
    each = lines.group_by([*within, key, "currency"]).agg(
        orders=kept.sum(),
        cancelled=lines.cancelled.sum(),
        quantity=lines.quantity.sum(where=kept),
        counted=lines.quantity.count(where=kept),
        priced=lines.amount.count(where=kept),
        amount=lines.amount.sum(where=kept),
    )
    whole = ibis.window(group_by=[*within, key])
    counts = ("orders", "cancelled", "quantity", "counted")
    summed = each.mutate(**{name: each[name].sum().over(whole) for name in counts})
    order = [summed.orders.desc(), summed.cancelled.desc(), summed[key]]
    ranked = summed.mutate(turn=ibis.dense_rank().over(ibis.window(group_by=list(within), order_by=order)))
    return ranked.filter(ranked.turn < limit).drop("turn")


def _names(items: ir.Table) -> ir.Table:
    """What each product is called most often, and the category it is in most often."""
    spelt = items.group_by(["product", "name", "category"]).agg(times=items.count())
    order = [spelt.times.desc(), spelt.name.fill_null(""), spelt.category.fill_null("")]
    spelt = spelt.mutate(turn=ibis.row_number().over(group_by="product", order_by=order))
    return spelt.filter(spelt.turn == 0).select("product", "name", "category")


def _one(key: str, identity: str, rows: list[dict[str, Any]], shop_currency: str) -> Bought:
    """``rows``: one a currency. Sums of different currencies are never added up."""
    row = max(rows, key=lambda one: (one["priced"] or 0, one["currency"] == shop_currency, one["currency"] or ""))
    known = row["priced"] or 0
    return Bought(
        product=identity if key == "product" else None,
        name=row.get("name") or identity,
        category=row.get("category"),
        orders=row["orders"],
        quantity=row["quantity"],
        uncounted=row["orders"] - row["counted"],
        revenue=Money(row["amount"], row["currency"] or shop_currency) if known else None,
        unpriced=row["orders"] - known,
        cancelled=row["cancelled"],
    )
