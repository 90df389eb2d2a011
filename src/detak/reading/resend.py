"""A message that could not be used, made ready to be sent again: alone, with its own time and its own id.

Inside its batch it leant on the batch's context, on when that was sent and on when it came in. All that is written into
it, so that sending it later tells the same story, and sending it twice counts once.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from datetime import datetime
from hashlib import blake2b
from itertools import groupby, islice
from typing import Any, Final, Protocol

import msgspec

from detak.clock import from_micros, to_micros
from detak.consent import Purpose, read_preferences
from detak.reading.outcomes import Outcome
from detak.record import Meta
from detak.settings import Settings

_TRACKED: Final = "track"
_TOGETHER: Final = 500  # messages of one body
_YES: Final = frozenset({"true", "1", "yes", "y", "on", "granted", "allow", "allowed", "accepted", "ya", "setuju"})
_ESSENTIAL: Final = int(Purpose.ESSENTIAL)

Object = dict[str, Any]


def sendable(
    raw: bytes, meta: Meta, settings: Settings, *, sent_at: str | None = None, context: bytes = b"null"
) -> bytes | None:
    """The message as it would stand alone; None where it may not be kept, or is nothing that could be sent.

    It may be kept where a purpose would cover it: what was said with it, else the legal basis of its source, else an
    order's own need.

    Args:
        raw: the message as it came in.
        meta: of the body it came in with.
        settings: the shop's.
        sent_at: ``sentAt`` of its batch.
        context: ``context`` of its batch, as JSON.
    """
    try:
        message, shared = msgspec.json.decode(raw), msgspec.json.decode(context)
        if not isinstance(message, dict):
            return None
        own = message.get("context")
        message["context"] = {**_object(shared), **_object(own)}
        if not _covered(message, meta, settings):
            return None
        message["timestamp"] = _time(message, meta.received, sent_at)
        message.pop("sentAt", None)
        message.setdefault("messageId", f"kept-{blake2b(raw, digest_size=16).hexdigest()}")
        return msgspec.json.encode(message)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


class Rejected(msgspec.Struct, frozen=True):
    """Messages that could not be used for one reason. No value of theirs is shown."""

    source: str
    event: str
    field: str
    reason: str
    count: int
    """So many were written down."""
    last: str
    """When the last came in, UTC."""
    kept: int = 0
    """So many are kept whole, and can be sent again."""
    example: dict[str, str] = {}
    """The properties of one of those, and what each holds: text, number, ..."""


class Waiting(Protocol):
    """A message that is kept to be sent again."""

    @property
    def source(self) -> str:
        """Whose write key it came with."""
        ...

    @property
    def message(self) -> msgspec.Raw:
        """What ``sendable`` made of it."""
        ...


class Resent(msgspec.Struct):
    """What became of messages that were sent again."""

    sent: int = 0
    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0
    withheld: int = 0


def send_again(waiting: Iterable[Waiting], take: Callable[[str, bytes], "Future[list[Outcome]]"]) -> Resent:
    """Send messages through the way in, in their order, and wait for what becomes of them.

    Args:
        waiting: the messages.
        take: takes a batch body in under a source.
    """
    became = Resent()
    for source, same in groupby(waiting, key=lambda one: one.source):
        rest = iter(same)
        while some := list(islice(rest, _TOGETHER)):
            body = b'{"batch":[' + b",".join(bytes(one.message) for one in some) + b"]}"
            for outcome in take(source, body).result():
                became.sent += 1
                setattr(became, outcome.what, getattr(became, outcome.what) + 1)
    return became


def named(message: Mapping[str, Any]) -> str:
    """What a message is called where it stands in a list: its event, else its type."""
    event = message.get("event") if message.get("type") == _TRACKED else message.get("type")
    return event[:128] if isinstance(event, str) else ""


def _covered(message: Object, meta: Meta, settings: Settings) -> bool:
    said = _object(_object(message["context"].get("consent")).get("categoryPreferences"))
    preferences = {str(name): str(word).lower() in _YES for name, word in said.items() if word is not None}
    granted, refused = read_preferences(preferences, settings.categories)
    basis = int(settings.source(meta.source, imported=meta.imported).covers)
    needed = _ESSENTIAL if settings.essential(named(message)) else 0
    return bool(granted | (basis & ~refused) | needed)


def _time(message: Object, received: int, sent_at: str | None) -> object:
    """When it happened, by the server's clock; what cannot be read stays as it is, for the next try to judge."""
    stated = message.get("timestamp") or message.get("originalTimestamp")
    if not stated:
        return from_micros(received).isoformat()
    sent = message.get("sentAt") or sent_at
    happened, left = _moment(stated), _moment(sent)
    if happened is None or left is None:
        return stated
    try:
        return from_micros(received - (left - happened)).isoformat()
    except OverflowError:
        return stated


def _moment(text: object) -> int | None:
    try:
        return to_micros(datetime.fromisoformat(text)) if isinstance(text, str) else None
    except (ValueError, OverflowError):
        return None


def _object(value: object) -> Object:
    return value if isinstance(value, dict) else {}
