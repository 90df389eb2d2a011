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
