"""Who gets the places: how evenly decisions show the shop's products, brands and categories, and whether each person is
shown only their own kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from detak.consent import Purpose
from detak.errors import CannotComputeError
from detak.estimates.concentration import Bubble, bubble, fairness, gini
from detak.insights import render
from detak.insights.base import Facts, Report, Shop
from detak.insights.blocks import Block, Note, Row, Table, Words
from detak.words import say

TOUCHES: Final = ("Product Clicked", "Product Viewed", "Product Added", "Order Completed")
"""What a product merits its places by: people turned to it."""
_HEAD: Final = 0.2
_LONGEST: Final = 200


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A brand or a category."""

    name: str | None
    """Null: those too small to be shown alone, or not known."""
    products: int
    exposure: float
    """Its share of attention: places, the first of a slate counting most (1 / log2(rank + 1), ranks from 1)."""
    merit: float
    """Its share of touches."""


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Exposure of brands or categories against their merit."""

    groups: list[Group]
    """The most exposed first."""
    disparity: float | None
    """0: exposed as they merit; 1: none of the exposure goes to those who merit it. Null: it cannot be told."""


class Kinds(msgspec.Struct, frozen=True, kw_only=True):
    """The chance that two products shown are of one category."""

    one_person: float
    two_people: float
    excess: float
    """0: nobody sees only their own kind; 1: everybody does."""


class ExposureReport(Report, frozen=True, kw_only=True):
    """Over the products that were shown, or that anybody turned to."""

    decisions: int
    places: int
    products: int
    shown: int
    gini: float | None
    """0: all products as often; towards 1, one has all the places. Null: nothing was shown."""
    tail_places: float | None
    """The share of places that the less known products have: all but the fifth that most turn to."""
    tail_touches: float | None
    """The share of touches that they have."""
    brands: Spread
    categories: Spread
    kinds: Kinds | None
    """Null: too few were shown several products."""

    def blocks(self, shop: Shop) -> list[Block]:
        """In words, then the brands and categories."""
        language = shop.language
        if not self.places:
            return [Words([say(language, "exposure.nothing")])]
        found: list[Block] = [Words(self._sentences(language))]
        for name, spread in (("brand", self.brands), ("category", self.categories)):
            if len(spread.groups) > 1:
                found.append(_table(name, spread, language))
        return [*found, Note(say(language, "exposure.merit")), Note(say(language, "exposure.products"))]

    def _sentences(self, language: str) -> list[str]:
        counts = {name: render.whole(getattr(self, name), language) for name in ("places", "products", "shown")}
        told = [say(language, "exposure.lead", share=render.percent(self.shown / self.products, language), **counts)]
        if self.gini is not None:
            told.append(say(language, "exposure.gini", gini=render.decimal(self.gini, language, 2)))
        if self.tail_places is not None and self.tail_touches is not None:
            shares = {"places": self.tail_places, "touches": self.tail_touches}
            shown = {name: render.percent(share, language) for name, share in shares.items()}
            told.append(say(language, "exposure.tail", **shown))
        if self.kinds is not None:
            same = {name: render.percent(getattr(self.kinds, name), language) for name in ("one_person", "two_people")}
            told.append(say(language, "exposure.kinds", **same))
        return told


@dataclass(frozen=True)
class Exposure:
    """How evenly decisions spread what they show."""

    insight: ClassVar[str] = "exposure"
    purpose: ClassVar[Purpose] = Purpose.ANALYTICS

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:  # noqa: ARG002  the same for every shop
        """See ``Insight``."""
        decided = facts.decisions.filter(facts.decisions.bot.isnull(), facts.decisions.slate.length() > 0)
        places = decided.select("subject", "slate").unnest("slate", offset="rank").rename(product="slate")
        places = places.mutate(attention=1 / (places["rank"] + 2).log2())
        about = _about(facts)
        goods = _goods(places, about)
        return {
            "decided": decided.agg(decisions=decided.count()),
            "spread": goods.group_by("places").agg(products=goods.count()),
            "tail": _tail(goods),
            "brand": _groups(goods, "brand"),
            "category": _groups(goods, "category"),
            "kinds": _kinds(places.inner_join(about, "product")),
        }

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> ExposureReport:
        """See ``Insight``."""
        spread = sums["spread"].to_pydict()
        tail = {row["tail"]: row for row in sums["tail"].to_pylist()}
        places = sum(row["places"] for row in tail.values())
        touches = sum(row["touches"] for row in tail.values())
        rest = tail.get(True, {"places": 0, "touches": 0})
        return ExposureReport(
            decisions=sums["decided"]["decisions"][0].as_py(),
            places=places,
            products=sum(spread["products"]),
            shown=sum(n for often, n in zip(spread["places"], spread["products"], strict=True) if often),
            gini=gini(spread["places"], spread["products"]) if places else None,
            tail_places=rest["places"] / places if places else None,
            tail_touches=rest["touches"] / touches if touches else None,
            brands=_spread(sums["brand"].to_pylist(), shop.min_group),
            categories=_spread(sums["category"].to_pylist(), shop.min_group),
            kinds=_same(sums["kinds"].to_pylist()[0]),
        )


def _about(facts: Facts) -> ir.Table:
    """A row a product that anybody turned to: touches, people, brand, category."""
    items = facts.items.filter(facts.items.product_id.notnull(), facts.items.event.isin(TOUCHES))
    return items.group_by(product=items.product_id).agg(
        touches=items.count(),
        people=items.subject.nunique(),
        brand=items.brand.max(),
        category=items.category.max(),
    )


def _goods(places: ir.Table, about: ir.Table) -> ir.Table:
    """A row a product that was shown or turned to; what is not known of it is 0, or null."""
    shown = places.group_by("product").agg(places=places.count(), attention=places.attention.sum())
    both = about.outer_join(shown, "product")
    return both.select(
        "brand",
        "category",
        product=ibis.coalesce(both["product"], both["product_right"]),
        people=both.people.fill_null(0),
        touches=both.touches.fill_null(0),
        places=both.places.fill_null(0),
        attention=both.attention.fill_null(0.0),
    )


def _tail(goods: ir.Table) -> ir.Table:
    """Two rows: the fifth that most turn to, and the others."""
    order = ibis.window(order_by=[goods.touches.desc(), goods["product"]])
    ranked = goods.mutate(place=ibis.row_number().over(order), all=goods.count().over(ibis.window()))
    ranked = ranked.mutate(tail=ranked.place >= ranked["all"] * _HEAD)
    return ranked.group_by("tail").agg(places=ranked.places.sum(), touches=ranked.touches.sum())


def _groups(goods: ir.Table, by: str) -> ir.Table:
    """A row a brand, or a category. ``people`` is how many turned to the product of it that most turned to."""
    return goods.group_by(name=goods[by]).agg(
        products=goods.count(),
        attention=goods.attention.sum(),
        touches=goods.touches.sum(),
        people=goods.people.max(),
    )


def _kinds(places: ir.Table) -> ir.Table:
    """One row: what ``concentration.bubble`` needs."""
    known = places.filter(places.subject.notnull(), places.category.notnull())
    each = known.group_by(["subject", "category"]).agg(n=known.count())
    people = each.group_by("subject").agg(n=each.n.sum())
    kinds = each.group_by("category").agg(n=each.n.sum())
    pairs = each.agg(slots=each.n.sum(), pairs=_squares(each))
    return pairs.cross_join(people.agg(people=_squares(people))).cross_join(kinds.agg(kinds=_squares(kinds)))


def _squares(table: ir.Table) -> ir.FloatingScalar:
    column = table.n.cast("float64")
    return (column * column).sum()


def _spread(rows: list[dict[str, Any]], least: int) -> Spread:
    """Groups with their shares; what is not known, or that fewer than ``least`` people turned to, is one group."""
    named = [row for row in rows if row["name"] is not None and row["people"] >= least]
    small = [row for row in rows if row not in named]
    joined = {key: sum(row[key] for row in small) for key in ("products", "attention", "touches")}
    groups = [*named, *([{"name": None, **joined}] if small else [])]
    attention, touches = (sum(row[key] for row in groups) for key in ("attention", "touches"))
    told = [
        Group(
            name=row["name"],
            products=row["products"],
            exposure=row["attention"] / attention if attention else 0.0,
            merit=row["touches"] / touches if touches else 0.0,
        )
        for row in groups
    ]
    disparity = None
    if named and attention and touches:
        disparity = fairness([row["attention"] for row in groups], [row["touches"] for row in groups]).disparity
    return Spread(groups=sorted(told, key=lambda one: (-one.exposure, one.name or "")), disparity=disparity)


def _same(row: dict[str, Any]) -> Kinds | None:
    """How alike what one person is shown is; None: it cannot be told."""
    try:
        found: Bubble = bubble(row["pairs"] or 0, row["slots"] or 0, row["people"] or 0, row["kinds"] or 0)
        return Kinds(one_person=found.within, two_people=found.across, excess=found.excess)
    except CannotComputeError:
        return None


def _table(name: str, spread: Spread, language: str) -> Table:
    heads = [say(language, f"exposure.{key}") for key in (name, "products_head", "exposure", "merit_head")]
    rows = [
        Row(
            [
                render.clip(group.name or say(language, "exposure.others")),
                render.whole(group.products, language),
                render.percent(group.exposure, language),
                render.percent(group.merit, language),
            ]
        )
        for group in spread.groups[:_LONGEST]
    ]
    title = say(language, f"exposure.by_{name}")
    if spread.disparity is not None:
        title = say(language, "exposure.apart", title=title, share=render.percent(spread.disparity, language))
    return Table(title, heads, rows, more=max(0, len(spread.groups) - _LONGEST))
