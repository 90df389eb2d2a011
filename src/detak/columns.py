"""From admitted arrivals to the columns of facts. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from detak.amounts import line_amounts, products
from detak.event import EVENTS, ITEMS, VOLUMES
from detak.money import exponent
from detak.place import city, province
from detak.wire import Arrival, device, page

_MINUTE = 60_000_000
_SHARED = ["id", "subject", "time", "received", "event", "source", "purposes", "order_id"]


class Admitted(NamedTuple):
    """An arrival that some purpose covers, and who it is about."""

    arrival: Arrival
    subject: int | None
    purposes: int


def events_table(admitted: Sequence[Admitted]) -> pa.Table:
    """``event.EVENTS``, a row an event."""
    return _table([_event_row(one) for one in admitted], EVENTS)


def items_table(admitted: Sequence[Admitted], events: pa.Table) -> pa.Table:
    """``event.ITEMS``, a row for each product of each event; ``events`` is the ``events_table`` of the same."""
    found = [products(one.arrival.properties) for one in admitted]
    every = [product for some in found for product in some]
    if not every:
        return ITEMS.empty_table()
    counts = [len(some) for some in found]
    parents = np.repeat(np.arange(len(admitted)), counts)
    currencies = [one.arrival.amounts.currency for one in admitted]
    scales = np.array([10 ** exponent(currency) for currency in currencies], dtype=np.float64)
    money = line_amounts(every, scales[parents])
    shared = events.select(_SHARED).rename_columns(["event_id", *_SHARED[1:]])
    shared = shared.append_column("currency", pa.array(currencies, pa.string())).take(pa.array(parents))
    columns = {name: shared[name] for name in shared.column_names} | {
        "line": _lines([one.arrival.properties.line or 0 for one in admitted], counts),
        "product_id": [product.product_id or product.sku for product in every],
        "name": [product.name for product in every],
        "category": [product.category for product in every],
        "brand": [product.brand for product in every],
        "quantity": [product.quantity for product in every],
        "price": money.price,
        "amount": money.amount,
    }
    return pa.Table.from_arrays([_array(columns[field.name], field.type) for field in ITEMS], schema=ITEMS)


def _lines(first: Sequence[int], counts: Sequence[int]) -> pa.Array:
    """0, 1, 2, ... within each event, from where its first item stands."""
    begin = np.cumsum(counts) - counts
    return pa.array(np.arange(sum(counts)) + np.repeat(np.array(first) - begin, counts), pa.int32())


def _array(values: Any, kind: pa.DataType) -> Any:
    return pa.array(values, kind) if isinstance(values, list) else values


def volumes_table(counts: Iterable[tuple[int, str, str, str]]) -> pa.Table:
    """``event.VOLUMES`` from (received, source, event, outcome) of every message."""
    totals = Counter(
        (received - received % _MINUTE, source, event, outcome) for received, source, event, outcome in counts
    )
    return _table([(*key, "", count) for key, count in totals.items()], VOLUMES)


def _event_row(one: Admitted) -> tuple[Any, ...]:
    arrival = one.arrival
    told, amounts = arrival.properties, arrival.amounts
    context = arrival.message.context
    place = context.location if context else None
    region = told.province or (place.region if place else None)
    town = told.city or (place.city if place else None)
    return (
        arrival.key,
        one.subject,
        arrival.time,
        arrival.received,
        arrival.message.type,
        arrival.event,
        arrival.source,
        one.purposes,
        told.order_id,
        told.line or 0,
        told.query,
        told.results,
        amounts.amount,
        amounts.shipping,
        amounts.discount,
        amounts.currency if amounts.stated else None,
        told.quantity,
        told.coupon,
        told.payment_method,
        told.shipping_method,
        province(region) if region else None,
        city(town) if town else None,
        told.country or (place.country if place else None),
        told.channel,
        device(context),
        page(arrival.message),
        told.reason,
        told.status,
        None,
        None,
        None,
        arrival.rest,
    )


def _table(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    if not rows:
        return schema.empty_table()
    columns = list(zip(*rows, strict=True))
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
