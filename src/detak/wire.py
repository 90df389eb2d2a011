"""From a body as it came in to arrivals: typed, timed, identified. Pure; one bad event never spoils its neighbours.

Source of the format: Segment HTTP Tracking API; clock skew as documented there:
``timestamp = receivedAt - (sentAt - originalTimestamp)``.
"""

import re
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from detak.amounts import Amounts, read_amounts
from detak.errors import RowError
from detak.event import ORDER_COMPLETED, TYPES, Context, Incoming, Properties, event_name, message_key

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_EARLIEST: Final = 631_152_000_000_000  # 1990: no shop's log is older
_DAY: Final = 86_400_000_000
EVENT_LIMIT: Final = 32 * 1024  # Segment's: 32 KB an event

# fmt: off
_PERSONAL_KEYS: Final = frozenset(
    {
        "email", "e_mail", "mail", "phone", "phone_number", "telephone", "mobile", "msisdn", "whatsapp",
        "first_name", "last_name", "firstname", "lastname", "full_name", "fullname", "username", "user_name",
        "recipient", "address", "street", "postal_code", "postcode", "zip", "ip", "ip_address", "nik", "ktp",
        "npwp", "birthday", "birth_date", "date_of_birth", "card_number", "iban", "account_number", "password",
        "token", "latitude", "longitude", "lat", "lng", "lon",
    }
)
# fmt: on
_SUSPECT = re.compile(
    rb"@|[\d+][\d\s().-]{8,}\d|\"(?:" + "|".join(sorted(_PERSONAL_KEYS)).encode() + rb")\"\s*:", re.IGNORECASE
)
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w.-])(?:\+\d{1,3}|0)[\s().-]*(?:\d[\s().-]*){8,13}\d(?!\w)")
_REMOVED: Final = "[removed]"

_CONVERTED: Final = {field.name: field.type for field in msgspec.structs.fields(Properties)}
_MONEY_FIELDS: Final = frozenset({"price", "quantity", "total", "revenue", "value", "shipping", "discount", "products"})
_ITEM_EVENTS: Final = ("Order ", "Product ", "Products ", "Cart ", "Checkout ", "Coupon ")


class Arrival(NamedTuple):
    """One message, decoded and timed."""

    message: Incoming
    event: str
    properties: Properties
    amounts: Amounts
    raw: str | None  # its properties as JSON, without identifiers
    key: int
    time: int | None  # microseconds since 1970, UTC; None: unknown
    received: int  # microseconds since 1970, UTC
    source: str
    imported: bool


class Refusal(NamedTuple):
    """A message that cannot be used, and why."""

    event: str
    field: str
    reason: str


class Envelope(msgspec.Struct, rename="camel"):
    """A batch body."""

    batch: list[msgspec.Raw]
    sent_at: str | None = None
    context: msgspec.Raw | None = None
    write_key: str | None = None


class Origin(NamedTuple):
    """Where and when a body came in."""

    source: str
    received: int
    imported: bool
    currency: str


_message = msgspec.json.Decoder(Incoming, strict=False)
_properties = msgspec.json.Decoder(Properties, strict=False)
_envelope = msgspec.json.Decoder(Envelope)
_context = msgspec.json.Decoder(Context, strict=False)
_any = msgspec.json.Decoder()
_encode = msgspec.json.Encoder().encode


def open_batch(body: bytes) -> Envelope:
    """The messages of a batch, still raw.

    Raises:
        RowError: it is not JSON, or has no list called ``batch``.
    """
    try:
        return _envelope.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RowError("batch", f"the body is not a batch: {_plain(error)}") from None


def arrive(raw: msgspec.Raw | bytes, origin: Origin, envelope: Envelope | None = None) -> Arrival:
    """One raw message, ready for the gate.

    Raises:
        RowError: it cannot be used; the field and the reason say why.
    """
    if len(bytes(raw)) > EVENT_LIMIT and not origin.imported:
        raise RowError("", f"is larger than {EVENT_LIMIT // 1024} KB")
    message = _decode_message(raw)
    event = event_name(message)
    if envelope is not None and envelope.context is not None and message.context is None:
        message.context = _decode_context(bytes(envelope.context))
    properties, text = _read_properties(message, event)
    _check(event, properties)
    sent = message.sent_at or (envelope.sent_at if envelope else None)
    time = _time(message, origin, sent)
    identity = message.message_id or _derived_id(raw, time)
    key = message_key(origin.source, identity)
    amounts = read_amounts(properties, origin.currency)
    return Arrival(
        message, event, properties, amounts, text, key, time, origin.received, origin.source, origin.imported
    )


