"""Visitors by the million, made from a seed: what the analytic engine is measured on.

Half a year of a shop: visitors come back or not, some of their visits are for buying. The events go straight into a
store, as the sink would have put them there; nobody in them is real.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from detak.event import EVENTS, ITEMS
from detak.store.base import Batch, empty
from detak.store.duckdb import DuckStore

DAYS: Final = 180
VISITORS: Final = 0.055  # of the events
NAMES: Final = (
    *("Page Viewed", "Product Viewed", "Products Searched", "Product List Viewed"),
    *("Product Added", "Cart Viewed", "Checkout Started", "Order Completed"),
)
_LOOKING: Final = (0.34, 0.44, 0.10, 0.12, 0.0, 0.0, 0.0, 0.0)
_BUYING: Final = (0.12, 0.40, 0.05, 0.05, 0.17, 0.06, 0.08, 0.07)
_BUYING_VISITS: Final = 0.15
_VISIT_EVENTS: Final = 5.05
_BEGAN: Final = 1_767_225_600  # 2026-01-01
_GAP: Final = 70.0  # seconds between events of a visit, on average
_SECOND: Final = 1_000_000
_CHUNK: Final = 400_000
_DEVICES: Final = ("mobile", "desktop", "tablet")
_CHANNELS: Final = ("search", "direct", "social", "email")
_PROVINCES: Final = ("Jawa Barat", "Jawa Timur", "DKI Jakarta", "Banten", "Bali", "Sumatera Utara", "Papua")
_PRODUCTS: Final = 5_000
_WITH_ITEM: Final = (1, 4, 7)  # codes of NAMES

Ints = np.ndarray[Any, np.dtype[np.int64]]


class Crowd(NamedTuple):
    """Events in the order of time: whose, when (microseconds UTC), what (of ``NAMES``), on which visit."""

    subject: Ints
    time: Ints
    code: Ints
    visit: Ints


def crowd(events: int, seed: int = 1) -> Crowd:
    """So many events; the same seed makes the same ones. No two events of a visitor fall into one microsecond."""
    random = np.random.default_rng(seed)
    visitors = max(1, round(events * VISITORS))
    subjects = random.integers(1, 2**62, visitors)
    # One visit each, and the others to those who come often.
    visits = max(visitors, round(events / _VISIT_EVENTS))
    weight = random.pareto(1.5, visitors) + 0.1
    others = random.choice(visitors, visits - visitors, p=weight / weight.sum())
    whose = np.concatenate([np.arange(visitors), others])
    sizes = np.ones(visits, dtype=np.int64) + random.multinomial(events - visits, _shares(random, visits))
    begins = (random.random(visits) * DAYS * 86_400 * _SECOND).astype(np.int64) + _BEGAN * _SECOND
    visit = np.repeat(np.arange(visits), sizes)
    gaps = (random.exponential(_GAP, events) * _SECOND).astype(np.int64) + 1
    passed = np.cumsum(gaps)
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    time = begins[visit] + passed - np.repeat(passed[first], sizes)
    buying = random.random(visits) < _BUYING_VISITS
    draw = random.random(events)
    code = np.where(buying[visit], _drawn(draw, _BUYING), _drawn(draw, _LOOKING))
    order = np.argsort(time, kind="stable")
    return Crowd(subjects[whose[visit]][order], time[order], code[order], visit[order])


def fill(store: DuckStore, made: Crowd) -> None:
    """Put them into a store and seal it."""
    for at in range(0, len(made.time), _CHUNK):
        part = Crowd(*(column[at : at + _CHUNK] for column in made))
        events = _events(part, at)
        store.append(Batch(events, _items(part, events), empty("volumes"), at + len(part.time)))
        store.seal()
    store.compact()


def _shares(random: np.random.Generator, visits: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    drawn = random.exponential(1.0, visits)
    return np.asarray(drawn / drawn.sum(), dtype=np.float64)


def _drawn(draw: np.ndarray[Any, Any], weights: tuple[float, ...]) -> Ints:
    return np.minimum(np.searchsorted(np.cumsum(weights), draw, side="right"), len(weights) - 1)


def _events(part: Crowd, first: int) -> pa.Table:
    rows = len(part.time)
    number = np.arange(first, first + rows)
    moments = pa.array(part.time, pa.timestamp("us"))
    ordered = part.code == NAMES.index("Order Completed")
    known: dict[str, Any] = {
        "id": pa.array(_scrambled(number)),
        "subject": pa.array(part.subject),
        "time": moments,
        "received": moments,
        "type": _same("track", rows),
        "event": _named(NAMES, part.code),
        "source": _same("web", rows),
        "purposes": pa.array(np.full(rows, 31, dtype=np.int16)),
        "line": pa.array(np.zeros(rows, dtype=np.int32)),
        "order_id": _where(ordered, pa.array(number).cast(pa.string())),
        "amount": _where(ordered, pa.array(20_000 + part.subject % 200_000)),
        "currency": _where(ordered, _same("IDR", rows)),
        "query": _where(
            part.code == NAMES.index("Products Searched"), _named([f"cari {n}" for n in range(200)], part.visit % 200)
        ),
        "results": _where(part.code == NAMES.index("Products Searched"), pa.array(part.visit % 7)),
        "province": _named(_PROVINCES, part.subject % len(_PROVINCES)),
        "channel": _named(_CHANNELS, part.visit % len(_CHANNELS)),
        "device": _named(_DEVICES, part.subject // 7 % len(_DEVICES)),
        "page": _named([f"/{name.lower().replace(' ', '-')}" for name in NAMES], part.code),
    }
    return _table(known, EVENTS, rows)


def _items(part: Crowd, events: pa.Table) -> pa.Table:
    has = np.isin(part.code, _WITH_ITEM)
    parents = events.filter(pa.array(has))
    rows = parents.num_rows
    product = _scrambled(part.time[has]) % _PRODUCTS
    price = 10_000 + product * 37
    known: dict[str, Any] = {
        "event_id": parents["id"],
        **{
            name: parents[name]
            for name in ("subject", "time", "received", "event", "source", "purposes", "order_id", "line")
        },
        "product_id": _named([f"p{n}" for n in range(_PRODUCTS)], product),
        "name": _named([f"Produk {n}" for n in range(_PRODUCTS)], product),
        "category": _named([f"Kategori {n}" for n in range(20)], product % 20),
        "price": pa.array(price),
        "amount": pa.array(price),
        "quantity": pa.array(np.ones(rows)),
        "currency": _same("IDR", rows),
    }
    return _table(known, ITEMS, rows)


def _table(known: dict[str, Any], schema: pa.Schema, rows: int) -> pa.Table:
    columns = [known[field.name] if field.name in known else pa.nulls(rows, field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _named(names: Any, code: Ints) -> pa.Array:
    return pa.array(list(names)).take(pa.array(code))


def _same(value: str, rows: int) -> pa.Array:
    return pa.repeat(value, rows)


def _where(mask: np.ndarray[Any, np.dtype[np.bool_]], values: pa.Array) -> pa.Array:
    return pa.compute.if_else(pa.array(mask), values, pa.scalar(None, values.type))


def _scrambled(number: Ints) -> Ints:
    """Different numbers for different numbers, in no order (an odd factor, modulo 2^64)."""
    return (number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)).view(np.int64)
