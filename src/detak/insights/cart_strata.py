"""Carts as counts: how many are alike in how far they came, in their signs, and in who filled them.

The models of why carts are left need no more than these counts, so no cart crosses from the engine by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from detak.insights.bands import hour_band
from detak.insights.carts import CHECKOUT, DELIVERY, PAYING, SEEN

REASONS: Final[Mapping[str, int]] = {
    "found_cheaper": SEEN,
    "needs_to_ask": SEEN,
    "out_of_stock": SEEN,
    "slow_page": CHECKOUT,
    "shipping_cost": DELIVERY,
    "coupon_refused": DELIVERY,
    "payment_failed": PAYING,
}
"""Reasons that leave a sign, each with how far a cart must have come for its sign to show."""
UNKNOWN: Final = 2
"""Of a sign: nobody can tell."""

STATE: Final = (
    "province", "device", "category", "worth", "pieces", "hour", "looks", "lists", "home", "speed",
    "before", "ordered_before", "careful_before",
)  # fmt: skip
"""What is held equal when carts are compared: what was so before any sign could show."""
SEVERITY: Final[Mapping[str, tuple[str, float, float]]] = {
    "slow_page": ("load", 6_000, 9_000),
    "shipping_cost": ("dear", 0.35, 0.6),
}
"""Reasons that may be there more or less: the column that says how much, and from where it is worse, and worst."""
KEYS: Final = ("stage", *REASONS, *(f"{name}_severity" for name in SEVERITY), *STATE)
_RARE: Final = 0.005  # a level with a smaller part of all carts joins the others of its kind
_TEXTS: Final = ("province", "device", "category")

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Strata:
    """Carts in groups that are alike. Arrays by group, in an order that follows from what they hold alone."""

    carts: Floats
    """How many."""
    value: Floats
    """What they are worth together, minor units."""
    stage: Ints
    signs: Mapping[str, Ints]
    """By reason: 1 there, 0 not, ``UNKNOWN``."""
    severity: Mapping[str, Ints]
    """By reason of ``SEVERITY``: 0 (or it is not there), 1 worse, 2 worst."""
    state: Ints
    """Groups x STATE: levels, from 0."""
    sizes: tuple[int, ...]
    """Levels of each of STATE."""

    def only(self, where: Flags) -> "Strata":
        """Some of the groups."""
        signs = {name: sign[where] for name, sign in self.signs.items()}
        severity = {name: grade[where] for name, grade in self.severity.items()}
        return Strata(
            self.carts[where], self.value[where], self.stage[where], signs, severity, self.state[where], self.sizes
        )


def banded(carts: ir.Table) -> ir.Table:
    """``carts`` (``carts.carts``) with their signs and ``STATE`` in bands: alike in ``KEYS``, they are one group."""
    capped = {"pieces": 5, "looks": 5, "lists": 5, "before": 3, "ordered_before": 3, "careful_before": 2}
    worth = carts["value"].cast("float64")
    return carts.mutate(
        worth=ibis.ifelse(worth > 0, (ibis.ifelse(worth > 0, worth, 1.0).log2() * 2).floor(), -1.0).cast("int64"),
        hour=hour_band(carts.hour),
        home=carts.home.cast("int64"),
        speed=(carts.speed * 4).round().cast("int64"),
        **{name: ibis.least(carts[name].cast("int64"), most) for name, most in capped.items()},
        **{name: carts[name].fill_null(UNKNOWN) for name in REASONS},
        **{f"{name}_severity": _severity(carts, name) for name in SEVERITY},
    )


def _severity(carts: ir.Table, reason: str) -> ir.IntegerValue:
    column, worse, worst = SEVERITY[reason]
    there = (carts[reason] == 1).fill_null(False)
    grade = ibis.cases((carts[column] > worst, 2), (carts[column] > worse, 1), else_=0)
    return ibis.ifelse(there, grade, 0).cast("int64")


def reduce_strata(carts: ir.Table) -> ir.Table:
    """``banded`` carts in groups: ``KEYS``, and the ``carts`` and ``value`` of each."""
    return carts.group_by(list(KEYS)).agg(carts=carts.count(), value=carts["value"].fill_null(0).sum())


def ordered(rows: pa.Table) -> pa.Table:
    """The groups in the order that ``read_strata`` has them in, whatever order they came in."""
    return rows.sort_by([(name, "ascending") for name in KEYS])


def read_strata(rows: pa.Table) -> Strata:
    """From the result of ``reduce_strata``."""
    rows = ordered(rows)
    counts = rows["carts"].to_numpy().astype(np.float64)
    coded = [_levels(rows[name], counts) for name in STATE]
    return Strata(
        counts,
        rows["value"].to_numpy().astype(np.float64),
        rows["stage"].to_numpy().astype(np.int64),
        {name: rows[name].to_numpy().astype(np.int64) for name in REASONS},
        {name: rows[f"{name}_severity"].to_numpy().astype(np.int64) for name in SEVERITY},
        np.column_stack([codes for codes, _ in coded]).reshape(len(counts), len(STATE)).astype(np.int64),
        tuple(size for _, size in coded),
    )


def _levels(column: pa.ChunkedArray, counts: Floats) -> tuple[Ints, int]:
    """The values as 0, 1, ...; the rare ones and the unknown are one level, the last; the commonest is 0."""
    encoded = column.combine_chunks().dictionary_encode()
    size = len(encoded.dictionary)
    codes = encoded.indices.fill_null(size).to_numpy(zero_copy_only=False).astype(np.int64)
    weight = np.bincount(codes, weights=counts, minlength=size + 1)
    common = [level for level in range(size) if weight[level] >= _RARE * weight.sum()]
    common.sort(key=lambda level: (-weight[level], str(encoded.dictionary[level])))
    place = np.full(size + 1, len(common), np.int64)
    place[common] = np.arange(len(common))
    found = place[codes]
    return found, int(found.max(initial=0)) + 1
