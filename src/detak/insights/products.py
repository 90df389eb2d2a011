"""What people buy, and what they search for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from detak.consent import Purpose
from detak.errors import UsageError
from detak.insights import render
from detak.insights.base import Facts, Report, Shop
from detak.insights.orders import KEY, headers, order_items, sum_if_all
from detak.insights.searches import Search, reduce_searches
from detak.money import Money
from detak.words import say

_ROWS = 15


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


class ProductsReport(Report, frozen=True, kw_only=True):
    """Products and categories by orders, the most first; searches by how often, where there are any."""

    products: list[Bought]
    categories: list[Bought]
    searches: list[Search]

    def text(self, shop: Shop) -> str:
        """Three short tables."""
        language = shop.language
        lines = [say(language, "products.title")]
        if not (self.products or self.categories or self.searches):
            return "\n".join([*lines, "", say(language, "products.nothing")])
        lines += self._bought(self.products, "product", language) + self._bought(self.categories, "category", language)
        lines += self._searched(language)
        if any(one.unpriced or one.uncounted for one in [*self.products, *self.categories]):
            lines += ["", say(language, "products.incomplete")]
        return "\n".join(lines)

    def _bought(self, bought: list[Bought], noun: str, language: str) -> list[str]:
        if not bought:
            return []
        rows = [
            [
                render.clip(one.name),
                render.whole(one.orders, language),
                "–" if one.quantity is None else render.whole(one.quantity, language),
                render.money(one.revenue, language),
                render.whole(one.cancelled, language),
            ]
            for one in bought[:_ROWS]
        ]
        heads = [say(language, f"products.{key}") for key in (noun, "orders", "quantity", "revenue", "cancelled")]
        return ["", *render.table(heads, rows), *render.more(len(bought) - _ROWS, language)]

    def _searched(self, language: str) -> list[str]:
        if not self.searches:
            return []
        rows = [
            [
                render.clip(one.query or say(language, "products.rare_searches")),
                render.whole(one.searches, language),
                render.whole(one.people, language),
                "–" if one.without_results is None else render.whole(one.without_results, language),
                "–" if one.followed is None else render.percent(one.followed, language),
            ]
            for one in self.searches[:_ROWS]
        ]
        keys = ("query", "searches", "people", "without_results", "followed")
        heads = [say(language, f"products.{key}") for key in keys]
        return ["", *render.table(heads, rows), *render.more(len(self.searches) - _ROWS, language)]


@dataclass(frozen=True)
class Products:
    """Products and categories bought, with what was cancelled of them; searches beside them."""

    insight: ClassVar[str] = "products"
    purpose: ClassVar[Purpose] = Purpose.ANALYTICS
    limit: int = 50
    """So many of each, the most ordered."""

    def __post_init__(self) -> None:
        """See that the limit makes sense.

        Raises:
            UsageError: it is less than 1.
        """
        if self.limit < 1:
            raise UsageError("the limit must be at least 1")

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:
        """``products`` and ``categories``: a row for each of the most ordered and currency; ``searches``."""
        every = headers(facts)
        items = order_items(facts)
        items = items.left_join(every.select(*KEY, "cancelled"), list(KEY)).select(
            *KEY, "cancelled", "category", "currency", "amount", "quantity", "name", product=_identity(items)
        )
        products = items.filter(items["product"].notnull())
        named = _top(products, "product", self.limit).left_join(_names(products), "product").drop("product_right")
        return {
            "products": named,
            "categories": _top(items.filter(items.category.notnull()), "category", self.limit),
            "searches": reduce_searches(facts, every, shop, self.limit),
        }

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> ProductsReport:
        """The report, in descending order of orders."""
        return ProductsReport(
            products=_bought(sums["products"], "product", shop.currency),
            categories=_bought(sums["categories"], "category", shop.currency),
            searches=Search.read(sums["searches"]),
        )


def _identity(items: ir.Table) -> ir.StringValue:
    return ibis.coalesce(items.product_id, items.name)


def _top(items: ir.Table, key: str, limit: int) -> ir.Table:
    """The most ordered: a row for each and currency, with the orders that have an amount and what they come to."""
    lines = items.group_by([*KEY, "cancelled", key]).agg(
        currency=items.currency.max(),
        amount=sum_if_all(items.amount, items.count()),
        quantity=sum_if_all(items.quantity, items.count()),
    )
    whole = lines.group_by(key).agg(
        orders=(~lines.cancelled).sum(),
        cancelled=lines.cancelled.sum(),
        quantity=lines.quantity.sum(where=~lines.cancelled),
        counted=lines.quantity.count(where=~lines.cancelled),
    )
    top = whole.order_by([whole.orders.desc(), whole.cancelled.desc(), whole[key]]).limit(limit)
    priced = lines.filter(~lines.cancelled & lines.amount.notnull())
    money = priced.group_by([key, "currency"]).agg(priced=priced.count(), amount=priced.amount.sum())
    return top.left_join(money, key).drop(f"{key}_right")


def _names(items: ir.Table) -> ir.Table:
    """What each product is called most often, and the category it is in most often."""
    spelt = items.group_by(["product", "name", "category"]).agg(times=items.count())
    order = [spelt.times.desc(), spelt.name.fill_null(""), spelt.category.fill_null("")]
    spelt = spelt.mutate(turn=ibis.row_number().over(group_by="product", order_by=order))
    return spelt.filter(spelt.turn == 0).select("product", "name", "category")


def _bought(rows: pa.Table, key: str, currency: str) -> list[Bought]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows.to_pylist():
        found.setdefault(row[key], []).append(row)
    bought = [_one(key, name, several, currency) for name, several in found.items()]
    return sorted(bought, key=lambda one: (-one.orders, -one.cancelled, one.product or one.name))


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
