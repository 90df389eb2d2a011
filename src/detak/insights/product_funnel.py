"""Seen, added, bought: how far each product and category gets with those who look at it, and which stand out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from detak.consent import Purpose
from detak.errors import WordedError
from detak.insights import few
from detak.insights.base import Facts, Shop, check_limit
from detak.insights.orders import KEY, headers, order_items
from detak.insights.product_funnel_report import ADD, BUY, Funnelled, ProductFunnelReport, Step
from detak.insights.shrinkage import Groups, Shrunk, shrink
from detak.money import Money

SEEN: Final = "Product Viewed"
ADDED: Final = "Product Added"
_MOST: Final = 3_000  # products that are compared; the most seen
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
        looked, had = looked_of(facts), _had(facts)
        about = _about(looked, had)
        return {"products": _products(looked, had, about, shop), "categories": _categories(looked, had, about, shop)}

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> ProductFunnelReport:
        """The report, the most seen first."""
        products = _read(sums["products"].to_pylist(), "product", shop)
        categories = _read(sums["categories"].to_pylist(), "category", shop)
        return ProductFunnelReport(
            products=products[: self.limit],
            categories=categories,
            outliers=[one for one in products if one.add.outlier or one.buy.outlier],
            compared=len(products),
            withheld=few.note([count for one in (*products, *categories) for count in (one.added, one.bought)], shop),
        )

    def behind(self, facts: Facts, shop: Shop, key: str) -> ir.Table:  # noqa: ARG002  every insight is asked alike
        """The people of one product: ``seen/P1``, ``bought/P1``, or ``left/P1``, who looked and did not buy.

        Raises:
            UsageError: the report has no such number.
        """
        path, _, product = key.partition("/")
        if path not in _PATHS or not product:
            raise WordedError("number", {"number": key[:80], "example": "seen/P1"})
        looked, had = (table.filter(table["product"] == product) for table in (looked_of(facts), _had(facts)))
        seen = looked.filter(looked.seen, looked.subject.notnull())
        bought = had.filter(had.subject.notnull())
        wanted = {"seen": seen, "left": seen.anti_join(bought, "subject"), "bought": bought}[path]
        return wanted.select("subject").distinct()

    def whole(self, key: str) -> str | None:
        """Who looked and did not buy is a part of who looked. Who bought may not have looked."""
        path, _, product = key.partition("/")
        return f"seen/{product}" if path in ("left", "bought") else None


def looked_of(facts: Facts) -> ir.Table:
    """``looked`` of the facts, and of each event that nobody is known behind; ``who`` is the one or the other."""
    kept = facts.kept
    if kept is not None and kept.looked is not None and kept.strangers is not None:
        theirs, nobodys = kept.looked, kept.strangers
    else:
        theirs, nobodys = looked(facts.items), facts.items.filter(facts.items.subject.isnull())
    theirs = theirs.mutate(who=theirs.subject)
    others = _looked(nobodys.mutate(who=nobodys.event_id)).mutate(subject=ibis.null("int64"))
    return theirs.union(others.select(*theirs.columns).cast(theirs.schema()))


def looked(items: ir.Table) -> ir.Table:
    """Who looked at what: ``subject, product, seen, added`` and what was told of it: ``name, category, price,
    currency``. A row a known person and product (its id, or its name); those without either are one."""
    known = items.filter(items.subject.notnull())
    return _looked(known.mutate(who=known.subject)).rename(subject="who")


def _looked(items: ir.Table) -> ir.Table:
    shown = items.filter(items.event.isin((SEEN, ADDED)))
    keyed = shown.mutate(product=ibis.coalesce(shown.product_id, shown.name))
    return keyed.group_by(["who", "product"]).agg(
        seen=(keyed.event == SEEN).any(), added=(keyed.event == ADDED).any(), **_said(keyed)
    )


def _had(facts: Facts) -> ir.Table:
    """What was bought, and kept: ``who, subject, product`` and what is told of it."""
    kept = headers(facts).filter(~ibis._.cancelled).select(*KEY)
    lines = order_items(facts).semi_join(kept, list(KEY))
    lines = lines.mutate(
        who=ibis.coalesce(lines.subject, lines.event_id).cast("int64"),
        product=ibis.coalesce(lines.product_id, lines.name),
    )
    return lines.group_by(["who", "product"]).agg(subject=lines.subject.max(), **_said(lines))


def _said(told: ir.Table) -> dict[str, ir.Value]:
    return {
        "name": told["name"].max(),
        "category": told.category.max(),
        "price": told.price.max(),
        "currency": told.currency.argmax(told.price),
    }


def _about(looked: ir.Table, had: ir.Table) -> ir.Table:
    """What is told of each product: name, kind (its category), price, currency."""
    columns = ("product", "name", "category", "price", "currency")
    both = looked.select(columns).union(had.select(columns))
    both = both.filter(both["product"].notnull())
    return both.group_by("product").agg(**_said(both)).rename(kind="category")


def _products(looked: ir.Table, had: ir.Table, about: ir.Table, shop: Shop) -> ir.Table:
    """The most seen ones."""
    looked, had = (table.filter(table["product"].notnull()) for table in (looked, had))
    products = _counted(looked, had, "product", shop)
    products = products.order_by([products.seen.desc(), products["product"]]).limit(_MOST)
    return products.left_join(about, "product").drop("product_right")


def _categories(looked: ir.Table, had: ir.Table, about: ir.Table, shop: Shop) -> ir.Table:
    """People by the category of the product, whichever event states it. Each counts once."""
    kinds = about.select("product", "kind")
    looks, bought = (_of_kind(table, kinds) for table in (looked, had))
    once = looks.group_by(["category", "who"]).agg(seen=looks.seen.any(), added=looks.added.any())
    return _counted(once, bought.select("category", "who").distinct(), "category", shop)


def _of_kind(table: ir.Table, kinds: ir.Table) -> ir.Table:
    wide = table.left_join(kinds, "product")
    wide = wide.mutate(category=ibis.coalesce(wide.kind, wide.category)).drop("product_right")
    return wide.filter(wide.category.notnull())


def _counted(looked: ir.Table, had: ir.Table, key: str, shop: Shop) -> ir.Table:
    """People by product or category; each is in one row of both tables at most."""
    shown = looked.group_by(key).agg(seen=looked.seen.sum(), added=(looked.seen & looked.added).sum())
    saw = looked.filter(looked.seen)
    parts = {"bought": had.semi_join(saw, [key, "who"]), "unseen": had.anti_join(saw, [key, "who"])}
    for name, rows in parts.items():
        counted = rows.group_by(key).agg(**{name: rows.count()})
        shown = shown.left_join(counted, key).drop(f"{key}_right")
        shown = shown.mutate(**{name: shown[name].fill_null(0)})
    return shown.filter(shown.seen >= shop.min_group)


class _Shown(NamedTuple):
    """Of one product, or category: those who went a step further, None where withheld; and whether the share that is
    usual of its kind may be told beside these."""

    people: int | None
    usual: bool


def _read(rows: list[dict[str, Any]], key: str, shop: Shop) -> list[Funnelled]:
    rows = sorted(rows, key=lambda row: (-row["seen"], row[key]))
    kinds = [row.get("kind") for row in rows]
    seen, added, bought = (np.array([row[name] for row in rows], np.float64) for name in ("seen", "added", "bought"))
    adds, buys = (shrink(Groups(part, seen, kinds)) for part in (added, bought))
    shown = (_shown(rows, name, kinds, shop.min_group) for name in ("added", "bought"))
    found = zip(rows, adds, buys, *shown, strict=True)
    return [
        _one(row, key, (_step(ADD, add, of_add), _step(BUY, buy, of_buy)), (of_add, of_buy), shop)
        for row, add, buy, of_add, of_buy in found
    ]


def _shown(rows: Sequence[Mapping[str, Any]], name: str, kinds: Sequence[str | None], least: int) -> list[_Shown]:
    """The share of a kind tells the sum of its products: so no count of one may follow from the others."""
    places: dict[str | None, list[int]] = {}
    for at, kind in enumerate(kinds):
        places.setdefault(kind, []).append(at)
    found: dict[int, _Shown] = {}
    for theirs in places.values():
        counts, seen = ([rows[at][one] for at in theirs] for one in (name, "seen"))
        shown = few.parts(counts, least, seen)
        rest = [whole - count for whole, count in zip(seen, counts, strict=True)]
        usual = few.sums_tell_nothing((counts, rest), shown, least)
        found |= {at: _Shown(people, usual) for at, people in zip(theirs, shown, strict=True)}
    return [found[at] for at in range(len(rows))]


def _one(
    row: Mapping[str, Any], key: str, steps: tuple[Step, Step], shown: tuple[_Shown, _Shown], shop: Shop
) -> Funnelled:
    add, buy = steps
    missing, price = _missing(row, buy, shop.min_group), row.get("price")
    worth = None if price is None or missing is None else round(missing * price)
    return Funnelled(
        product=row["product"] if key == "product" else None,
        name=row.get("name") or row[key],
        category=row.get("kind"),
        seen=row["seen"],
        added=shown[0].people,
        bought=shown[1].people,
        unseen=few.told(row["unseen"], shop.min_group),
        add=add,
        buy=buy,
        missing=missing,
        money=None if worth is None else Money(worth, row["currency"] or shop.currency),
    )


def _missing(row: Mapping[str, Any], buy: Step, least: int) -> float | None:
    """How many more would have bought at the usual share; of a count that is withheld, at least, or at most."""
    if buy.usual is None:
        return None
    if buy.share is not None:
        return float((buy.usual - buy.share) * row["seen"])
    seen, bought = int(row["seen"]), int(row["bought"])
    if few.few(bought, least):
        return max(buy.usual * seen - few.at_most(bought, least), 0.0)
    left = seen - bought
    return min(few.at_most(left, least) - (1 - buy.usual) * seen, 0.0) if few.few(left, least) else None


def _step(name: str, one: Shrunk, shown: _Shown) -> Step:
    share = None if shown.people is None or not shown.usual else one.share  # it is drawn towards the usual one
    low, high = (None, None) if share is None else (share.low, share.high)
    usual = one.usual if shown.usual else None
    return Step(step=name, share=share.value if share else None, low=low, high=high, usual=usual, outlier=one.outlier)
