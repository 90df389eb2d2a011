"""Seen, added, bought: how far each product and category gets with those who look at it, and which stand out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from detak.consent import Purpose
from detak.errors import WordedError
from detak.insights.base import Facts, Shop, check_limit
from detak.insights.orders import KEY, headers, order_items
from detak.insights.product_funnel_report import ADD, BUY, Funnelled, ProductFunnelReport, Step
from detak.insights.shrinkage import Groups, Shrunk, shrink
from detak.money import Money

SEEN: Final = "Product Viewed"
ADDED: Final = "Product Added"
_MOST: Final = 3_000  # products that are compared; the most seen
_STEPS: Final = ("seen", "added", "bought")
_PATHS: Final = ("seen", "left", "bought")


@dataclass(frozen=True)
class ProductFunnel:
    """Counts people: who looked, who of them put it into the cart, who of them bought it and kept the order.

    An event that nobody is known behind counts as a person of its own.
    """

    insight: ClassVar[str] = "product_funnel"
    purpose: ClassVar[Purpose] = Purpose.ANALYTICS
    limit: int = 50
    """So many products, the most seen, beside those that stand out."""

    def __post_init__(self) -> None:
        """See that the limit makes sense.

        Raises:
            UsageError: it is less than 1.
        """
        check_limit(self.limit)

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:
        """``products`` and ``categories``: seen, added, bought (of those who saw it), unseen (bought without)."""
        told = _told(facts)
        each, about = _people(told), _about(told)
        return {"products": _products(each, about, shop), "categories": _categories(each, about, shop)}

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> ProductFunnelReport:
        """The report, the most seen first."""
        products = _read(sums["products"].to_pylist(), "product", shop)
        categories = _read(sums["categories"].to_pylist(), "category", shop)
        return ProductFunnelReport(
            products=products[: self.limit],
            categories=categories,
            outliers=[one for one in products if one.add.outlier or one.buy.outlier],
            compared=len(products),
        )

    def behind(self, facts: Facts, shop: Shop, key: str) -> ir.Table:  # noqa: ARG002  every insight is asked alike
        """The people of one product: ``seen/P1``, ``bought/P1``, or ``left/P1``, who looked and did not buy.

        Raises:
            UsageError: the report has no such number.
        """
        path, _, product = key.partition("/")
        if path not in _PATHS or not product:
            raise WordedError("number", {"number": key[:80], "example": "seen/P1"})
        each = _people(_told(facts))
        here = each.filter(each["product"] == product, each.subject.notnull())
        wanted = {"seen": here.seen, "left": here.seen & ~here.bought, "bought": here.bought}[path]
        return here.filter(wanted).select("subject").distinct()


def _told(facts: Facts) -> ir.Table:
    """A row a product of an event: subject, who, product, category, name, seen, added, bought, price, currency."""
    shown = facts.items.filter(facts.items.event.isin((SEEN, ADDED)))
    columns = ("subject", "category", "name", "currency", "price")
    looked = shown.select(
        *columns,
        who=ibis.coalesce(shown.subject, shown.event_id).cast("int64"),
        product=ibis.coalesce(shown.product_id, shown.name),
        seen=shown.event == SEEN,
        added=shown.event == ADDED,
        bought=ibis.literal(False),
    )
    kept = headers(facts).filter(~ibis._.cancelled).select(*KEY)
    lines = order_items(facts).semi_join(kept, list(KEY))
    had = lines.select(
        *columns,
        who=ibis.coalesce(lines.subject, lines.event_id).cast("int64"),
        product=ibis.coalesce(lines.product_id, lines.name),
        seen=ibis.literal(False),
        added=ibis.literal(False),
        bought=ibis.literal(True),
    )
    return looked.union(had)


def _people(told: ir.Table) -> ir.Table:
    """A row a product and person: product, who, subject, seen, added, bought; ``category`` where no product is told."""
    return told.group_by(["product", "who"]).agg(
        subject=told.subject.max(),
        **{name: told[name].any() for name in _STEPS},
        category=told.category.max(where=told["product"].isnull()),
    )


def _about(told: ir.Table) -> ir.Table:
    """What is told of each product: name, kind (its category), price, currency."""
    named = told.filter(told["product"].notnull())
    return named.group_by("product").agg(
        name=named["name"].max(),
        kind=named.category.max(),
        price=named.price.max(),
        currency=named.currency.argmax(named.price),
    )


def _products(each: ir.Table, about: ir.Table, shop: Shop) -> ir.Table:
    """The most seen ones."""
    products = _counted(each.filter(each["product"].notnull()), "product", shop)
    products = products.order_by([products.seen.desc(), products["product"]]).limit(_MOST)
    return products.left_join(about, "product").drop("product_right")


def _categories(each: ir.Table, about: ir.Table, shop: Shop) -> ir.Table:
    """People by the category of the product, whichever event states it. Each counts once."""
    wide = each.left_join(about.select("product", "kind"), "product")
    wide = wide.mutate(category=ibis.coalesce(wide.kind, wide.category))
    wide = wide.filter(wide.category.notnull())
    once = wide.group_by(["category", "who"]).agg(**{name: wide[name].any() for name in _STEPS})
    return _counted(once, "category", shop)


def _counted(each: ir.Table, key: str, shop: Shop) -> ir.Table:
    """People by product or category."""
    counts = each.group_by(key).agg(
        seen=each.seen.sum(),
        added=(each.seen & each.added).sum(),
        bought=(each.seen & each.bought).sum(),
        unseen=(~each.seen & each.bought).sum(),
    )
    return counts.filter(counts.seen >= shop.min_group)


def _read(rows: list[dict[str, Any]], key: str, shop: Shop) -> list[Funnelled]:
    rows = sorted(rows, key=lambda row: (-row["seen"], row[key]))
    kinds = [row.get("kind") for row in rows]
    seen, added, bought = (np.array([row[name] for row in rows], np.float64) for name in ("seen", "added", "bought"))
    adds, buys = (shrink(Groups(part, seen, kinds)) for part in (added, bought))
    return [_one(row, key, (add, buy), shop) for row, add, buy in zip(rows, adds, buys, strict=True)]


def _one(row: Mapping[str, Any], key: str, steps: tuple[Shrunk, Shrunk], shop: Shop) -> Funnelled:
    add, buy = (_step(name, one) for name, one in zip((ADD, BUY), steps, strict=True))
    missing, price = (buy.usual - buy.share) * row["seen"], row.get("price")
    return Funnelled(
        product=row["product"] if key == "product" else None,
        name=row.get("name") or row[key],
        category=row.get("kind"),
        seen=row["seen"],
        added=row["added"],
        bought=row["bought"],
        unseen=row["unseen"],
        add=add,
        buy=buy,
        missing=missing,
        money=None if price is None else Money(round(missing * price), row["currency"] or shop.currency),
    )


def _step(name: str, one: Shrunk) -> Step:
    low, high = one.share.low, one.share.high
    return Step(step=name, share=one.share.value, low=low, high=high, usual=one.usual, outlier=one.outlier)
