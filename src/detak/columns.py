"""From admitted arrivals to the columns of facts. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from detak.amounts import line_amounts, products
from detak.event import EVENTS, ITEMS, VOLUMES
from detak.money import exponent
from detak.place import city, province
from detak.wire import Arrival, device, page

_MINUTE = 60_000_000
_SHARED = ["id", "subject", "time", "received", "event", "source", "purposes", "order_id"]
_OWN = ["line", "product_id", "name", "category", "brand", "quantity"]


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
    rows: list[tuple[Any, ...]] = []
    lines: list[tuple[float | None, float | None, float | None]] = []
    parents: list[int] = []
    for number, one in enumerate(admitted):
        told = one.arrival.properties
        line = told.line or 0
        found = products(told)
        parents += [number] * len(found)
        for product in found:
            identity = product.product_id or product.sku
            rows.append((line, identity, product.name, product.category, product.brand, product.quantity))
            lines.append((product.price, product.quantity, product.total))
            line += 1
    if not rows:
        return ITEMS.empty_table()
    currencies = [one.arrival.amounts.currency for one in admitted]
    money = line_amounts(lines, [10 ** exponent(currencies[number]) for number in parents])
    shared = events.select(_SHARED).rename_columns(["event_id", *_SHARED[1:]])
    shared = shared.append_column("currency", pa.array(currencies, pa.string())).take(pa.array(parents))
    own = _table(rows, pa.schema([ITEMS.field(name) for name in _OWN]))
    columns = {**_columns(shared), **_columns(own), "price": money.price, "amount": money.amount}
    return pa.Table.from_arrays([columns[name] for name in ITEMS.names], schema=ITEMS)


def volumes_table(counts: Iterable[tuple[int, str, str, str]]) -> pa.Table:
    """``event.VOLUMES`` from (received, source, event, outcome) of every message."""
    totals = Counter(
        (received - received % _MINUTE, source, event, outcome) for received, source, event, outcome in counts
    )
    return _table([(*key, count) for key, count in totals.items()], VOLUMES)


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
        arrival.raw,
    )


def _table(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    if not rows:
        return schema.empty_table()
    columns = list(zip(*rows, strict=True))
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _columns(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    return {name: table[name] for name in table.column_names}
