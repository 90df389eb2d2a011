"""Messages that could not be used, kept whole for a while: once the plan or the client is right, they are sent again.

They may hold personal data, so they are kept where a purpose would cover them, readable by the store's owner alone, for
so many days and so many bytes, and until somebody whom they name is forgotten.

A file holds a day's at most. Lines carry the offset they came from and which of its record's they are: after a crash
the sink passes the same records again, and keeps only what is not kept yet.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from detak.private_files import make_private, write_secret

_FILES: Final = 8  # so many make up what may be kept, so that the oldest eighth goes when there is too much
_MEGABYTE: Final = 1024 * 1024


class Kept(msgspec.Struct, frozen=True):
    """One message kept aside."""

    offset: int
    nth: int
    received: datetime
    source: str
    event: str
    field: str
    reason: str
    message: msgspec.Raw


class Place(NamedTuple):
    """Where a kept message came from: the record that ends at an offset, and which of its messages it was."""

    offset: int
    nth: int


class Quarantine:
    """The kept messages of one store. One thread adds, removes and forgets; any thread reads.

    Args:
        folder: where the files lie; made when the first message is kept.
        days: how long a message is kept; 0 keeps none.
        megabytes: how much is kept in all; beyond it the oldest goes.
        now: the clock.
    """

    def __init__(
        self, folder: Path, *, days: int, megabytes: int, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._folder = folder
        self._days = days
        self._bytes = megabytes * _MEGABYTE
        self._now = now
        for half in folder.glob(".quarantine-*.tmp"):
            half.unlink()
        self.expire()
        self._until = self._recover()

    def add(self, kept: Iterable[Kept]) -> None:
        """Keep what is not kept yet, in the order of the log.

        Raises:
            OSError: the disk does not take it: nothing of it is kept, and the next attempt keeps all of it.
        """
        fresh = [one for one in kept if Place(one.offset, one.nth) > self._until] if self._days else []
        if not fresh:
            return
        self.expire()
        self._append(self._path(fresh[0]), b"".join(msgspec.json.encode(one) + b"\n" for one in fresh))
        self._until = Place(fresh[-1].offset, fresh[-1].nth)
        self._make_room()

    def read(self) -> Iterator[Kept]:
        """Everything kept, the oldest first; a damaged line is passed over."""
        for path in self._files():
            yield from (one for line in _lines(path) if (one := _decoded(line)))

    def remove(self, places: Iterable[Place]) -> None:
        """Let go of messages that were sent again."""
        gone = set(places)
        self._keep_if(lambda one: one is not None and Place(one.offset, one.nth) not in gone)

    def forget(self, names: Callable[[bytes], bool]) -> None:
        """Let go of every message that names somebody, and of every line that cannot be read, for it may."""
        self._keep_if(lambda one: one is not None and not names(bytes(one.message)))

    def expire(self) -> None:
        """Let go of what is too old."""
        oldest = (self._now() - timedelta(days=self._days)).strftime("%Y%m%d")
        for path in self._files():
            if path.name.split("-")[1] < oldest or not self._days:
                path.unlink()

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("quarantine-*.jsonl"))

    def _path(self, first: Kept) -> Path:
        """The newest file, or a new one where that is another day's or full."""
        day = f"quarantine-{self._now():%Y%m%d}-"
        files = self._files()
        if files and files[-1].name.startswith(day) and files[-1].stat().st_size < self._bytes // _FILES:
            return files[-1]
        return self._folder / f"{day}{first.offset:020d}.jsonl"

    def _append(self, path: Path, data: bytes) -> None:
        make_private(self._folder)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab", buffering=0) as file:
            before = file.tell()
            try:
                while data:
                    data = data[file.write(data) :]
            except OSError:
                file.truncate(before)
                raise

    def _make_room(self) -> None:
        files = self._files()
        sizes = [path.stat().st_size for path in files]
        while len(files) > 1 and sum(sizes) > self._bytes:
            files.pop(0).unlink()
            sizes.pop(0)

    def _keep_if(self, stays: Callable[[Kept | None], bool]) -> None:
        """Rewrite the files in which something goes. The mark stays where it is: what went does not come again."""
        for path in self._files():
            lines = list(_lines(path))
            left = [line for line in lines if stays(_decoded(line))]
            if not left:
                path.unlink()
            elif len(left) < len(lines):
                write_secret(path, b"".join(left))

    def _recover(self) -> Place:
        """The last that was kept; a torn line behind it is cut off."""
        for path in reversed(self._files()):
            lines = list(_lines(path))
            whole = next((at for at in range(len(lines), 0, -1) if _decoded(lines[at - 1])), 0)
            os.truncate(path, sum(map(len, lines[:whole])))
            if whole and (last := _decoded(lines[whole - 1])):
                return Place(last.offset, last.nth)
        return Place(-1, 0)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except FileNotFoundError:  # gone meanwhile: it was too old
        return


def _decoded(line: bytes) -> Kept | None:
    """The line; None where it is damaged or torn."""
    try:
        return msgspec.json.decode(line, type=Kept) if line.endswith(b"\n") else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
