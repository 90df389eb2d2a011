"""Gorse: feedback and users into a Segment batch, items into rows of the catalogue and back.

Source: Gorse's REST API (``data.User``, ``data.Item``, ``data.Feedback``); Segment e-commerce spec v2.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from detak.catalogue import Product
from detak.clock import from_micros
from detak.dialects.body import Message, Table, batch, identity
from detak.errors import RowError

_FEEDBACK: Final[Mapping[str, tuple[str, ...]]] = {
    "Product Viewed": ("read", "view", "visit", "detail"),
    "Product Clicked": ("click",),
    "Product Added": ("cart", "add_to_cart", "addtocart"),
    "Product Added to Wishlist": ("star", "like", "favorite", "favourite", "wishlist", "bookmark"),
    "Product Reviewed": ("rate", "rating", "review", "comment"),
    "Product Shared": ("share",),
    "Order Completed": ("purchase", "buy", "order", "transaction", "checkout"),
}
EVENTS: Final[Mapping[str, str]] = {kind: event for event, kinds in _FEEDBACK.items() for kind in kinds}
"""Types of feedback -> the spec's events. Another type keeps its own name as the event."""

_PURCHASE: Final = "Order Completed"
_LINES: Final = 2**31
_UNITS: Final = (
    (18, 1_000_000_000),
    (15, 1_000_000),
    (12, 1_000),
    (0, 1),
)  # digits of a number -> its fractions a second


def feedback(told: Iterable[object], *, overwrite: bool) -> bytes:
    """Feedback as a Segment batch body.

    Of one type by one user on one item there is one, as in Gorse: it is said once and then kept, or, to overwrite it,
    said anew with another time or value.
    """
    return batch(_reaction(one, overwrite) if isinstance(one, dict) else one for one in told)


def _reaction(one: Table, overwrite: bool) -> Message:
    kind, user, item = (one.get(name) for name in ("FeedbackType", "UserId", "ItemId"))
    if item is None or item == "":
        raise RowError("ItemId", "is missing: feedback is about an item")
    when = moment(one.get("Timestamp"))
    event = EVENTS.get(kind.lower(), kind) if isinstance(kind, str) else kind
    told = (kind, user, item, when, one.get("Value")) if overwrite else (kind, user, item)
    return {
        "type": "track",
        "event": event,
        "userId": user,
        "messageId": identity("gorse", told),
        "properties": _properties(event, one, when),
        **({"timestamp": when} if when else {}),
    }


def _properties(event: object, one: Table, when: str | None) -> Message:
    """What one person bought at one moment is one order, an item a line of it: Gorse knows no orders."""
    item = str(one["ItemId"])
    value = one.get("Value")
    more = {"rating" if event == "Product Reviewed" else "feedback_value": value} if value else {}
    if one.get("Comment"):
        more["comment"] = one["Comment"]
    if event != _PURCHASE:
        return {"product_id": item, **more}
    order = identity("gorse order", one.get("UserId"), when or item)[:16]
    line = int(identity("gorse line", item), 16) % _LINES
    return {"order_id": f"gorse-{order}", "line": line, "products": [{"product_id": item}], **more}


def users(told: Iterable[object], received: int) -> bytes:
    """Users as a Segment batch body: each an identify whose traits are the labels and the comment."""
    return batch(_identify(one, received) if isinstance(one, dict) else one for one in told)


def _identify(one: Table, received: int) -> Message:
    labels = one.get("Labels")
    traits = dict(labels) if isinstance(labels, dict) else {} if labels is None else {"labels": labels}
    if one.get("Comment"):
        traits["comment"] = one["Comment"]
    user = one.get("UserId")
    return {
        "type": "identify",
        "userId": user,
        "traits": traits,
        "messageId": identity("gorse", user, traits, received),
    }


def user(named: str, traits: Table) -> Message:
    """A user as Gorse answers it."""
    labels = traits.get("labels")
    own = {name: value for name, value in traits.items() if name not in ("labels", "comment")}
    return {"UserId": named, "Labels": own if labels is None else labels, "Comment": traits.get("comment") or ""}


def row(item: object) -> Message:
    """An item as a row of the catalogue; what it leaves out is left out.

    Raises:
        RowError: it is not an object.
    """
    if not isinstance(item, dict):
        raise RowError("", "is not an object")
    found: Message = {"id": item.get("ItemId")}
    for theirs, ours in (("Comment", "name"), ("Categories", "category"), ("IsHidden", "hidden")):
        if item.get(theirs) is not None:
            found[ours] = item[theirs]
    when = moment(item.get("Timestamp"))
    if when and not when.startswith("0001-01-01"):  # the zero of Gorse's language
        found["listed"] = when
    labels = item.get("Labels")
    if isinstance(labels, dict):
        found["attributes"] = {name: value for name, value in labels.items() if _plain(value)}
    elif labels is not None:
        found["labels"] = labels
    return found


def _plain(value: object) -> bool:
    """What the catalogue keeps of structured labels: not embeddings, not tables in tables."""
    return isinstance(value, str | int | float) or (
        isinstance(value, list) and all(isinstance(one, str) for one in value)
    )


def item(product: Product) -> Message:
    """A product as Gorse answers it."""
    listed = from_micros(product.listed or 0)
    return {
        "ItemId": product.id,
        "IsHidden": bool(product.hidden),
        "Categories": list(product.category or ()),
        "Timestamp": listed.isoformat().replace("+00:00", "Z"),
        "Labels": product.attributes if product.labels is None and product.attributes else list(product.labels or ()),
        "Comment": product.name or "",
    }


def reactions(named: str, export: Mapping[str, Any]) -> Iterator[Message]:
    """A person's feedback as Gorse answers it, from their own copy; the first word for each event is its type."""
    for line in export["items"]:
        if line["product_id"] is not None:
            kind = _FEEDBACK.get(line["event"], (line["event"],))[0]
            when = line["time"] or line["received"]
            stamp = when.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
            yield {"FeedbackType": kind, "UserId": named, "ItemId": line["product_id"], "Timestamp": stamp}


def session(told: Iterable[object]) -> list[str]:
    """The items of feedback, in the order of its times; without any, as it came. What names none is left out."""
    named = [one for one in told if isinstance(one, dict) and one.get("ItemId") not in (None, "")]
    return [str(one["ItemId"]) for one in sorted(named, key=lambda one: moment(one.get("Timestamp")) or "")]


def moment(stated: object) -> str | None:
    """A time as Gorse takes it: ISO 8601, or a Unix time in seconds to nanoseconds. What is neither is handed on."""
    text = "" if stated is None else str(stated).strip()
    if not text.isdecimal():
        return text or None
    unit = next(unit for digits, unit in _UNITS if len(text) > digits)
    try:
        return datetime.fromtimestamp(int(text) / unit, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return text
