"""What was set aside of a person, for their own copy: whose a message is, is said by its own identifiers alone."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from detak.event import clean_id
from detak.store.quarantine import Kept
from detak.subject import Identifier

_UNFORESEEN: Final = "could not be applied; its whole body is kept aside"


class _Whose(msgspec.Struct, rename="camel"):
    """As Segment's messages say it; a broken client may send anything."""

    user_id: Any = None
    anonymous_id: Any = None
    previous_id: Any = None


class SetAside(msgspec.Struct, frozen=True):
    """One message that could not be used."""

    received: datetime
    source: str | None
    event: str
    field: str
    reason: str
    message: Any
    """As it came in."""


def of_messages(whose: Collection[Identifier], kept: Iterable[Kept]) -> Iterator[SetAside]:
    """The kept messages that are these people's."""
    for one in kept:
        if _theirs(one.message, whose):
            message = msgspec.json.decode(one.message)
            yield SetAside(one.received, one.source, one.event, one.field, one.reason, message)


def of_body(whose: Collection[Identifier], body: bytes, received: datetime) -> Iterator[SetAside]:
    """The messages that are these people's in a body kept aside whole; one that cannot be read is nobody's."""
    try:
        told = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return
    batch = told.get("batch") if isinstance(told, dict) else None
    for message in batch if isinstance(batch, list) else [told]:
        if isinstance(message, dict) and _theirs(msgspec.json.encode(message), whose):
            yield SetAside(received, None, str(message.get("event") or ""), "", _UNFORESEEN, message)


def _theirs(message: bytes | msgspec.Raw, whose: Collection[Identifier]) -> bool:
    """Whether a message is one of these people's: where it names a user, the device says nothing."""
    try:
        told = msgspec.json.decode(message, type=_Whose)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    user, device, before = (_id(one) for one in (told.user_id, told.anonymous_id, told.previous_id))
    named = [("user", user)] if user else [("anonymous", device)]
    return any(one in whose for one in (*named, ("user", before), ("anonymous", before)))


def _id(value: Any) -> str | None:
    return clean_id(value) if isinstance(value, str | int) else None
