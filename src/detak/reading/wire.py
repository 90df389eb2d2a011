"""From a message as it came in to an arrival: typed, timed, identified. Pure; one bad one never spoils its neighbours.

Source of the format: Segment HTTP Tracking API; clock skew as documented there:
``timestamp = receivedAt - (sentAt - originalTimestamp)``.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec

from detak.amounts import Amounts, read_amounts
from detak.clock import to_micros
from detak.errors import RowError
from detak.event import (
    EVENT_NAME,
    NAMES,
    NULL,
    ORDER_COMPLETED,
    Context,
    Incoming,
    Message,
    Product,
    Properties,
    event_name,
    message_key,
)
from detak.reading.body import Envelope, in_words
from detak.reading.context import decode_context, fit, merged
from detak.scrub import scrub, without_people

EARLIEST: Final = 631_152_000_000_000  # 1990: no shop's log is older
_DAY: Final = 86_400_000_000
LATE, AHEAD = "late", "ahead"
TRACK: Final = "track"
EVENT_LIMIT: Final = 32 * 1024  # Segment's: 32 KB an event

_CONVERTED: Final = {field.name: field.type for field in msgspec.structs.fields(Properties)}
OF_THE_PAGE: Final = frozenset({"url", "search", "referrer", "title", "path"})  # may name people; the path is a column
PRODUCT: Final = frozenset(field.name for field in msgspec.structs.fields(Product))
SINGLE: Final = PRODUCT - {"quantity", "total"}
"""Keys at the top level that describe the one product of an event; without one they are the event's own."""
COLUMNED: Final = frozenset(_CONVERTED) - SINGLE
"""Keys at the top level that have a column whatever else is there."""
_OF_OTHERS: Final = COLUMNED - {"products"}
_MONEY_FIELDS: Final = frozenset({"price", "quantity", "total", "revenue", "value", "shipping", "discount", "products"})
_DEEPEST: Final = 64
_ITEM_EVENTS: Final = ("Order ", "Product ", "Products ", "Cart ", "Checkout ", "Coupon ")


class Arrival(NamedTuple):
    """One message, decoded and timed."""

    message: Incoming
    event: str
    properties: Properties
    amounts: Amounts
    rest: str | None  # of its properties what has no column, as JSON, without identifiers
    key: int
    time: int | None  # microseconds since 1970, UTC; None: unknown
    received: int  # microseconds since 1970, UTC
    source: str
    imported: bool
    flag: str | None = None  # late, ahead: see Origin
    loose: Mapping[str, Any] = MappingProxyType({})  # its properties as they came
    flaws: str | None = None  # what the tracking plan found: see intake.Intake


class Refusal(NamedTuple):
    """A message that cannot be used, and why."""

    event: str
    field: str
    reason: str


class Origin(NamedTuple):
    """Where and when a body came in."""

    source: str
    received: int
    imported: bool
    currency: str
    late: int = 30 * _DAY  # microseconds; an older event is marked late
    ahead: int = _DAY // 24  # microseconds; an event of a later moment is marked, and takes that at which it came in


_message = msgspec.json.Decoder(Incoming, strict=False)
_properties = msgspec.json.Decoder(Properties, strict=False)
_any = msgspec.json.Decoder()
_encode = msgspec.json.Encoder().encode


def event_of(raw: msgspec.Raw | bytes) -> str:
    """The event that a message names, as far as it can be read."""
    try:
        named = _named.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return (named.event or NAMES.get(named.type or "", ""))[:EVENT_NAME]


class _Named(msgspec.Struct):
    type: str | None = None
    event: str | None = None


_named = msgspec.json.Decoder(_Named)


def arrive(raw: msgspec.Raw | bytes, origin: Origin, envelope: Envelope | None = None) -> Arrival:
    """One raw message, ready for the gate.

    Raises:
        RowError: it cannot be used; the field and the reason say why.
    """
    try:
        return _arrive(raw, origin, envelope)
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
        # Bytes that are no text, a number no computer holds, a thousand brackets: deeper than the decoder looks.
        raise RowError("", "cannot be read: it is not well-formed JSON of a sensible size") from None


def _arrive(raw: msgspec.Raw | bytes, origin: Origin, envelope: Envelope | None) -> Arrival:
    if len(bytes(raw)) > EVENT_LIMIT and not origin.imported:
        raise RowError("", f"is larger than {EVENT_LIMIT // 1024} KB")
    message = _decode_message(raw)
    event = event_name(message)
    if envelope is not None and envelope.context != NULL:
        message.context = merged(message.context, decode_context(bytes(envelope.context)))
    properties, text, loose = _read_properties(message, event)
    _check(event, properties)
    _check_traits(message)
    sent = message.sent_at or (envelope.sent_at if envelope else None)
    time, flag = _time(message, origin, sent)
    identity = message.message_id or _derived_id(raw, time)
    key = message_key(origin.source, identity)
    amounts = read_amounts(properties, origin.currency)
    where = (origin.received, origin.source, origin.imported)
    return Arrival(message, event, properties, amounts, text, key, time, *where, flag, loose)


