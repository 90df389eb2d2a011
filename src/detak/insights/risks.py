"""Which orders are cancelled more often than others, each factor adjusted for all the others."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import msgspec
import numpy as np
import pyarrow as pa

from detak.estimates.inference import Grouped, discoveries, fit, standardised_ratios
from detak.insights.bands import hour_band, quantity_band
from detak.insights.base import Shop, local
from detak.words import say

# Known when an order is placed. What becomes of it afterwards (an amount of 0, a courier, a parcel number) is a
# consequence of its being cancelled or not, and would explain everything.
FACTORS = ("payment", "province", "shipping", "hour", "quantity", "category", "channel", "device", "source")
# What an expression calls the levels that are no value of the facts.
_OTHER = "<other>"
_SEVERAL = "<several>"

_FEWEST_ORDERS = 30
_MOST_LEVELS = 40
_FEWEST_OF_EACH = 10
"""Fewer cancelled orders, or fewer kept ones, say nothing about factors."""


class Factor(msgspec.Struct, frozen=True, kw_only=True):
    """One level of one factor, compared with all its other levels."""

    factor: str
    level: str
    """As a person calls it."""
    kind: str
    """``value``: a value of the facts; ``unknown``; ``rare``: all rare values together; ``several`` (categories)."""
    orders: int
    cancelled: int
    rate: float
    """Share cancelled, as it is, adjusted for nothing."""
    risk_ratio: float
    """The risk if every order had this level, over the risk if none had, all other factors as they are."""
    low: float
    """Of the 95% interval."""
    high: float
    notable: bool
    """Whether it is believed among so many comparisons (Benjamini and Hochberg, 5%)."""


def reduce_risks(orders: ir.Table, shop: Shop) -> ir.Table:
    """Orders and how many of them were cancelled, for each combination of levels that there is."""
    category = ibis.ifelse(orders.several, _SEVERAL, orders.category)
    hour = hour_band(local(orders.time, shop.zone).hour())
    levels = orders.mutate(category=category, hour=hour, quantity=quantity_band(orders.quantity))
    fewest = max(shop.min_group, _FEWEST_ORDERS)
    pooled = levels.select(
        "cancelled",
        **{
            factor: ibis.ifelse(
                levels[factor].isnull() | (levels.count().over(group_by=factor) >= fewest), levels[factor], _OTHER
            )
            for factor in FACTORS
        },
    )
    return pooled.group_by(list(FACTORS)).agg(orders=pooled.count(), cancelled=pooled.cancelled.sum())


def conclude_risks(cells: pa.Table, language: str) -> list[Factor]:
    """Every level of every factor that has more than one, by factor and then orders; none where there are too few."""
    rows = _pool(cells.to_pylist())
    orders, cancelled = (sum(row[key] for row in rows) for key in ("orders", "cancelled"))
    levels = {factor: _by_orders(rows, factor) for factor in FACTORS}
    levels = {factor: found for factor, found in levels.items() if len(found) > 1}
    if not levels or min(cancelled, orders - cancelled) < _FEWEST_OF_EACH:
        return []
    return _compare(rows, levels, language)


def _pool(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, the levels beyond the ``_MOST_LEVELS`` of a factor joined to its rare ones."""
    kept = {factor: set(_by_orders(rows, factor)[:_MOST_LEVELS]) | {None} for factor in FACTORS}
    return [
        {**row, **{factor: row[factor] if row[factor] in kept[factor] else _OTHER for factor in FACTORS}}
        for row in rows
    ]


def _by_orders(rows: Sequence[dict[str, Any]], factor: str) -> list[str | None]:
    """The levels, the most frequent first: it is the reference."""
    counts = Counter[str | None]()
    for row in rows:
        counts[row[factor]] += row["orders"]
    return sorted(counts, key=lambda level: (-counts[level], level is None, level or ""))


def _compare(rows: Sequence[dict[str, Any]], levels: dict[str, list[str | None]], language: str) -> list[Factor]:
    rows = sorted(rows, key=lambda row: [str(row[factor]) for factor in levels])
    places = [{level: at for at, level in enumerate(found)} for found in levels.values()]
    codes = [[place[row[factor]] for factor, place in zip(levels, places, strict=True)] for row in rows]
    trials = np.array([row["orders"] for row in rows], float)
    successes = np.array([row["cancelled"] for row in rows], float)
    grouped = Grouped(np.array(codes, np.int64), trials, successes, tuple(map(len, places)))
    model = fit(grouped)
    found = []
    for at, (factor, named) in enumerate(levels.items()):
        by_level = [np.bincount(grouped.levels[:, at], weights=one) for one in (trials, successes)]
        for level, ratio, count, gone in zip(named, standardised_ratios(model, at), *by_level, strict=True):
            found.append((factor, _named(level, language), ratio, int(count), int(gone)))
    believed = discoveries([ratio.p_value for _, _, ratio, _, _ in found])
    return [
        Factor(
            factor=factor,
            level=name,
            kind=kind,
            orders=count,
            cancelled=gone,
            rate=gone / count,
            risk_ratio=ratio.value,
            low=ratio.low,
            high=ratio.high,
            notable=notable,
        )
        for (factor, (name, kind), ratio, count, gone), notable in zip(found, believed, strict=True)
    ]


def _named(level: str | None, language: str) -> tuple[str, str]:
    """What a person calls the level, and its kind."""
    kind = {None: "unknown", _OTHER: "rare", _SEVERAL: "several"}.get(level, "value")
    return (level or "" if kind == "value" else say(language, f"factor.{kind}_level")), kind
