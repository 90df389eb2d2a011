"""Bringing a file in: read by its source, taken in batches, accounted for row by row, rejects written down."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import msgspec

from detak.reading.outcomes import ACCEPTED, DUPLICATE, REJECTED, WITHHELD, Outcome
from detak.sources.base import Columns, Guesses, Parcel, Reading, Reject, find

_MESSAGES = 2_000
_LINES = 20_000
_IN_FLIGHT = 8


class Desk(Protocol):
    """Who takes batches in: an engine in this process, or one in another (``client.py``)."""

    folder: Path

    def take(self, source: str, body: bytes, *, imported: bool) -> "Future[list[Outcome]]":
        """What will become of each message of the batch."""
        ...

    def audit_import(self, file: str, source: str, counts: dict[str, int]) -> None:
        """Leave a row in the audit chain."""
        ...


class Imported(msgspec.Struct, kw_only=True):
    """What came of a file, in rows of the file: ``read = accepted + duplicates + rejected + withheld``."""

    source: str
    read: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    withheld: int = 0  # no purpose covers them: see the legal basis of the source
    rejects_file: str | None = None
    basis: str = ""
    """The legal basis the rows came in under, where they say nothing themselves."""
    purposes: tuple[str, ...] = ()
    """What that basis covers."""
    columns: Columns | None = None
    """What the columns were taken for, where only their names say it."""


_TOLD: Final = 3


class Rejection(msgspec.Struct):
    """A line of the rejects file."""

    file: str
    row: int
    field: str
    reason: str


class RejectsFile:
    """A rejects file, made when there is something to write."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self._path = folder / "rejects" / f"import-{now:%Y%m%dT%H%M%S%f}.jsonl"
        self.written: Path | None = None
        self.first: list[Rejection] = []
        """Some of them, to be told at once."""

    def add(self, rows: list[Rejection]) -> None:
        """Write lines."""
        if not rows:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            file.write(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
        self.written = self._path
        self.first += rows[: _TOLD - len(self.first)]


@dataclass
class _Batch:
    parcels: list[Parcel] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    messages: int = 0
    lines: int = 0

    @property
    def full(self) -> bool:
        return self.messages >= _MESSAGES or self.lines >= _LINES or len(self.rejects) >= _MESSAGES


class _Sent(NamedTuple):
    """What is kept of a batch until its outcomes are known. The messages are not: they are most of it."""

    rejects: list[Reject]
    shares: list[tuple[range | tuple[int, ...], int]]
    """The rows of each parcel, and how many messages they became."""


def import_file(desk: Desk, path: Path, source: str, reading: Reading, rejects: RejectsFile) -> Imported:
    """Import one file. Importing it again changes nothing.

    Raises:
        SourceError: the file as a whole cannot be read; what came before the fault stays in.
        UsageError: there is no such source.
    """
    reader = find(source, path)
    result = Imported(source=reader.source)
    result.columns = reader.guessed(path, reading) if isinstance(reader, Guesses) else None
    flying: deque[tuple[_Sent, Future[list[Outcome]]]] = deque()
    try:
        for batch in _batches(reader.read(path, reading)):
            body, sent = _packed(batch)
            flying.append((sent, desk.take(reader.source, body, imported=True)))
            if len(flying) >= _IN_FLIGHT:
                _land(*flying.popleft(), path, result, rejects)
    finally:
        while flying:
            _land(*flying.popleft(), path, result, rejects)
        result.rejects_file = str(rejects.written) if rejects.written and result.rejected else None
        if result.read:
            counts = {
                name: getattr(result, name) for name in ("read", "accepted", "duplicates", "rejected", "withheld")
            }
            desk.audit_import(path.name, reader.source, counts)
    return result


def _batches(found: Iterator[Parcel | Reject]) -> Iterator[_Batch]:
    batch = _Batch()
    for one in found:
        if isinstance(one, Reject):
            batch.rejects.append(one)
        else:
            batch.parcels.append(one)
            batch.messages += len(one.messages)
            batch.lines += len(one.rows)
        if batch.full:
            yield batch
            batch = _Batch()
    yield batch


def _packed(batch: _Batch) -> tuple[bytes, _Sent]:
    """The batch as the way in takes it. It is empty afterwards, so that two never lie in memory."""
    body = msgspec.json.encode({"batch": [message for parcel in batch.parcels for message in parcel.messages]})
    sent = _Sent(batch.rejects, [(parcel.rows, len(parcel.messages)) for parcel in batch.parcels])
    batch.parcels.clear()
    return body, sent


def _land(sent: _Sent, outcomes: "Future[list[Outcome]]", path: Path, result: Imported, rejects: RejectsFile) -> None:
    refused = [Rejection(path.name, one.row, one.field, one.reason) for one in sent.rejects]
    result.read += len(sent.rejects)
    result.rejected += len(sent.rejects)
    rest = iter(outcomes.result())
    for numbers, messages in sent.shares:
        became = [next(rest) for _ in range(messages)]
        kinds = {one.what for one in became}
        rows = len(numbers)
        result.read += rows
        if ACCEPTED in kinds:
            result.accepted += rows
        elif REJECTED in kinds:
            result.rejected += rows
            why = next(one for one in became if one.what == REJECTED)
            refused += [Rejection(path.name, row, why.field, why.reason) for row in numbers]
        elif WITHHELD in kinds:
            result.withheld += rows
        elif DUPLICATE in kinds or not kinds:
            result.duplicates += rows
    rejects.add(refused)
