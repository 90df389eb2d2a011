"""What live clients sent and could not be used: one line each, with the reason and without the body.

The message itself goes to the quarantine, where it may be kept at all. A body that breaks what nobody foresaw is kept
aside whole, readable by the store's owner only. It goes when somebody whom it names is forgotten, else the first time
that the store is opened after thirty days.

Lines carry the offset they came from: after a crash the sink passes the same records again, and writes only what is not
written yet.
"""

import os
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from detak.clock import from_micros
from detak.private_files import write_secret
from detak.reading.resend import Rejected
from detak.scrub import without_people
from detak.store.quarantine import Kept, Quarantine
from detak.store.set_aside import SetAside, of_body, of_messages
from detak.subject import Identifier

_LINES: Final = 100  # of one record; what is beyond is counted in one line more
_TEXT: Final = 200  # characters of a field or a reason
_FILE_BYTES: Final = 16 * 1024 * 1024
_TAIL_BYTES: Final = 256 * 1024  # more than all lines of one record
_ASIDE_SECONDS: Final = 30 * 86_400
_SHAPE: Final = 30  # properties of an example
_HOLDS: Final[dict[type, str]] = {
    str: "text", int: "number", float: "number", bool: "true or false", list: "list", dict: "object",
}  # fmt: skip


class _Why(Protocol):
    @property
    def field(self) -> str: ...
    @property
    def reason(self) -> str: ...


Refused = tuple[int, str, int, str, _Why] | tuple[int, str, int, str, _Why, bytes | None]
"""(offset, source, received, event, why), and the message as it can be sent again (``resend.sendable``), if it may be
kept. All refused messages of a record stand together, in their order."""


class Line(msgspec.Struct, frozen=True):
    """One rejected message; without an event and a field, how many more of its batch there were."""

    offset: int
    received: str
    source: str
    event: str
    field: str
    reason: str


