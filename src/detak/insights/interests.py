"""What people are interested in: categories and products by people, and which of them rise and fall."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from detak.consent import Purpose
from detak.errors import WordedError
from detak.event import ORDER_COMPLETED
from detak.insights import few, render
from detak.insights.base import Facts, Report, Shop, check_limit
from detak.insights.blocks import Block, Note, Row, Table, Words
from detak.insights.rising import Change, changes
from detak.insights.trail import latest_of
from detak.words import say

SIGNS: Final = ("Product Viewed", "Product Clicked", "Product Added", "Product Added to Wishlist", ORDER_COMPLETED)
"""What shows that somebody is interested: not what a list merely showed."""
_MOST: Final = 2_000
_NAMED: Final = 3
_LONGEST: Final = 400  # days
_OF: Final = ("categories", "products")


class Interest(msgspec.Struct, frozen=True, kw_only=True):
    """A category or a product."""

    key: str
    """The category, or the product's id (its name where it has none)."""
    name: str
    category: str | None
    people: int | None
    """In the last days; an event that nobody is known behind counts as a person. Null: withheld (``few``)."""
    before: int | None
    """In as many days before. Null: withheld."""
    rise: float | None
    """``people`` over ``before``, against all interest; null where nothing was known before. What is withheld is taken
    for the most that it may be: a rise is at least so large, a fall so deep."""
    low: float | None
    high: float | None
    notable: bool
    """Whether the rise or fall is believed among so many."""


class InterestsReport(Report, frozen=True, kw_only=True):
    """Categories and products, the most people first; and the products that rise or fall, the most first."""

    days: int
    categories: list[Interest]
    products: list[Interest]
    rising: list[Interest]
    falling: list[Interest]
    withheld: str | None
    """What is to be said of it, where something is."""

    def blocks(self, shop: Shop) -> list[Block]:
        """What rises and falls; then the tables."""
        language = shop.language
        if not self.categories and not self.products:
            return [Words([say(language, "interests.nothing")])]
        told = [
            say(language, f"interests.{name}", days=render.whole(self.days, language), things=_listed(rows, shop))
            for name, rows in _moving(self).items()
            if rows
        ]
        told = told or [say(language, "interests.steady", days=render.whole(self.days, language))]
        tables = {
            "rising_products": self.rising,
            "falling_products": self.falling,
            "categories": self.categories,
            "products": self.products,
        }
        drawn = [_table(rows, title, shop) for title, rows in tables.items() if rows]
        notes = [say(language, "interests.method", days=render.whole(self.days, language))]
        if self.withheld:
            least = render.whole(shop.min_group - 1, language)
            notes += [self.withheld, say(language, "interests.at_least", most=least)]
        return [Words(told), *drawn, *map(Note, notes)]


@dataclass(frozen=True)
class Interests:
    """The last ``span`` days that the facts tell of, beside as many before."""

    insight: ClassVar[str] = "interests"
    purpose: ClassVar[Purpose] = Purpose.ANALYTICS
    span: int = 28
    limit: int = 50

    def __post_init__(self) -> None:
        """See that the figures make sense.

        Raises:
            UsageError: they do not.
        """
        if not 1 <= self.span <= _LONGEST:
            raise WordedError("span", {"most": _LONGEST})
        check_limit(self.limit)

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:
        """``categories``, ``products``: key, name, kind, now, before; ``totals``: the same of everything."""
        shown = _shown(facts, self.span)
        sums = {}
        for of, key in (("categories", shown.category), ("products", ibis.coalesce(shown.product_id, shown.name))):
            keyed = shown.mutate(key=key)
            keyed = keyed.filter(keyed.key.notnull())
            each = keyed.group_by(["key", "who"]).agg(
                now=keyed.late.any(),
                before=(~keyed.late).any(),
                name=keyed["name"].max(),
                kind=keyed.category.max(),
            )
            counted = each.group_by("key").agg(
                name=each["name"].max(), kind=each.kind.max(), now=each.now.sum(), before=each.before.sum()
            )
            counted = counted.mutate(both=counted.now + counted.before)
            sums[f"{of}_total"] = counted.agg(now=counted.now.sum(), before=counted.before.sum())
            enough = counted.filter(ibis.greatest(counted.now, counted.before) >= shop.min_group)
            sums[of] = enough.order_by([enough.both.desc(), enough.key]).limit(_MOST)
        return sums

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> InterestsReport:
        """The report."""
        categories, products = (_read(sums, of, shop.min_group) for of in _OF)
        believed = [(one.rise, one) for one in products if one.notable and one.rise is not None]
        rising = [one for rise, one in sorted(believed, key=lambda pair: -pair[0]) if rise > 1]
        falling = [one for rise, one in sorted(believed, key=lambda pair: pair[0]) if rise < 1]
        return InterestsReport(
            days=self.span,
            categories=categories,
            products=products[: self.limit],
            rising=rising[: self.limit],
            falling=falling[: self.limit],
            withheld=few.note([count for one in (*categories, *products) for count in (one.people, one.before)], shop),
        )

    def behind(self, facts: Facts, shop: Shop, key: str) -> ir.Table:  # noqa: ARG002  every insight is asked alike
        """The people interested lately: ``category/Sepatu`` or ``product/P1``.

        Raises:
            UsageError: the report has no such number.
        """
        of, _, thing = key.partition("/")
        if of not in ("category", "product") or not thing:
            raise WordedError("number", {"number": key[:80], "example": "product/P1"})
        shown = _shown(facts, self.span)
        whose = shown.category if of == "category" else ibis.coalesce(shown.product_id, shown.name)
        here = shown.filter(whose == thing, shown.late, shown.subject.notnull())
        return here.select("subject").distinct()


