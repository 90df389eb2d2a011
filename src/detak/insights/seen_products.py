"""What events say of products: the latest name, price, category, ... of each, and whether it ran out.

Only product columns leave the facts, a row a product; nobody is in them. What one visitor's browser says is not beyond
doubt: where the shop states a field itself, its word stands (``catalogue.merge``).
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from detak.catalogue import EVENTS, Availability, Statement
from detak.clock import to_micros
from detak.errors import RowError
from detak.event import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED, ORDER_UPDATED
from detak.insights import reasons
from detak.insights.base import Facts
from detak.insights.orders import KEY
from detak.money import Money, minor
from detak.product_fields import read_row
from detak.scrub import without_people

ABOUT_ONE: Final = ("Product Viewed", "Product Clicked", "Product Added")
"""Events about a single product: what has no column in them is said of it."""

_OLD_PRICES: Final = (ORDER_UPDATED, ORDER_CANCELLED, ORDER_REFUNDED)  # they repeat what was paid once
_HAD: Final = ("Product Added", ORDER_COMPLETED)  # whoever does so found it there
_TEXTS: Final = {"name": "name", "category": "category", "brand": "brand", "variant": "variant", "image": "image_url"}
_OUT_OF_STOCK: Final = "out_of_stock"  # of ``reasons``
# Keys of an event's free properties, the likeliest first -> fields.
_FREE: Final[Mapping[str, tuple[str, ...]]] = {
    "compare_at_price": ("compare_at_price", "compareAtPrice", "original_price", "list_price"),
    "stock": ("stock", "stok", "inventory"),
    "availability": ("availability", "in_stock", "inStock"),
    "labels": ("labels", "tags"),
}


def reduce(facts: Facts, since: datetime, before: datetime | None = None) -> dict[str, ir.Table]:
    """``columns``, ``free`` and ``ran_out``: what was received from ``since`` (UTC) on, of each product the latest.

    ``before``: what was received then or later is left out.

    ``columns``: product_id; name, category, brand, variant, image, price, each with the time it is from; currency;
    had_time; until.
    ``free``: product_id, time, currency, properties. ``ran_out``: product_id, reason, time.
    """
    events = _received(facts.events, since, before)
    items = _received(facts.items, since, before).filter(ibis._.product_id.notnull())
    bots = events.filter(events.bot.notnull())
    told = items.anti_join(bots, items.event_id == bots.id)
    # A client's clock may run ahead: what it says must not outlast what is said after it.
    told = told.mutate(at=ibis.least(ibis.coalesce(told.time, told.received), told.received))
    return {"columns": _columns(told), "free": _free(told, events), "ran_out": _ran_out(facts.items, events)}


def count(facts: Facts, since: datetime) -> ir.Table:
    """``events``: how many were received from ``since`` (UTC) on."""
    return _received(facts.events, since, None).agg(events=ibis._.count())


def cuts(facts: Facts, since: datetime, parts: int) -> ir.Table:
    """``second``: where to part what was received from ``since`` (UTC) on into so many parts, about alike."""
    received = _received(facts.events, since, None).received.epoch_seconds()
    return received.quantile([part / parts for part in range(1, parts)]).name("second").as_table()


def _received(table: ir.Table, since: datetime, before: datetime | None) -> ir.Table:
    then = table.filter(table.received >= since.astimezone(UTC).replace(tzinfo=None))
    return then if before is None else then.filter(then.received < before.astimezone(UTC).replace(tzinfo=None))


def later(facts: Facts, than: datetime) -> ir.Table:
    """A row, where an event was received after ``than`` (UTC); where there is none, there is nothing new to learn."""
    moment = than.astimezone(UTC).replace(tzinfo=None)
    return facts.events.filter(facts.events.received > moment).select("received").limit(1)


def _columns(told: ir.Table) -> ir.Table:
    told = told.mutate(turn=_turn(told), priced=(told.price > 0) & told.event.notin(_OLD_PRICES))
    stated = {name: told[name].notnull() & (told[name] != "") for name in _TEXTS}
    latest = {name: told[name].argmax(told.turn, where=where) for name, where in stated.items()}
    times = {f"{name}_time": told["at"].max(where=where) for name, where in stated.items()}
    return told.group_by("product_id").agg(
        **latest,
        **times,
        price=told.price.argmax(told.turn, where=told.priced),
        currency=told.currency.argmax(told.turn, where=told.priced),
        price_time=told["at"].max(where=told.priced),
        had_time=told["at"].max(where=told.event.isin(_HAD)),
        until=told.received.max(),
    )


def _free(told: ir.Table, events: ir.Table) -> ir.Table:
    """The latest free properties of each product that say something a catalogue knows."""
    single = told.filter(told.event.isin(ABOUT_ONE))
    named = ibis.or_(*(events.properties.contains(f'"{key}"') for keys in _FREE.values() for key in keys))
    loose = events.filter(events.event.isin(ABOUT_ONE), events.properties.notnull(), named).select("id", "properties")
    joined = single.inner_join(loose, single.event_id == loose.id)
    word = ibis.struct({"currency": joined.currency, "properties": joined.properties, "time": joined["at"]})
    latest = joined.group_by("product_id").agg(word=word.argmax(_turn(joined)))
    return latest.select("product_id", *(latest.word[name].name(name) for name in ("currency", "properties", "time")))


def _turn(told: ir.Table) -> ir.StructValue:
    """What is said later is greater. Compared as one value: to number the rows of each product, all of them would have
    to be put in order."""
    return ibis.struct({"at": told["at"], "event_id": told.event_id, "line": told.line})


def _ran_out(items: ir.Table, events: ir.Table) -> ir.Table:
    """Cancelled orders of a single product, by what was said of why. Of several nobody knows which one was missing."""
    cancelled = events.filter(
        events.event == ORDER_CANCELLED, events.reason.notnull(), events.order_id.notnull(), events.bot.isnull()
    )
    happened = ibis.least(ibis.coalesce(cancelled.time, cancelled.received), cancelled.received)
    cancelled = cancelled.select(*KEY, "reason", at=happened)
    lines = items.filter(items.order_id.notnull()).semi_join(cancelled, list(KEY))
    single = lines.group_by(list(KEY)).agg(
        product_id=lines.product_id.min(),
        other=lines.product_id.max(),
        unnamed=lines.product_id.isnull().sum(),
    )
    single = single.filter(single.product_id == single.other, single.unnamed == 0)
    joined = cancelled.inner_join(single, list(KEY))
    return joined.group_by(["product_id", "reason"]).agg(time=joined["at"].max())


def statements(found: Mapping[str, pa.Table], currency: str) -> Iterator[Statement]:
    """What ``reduce`` found, as words for the catalogue; what cannot be said of a product is left out.

    ``currency`` is that of amounts that came without one.
    """
    for row in found["columns"].to_pylist():
        yield from _of_columns(row, currency)
    for row in found["free"].to_pylist():
        yield from _of_free(row, currency)
    for row in found["ran_out"].to_pylist():
        if reasons.read(row["reason"]).reason == _OUT_OF_STOCK:
            yield from _say(row["product_id"], "availability", Availability.OUT_OF_STOCK, row["time"], currency)


def until(found: Mapping[str, pa.Table]) -> datetime | None:
    """When the last of what ``reduce`` found was received, UTC; None where there was nothing."""
    seen = [moment for moment in found["columns"]["until"].to_pylist() if moment is not None]
    return max(seen).replace(tzinfo=UTC) if seen else None


def _of_columns(row: Mapping[str, Any], currency: str) -> Iterator[Statement]:
    named = row["product_id"]
    for column, field in _TEXTS.items():
        if row[column] is not None:
            yield from _say(named, field, without_people(row[column]), row[f"{column}_time"], currency)
    if row["price"] is not None:
        price = Money(row["price"], row["currency"] or currency)
        yield from _say(named, "price", price, row["price_time"], currency)
    if row["had_time"] is not None:
        yield from _say(named, "availability", Availability.IN_STOCK, row["had_time"], currency)


def _of_free(row: Mapping[str, Any], currency: str) -> Iterator[Statement]:
    try:
        loose = without_people(msgspec.json.decode(row["properties"]))
    except (msgspec.DecodeError, RecursionError):
        return
    if not isinstance(loose, dict):
        return
    for field, keys in _FREE.items():
        value = next((loose[key] for key in keys if loose.get(key) is not None), None)
        if value is None:
            continue
        if field == "compare_at_price":
            value = _major(value, row["currency"] or currency)
        yield from _say(row["product_id"], field, value, row["time"], currency)


def _major(value: object, currency: str) -> Money | None:
    """An amount in major units, as events have it."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return None
    try:
        return Money(minor(value, currency), currency)
    except RowError:
        return None


def _say(named: str, field: str, value: object, time: datetime, currency: str) -> Iterator[Statement]:
    """One field said, if it can be. There is nobody to tell of what cannot: it came in among many events."""
    if value is None:
        return
    try:
        identity, fields = read_row({"id": named, field: value}, currency)
    except RowError:
        return
    if fields[field] is not None:
        yield Statement(identity, fields, EVENTS, to_micros(time))
