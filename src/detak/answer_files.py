"""Answers that took long, on the disk, so that they are given again after a restart. Only their owner can read them.

They hold groups, but count whoever was there: so all of them go before anybody is removed from the facts, and none is
written until that is done.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np

from detak.insights.base import Report
from detak.private_files import make_private, remove_for_good, write_secret
from detak.trust.passages import Standpoint

_MOST: Final = 64
_DAYS: Final = 7
_log = logging.getLogger("detak.answers")

Resume = Callable[[Mapping[int, int], datetime | None], Standpoint]


class Told(NamedTuple):
    """A report, of which moment (UTC) it is, and what it took."""

    report: Report
    at: datetime
    seconds: float
    standpoint: Standpoint | None
    """Null: it must not be given again."""


class _Written(msgspec.Struct, frozen=True, array_like=True):
    key: str
    at: datetime
    seconds: float
    since: datetime | None
    refusing: bytes
    """Who refused, and until when nothing of theirs counts: pairs of 64-bit numbers."""
    report: bytes


class AnswerFiles:
    """The answers in a folder, a file each. Any thread may ask.

    Args:
        folder: made once there is something to write.
        resume: the standpoint of an answer of an earlier process: who refused then, and older facts that did not serve.
    """

    def __init__(self, folder: Path, resume: Resume) -> None:
        self._folder = folder
        self._resume = resume
        self._lock = threading.Lock()
        self._closed = 0

    def read(self, key: str, kind: type[Report]) -> Told | None:
        """What was answered, as a report of that kind; None where nothing fits."""
        epoch = self._resume({}, None).epoch  # first: whatever is removed from now on ends it
        try:
            found = msgspec.msgpack.decode(self._path(key).read_bytes(), type=_Written)
            report = msgspec.msgpack.decode(found.report, type=kind)
            who, until = np.frombuffer(found.refusing, np.int64).reshape(-1, 2).T.tolist()
        except (OSError, msgspec.MsgspecError, ValueError) as error:
            if not isinstance(error, FileNotFoundError):
                _log.warning("an answer on the disk cannot be read, and is made again: %s", type(error).__name__)
            return None
        if found.key != key:
            return None
        point = self._resume(dict(zip(who, until, strict=True)), found.since)._replace(epoch=epoch)
        return Told(report, found.at, found.seconds, point)

    def write(self, key: str, told: Told, holds: Callable[[Standpoint], bool]) -> None:
        """Keep an answer, unless somebody who is in it is being removed or was: it must still hold."""
        point = told.standpoint
        if point is None:
            return
        pairs = np.array(sorted(point.refusing.items()), np.int64).reshape(-1, 2).tobytes()
        report = msgspec.msgpack.encode(told.report)
        whole = msgspec.msgpack.encode(_Written(key, told.at, told.seconds, point.since, pairs, report))
        with self._lock:
            if self._closed or not holds(point):
                return
            try:
                make_private(self._folder)
                write_secret(self._path(key), whole)
            except OSError as error:
                _log.warning("an answer is not kept over restarts: %s", error)
        self.thin_out()

    def drop(self, key: str) -> None:
        """It must not be given again."""
        with self._lock:
            self._path(key).unlink(missing_ok=True)

    @contextmanager
    def closed(self) -> Iterator[None]:
        """While somebody is removed from the facts: nothing is there, and nothing is written."""
        with self._lock:
            self._closed += 1
            remove_for_good(self._paths())
        try:
            yield
        finally:
            with self._lock:
                self._closed -= 1

    def thin_out(self) -> None:
        """The oldest go, where they are many or old: nobody asks for them."""
        oldest = time.time() - _DAYS * 86_400
        with self._lock:
            try:
                found = sorted(((path.stat().st_mtime, path) for path in self._paths()), reverse=True)
                remove_for_good([path for at, (made, path) in enumerate(found) if at >= _MOST or made < oldest])
            except OSError as error:
                _log.warning("old answers cannot be deleted: %s", error)

    def _paths(self) -> list[Path]:
        return [one for one in self._folder.iterdir() if one.is_file()] if self._folder.is_dir() else []

    def _path(self, key: str) -> Path:
        return self._folder / blake2b(key.encode(), digest_size=16).hexdigest()
