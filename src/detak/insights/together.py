"""What is bought together: pairs of products or categories in one order, beside what chance alone would unite."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa
import scipy

from detak.consent import Purpose
from detak.errors import WordedError
from detak.estimates.inference import discoveries
from detak.insights import render
from detak.insights.base import Facts, Report, Shop, check_limit
from detak.insights.blocks import Block, Note, Row, Table, Words
from detak.insights.orders import KEY, headers, order_items
from detak.words import say

OF: Final = ("product", "category")
_LARGEST: Final = 60  # things in an order; a reseller's with more says nothing of what fits together
_MOST: Final = 5_000  # pairs that are compared; the most frequent
_NAMED: Final = 3


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two things in one order."""

    one: str
    """A product's id (its name where it has none), or a category."""
    other: str
    one_name: str
    other_name: str
    orders: int
    """With both."""
    share: float
    """Of the orders with ``one``, the rarer of the two, those with ``other`` as well."""
    lift: float
    """Orders with both, over as many as chance would unite."""
    low: float
    """Of the exact 95% interval."""
    high: float
    notable: bool
    """Whether it is more than chance, among so many pairs (Benjamini and Hochberg, 5%)."""


class TogetherReport(Report, frozen=True, kw_only=True):
    """Pairs that are believed, the highest lower bound of the lift first; then the others by how often."""

    of: str
    orders: int
    """Kept orders with something in them that is known."""
    several: int
    """Those with two different things or more."""
    pairs: list[Pair]
    more: int

    def blocks(self, shop: Shop) -> list[Block]:
        """What to show beside what."""
        language = shop.language
        orders = {"orders": render.whole(self.orders, language), "several": render.whole(self.several, language)}
        lead = say(language, "together.lead", **orders)
        believed = [one for one in self.pairs if one.notable]
        if not believed:
            return [Words([say(language, "together.nothing"), lead])]
        told = [_sentence(one, shop) for one in believed[:_NAMED]]
        return [Words([*told, lead]), _table(self.pairs, self.more, shop), Note(say(language, "together.method"))]


@dataclass(frozen=True)
class Together:
    """Pairs within orders that were kept. Pairs of fewer orders than the shop shows are left out."""

    insight: ClassVar[str] = "together"
    purpose: ClassVar[Purpose] = Purpose.ANALYTICS
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {"of": OF}
    of: str = "product"
    """``product`` or ``category``."""
    limit: int = 50

    def __post_init__(self) -> None:
        """See that there is such a thing, and that the limit makes sense.

        Raises:
            UsageError: there is not, or it does not.
        """
        if self.of not in OF:
            raise WordedError("choice", {"name": "of", "value": self.of[:40], "known": ", ".join(OF)})
        check_limit(self.limit)

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:
        """``pairs``: one, other, their names, orders (both, one_orders, other_orders); ``totals``: orders, several."""
        lines = _lines(facts, self.of)
        whole = lines.group_by(list(KEY)).agg(things=lines.count())
        totals = whole.agg(orders=whole.count(), several=(whole.things > 1).sum())
        counts = lines.group_by("thing").agg(orders=lines.count(), name=lines["name"].max())
        several = whole.filter(whole.things > 1, whole.things <= _LARGEST)
        left = lines.semi_join(several, list(KEY)).select(*KEY, one="thing")
        right = left.select(*KEY, other="one")
        both = left.join(right, [*KEY, left.one < right.other])
        pairs = both.group_by(["one", "other"]).agg(both=both.count())
        pairs = pairs.filter(pairs.both >= shop.min_group)
        pairs = pairs.order_by([pairs.both.desc(), pairs.one, pairs.other]).limit(_MOST)
        pairs = pairs.join(counts.select(one="thing", one_orders="orders", one_name="name"), "one")
        pairs = pairs.join(counts.select(other="thing", other_orders="orders", other_name="name"), "other")
        return {"pairs": pairs, "totals": totals}

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> TogetherReport:  # noqa: ARG002
        """The report."""
        totals = sums["totals"].to_pylist()[0]
        pairs = _judged(sums["pairs"].to_pylist(), totals["orders"])
        return TogetherReport(
            of=self.of,
            orders=totals["orders"],
            several=totals["several"] or 0,
            pairs=pairs[: self.limit],
            more=max(0, len(pairs) - self.limit),
        )

    def behind(self, facts: Facts, shop: Shop, key: str) -> ir.Table:  # noqa: ARG002  every insight is asked alike
        """The people who ordered both: their two ids, parted by a tab.

        Raises:
            UsageError: the report has no such pair.
        """
        one, _, other = key.partition("\t")
        if not one or not other:
            raise WordedError("which_pair")
        lines = _lines(facts, self.of)
        orders = lines.filter(lines.thing == one).semi_join(lines.filter(lines.thing == other), list(KEY))
        return orders.filter(orders.subject.notnull()).select("subject").distinct()


