"""The event: what a shop's clients send (the Segment spec's wire form) and the two tables of facts it becomes.

Wire names follow the Segment spec (`messageId`, `anonymousId`); facts follow this project's names.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from detak.errors import RowError

TYPES: Final = ("track", "identify", "page", "screen", "group", "alias")
CONSENT_UPDATED: Final = "Segment Consent Preference Updated"
ORDER_COMPLETED: Final = "Order Completed"
ORDER_UPDATED: Final = "Order Updated"
ORDER_CANCELLED: Final = "Order Cancelled"
ORDER_REFUNDED: Final = "Order Refunded"
PRODUCTS_SEARCHED: Final = "Products Searched"
COUPON_APPLIED: Final = "Coupon Applied"

NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "page": "Page Viewed",
        "screen": "Screen Viewed",
        "identify": "Identified",
        "group": "Grouped",
        "alias": "Aliased",
    }
)
"""The event that each type means, where the message names none."""
EVENT_NAME: Final = 128  # characters; what is beyond is cut off
_KEY_BYTES = 8


# gc=False, here and for messages: what is decoded never refers to itself, and there are millions of them to look at.
class Product(msgspec.Struct, omit_defaults=True, kw_only=True, gc=False):
    """One product of an event, by the e-commerce spec v2. Prices are major units of the event's currency."""

    product_id: str | int | None = None
    sku: str | int | None = None
    name: str | None = None
    category: str | None = None
    brand: str | None = None
    variant: str | int | None = None
    price: float | None = None
    quantity: float | None = None
    total: float | None = None
    """What the line cost in all, where it is not price x quantity. On an event: what the order cost in all."""
    position: int | None = None
    image_url: str | None = None


class Properties(Product, omit_defaults=True, kw_only=True):
    """The properties that become columns: the e-commerce spec v2, and what order exports add to it.

    Amounts are major units of ``currency``. The keys of a single product stand at the top level, as the spec has it.
    """

    products: list[Product] | None = None
    order_id: str | int | None = None
    checkout_id: str | int | None = None
    cart_id: str | int | None = None
    decision_id: str | int | None = None
    query: str | None = None
    results: int | None = None
    revenue: float | None = None
    value: float | None = None
    shipping: float | None = None
    discount: float | None = None
    currency: str | None = None
    coupon: str | int | None = None
    payment_method: str | None = None
    shipping_method: str | None = None
    province: str | None = None
    city: str | None = None
    country: str | None = None
    channel: str | None = None
    reason: str | None = None
    status: str | None = None
    line: int | None = None
    """Where the first of ``products`` stands in its order, when an order comes in several events. Counts from 0."""


class Location(msgspec.Struct, omit_defaults=True):
    """``context.location``."""

    city: str | None = None
    region: str | None = None
    country: str | None = None


class ConsentContext(msgspec.Struct, omit_defaults=True, rename="camel"):
    """``context.consent``: what the person allowed when the event happened."""

    category_preferences: dict[str, bool] | None = None


class Device(msgspec.Struct, omit_defaults=True):
    """``context.device``."""

    type: str | None = None


class Page(msgspec.Struct, omit_defaults=True):
    """``context.page``."""

    path: str | None = None
    url: str | None = None


class Context(msgspec.Struct, omit_defaults=True, rename="camel"):
    """The parts of ``context`` that Detak reads. The network address is never one of them."""

    consent: ConsentContext | None = None
    location: Location | None = None
    device: Device | None = None
    page: Page | None = None
    traits: msgspec.Raw = msgspec.Raw(b"null")
    user_agent: str | None = None


class Message(msgspec.Struct, omit_defaults=True, kw_only=True, rename="camel", gc=False):
    """One Segment message, as a source makes it."""

    type: str
    event: str | None = None
    name: str | None = None
    message_id: str | None = None
    user_id: str | int | None = None
    anonymous_id: str | int | None = None
    previous_id: str | int | None = None
    group_id: str | int | None = None
    timestamp: str | None = None
    original_timestamp: str | None = None
    sent_at: str | None = None
    context: Context | None = None
    properties: Properties | msgspec.Raw | None = None
    traits: msgspec.Raw | dict[str, Any] | None = None


NULL: Final = msgspec.Raw(b"null")


class Incoming(Message, kw_only=True, rename="camel"):
    """One Segment message, as the way in decodes it: what Detak does not know of it survives as raw JSON."""

    properties: msgspec.Raw = NULL
    traits: msgspec.Raw = NULL
    misspelt_user: msgspec.Raw = msgspec.field(default=NULL, name="user_id")
    misspelt_device: msgspec.Raw = msgspec.field(default=NULL, name="anonymous_id")


