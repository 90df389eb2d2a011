"""JSON Lines of Segment messages: what Segment's and RudderStack's storage destinations write, one event a line.

A line may also be a batch as SDKs send it, ``{"batch": [...]}``. Files may be compressed with gzip.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, ClassVar, cast

import msgspec

from detak.errors import RowError, SourceError
from detak.event import NULL, TYPES, ConsentContext, Context, Incoming, Message, event_name
from detak.sources.base import Parcel, Reading, Reject, parse_time
from detak.sources.ids import identified

_GZIP = b"\x1f\x8b"
_LINE_BYTES = 8 * 1024 * 1024  # a batch of the collector's is 500 KB at most
_FIRST_LINES = 5


_OPEN = ("properties", "traits", "context")
_PLAIN = tuple(name for name in Message.__struct_fields__ if name not in _OPEN)


class _Line(msgspec.Struct):
    """A line is an event or a batch of them."""

    batch: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    context: msgspec.Raw = NULL
    """Of a batch: what its messages share."""


class _Kind(msgspec.Struct):
    """Enough of a line to tell whether it is Segment's."""

    type: str | None = None
    batch: list[msgspec.Raw] | None = None


class _Raw(Incoming, kw_only=True, rename="camel"):
    """A message whose context is left as it is, too."""

    context: msgspec.Raw = NULL  # type: ignore[assignment]


class _Consent(msgspec.Struct):
    """The one part of a context that must not be lost."""

    consent: ConsentContext | None = None


_line = msgspec.json.Decoder(_Line).decode
_kind = msgspec.json.Decoder(_Kind).decode
_message = msgspec.json.Decoder(_Raw, strict=False).decode
_context = msgspec.json.Decoder(Context, strict=False).decode
_consent = msgspec.json.Decoder(_Consent, strict=False).decode


class SegmentJsonl:
    """Events as Segment writes them; consent in their context, their ids and unknown properties are kept."""

    source: ClassVar[str] = "segment"
    generic: ClassVar[bool] = False

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """One of the first lines is a JSON object with one of Segment's types, or a batch."""
        try:
            with _opened(path) as file:
                return any(_is_segment(file.readline(_LINE_BYTES)) for _ in range(_FIRST_LINES))
        except (OSError, EOFError, zlib.error, SourceError):
            return False

    def read(self, path: Path, reading: Reading) -> Iterator[Parcel | Reject]:
        """A parcel a line, and rejects. A batch with a message that cannot be used is rejected whole.

        Raises:
            SourceError: the file is empty, cannot be opened, or its compression is broken.
        """
        row = 0
        try:
            with _opened(path) as file:
                while line := file.readline(_LINE_BYTES):
                    row += 1
                    if line.strip():
                        yield _read(row, _whole(line, file), reading)
        except (OSError, EOFError, zlib.error) as error:
            where = f"after line {row}" if row else "at its beginning"
            raise SourceError(f"{path}: breaks off {where} ({error}); copy or download it again") from None
        if not row:
            raise SourceError(f"{path}: is empty")


def _opened(path: Path) -> BinaryIO:
    try:
        with path.open("rb") as file:
            compressed = file.read(2) == _GZIP
        return cast("BinaryIO", gzip.open(path, "rb")) if compressed else path.open("rb")
    except OSError as error:
        raise SourceError(f"{path}: cannot be opened: {error.strerror}") from None


def _is_segment(line: bytes) -> bool:
    try:
        found = _kind(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return False
    return found.batch is not None or found.type in TYPES


def _whole(line: bytes, file: BinaryIO) -> bytes | None:
    """The line, or None for one too long to be an event; the rest of it is passed over."""
    if len(line) < _LINE_BYTES or line.endswith(b"\n"):
        return line
    while (rest := file.readline(_LINE_BYTES)) and not rest.endswith(b"\n"):
        pass
    return None


def _read(row: int, line: bytes | None, reading: Reading) -> Parcel | Reject:
    try:
        shared, messages = _messages(line)
        return Parcel(range(row, row + 1), tuple(_usable(one, shared, reading) for one in messages))
    except RowError as error:
        return Reject(row, error.field, error.reason)
    except msgspec.ValidationError as error:
        return Reject(row, *_located(error))
    except (msgspec.DecodeError, UnicodeError):
        return Reject(row, "", "is not JSON")
    except RecursionError:
        return Reject(row, "", "is JSON nested too deeply")


def _messages(line: bytes | None) -> tuple[msgspec.Raw, list[msgspec.Raw]]:
    """The context that the messages of a line share, and the messages, all still raw.

    Raises:
        RowError: it holds none, or is too long to.
    """
    if line is None:
        raise RowError("", f"is longer than {_LINE_BYTES // 1024 // 1024} MB")
    found = _line(line)
    if found.batch is msgspec.UNSET:
        return NULL, [msgspec.Raw(line)]
    if not found.batch:
        raise RowError("batch", "is empty")
    return found.context, found.batch


def _usable(raw: msgspec.Raw, shared: msgspec.Raw, reading: Reading) -> Message:
    """The message, its time in UTC, with an id.

    Raises:
        RowError: it is no event, or its time does not exist.
    """
    known = _message(raw)
    message = Message(**{name: getattr(known, name) for name in _PLAIN})
    message.context = _read_context(bytes(known.context)) or _read_context(bytes(shared))
    message.properties, message.traits = _stated(known.properties), _stated(known.traits)
    event_name(message)
    time = message.timestamp or message.original_timestamp or message.sent_at
    message.timestamp = parse_time(time, reading, "timestamp") if time else None
    return message if message.message_id else identified(message)


def _stated(raw: msgspec.Raw) -> msgspec.Raw | None:
    return None if bytes(raw) == b"null" else raw


def _read_context(raw: bytes) -> Context | None:
    """The context; where something in it is odd, what it says of consent.

    Raises:
        msgspec.ValidationError: what it says of consent is odd: whether the event may be used is not known.
    """
    if raw == b"null":
        return None
    try:
        return _context(raw)
    except msgspec.ValidationError:
        return Context(consent=_consent(raw).consent)


def _located(error: msgspec.ValidationError) -> tuple[str, str]:
    """``Expected `str`, got `int` - at `$.context.page``` as its field and a reason; neither says what came."""
    reason, _, path = str(error).partition(" - at `$")
    return path.strip("`."), "is not what it should be: " + reason[:1].lower() + reason[1:].replace("`", "")
