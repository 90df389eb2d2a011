"""A body as it comes in: the messages in it, still raw or as the spec says (Segment HTTP Tracking API)."""

import re
from typing import Any, Final

import msgspec

from detak.errors import RowError
from detak.event import NULL, TYPES, Context, Incoming, Message
from detak.reading.context import merged

_ESCAPE: Final = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u[dD][89a-fA-F]..|.)", re.DOTALL)


class Envelope(msgspec.Struct, rename="camel"):
    """A batch body."""

    batch: list[msgspec.Raw]
    sent_at: str | None = None
    context: msgspec.Raw = NULL
    write_key: str | None = None


class Batch(msgspec.Struct, rename="camel"):
    """A batch body whose messages are as the spec says."""

    batch: list["Plain"]
    sent_at: str | None = None
    context: Context | None = None


class Plain(Message, kw_only=True, rename="camel"):
    """One message whose envelope is as the spec says; its properties are still to be looked at."""

    properties: dict[str, Any] | None = None  # type: ignore[assignment]
    traits: msgspec.Raw = NULL
    misspelt_user: msgspec.Raw = msgspec.field(default=NULL, name="user_id")
    misspelt_device: msgspec.Raw = msgspec.field(default=NULL, name="anonymous_id")


def misspelt(message: Plain | Incoming) -> str | None:
    """What is said of whoever it is about under names that the spec does not have, as flaws (``intake.Intake``): the
    event is used, and nobody is behind it."""
    user, device = message.misspelt_user, message.misspelt_device
    if user is NULL and device is NULL:
        return None
    named = ((user, "user_id", "userId"), (device, "anonymous_id", "anonymousId"))
    found = [f"unfit:{wrong}: is called “{right}” in the spec" for said, wrong, right in named if said != NULL]
    return "\n".join(found) or None


def together(flaws: str | None, more: str | None) -> str | None:
    """Flaws that were found one after the other."""
    return "\n".join(one for one in (flaws, more) if one) or None


_envelope = msgspec.json.Decoder(Envelope)
_plain_batch = msgspec.json.Decoder(Batch)


def open_batch(body: bytes) -> Envelope:
    """The messages of a batch, still raw.

    Raises:
        RowError: it is not JSON, or has no list called ``batch``.
    """
    try:
        return _envelope.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        first = error
    try:
        return _envelope.decode(_ESCAPE.sub(_mend, body))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise _unopened(first) from None


def _unopened(error: Exception) -> RowError:
    """Only of a batch's own shape is the batch spoken: the server puts a message that came alone into one."""
    if isinstance(error, msgspec.ValidationError):
        return RowError("batch", f"the body is not a batch: {in_words(error)}")
    return RowError("body", in_words(error))


def open_plain(body: bytes) -> list[Plain] | None:
    """The messages of a batch in which everything around the properties is as the spec says, else None.

    What the batch says for all of its messages (``sentAt``, ``context``) is in each of them.
    """
    try:
        opened = _plain_batch.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if opened.context is not None:
        for message in opened.batch:
            message.context = merged(message.context, opened.context)
    if opened.sent_at is not None:
        for message in opened.batch:
            message.sent_at = message.sent_at or opened.sent_at
    return opened.batch


def _mend(escape: re.Match[bytes]) -> bytes:
    """Half a surrogate pair, as a text cut inside an emoji leaves it, is no text: it becomes the mark for that."""
    found = escape[0]
    return rb"\ufffd" if len(found) == 6 and found[1:2] == b"u" else found


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


def in_words(error: Exception) -> str:
    """What the decoder found wrong; after " - at $", where."""
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8"
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if not isinstance(error, msgspec.ValidationError):
        return "is not well-formed JSON"
    text = str(error).replace("`", "").replace(" | null", "").strip()
    return text[:1].lower() + text[1:]