EVENTS: Final = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),  # message_key(source, messageId)
        ("subject", pa.int64()),  # random pseudonym; null: nobody is known behind it
        ("time", pa.timestamp("us")),  # UTC; null: happened, time unknown
        pa.field("received", pa.timestamp("us"), nullable=False),  # UTC
        pa.field("type", pa.string(), nullable=False),
        pa.field("event", pa.string(), nullable=False),  # track: the event; page, screen: "Page Viewed", ...
        pa.field("source", pa.string(), nullable=False),
        pa.field("purposes", pa.int16(), nullable=False),  # bits of consent.Purpose that cover it
        ("order_id", pa.string()),
        pa.field(
            "line", pa.int32(), nullable=False
        ),  # where its first item stands in the order; 0 but for parts of one
        ("cart_id", pa.string()),
        ("checkout_id", pa.string()),
        ("decision_id", pa.string()),  # the decision that this is an answer to
        ("query", pa.string()),
        ("results", pa.int64()),
        ("amount", pa.int64()),  # minor units
        ("shipping_cost", pa.int64()),  # minor units
        ("discount", pa.int64()),  # minor units
        ("currency", pa.string()),
        ("quantity", pa.float64()),
        ("coupon", pa.string()),
        ("payment", pa.string()),
        ("shipping", pa.string()),
        ("province", pa.string()),
        ("city", pa.string()),
        ("country", pa.string()),
        ("channel", pa.string()),
        ("device", pa.string()),
        ("page", pa.string()),
        ("reason", pa.string()),
        ("status", pa.string()),
        ("agent", pa.string()),  # the client program as it names itself: what bots are told by
        ("bot", pa.string()),  # the rule that took the sender for a bot; null: a person
        ("flag", pa.string()),  # late, ahead: its time lies beyond what is accepted without a mark
        ("properties", pa.string()),  # what has no column, as JSON, without identifiers
    ]
)
"""Facts, one row an event."""

ITEMS: Final = pa.schema(
    [
        pa.field("event_id", pa.int64(), nullable=False),
        ("subject", pa.int64()),
        ("time", pa.timestamp("us")),
        pa.field("received", pa.timestamp("us"), nullable=False),
        pa.field("event", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("purposes", pa.int16(), nullable=False),
        ("bot", pa.string()),
        ("order_id", pa.string()),
        pa.field("line", pa.int32(), nullable=False),  # its place in the order or list, from 0
        ("product_id", pa.string()),
        ("name", pa.string()),
        ("category", pa.string()),
        ("brand", pa.string()),
        ("variant", pa.string()),
        ("position", pa.int64()),  # where it stood in a list, as the shop counts
        ("image", pa.string()),  # the address of its picture
        ("price", pa.int64()),  # minor units, of one piece
        ("amount", pa.int64()),  # minor units, of the line
        ("currency", pa.string()),
        ("quantity", pa.float64()),
    ]
)
"""Facts, one row for each product of an event."""

VOLUMES: Final = pa.schema(
    [
        pa.field("received", pa.timestamp("us"), nullable=False),  # UTC, the minute
        pa.field("source", pa.string(), nullable=False),
        pa.field("event", pa.string(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),  # accepted, duplicate, rejected, withheld: one a message;
        # beside them late, ahead, bot, missing, unfit: what was found in those accepted
        pa.field("detail", pa.string(), nullable=False),  # why rejected, which rule, which field; else empty
        pa.field("count", pa.int64(), nullable=False),
    ]
)
"""How much came in, whoever sent it: counts only, nobody is in them."""


def message_key(source: str, message_id: str) -> int:
    """The identity of a message: 64 bits of a keyed hash, signed. Two sources never collide on a shared counter."""
    return int.from_bytes(_keyed(source, message_id).digest(), "little", signed=True)


def message_keys(named: Iterable[tuple[str, str]]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """``message_key`` of many ``(source, messageId)``."""
    digests = []
    before, begun = "", _begun("")
    for source, message_id in named:  # no call a message: it runs for every event
        if source != before:
            before, begun = source, _begun(source)
        hashed = begun.copy()
        hashed.update(message_id.encode())
        digests.append(hashed.digest())
    return np.frombuffer(b"".join(digests), dtype="<i8")


def _keyed(source: str, message_id: str) -> "blake2b":
    hashed = _begun(source).copy()
    hashed.update(message_id.encode())
    return hashed


@lru_cache(1024)
def _begun(source: str) -> "blake2b":
    return blake2b(digest_size=_KEY_BYTES, key=source.encode()[:64])


def clean_id(value: str | int | None) -> str | None:
    """An identifier as text; null, empty and the words that broken clients send for "nobody" are nobody."""
    text = str(value).strip() if value is not None else ""
    return None if text.lower() in {"", "null", "undefined", "none", "nan", "anonymous"} else text


def event_name(message: Message) -> str:
    """The name facts carry: the tracked event, or what the type means ("Page Viewed", "Identified", ...).

    Raises:
        RowError: a track without an event, or a type that does not exist.
    """
    if message.type == "track":
        if not message.event:
            raise RowError("event", "is missing: a track needs the name of what happened")
        return message.event[:EVENT_NAME]
    if message.type in NAMES:
        return NAMES[message.type]
    raise RowError("type", f"is none of {', '.join(TYPES)}")