def _shown(facts: Facts, span: int) -> ir.Table:
    """Interest of the two stretches of days: ``who, subject, product_id, name, category, late``."""
    signs = facts.items.filter(facts.items.event.isin(SIGNS), facts.items.time.notnull())
    latest = latest_of(facts, *SIGNS)
    days = ibis.interval(days=span)
    recent = signs.filter(signs.time > latest - days - days)
    # An order without a person may be told twice: its number is who ordered.
    nobody = ibis.coalesce(recent.order_id, recent.event_id.cast("string"))
    return recent.select(
        "subject",
        "product_id",
        "name",
        "category",
        who=ibis.coalesce(recent.subject.cast("string"), nobody),
        late=recent.time > latest - days,
    )


def _read(sums: Mapping[str, pa.Table], of: str, least: int) -> list[Interest]:
    rows = sums[of].to_pylist()
    total = sums[f"{of}_total"].to_pylist()[0]
    pairs = [(few.at_most(row["now"], least), few.at_most(row["before"], least)) for row in rows]
    moved = changes(pairs, total["now"] or 0, total["before"] or 0)
    found = [_one(row, one, of, least) for row, one in zip(rows, moved, strict=True)]
    places = {one: (-now, -before, one.key) for one, (now, before) in zip(found, pairs, strict=True)}
    return sorted(found, key=places.__getitem__)


def _one(row: Mapping[str, Any], change: Change | None, of: str, least: int) -> Interest:
    bounded = change is not None and change.ratio.high != float("inf")
    return Interest(
        key=row["key"],
        name=row["key"] if of == "categories" else row["name"] or row["key"],
        category=row["kind"],
        people=few.told(row["now"], least),
        before=few.told(row["before"], least),
        rise=change.ratio.value if change else None,
        low=change.ratio.low if change else None,
        high=change.ratio.high if change and bounded else None,
        notable=bool(change and change.notable),
    )


def _moving(report: InterestsReport) -> dict[str, Sequence[Interest]]:
    believed = [(one.rise, one) for one in report.categories if one.notable and one.rise is not None]
    return {
        "do_rising": report.rising,
        "do_falling": report.falling,
        "up": [one for rise, one in sorted(believed, key=lambda pair: -pair[0]) if rise > 1],
        "down": [one for rise, one in sorted(believed, key=lambda pair: pair[0]) if rise < 1],
    }


def _listed(rows: Sequence[Interest], shop: Shop) -> str:
    return ", ".join(
        say(
            shop.language,
            "interests.one",
            name=render.clip(one.name),
            times=render.times(one.rise or 0, shop.language),
            people=few.below(one.people, shop),
            before=few.below(one.before, shop),
        )
        for one in rows[:_NAMED]
    )


def _table(rows: Sequence[Interest], title: str, shop: Shop) -> Table:
    language = shop.language
    kind = "category" if title == "categories" else "product"
    drawn = [
        Row(
            [
                one.name,
                few.cell(one.people, language),
                few.cell(one.before, language),
                "–" if one.rise is None else render.decimal(one.rise, language, 2),
                _interval(one, language),
            ],
            f"{kind}/{one.key}" if one.people else None,
        )
        for one in rows
    ]
    heads = [say(language, f"interests.head_{one}") for one in (kind, "people", "before", "rise", "interval")]
    return Table(say(language, f"interests.{title}"), heads, drawn)


def _interval(one: Interest, language: str) -> str:
    if one.low is None:
        return "–"
    return (
        f"{render.decimal(one.low, language, 2)} – {'∞' if one.high is None else render.decimal(one.high, language, 2)}"
    )
