"""The newest carts left behind, each with the chance of every reason: for whoever may see a person's data."""

from collections.abc import Mapping
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from detak.insights.blame import NAMES, Blame
from detak.insights.cart_strata import KEYS, banded, ordered
from detak.insights.carts import ORDERED

STAGES: Final = ("cart", "seen", "checkout", "delivery", "paying")
"""How far a cart came, by ``stage``."""
_LEAST: Final = 0.01  # a chance below says nothing


def reduce_left(carts: ir.Table, limit: int) -> ir.Table:
    """The newest ``carts`` (``carts.carts``) that were left: ``subject, start, currency, value`` and ``KEYS``."""
    found = banded(carts)
    left = found.filter(found.stage < ORDERED).order_by([ibis.desc("start"), "subject", "visit"]).limit(limit)
    return left.select("subject", "start", "currency", "value", *KEYS)


def left_carts(left: pa.Table, strata: pa.Table, blame: Blame) -> list[tuple[int, dict[str, Any]]]:
    """Of each, the newest first: whose it was, and ``start`` (UTC), ``stage``, ``value`` (minor units), ``reasons``.

    ``strata`` is what ``blame`` was made from: a cart has the chances of its group.
    """
    groups = ordered(strata).select(list(KEYS)).to_pylist()
    place = {_key(group): at for at, group in enumerate(groups)}
    rows = sorted(left.to_pylist(), key=lambda row: (row["start"], row["subject"]), reverse=True)
    return [(row["subject"], _told(row, blame.chances[place[_key(row)]].tolist())) for row in rows]


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in KEYS)


def _told(row: Mapping[str, Any], chances: list[float]) -> dict[str, Any]:
    likely = sorted(zip(NAMES, chances, strict=True), key=lambda one: -one[1])
    return {
        "start": f"{row['start'].isoformat(timespec='seconds')}Z",
        "stage": STAGES[row["stage"]],
        "value": row["value"],
        "currency": row["currency"],
        "reasons": {name: round(chance, 3) for name, chance in likely if chance >= _LEAST},
    }