def moment(text: str, field: str) -> int:
    """An ISO 8601 time as microseconds since 1970, UTC; without a zone it is UTC.

    Raises:
        RowError: it is no time that exists.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise RowError(field, "is no time that exists (ISO 8601, such as 2026-11-22T10:00:00Z)") from None
    return to_micros(parsed)


def _decode_message(raw: msgspec.Raw | bytes) -> Incoming:
    try:
        return _message.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        first = error
    try:
        loose = _any.decode(raw)
        if not isinstance(loose, dict):
            raise RowError("", "is not an event: a JSON object with a type is")
        # The context is a courtesy: what is odd in it must not cost the event.
        loose["context"] = fit(loose.get("context"), Context)
        return _message.decode(_encode(loose))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise RowError(*_located(first)) from None


def _read_properties(message: Incoming, event: str) -> tuple[Properties, str | None, Mapping[str, Any]]:
    data = bytes(message.properties)
    if data in (b"null", b"{}"):
        return Properties(), None, {}
    try:
        properties = _properties.decode(data)
    except (msgspec.MsgspecError, RecursionError) as error:
        properties = _lenient(data, event, error)
    loose = _any.decode(data)
    unread = {name for name in _CONVERTED if name in loose and getattr(properties, name) is None}
    rest = remainder(loose, unread, sole=message.type == TRACK)
    if properties.query:
        properties.query = scrub(properties.query)
    if properties.reason:
        properties.reason = scrub(properties.reason)
    return properties, rest, loose


def traits_of(message: Message) -> msgspec.Raw:
    """What an identify says of its person; RudderStack's libraries say it in the context. JSON, ``null`` for nothing.

    Other calls repeat it, and a group's traits are the group's.
    """
    if message.type != "identify":
        return NULL
    said = message.traits
    if said is None or said == NULL:
        said = message.context.traits if message.context else NULL
    return said if isinstance(said, msgspec.Raw) else msgspec.Raw(_encode(said))


def remainder(loose: Mapping[str, Any], unread: Collection[str] = (), *, sole: bool) -> str | None:
    """What of the properties has no column, as JSON, without what names a person; None where all of it has one.

    Args:
        loose: the properties as they came.
        unread: those of them that have a column but do not fit it.
        sole: whether they may describe one product at their top level: those of a page or a group do not.
    """
    columned = _OF_OTHERS if not sole else COLUMNED | SINGLE if single(loose) else COLUMNED
    rest = {
        name: value
        for name, value in loose.items()
        if (name not in columned or name in unread) and name not in OF_THE_PAGE and value is not None
    }
    listed = loose.get("products") if sole else None
    if isinstance(listed, list) and any(isinstance(one, dict) and one.keys() - PRODUCT for one in listed):
        rest["products"] = listed
    return _encode(without_people(rest)).decode() if rest else None


def single(loose: Mapping[str, Any]) -> bool:
    """Whether properties describe one product at their top level."""
    return loose.get("products") is None and bool(loose.get("product_id") or loose.get("sku") or loose.get("name"))


def _lenient(data: bytes, event: str, error: Exception) -> Properties:
    """Properties of which some do not fit the spec: a wrong amount spoils a sale; any other key is the shop's own."""
    loose = _any.decode(data)
    if not isinstance(loose, dict):
        raise RowError("properties", "is not an object")
    fitting = {}
    for name, kind in _CONVERTED.items():
        if name not in loose:
            continue
        try:
            fitting[name] = msgspec.convert(loose[name], kind, strict=False)
        except (msgspec.ValidationError, RecursionError):
            if name in _MONEY_FIELDS and event.startswith(_ITEM_EVENTS):
                raise RowError(*_located(error)) from None
    return Properties(**fitting)


def _check(event: str, properties: Properties) -> None:
    for name in ("total", "revenue", "value") if event == ORDER_COMPLETED else ():
        if (getattr(properties, name) or 0) < 0:
            raise RowError(name, "is negative")
    for name in ("results", "line"):
        if not 0 <= (getattr(properties, name) or 0) < 2**31:
            raise RowError(name, "is not a count")
    if (properties.line or 0) + len(properties.products or ()) > 2**31:
        raise RowError("line", "is not a count")


def _check_traits(message: Incoming) -> None:
    said = traits_of(message)
    if said != NULL and not _shallow(_any.decode(said), _DEEPEST):
        raise RowError("traits", "are nested too deeply")


def _shallow(value: object, depth: int) -> bool:
    if isinstance(value, dict):
        return depth > 0 and all(_shallow(one, depth - 1) for one in value.values())
    if isinstance(value, list):
        return depth > 0 and all(_shallow(one, depth - 1) for one in value)
    return True


def _time(message: Incoming, origin: Origin, sent: str | None) -> tuple[int | None, str | None]:
    stated = message.timestamp or message.original_timestamp
    if not stated:
        return (None if origin.imported else origin.received), None
    time = moment(stated, "timestamp")
    if sent and not origin.imported:
        time = origin.received - (moment(sent, "sentAt") - time)
    if time < EARLIEST:
        raise RowError("timestamp", "is before 1990")
    if origin.imported:
        if time > origin.received + _DAY:
            raise RowError("timestamp", "is in the future")
        return time, None
    if time > origin.received + origin.ahead:
        return origin.received, AHEAD
    return time, (LATE if time < origin.received - origin.late else None)


def _derived_id(raw: msgspec.Raw | bytes, time: int | None) -> str:
    """A message without an id is identified by what it says; said twice at one time, it is one."""
    return f"{time}:{blake2b(bytes(raw), digest_size=16).hexdigest()}"


def _located(error: Exception) -> tuple[str, str]:
    """msgspec's message as (field, reason): ``Expected `float`, got `str` - at `$.price``` ."""
    reason, _, path = in_words(error).partition(" - at $")
    return path.strip("."), reason.strip()