class Rejects:
    """The file of a store's live rejects, the older one it was before, and the bodies kept aside.

    Args:
        path: the file.
        quarantine: where the messages themselves are kept, if they are.
    """

    def __init__(self, path: Path, quarantine: Quarantine | None = None) -> None:
        self.quarantine = quarantine
        self._path = path
        self._older = path.with_suffix(f".1{path.suffix}")
        self._until = self._recover()
        self._expire(time.time() - _ASIDE_SECONDS)

    def add(self, refused: Iterable[Refused]) -> None:
        """Write what was not written before; of each offset a hundred lines at most, and a line for the rest."""
        found = list(refused)
        if self.quarantine is not None:
            self.quarantine.add(_kept(found))
        data = []
        last = _Mark(-1, 0)
        for line in _lines(found):
            last = last.after(line.offset)
            if last > self._until:
                data.append(msgspec.json.encode(line) + b"\n")
        if data:
            self._write(b"".join(data))
            self._until = last

    def keep_aside(self, offset: int, body: bytes) -> None:
        """Keep a whole body that could not be applied, readable by its owner only, beside the file."""
        path = self._path.with_name(f"aside-{offset}.body")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_secret(path, body)

    def forget(self, identifiers: Iterable[bytes]) -> None:
        """Delete the bodies kept aside that name one of these, however it is escaped there, or cannot be read."""
        theirs = [one.decode() for one in identifiers]
        for path in self._path.parent.glob("aside-*.body"):
            if _names_any(path.read_bytes(), theirs):
                path.unlink()
        if self.quarantine is not None:
            self.quarantine.forget(lambda message: _names_any(message, theirs))

    def of(self, whose: Collection[Identifier]) -> list[SetAside]:
        """Everything kept aside that is these people's own, for their copy."""
        found = list(of_messages(whose, self.quarantine.read())) if self.quarantine is not None else []
        for path in sorted(self._path.parent.glob("aside-*.body")):
            try:
                received, body = datetime.fromtimestamp(path.stat().st_mtime, UTC), path.read_bytes()
            except FileNotFoundError:  # gone meanwhile
                continue
            found += of_body(whose, body, received)
        return found

    def summary(self) -> list[Rejected]:
        """The reasons, the most frequent first."""
        lines = [line for path in (self._older, self._path) for line in _read(path)]
        counts = Counter((line.source, line.event, line.field, line.reason) for line in lines)
        last = {(line.source, line.event, line.field, line.reason): line.received for line in lines}
        kept = list(self.quarantine.read()) if self.quarantine else []
        again = Counter(map(_key, kept))
        examples = {_key(one): one for one in kept}
        for key, one in examples.items():  # its line has turned over, its message has not
            counts.setdefault(key, again[key])
            last.setdefault(key, one.received.isoformat(timespec="seconds"))
        found = [
            Rejected(*key, count, last[key], again[key], _shape(examples[key].message) if key in examples else {})
            for key, count in counts.items()
        ]
        return sorted(found, key=lambda one: (-one.count, one.source, one.event, one.field, one.reason))

    def _expire(self, before: float) -> None:
        """Delete what was kept aside before then (seconds since 1970), and halves that a crash left."""
        for path in self._path.parent.glob("aside-*.body"):
            if path.stat().st_mtime < before:
                path.unlink()
        for path in self._path.parent.glob(".aside-*.body.tmp"):
            path.unlink()

    def _write(self, data: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists() and self._path.stat().st_size + len(data) > _FILE_BYTES:
            self._path.replace(self._older)
        with self._path.open("ab", buffering=0) as file:
            before = file.tell()
            try:
                while data:
                    data = data[file.write(data) :]
            except OSError:
                file.truncate(before)  # a full disk: no half line, and the next attempt writes all of it
                raise

    def _recover(self) -> "_Mark":
        """What was written; a torn last line is cut off. The lines of one offset may begin in the older file."""
        last = _Mark(-1, 0)
        for offset in [*_last_offsets(self._older), *_last_offsets(self._path)]:
            last = last.after(offset)
        return last


class _Numbered(msgspec.Struct):
    offset: int


class _Mark(NamedTuple):
    """The nth line of the record that ends at an offset."""

    offset: int
    nth: int

    def after(self, offset: int) -> "_Mark":
        return _Mark(offset, self.nth + 1 if offset == self.offset else 1)


def _lines(refused: Iterable[Refused]) -> Iterator[Line]:
    for offset, same in groupby(refused, key=lambda one: one[0]):
        found = iter(same)
        for _, source, received, event, why, *_ in islice(found, _LINES):
            yield Line(offset, _when(received), source, event, why.field[:_TEXT], why.reason[:_TEXT])
        rest = list(found)
        if rest:
            _, source, received, *_ = rest[0]
            yield Line(offset, _when(received), source, "", "", f"and {len(rest):,} more of the same batch")


def _kept(refused: Iterable[Refused]) -> Iterator[Kept]:
    for offset, same in groupby(refused, key=lambda one: one[0]):
        for nth, (_, source, received, event, why, *rest) in enumerate(same, 1):
            message = rest[0] if rest else None
            if isinstance(message, bytes):
                came_in = from_micros(received)
                field, reason = why.field[:_TEXT], why.reason[:_TEXT]
                yield Kept(offset, nth, came_in, source, event, field, reason, msgspec.Raw(message))


def _key(one: Kept) -> tuple[str, str, str, str]:
    return one.source, one.event, one.field, one.reason


def _shape(message: msgspec.Raw) -> dict[str, str]:
    """The names of a message's properties and what they hold, without a value, and without names that name people."""
    told = msgspec.json.decode(message).get("properties")
    if not isinstance(told, dict):
        return {"properties": _holds(told)}
    some = islice(told.items(), _SHAPE)
    return {shown: _holds(value) for name, value in some for shown in without_people({name: None})}


def _holds(value: Any) -> str:
    return _HOLDS.get(type(value), "nothing")


def _read(path: Path) -> Iterator[Line]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    for line in data.splitlines():
        try:
            yield msgspec.json.decode(line, type=Line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue  # half a line, of a write that is going on


def _when(received: int) -> str:
    return datetime.fromtimestamp(received // 1_000_000, UTC).isoformat(timespec="seconds")


def _last_offsets(path: Path) -> list[int]:
    """The offsets of a file's last lines, in order; what follows its last whole line is cut off."""
    while size := path.stat().st_size if path.exists() else 0:
        start = max(0, size - _TAIL_BYTES)
        with path.open("rb") as file:
            file.seek(start)
            tail = file.read()
        offsets, end = _whole(tail, begun=start == 0)
        if start + end < size:
            os.truncate(path, start + end)
        if offsets:
            return offsets
    return []


def _whole(tail: bytes, *, begun: bool) -> tuple[list[int], int]:
    """The offsets of the whole lines at the end of a file, and where they end; unless ``begun``, the first is half."""
    at = 0 if begun else tail.find(b"\n") + 1
    offsets: list[int] = []
    while (end := tail.find(b"\n", at) + 1) > 0:
        try:
            offsets.append(msgspec.json.decode(tail[at:end], type=_Numbered).offset)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            break
        at = end
    return offsets, at if offsets else 0


def _names_any(body: bytes, identifiers: list[str]) -> bool:
    try:
        texts = list(_texts(msgspec.json.decode(body)))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return True  # it may
    return any(one in text for text in texts for one in identifiers)


def _texts(value: Any) -> Iterator[str]:
    """Every text and number of decoded JSON, and every key."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.keys()
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif one is not None:
            yield str(one)