def _lines(facts: Facts, of: str) -> ir.Table:
    """A row for each thing of each kept order: ``source, order_id, subject, thing, name``."""
    kept = headers(facts).filter(~ibis._.cancelled).select(*KEY)
    lines = order_items(facts).semi_join(kept, list(KEY))
    thing = lines.category if of == "category" else ibis.coalesce(lines.product_id, lines.name)
    lines = lines.mutate(thing=thing)
    lines = lines.filter(lines.thing.notnull())
    grouped = lines.group_by([*KEY, "thing"]).agg(subject=lines.subject.max(), name=lines["name"].max())
    return grouped.mutate(name=grouped.thing) if of == "category" else grouped


def _judged(rows: list[dict[str, Any]], orders: int) -> list[Pair]:
    expected = [row["one_orders"] * row["other_orders"] / orders for row in rows]
    chance = [float(scipy.special.gammainc(row["both"], mean)) for row, mean in zip(rows, expected, strict=True)]
    found = [_pair(row, mean, notable) for row, mean, notable in zip(rows, expected, discoveries(chance), strict=True)]
    return sorted(
        found, key=lambda one: (not one.notable, -one.low if one.notable else -one.orders, one.one, one.other)
    )


def _pair(row: Mapping[str, Any], expected: float, notable: bool) -> Pair:
    """The interval is that of a Poisson count (Garwood 1936, Biometrika 28:437)."""
    both = row["both"]
    rarer, other = ("one", "other") if row["one_orders"] <= row["other_orders"] else ("other", "one")
    return Pair(
        one=row[rarer],
        other=row[other],
        one_name=row[f"{rarer}_name"] or row[rarer],
        other_name=row[f"{other}_name"] or row[other],
        orders=both,
        share=both / row[f"{rarer}_orders"],
        lift=both / expected,
        low=float(scipy.special.gammaincinv(both, 0.025)) / expected,
        high=float(scipy.special.gammaincinv(both + 1, 0.975)) / expected,
        notable=notable and both > expected,
    )


def _sentence(one: Pair, shop: Shop) -> str:
    language = shop.language
    return say(
        language,
        "together.do",
        one=render.clip(one.one_name),
        other=render.clip(one.other_name),
        share=render.percent(one.share, language),
        lift=render.times(one.lift, language),
        low=render.times(one.low, language),
        high=render.times(one.high, language),
        orders=render.whole(one.orders, language),
    )


def _table(pairs: list[Pair], more: int, shop: Shop) -> Table:
    language = shop.language
    rows = [
        Row(
            [
                one.one_name,
                one.other_name,
                render.whole(one.orders, language),
                render.percent(one.share, language),
                render.times(one.lift, language),
                f"{render.times(one.low, language)} – {render.times(one.high, language)}",
            ],
            f"{one.one}\t{one.other}",
        )
        for one in pairs
    ]
    heads = [say(language, f"together.head_{one}") for one in ("one", "other", "orders", "share", "lift", "interval")]
    return Table(say(language, "together.pairs"), heads, rows, left=2, more=more)