def moment(text: str, field: str) -> int:
    """An ISO 8601 time as microseconds since 1970, UTC; without a zone it is UTC.

    Raises:
        RowError: it is no time that exists.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise RowError(field, "is no time that exists (ISO 8601, such as 2026-11-22T10:00:00Z)") from None
    return ((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND


def device(context: Context | None) -> str | None:
    """``mobile``, ``tablet`` or ``desktop``, as far as the context tells."""
    if context is None:
        return None
    if context.device and context.device.type:
        return context.device.type[:32].lower()
    agent = context.user_agent
    if not agent:
        return None
    if "iPad" in agent or "Tablet" in agent:
        return "tablet"
    return "mobile" if "Mobi" in agent else "desktop"


def page(message: Incoming) -> str | None:
    """The path of the page, without its query: queries carry names, tokens and addresses."""
    seen = message.context.page if message.context else None
    if seen is None:
        return None
    path = seen.path or (urlsplit(seen.url).path if seen.url else None)
    return scrub(path.split("?", 1)[0])[:512] if path else None


def scrub(text: str) -> str:
    """Free text without e-mail addresses and telephone numbers."""
    return _PHONE.sub(_REMOVED, _ADDRESS.sub(_REMOVED, text))


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
        loose["context"] = _fit(loose.get("context"), Context)
        return _message.decode(_encode(loose))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise RowError(*_located(first)) from None


def _decode_context(raw: bytes) -> Context | None:
    try:
        return _context.decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        return None


def _fit(value: object, kind: Any) -> Any:
    """A struct's dictionary without the keys that do not convert."""
    if not isinstance(value, dict):
        return None
    fitting = {}
    for field in msgspec.structs.fields(kind):
        if field.encode_name not in value:
            continue
        try:
            msgspec.convert(value[field.encode_name], field.type, strict=False)
        except (msgspec.ValidationError, RecursionError):
            continue
        fitting[field.encode_name] = value[field.encode_name]
    return fitting


def _read_properties(message: Incoming, event: str) -> tuple[Properties, str | None]:
    data = bytes(message.properties)
    if data in (b"null", b"{}"):
        return Properties(), None
    try:
        properties = _properties.decode(data)
    except (msgspec.MsgspecError, RecursionError) as error:
        properties = _lenient(data, event, error)
    text = data if not _SUSPECT.search(data) else _encode(_without_people(_any.decode(data)))
    if properties.query:
        properties.query = scrub(properties.query)
    return properties, text.decode()


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


def _without_people(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_people(one) for key, one in value.items() if key.lower() not in _PERSONAL_KEYS}
    if isinstance(value, list):
        return [_without_people(one) for one in value]
    return scrub(value) if isinstance(value, str) else value


def _check(event: str, properties: Properties) -> None:
    if event == ORDER_COMPLETED and (properties.total or 0) < 0:
        raise RowError("total", "is negative")
    for name in ("results", "line"):
        if not 0 <= (getattr(properties, name) or 0) < 2**31:
            raise RowError(name, "is not a count")


def _time(message: Incoming, origin: Origin, sent: str | None) -> int | None:
    stated = message.timestamp or message.original_timestamp
    if stated is None:
        return None if origin.imported else origin.received
    time = moment(stated, "timestamp")
    if sent is not None and not origin.imported:
        time = origin.received - (moment(sent, "sentAt") - time)
    if time < _EARLIEST:
        raise RowError("timestamp", "is before 1990")
    if time > origin.received + _DAY:
        raise RowError("timestamp", "is in the future")
    return time


def _derived_id(raw: msgspec.Raw | bytes, time: int | None) -> str:
    """A message without an id is identified by what it says; said twice at one time, it is one."""
    return f"{time}:{blake2b(bytes(raw), digest_size=16).hexdigest()}"


def _located(error: Exception) -> tuple[str, str]:
    """msgspec's message as (field, reason): ``Expected `float`, got `str` - at `$.price``` ."""
    reason, _, path = str(error).partition(" - at `$")
    return path.strip("`.") or "", _plain(reason)


def _plain(error: Exception | str) -> str:
    text = str(error).replace("`", "").replace("| null", "").strip()
    return text[:1].lower() + text[1:]


def with_type(body: bytes, kind: str) -> bytes:
    """A single-call body (``/v1/track``) with its ``type``, which the path says; it stands last, so it counts.

    Raises:
        RowError: there is no such type, or the body is not a JSON object.
    """
    if kind not in TYPES:
        raise RowError("type", f"is none of {', '.join(TYPES)}")
    stripped = body.strip()
    if not (stripped.startswith(b"{") and stripped.endswith(b"}")):
        raise RowError("", "the body is not a JSON object")
    inside = stripped[1:-1].strip()
    return b"{" + inside + (b"," if inside else b"") + b'"type":"' + kind.encode() + b'"}'
