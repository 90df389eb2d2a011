"""Metarank: its events into a Segment batch, its items into rows of the catalogue, its questions into ours.

Source: Metarank's ``doc/api.md`` and ``doc/event-schema.md``; Segment e-commerce spec v2.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from detak.dialects.body import Message, Table, batch, identity, table_of
from detak.dialects.gorse import EVENTS, moment
from detak.errors import RowError

_LISTED: Final = "Product List Viewed"
_PURCHASE: Final = "Order Completed"
_OWN: Final = ("name", "category", "brand", "price", "stock", "labels")
_NAMES: Final[Mapping[str, str]] = {"title": "name", "tags": "labels"}
_KINDS: Final = ("interaction", "ranking", "user")
_FIELDS: Final[Mapping[str, str]] = {"userId": "user", "anonymousId": "session", "messageId": "id", "event": "type"}


def events(told: Iterable[object]) -> bytes:
    """Events about visitors as a Segment batch body; items are not among them (``item``).

    What is none of Metarank's events is handed on: the sink sets it aside and says why.
    """
    return batch(_event(one) if isinstance(one, dict) else one for one in told)


def is_item(told: object) -> bool:
    """Whether an event says something of an item."""
    return isinstance(told, dict) and told.get("event") == "item"


def fault(told: object, field: str, reason: str) -> tuple[str, str]:
    """What is wrong with an event, by Metarank's names; ``field`` and ``reason`` say it of the message it became."""
    kind = told.get("event") if isinstance(told, dict) else None
    if kind not in _KINDS:
        return "event", f"is none of {', '.join((*_KINDS, 'item'))}"
    if field == "event" and reason.startswith("is missing"):
        return "type", "is missing: an interaction says what was done"
    return _FIELDS.get(field, field), reason


def item(told: Table) -> Message:
    """An item event as a row of the catalogue.

    Raises:
        RowError: it names no item, or its fields are no list.
    """
    named = told.get("item")
    if named is None or named == "":
        raise RowError("item", "is missing: an item event is about an item")
    stated = told.get("fields")
    if stated is not None and not isinstance(stated, list):
        raise RowError("fields", "is not a list of names and values")
    known: Message = {_NAMES.get(name, name): value for name, value in _fields(stated).items()}
    plain: Message = {}
    for name in _OWN:
        if name in known:
            plain[name] = known.pop(name)
    flat = {name: value for name, value in known.items() if isinstance(value, str | int | float) or _texts(value)}
    more: Message = {"attributes": flat} if flat else {}
    return {"id": named, **plain, **more}


def _event(told: Table) -> Message:
    kind = told.get("event")
    when = moment(told.get("timestamp"))
    said: Message = {
        "messageId": identity(
            "metarank", kind, told.get("id"), told.get("user"), told.get("session"), told.get("item")
        ),
        "userId": told.get("user"),
        "anonymousId": told.get("session"),
        **({"timestamp": when} if when else {}),
    }
    if kind == "user":
        traits = _fields(told.get("fields"))
        return {**said, "type": "identify", "traits": traits}
    if kind == "ranking":
        shown = [{"product_id": one} for one in ranked(told)]
        return {**said, "type": "track", "event": _LISTED, "properties": {"products": shown}}
    if kind == "interaction":
        return {**said, "type": "track", **_interaction(told)}
    return {**said, "type": kind}


def _interaction(told: Table) -> Message:
    stated, product = told.get("type"), told.get("item")
    event = EVENTS.get(stated.lower(), stated) if isinstance(stated, str) else stated
    if event != _PURCHASE:
        return {"event": event, "properties": {"product_id": product, **_fields(told.get("fields"))}}
    order = identity("metarank order", told.get("user"), told.get("session"), told.get("timestamp"))[:16]
    return {"event": event, "properties": {"order_id": f"metarank-{order}", "products": [{"product_id": product}]}}


def ranked(told: Table) -> list[str]:
    """The items of a ranking, in its order; what names none is left out."""
    items = told.get("items")
    named = [table_of(one).get("id") for one in items] if isinstance(items, list) else []
    return [str(one) for one in named if one is not None and one != ""]


def _fields(stated: object) -> Message:
    some = stated if isinstance(stated, list) else []
    return {str(one["name"]): one.get("value") for one in some if isinstance(one, dict) and one.get("name")}


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
