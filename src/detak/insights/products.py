"""What people buy, and what they search for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from detak.consent import Purpose
from detak.insights import dimensions, few, render
from detak.insights.base import Facts, Report, Shop, check_limit
from detak.insights.blocks import Block, Note, Row, Table, Words
from detak.insights.bought import Bought, read_bought, reduce_bought
from detak.insights.orders import headers
from detak.insights.searches import Search, reduce_searches
from detak.words import say

DIMENSIONS = tuple(one for one in dimensions.DIMENSIONS if one != "category")
"""What holds for an order as a whole. Not the category: each product states its own."""

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
    withheld: str | None
    """What is to be said of it, where something is."""

    def blocks(self, shop: Shop) -> list[Block]:
        """Tables."""
        language = shop.language
        found: list[Block] = [
            _bought(self.products, "product", language),
            _bought(self.categories, "category", language),
        ]
        found += [_split_table(self.by, language)] if self.by else []
        found = [one for one in [*found, self._searched(language)] if isinstance(one, Table) and one.rows]
        if any(one.unpriced or one.uncounted for one in [*self.products, *self.categories]):
            found.append(Note(say(language, "products.incomplete")))
        if self.withheld:
            found.append(Note(self.withheld))
        return found or [Words([say(language, "products.nothing")])]

    def _searched(self, language: str) -> Table:
        rows = [
            Row(
                [
                    one.query or say(language, "products.rare_searches"),
                    render.whole(one.searches, language),
                    few.cell(one.people, language),
                    "–" if one.without_results is None else render.whole(one.without_results, language),
                    "–" if one.followed is None else render.percent(one.followed, language),
                ]
            )
            for one in self.searches
        ]
        keys = ("query", "searches", "people", "without_results", "followed")
        return Table(say(language, "products.searched"), [say(language, f"products.{key}") for key in keys], rows)


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
        searches = Search.read(sums["searches"], shop.min_group)
        return ProductsReport(
            products=read_bought(sums["products"].to_pylist(), "product", shop.currency),
            categories=read_bought(sums["categories"].to_pylist(), "category", shop.currency),
            searches=searches,
            by=_split(self.by, sums, shop) if self.by is not None else msgspec.UNSET,
            withheld=few.note([one.people for one in searches], shop),
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


def _bought(bought: list[Bought], noun: str, language: str) -> Table:
    rows = [
        Row(
            [
                one.name,
                render.whole(one.orders, language),
                "–" if one.quantity is None else render.whole(one.quantity, language),
                render.money(one.revenue, language),
                render.whole(one.cancelled, language),
            ]
        )
        for one in bought
    ]
    heads = [say(language, f"products.{key}") for key in (noun, "orders", "quantity", "revenue", "cancelled")]
    return Table(say(language, f"products.by_{noun}"), heads, rows)


def _split_table(split: Split, language: str) -> Table:
    """A row a level; where no product is named, categories stand for them."""
    rows = [
        Row([one.level, render.whole(one.orders, language), _most(one.products or one.categories, language)])
        for one in split.levels
    ]
    heads = [say(language, key) for key in (f"report.{split.dimension}", "products.orders", "products.most")]
    return Table(say(language, "products.levels"), heads, rows, left=3)


def _most(bought: list[Bought], language: str) -> str:
    kept = [one for one in bought if one.orders][:_NAMED]
    return ", ".join(f"{render.clip(one.name, 24)} ({render.whole(one.orders, language)})" for one in kept) or "–"
