"""The contract of a source: a file in, parcels of messages and rejected rows out, one after the other.

A source is a class with a ``source`` name, a ``recognises`` that looks at a file's first bytes, and a ``read`` that
yields. It never holds a whole file where the format can be streamed, and never lets one bad row end the reading.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

import msgspec

from detak.errors import FileError, RowError, SourceError, UsageError
from detak.event import Message
from detak.plugins import member, members

_DAY_FIRST = (
    *("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d-%m-%Y %H:%M", "%d-%m-%Y %H:%M:%S"),
    *("%d/%m/%Y %H.%M", "%d/%m/%Y %H.%M.%S", "%d-%m-%Y %H.%M", "%d-%m-%Y %H.%M.%S"),
    *("%d/%m/%Y", "%d-%m-%Y"),
)
_WORDED = re.compile(r"^(\d{1,2})[ -]([A-Za-z]{3})[a-z]*\.?[ -](\d{4})\b")
_MONTHS = (
    *("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    *("jan", "feb", "mar", "apr", "mei", "jun", "jul", "agu", "sep", "okt", "nov", "des"),
)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # no shop's log is older; a date before it is a default or a slip
AHEAD = timedelta(days=1)  # a clock may be wrong by as much; a time further after now is a mistake


class Parcel(NamedTuple):
    """The messages that some rows of a file became. The rows count as accepted once one of the messages is new."""

    rows: range | tuple[int, ...]
    """Row numbers as a person sees them in the file: the header is row 1; in a file without header the first is 1."""
    messages: tuple[Message, ...]


def rows_of(numbers: Sequence[int]) -> range | tuple[int, ...]:
    """The rows of a parcel, ascending, as small as they can be said."""
    start, stop = numbers[0], numbers[-1] + 1
    return range(start, stop) if stop - start == len(numbers) else tuple(numbers)


class Reject(NamedTuple):
    """A row that cannot be used, and why. ``reason`` never repeats personal data."""

    row: int
    field: str
    reason: str


@dataclass(frozen=True)
class Reading:
    """What a file does not say about itself."""

    zone: ZoneInfo
    """The zone of times without one."""
    currency: str
    """The currency of amounts without one; a source that knows its own overrides it."""
    now: datetime
    """UTC; a time far after it is a mistake."""
    mapping: Path | None = None
    """A column mapping file, for the sources that take one."""


class DamagedError(SourceError):
    """A spreadsheet or Parquet file that cannot be read: cut off, or changed on its way."""


class Source(Protocol):
    """What every member of this folder is."""

    source: ClassVar[str]
    generic: ClassVar[bool]
    """Whether it reads any file of its kind, and so stands back where another source knows the very format."""

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether the file is of this format, judged by its content.

        Raises:
            SourceError: it could be, but is too damaged to tell. Never for a file of another format.
        """
        ...

    def read(self, path: Path, reading: Reading) -> Iterator[Parcel | Reject]:
        """Parcels and rejects, in the order of the file.

        Raises:
            SourceError: the file as a whole cannot be read: truncated, another format, a column missing.
        """
        ...


class Columns(msgspec.Struct, frozen=True):
    """What a file's columns were taken for, where only their names say it."""

    taken: dict[str, str]
    """Field -> column."""
    unused: tuple[str, ...]
    lacking: tuple[str, ...]
    """``time``, ``price``: no column was taken for it, nor one that would do."""


@runtime_checkable
class Guesses(Protocol):
    """A source that may have to guess."""

    def guessed(self, path: Path, reading: Reading) -> Columns | None:
        """What the columns are taken for; None where nothing is guessed.

        Raises:
            SourceError: as reading it does.
        """
        ...


def names() -> list[str]:
    """The sources there are."""
    return list(members("detak.sources", "source"))


def find(name: str, path: Path) -> Source:
    """The source called ``name``, or with ``auto`` the one that recognises the file.

    Raises:
        UsageError: there is no such source.
        SourceError: the file does not exist, or none or several recognise it.
    """
    if not path.exists():
        raise FileError("file_missing", {"path": path})
    if path.stat().st_size == 0:
        raise FileError("file_empty", {"path": path})
    if name != "auto":
        found: Callable[[], Source] = member("detak.sources", "source", name, "source")
        return found()
    every: list[type[Source]] = list(members("detak.sources", "source").values())
    damage: list[SourceError] = []
    candidates = [one for one in every if not one.generic and _recognises(one, path, damage)]
    candidates = candidates or [one for one in every if one.generic and _recognises(one, path, damage)]
    if not candidates and damage:
        raise damage[0]
    if not candidates:
        raise FileError("file_unknown", {"path": path, "known": ", ".join(names())})
    if len(candidates) > 1:
        several = ", ".join(one.source for one in candidates)
        raise UsageError(f"{path}: could be {several}; name one with --source")
    return candidates[0]()


def _recognises(source: type[Source], path: Path, damage: list[SourceError]) -> bool:
    try:
        return source.recognises(path)
    except SourceError as error:
        damage.append(error)
        return False


def to_utc(moment: datetime, reading: Reading, field: str) -> str:
    """A moment as the wire wants it (ISO 8601, UTC); one without a zone is in the reading's zone.

    Raises:
        RowError: before any shop's log, or more than a day after now.
    """
    aware = moment if moment.tzinfo else moment.replace(tzinfo=reading.zone)
    utc = aware.astimezone(UTC)
    if utc < EARLIEST:
        raise RowError(field, f"is before {EARLIEST.year}")
    if utc - reading.now > AHEAD:
        raise RowError(field, "is in the future")
    return utc.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _numbered(date: re.Match[str]) -> str:
    """``1 Okt 2024`` as ``1/10/2024``; another word stays."""
    month = date[2].lower()
    return f"{date[1]}/{_MONTHS.index(month) % 12 + 1}/{date[3]}" if month in _MONTHS else date[0]


def parse_time(text: str, reading: Reading, field: str) -> str:
    """A time as exports write it, to UTC: ISO 8601, ``2024-04-01 00:15``, ``01/04/2024 00:15`` (day first),
    ``1 Apr 2024 00:15`` (English or Indonesian).

    Raises:
        RowError: it is no date or time that exists.
    """
    text = _WORDED.sub(_numbered, text.strip())
    try:
        return to_utc(datetime.fromisoformat(text), reading, field)
    except ValueError:
        pass
    for pattern in _DAY_FIRST:
        try:
            return to_utc(datetime.strptime(text, pattern), reading, field)
        except ValueError:
            continue
    raise RowError(field, "is no date or time that exists")
