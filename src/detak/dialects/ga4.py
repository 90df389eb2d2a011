"""Google Analytics 4: a Measurement Protocol body into a Segment batch.

Source: Measurement Protocol (Google Analytics 4), reference of payload and events; Segment e-commerce spec v2.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from detak.dialects.body import UNREADABLE, Message, Table, batch, decoded, identity, renamed, table_of
from detak.errors import RowError

EVENTS: Final[Mapping[str, str]] = {
    "view_item_list": "Product List Viewed",
    "select_item": "Product Clicked",
    "view_item": "Product Viewed",
    "add_to_cart": "Product Added",
    "remove_from_cart": "Product Removed",
    "add_to_wishlist": "Product Added to Wishlist",
    "view_cart": "Cart Viewed",
    "begin_checkout": "Checkout Started",
    "add_shipping_info": "Checkout Step Completed",
    "add_payment_info": "Payment Info Entered",
    "purchase": "Order Completed",
    "refund": "Order Refunded",
    "view_promotion": "Promotion Viewed",
    "select_promotion": "Promotion Clicked",
    "search": "Products Searched",
    "view_search_results": "Products Searched",
    "share": "Product Shared",
    "sign_up": "Signed Up",
    "login": "Signed In",
}
"""Google's names -> the spec's. An event with none of these keeps its own name."""

_PAGES: Final = {"page_view": "page", "screen_view": "screen"}
_PARAMETERS: Final = {
    "transaction_id": "order_id",
    "payment_type": "payment_method",
    "shipping_tier": "shipping_method",
    "search_term": "query",
    "item_list_id": "list_id",
    "promotion_name": "name",
    "creative_name": "creative",
    "creative_slot": "position",
    "page_location": "url",
    "page_title": "title",
    "page_referrer": "referrer",
}
_ITEM: Final = {
    "item_id": "product_id",
    "item_name": "name",
    "item_brand": "brand",
    "item_category": "category",
    "item_variant": "variant",
    "index": "position",
}
_OF_ONE_PRODUCT: Final = frozenset(
    {"Product Clicked", "Product Viewed", "Product Added", "Product Removed", "Product Added to Wishlist"}
)
_ORDERS: Final = ("Order Completed", "Order Refunded")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SAME: Final = 600 * 10**6  # an event that does not say when it happened is the same one if it comes again so soon


def translate(body: bytes, received: int) -> bytes:
    """The events of a Measurement Protocol body, as a Segment batch body. A body without events is one bad message.

    Args:
        body: JSON, if it is as it should be.
        received: when it came in, microseconds since 1970, UTC.
    """
    try:
        told = decoded(body)
    except RowError:
        return UNREADABLE
    events = told.get("events") if isinstance(told, dict) else None
    return batch(_messages(told, events, received)) if isinstance(events, list) else UNREADABLE


def _messages(told: Table, events: list[Any], received: int) -> Iterator[object]:
    shared = {**_person(told), "context": _context(told)}
    said: Counter[str] = Counter()
    if told.get("user_properties") and isinstance(told["user_properties"], dict):
        yield {**shared, **_traits(told, received)}
    for event in events:
        if not isinstance(event, dict):
            yield event
            continue
        key = _identity(told, event, received)
        said[key] += 1
        yield {**shared, **_message(event, told), "messageId": key if said[key] == 1 else f"{key}-{said[key]}"}


def _message(event: Table, told: Table) -> Message:
    parameters = table_of(event.get("params"))
    name = event.get("name")
    when = _when(event, told)
    time = {} if when is None else {"timestamp": _iso(when)}
    kind = _PAGES.get(name) if isinstance(name, str) else None
    if kind is not None:
        title = parameters.get("screen_name" if kind == "screen" else "page_title")
        return {"type": kind, "name": title, "properties": renamed(parameters, _PARAMETERS), **time}
    event_name = EVENTS.get(name, name) if isinstance(name, str) else name
    return {"type": "track", "event": event_name, "properties": _properties(event_name, parameters), **time}


def _properties(event: object, parameters: Table) -> Message:
    items = parameters.get("items")
    properties = renamed({name: value for name, value in parameters.items() if name != "items"}, _PARAMETERS)
    named = event if isinstance(event, str) else None
    if named in _ORDERS and "value" in properties:
        properties.setdefault("revenue", properties.pop("value"))  # both: without shipping and tax
    if not isinstance(items, list):
        return properties
    products = [_product(item) for item in items]
    if len(products) == 1 and named in _OF_ONE_PRODUCT and isinstance(products[0], dict):
        return {**properties, **products[0]}
    return {**properties, "products": products}


def _product(item: object) -> object:
    """An item as the spec's product. The price of an item is that of one piece; where none is counted, it is one."""
    return {"quantity": 1, **renamed(item, _ITEM)} if isinstance(item, dict) else item


def _person(told: Table) -> Message:
    """A browser or an installed app, and who is signed in there."""
    device = told.get("client_id") or told.get("app_instance_id")
    return {"anonymousId": device, "userId": told.get("user_id")}


def _context(told: Table) -> Message:
    place, device = table_of(told.get("user_location")), table_of(told.get("device"))
    return {
        "consent": {"categoryPreferences": _consent(told)},
        "location": renamed(place, {"region_id": "region", "country_id": "country"}),
        "device": {"type": device.get("category")},
        "userAgent": told.get("user_agent"),
    }


def _consent(told: Table) -> dict[str, bool]:
    """Google's consent by its own names. What is not plainly granted is a no; what is not said is nothing."""
    said = {
        name: str(word).upper() == "GRANTED" for name, word in table_of(told.get("consent")).items() if word is not None
    }
    if told.get("non_personalized_ads") is True:
        said["ad_personalization"] = False
    return said


def _traits(told: Table, received: int) -> Message:
    """User properties, each of which Google wraps: ``{"plan": {"value": "gold"}}``."""
    traits = {
        name: value.get("value") if isinstance(value, dict) else value
        for name, value in told["user_properties"].items()
    }
    when = _when(told, told)
    time = {} if when is None else {"timestamp": _iso(when)}
    key = _identity(told, {"name": "user_properties", "params": traits}, received)
    return {"type": "identify", "traits": traits, "messageId": key, **time}


def _identity(told: Table, event: Table, received: int) -> str:
    """By what an event says. One that says neither when it happened nor which order it is: also by the ten minutes."""
    when = _when(event, told)
    order = table_of(event.get("params")).get("transaction_id")
    window = received // _SAME if when is None and not order else None
    return identity("ga4", list(_person(told).values()), event, when, window)


def _when(event: Table, told: Table) -> object:
    own = event.get("timestamp_micros")
    return told.get("timestamp_micros") if own is None else own


def _iso(micros: object) -> str:
    """As the way in reads it; what is no time is handed on, to be refused there by name."""
    try:
        number = micros if isinstance(micros, int | float) else int(str(micros))
        return (_EPOCH + timedelta(microseconds=number)).isoformat()
    except (ValueError, OverflowError):
        return str(micros)
