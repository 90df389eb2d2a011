"""What live clients sent and could not be used: one line each, with the reason and without the body.

The body may hold personal data that no purpose covers, so it is not kept. Lines carry the offset they came from: after
a crash the sink passes the same records again, and writes only what is not written yet.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from detak.private_files import write_secret


class _Why(Protocol):
    @property
    def field(self) -> str: ...
    @property
    def reason(self) -> str: ...


class Line(msgspec.Struct, frozen=True):
    """One rejected message."""

    offset: int
    received: str
    source: str
    event: str
    field: str
    reason: str


class Rejects:
    """The file of a store's live rejects."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._until = self._recover()

    def add(self, refused: Iterable[tuple[int, str, int, str, _Why]]) -> None:
        """Write (offset, source, received, event, why), those not written before."""
        lines = []
        last = _Mark(-1, 0)
        for offset, source, received, event, why in refused:
            last = last.after(offset)
            if last > self._until:
                when = datetime.fromtimestamp(received // 1_000_000, UTC).isoformat(timespec="seconds")
                lines.append(msgspec.json.encode(Line(offset, when, source, event, why.field, why.reason)) + b"\n")
        if lines:
            self._write(b"".join(lines))
            self._until = last

    def keep_aside(self, offset: int, body: bytes) -> None:
        """Keep a whole body that could not be applied, readable by its owner only, beside the file."""
        path = self._path.with_name(f"aside-{offset}.body")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_secret(path, body)

    def forget(self, identifiers: Iterable[bytes]) -> None:
        """Delete the bodies kept aside that name one of these: nothing more can be made of them."""
        theirs = list(identifiers)
        for path in self._path.parent.glob("aside-*.body"):
            body = path.read_bytes()
            if any(one in body for one in theirs):
                path.unlink()

    def _write(self, data: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab", buffering=0) as file:
            before = file.tell()
            try:
                while data:
                    data = data[file.write(data) :]
            except OSError:
                file.truncate(before)  # a full disk: no half line, and the next attempt writes all of it
                raise

    def _recover(self) -> "_Mark":
        """What was written; a torn last line is cut off."""
        last = _Mark(-1, 0)
        if not self._path.exists():
            return last
        good = 0
        with self._path.open("rb") as file:
            for line in file:
                try:
                    last = last.after(msgspec.json.decode(line, type=_Numbered).offset)
                except msgspec.MsgspecError:
                    break
                if not line.endswith(b"\n"):
                    break
                good += len(line)
        if good < self._path.stat().st_size:
            os.truncate(self._path, good)
            return self._recover()
        return last


class _Numbered(msgspec.Struct):
    offset: int


class _Mark(NamedTuple):
    """The nth line of the record that ends at an offset."""

    offset: int
    nth: int

    def after(self, offset: int) -> "_Mark":
        return _Mark(offset, self.nth + 1 if offset == self.offset else 1)
