"""What live clients sent and could not be used: one line each, with the reason and without the body.

The body may hold personal data that no purpose covers, so it is not kept. Lines carry the offset they came from: after
a crash the sink passes the same records again, and writes only what is not written yet.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec


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
        self._until = self._last()

    def add(self, refused: Iterable[tuple[int, str, int, str, _Why]]) -> None:
        """Write (offset, source, received, event, why), those not written before."""
        lines = []
        last = self._until
        for offset, source, received, event, why in refused:
            if offset > self._until:
                when = datetime.fromtimestamp(received / 1_000_000, UTC).isoformat(timespec="seconds")
                lines.append(msgspec.json.encode(Line(offset, when, source, event, why.field, why.reason)))
                last = offset
        if lines:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.write(b"\n".join(lines) + b"\n")
            self._until = last

    def keep_aside(self, offset: int, body: bytes) -> None:
        """Keep a whole body that could not be applied, readable by its owner only, beside the file."""
        path = self._path.with_name(f"aside-{offset}.body")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(body)

    def _last(self) -> int:
        if not self._path.exists():
            return -1
        last = b""
        with self._path.open("rb") as file:
            for line in file:
                last = line
        try:
            return msgspec.json.decode(last, type=Line).offset
        except msgspec.MsgspecError:
            return -1
