"""Events that can be used and wait at the gate: their columns, and how arrivals read one by one become them. Pure."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from detak.amounts import floats, line_amounts, products
from detak.event import EVENTS, ITEMS, NULL, clean_id
from detak.money import exponent
from detak.place import city, province
from detak.reading.context import device, page
from detak.reading.intake import Intake
from detak.reading.wire import TRACK, Arrival, traits_of

_OF_THE_GATE: Final = ("subject", "purposes")
AGENT: Final = 256  # characters of a user agent that are kept
ARRIVALS: Final = pa.schema(
    [
        *(field for field in EVENTS if field.name not in _OF_THE_GATE),
        pa.field("at", pa.int32(), nullable=False),  # which message of the chunk
        pa.field("record", pa.int32(), nullable=False),  # which record of the chunk it came in
        ("user", pa.string()),
        ("anonymous", pa.string()),
        ("previous", pa.string()),  # alias: as whom the user was known before
        pa.field("granted", pa.int16(), nullable=False),  # bits of consent.Purpose that were said with the event
        pa.field("refused", pa.int16(), nullable=False),
        ("traits", pa.string()),  # JSON
        ("flaws", pa.string()),  # what the tracking plan found: see intake.Intake
    ]
)
"""``event.EVENTS`` without what the gate decides, and whom each event names."""

PIECES: Final = pa.schema(
    [
        *(field for field in ITEMS if field.name not in (*_OF_THE_GATE, "event_id")),
        pa.field("parent", pa.int32(), nullable=False),  # the row of ARRIVALS
    ]
)
"""``event.ITEMS`` of them."""

SHARED: Final = ("time", "received", "event", "source", "order_id", "bot")
"""What an item repeats of its event."""


def arrivals_table(read: Sequence[tuple[int, int, Arrival]], intake: Intake) -> pa.Table:
    """``ARRIVALS`` of (at, record, arrival)."""
    rows = [(*_row(arrival, intake), at, record, *_named(arrival, intake)) for at, record, arrival in read]
    if not rows:
        return ARRIVALS.empty_table()
    columns = list(zip(*rows, strict=True))
    arrays = [pa.array(values, field.type) for values, field in zip(columns, ARRIVALS, strict=True)]
    return pa.Table.from_arrays(arrays, schema=ARRIVALS)


def pieces_table(arrivals: Sequence[Arrival], events: pa.Table, first: int) -> pa.Table:
    """``PIECES`` of arrivals; ``events`` is their ``arrivals_table``, whose rows count from ``first``."""
    found = [products(one.properties) if one.message.type == TRACK else () for one in arrivals]
    every = [product for some in found for product in some]
    if not every:
        return PIECES.empty_table()
    counts = [len(some) for some in found]
    parents = np.repeat(np.arange(len(arrivals)), counts)
    currencies = [one.amounts.currency for one in arrivals]
    scales = np.array([10 ** exponent(currency) for currency in currencies], dtype=np.float64)
    price, quantity, total = (floats([getattr(one, name) for one in every]) for name in ("price", "quantity", "total"))
    money = line_amounts(price, quantity, total, scales[parents])
    columns: dict[str, Any] = {name: events[name].take(pa.array(parents)) for name in SHARED}
    columns |= {
        "line": lines([one.properties.line or 0 for one in arrivals], counts),
        "product_id": [text(one.product_id or one.sku) for one in every],
        "name": [one.name for one in every],
        "category": [one.category for one in every],
        "brand": [one.brand for one in every],
        "variant": [text(one.variant) for one in every],
        "position": [one.position for one in every],
        "image": [one.image_url for one in every],
        "price": money.price,
        "amount": money.amount,
        "currency": pa.array(currencies, pa.string()).take(pa.array(parents)),
        "quantity": [one.quantity for one in every],
        "parent": parents + first,
    }
    return table(columns, PIECES)


def lines(first: Sequence[int], counts: Sequence[int]) -> pa.Array:
    """0, 1, 2, ... within each event, from where its first item stands."""
    begin = np.cumsum(counts) - counts
    return pa.array(np.arange(sum(counts)) + np.repeat(np.array(first) - begin, counts), pa.int32())


def table(columns: dict[str, Any], schema: pa.Schema) -> pa.Table:
    """A table from lists, NumPy and Arrow columns; what is missing is null."""
    rows = len(next(iter(columns.values())))
    arrays = [_array(columns.get(field.name), field.type, rows) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def text(value: str | int | None) -> str | None:
    """An identifier that a client may send as a number, as text."""
    return value if value is None else str(value)


def _array(values: Any, kind: pa.DataType, rows: int) -> Any:
    if values is None:
        return pa.nulls(rows, kind)
    return values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, kind)


def _row(arrival: Arrival, intake: Intake) -> tuple[Any, ...]:
    """In the order of ``event.EVENTS``."""
    told, amounts = arrival.properties, arrival.amounts
    context = arrival.message.context
    place = context.location if context else None
    region = told.province or (place.region if place else None)
    town = told.city or (place.city if place else None)
    agent = context.user_agent if context else None
    return (
        arrival.key,
        arrival.time,
        arrival.received,
        arrival.message.type,
        arrival.event,
        arrival.source,
        text(told.order_id),
        told.line or 0,
        text(told.cart_id),
        text(told.checkout_id),
        text(told.decision_id),
        told.query,
        told.results,
        amounts.amount,
        amounts.shipping,
        amounts.discount,
        amounts.currency if amounts.stated else None,
        told.quantity,
        text(told.coupon),
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
        agent[:AGENT] if agent else None,
        intake.bot(agent),
        arrival.flag,
        arrival.rest,
    )


def _named(arrival: Arrival, intake: Intake) -> tuple[Any, ...]:
    """Whom an arrival names, what was said with it, and what the plan found."""
    message = arrival.message
    user = clean_id(message.user_id)
    previous = clean_id(message.previous_id) if user and message.type == "alias" else None
    consent = message.context.consent if message.context else None
    said = intake.said(consent.category_preferences if consent else None)
    traits = traits_of(message)
    told = None if traits == NULL else bytes(traits).decode()
    return (user, clean_id(message.anonymous_id), previous, *said, told, arrival.flaws)
