"""What people buy, and what they search for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from detak.consent import Purpose
from detak.insights import dimensions, render
from detak.insights.base import Facts, Report, Shop, check_limit
from detak.insights.bought import Bought, read_bought, reduce_bought
from detak.insights.orders import headers
from detak.insights.searches import Search, reduce_searches
from detak.words import say

DIMENSIONS = tuple(one for one in dimensions.DIMENSIONS if one != "category")
"""What holds for an order as a whole. Not the category: each product states its own."""

_ROWS = 15
_LEVEL_ROWS = 10  # of products and of categories, in each level
_NAMED = 3  # of those, in a line for a terminal
_LEVEL = ("level", "small")


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What is bought in one level of the dimension that the report is split by."""

    level: str
    orders: int
    """Not cancelled, whatever they state of their items."""
    products: list[Bought]
    """The most ordered, at most 10."""
    categories: list[Bought]
    """The most ordered, at most 10."""


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """The levels of a dimension, the most orders first."""

    dimension: str
    levels: list[Level]


class ProductsReport(Report, frozen=True, kw_only=True):
    """Products and categories by orders, the most first; searches by how often, where there are any."""

    products: list[Bought]
    categories: list[Bought]
    searches: list[Search]
    by: Split | msgspec.UnsetType = msgspec.UNSET

    def text(self, shop: Shop) -> str:
        """Short tables."""
        language = shop.language
        lines = [say(language, "products.title")]
        split = _split_lines(self.by, language) if self.by else []
        if not (self.products or self.categories or self.searches or split):
            return "\n".join([*lines, "", say(language, "products.nothing")])
        lines += self._bought(self.products, "product", language) + self._bought(self.categories, "category", language)
        lines += split + self._searched(language)
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
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {"by": DIMENSIONS}
    limit: int = 50
    """So many of each, the most ordered."""
    by: str | None = None
    """A dimension to split by, of ``DIMENSIONS``."""

    def __post_init__(self) -> None:
        """See that the limit makes sense and the dimension exists.

        Raises:
            UsageError: the limit is less than 1, or there is no such dimension.
        """
        check_limit(self.limit)
        dimensions.check(self.by, DIMENSIONS)

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:
        """``products`` and ``categories``: a row for each of the most ordered and currency; ``searches``.

        With a dimension the same of each level, ``level_products`` and ``level_categories``, and ``levels``: level,
        small, orders.
        """
        every = headers(facts)
        sums = reduce_bought(facts, every, self.limit)
        sums["searches"] = reduce_searches(facts, every, shop, self.limit)
        if self.by is not None:
            parted = dimensions.split(every, facts, self.by, shop)
            sums["levels"] = parted.group_by(list(_LEVEL)).agg(orders=(~ibis._.cancelled).sum())
            tops = reduce_bought(facts, parted, min(self.limit, _LEVEL_ROWS), within=_LEVEL)
            sums |= {f"level_{name}": top for name, top in tops.items()}
        return sums

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> ProductsReport:
        """The report, in descending order of orders."""
        return ProductsReport(
            products=read_bought(sums["products"].to_pylist(), "product", shop.currency),
            categories=read_bought(sums["categories"].to_pylist(), "category", shop.currency),
            searches=Search.read(sums["searches"]),
            by=_split(self.by, sums, shop) if self.by is not None else msgspec.UNSET,
        )


def _split(by: str, sums: Mapping[str, pa.Table], shop: Shop) -> Split:
    products, categories = (_by_level(sums[f"level_{name}"].to_pylist()) for name in ("products", "categories"))
    found = {(row["level"], row["small"]): row["orders"] for row in sums["levels"].to_pylist()}
    largest = sorted(found, key=lambda one: (-found[one], one[1], one[0] is None, one[0] or ""))
    levels = [
        Level(
            level=dimensions.name(by, level, small, shop),
            orders=found[level, small],
            products=read_bought(products.get((level, small), ()), "product", shop.currency),
            categories=read_bought(categories.get((level, small), ()), "category", shop.currency),
        )
        for level, small in largest
    ]
    return Split(dimension=by, levels=levels)


def _by_level(rows: Iterable[dict[str, Any]]) -> dict[tuple[str | None, bool], list[dict[str, Any]]]:
    found: dict[tuple[str | None, bool], list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["level"], row["small"]), []).append(row)
    return found


def _split_lines(split: Split, language: str) -> list[str]:
    """A line a level; where no product is named, categories stand for them."""
    if not split.levels:
        return []
    shown = split.levels[:_ROWS]
    counts = [say(language, "products.orders"), *(render.whole(one.orders, language) for one in shown)]
    width = max(len(count) for count in counts)
    head, *orders = (count.rjust(width) for count in counts)
    rows = [
        [render.clip(one.level), count, _most(one.products or one.categories, language)]
        for one, count in zip(shown, orders, strict=True)
    ]
    heads = [say(language, f"report.{split.dimension}"), head, say(language, "products.most")]
    return ["", *render.table(heads, rows, left=3), *render.more(len(split.levels) - _ROWS, language)]


def _most(bought: list[Bought], language: str) -> str:
    kept = [one for one in bought if one.orders][:_NAMED]
    return ", ".join(f"{render.clip(one.name, 24)} ({render.whole(one.orders, language)})" for one in kept) or "–"
