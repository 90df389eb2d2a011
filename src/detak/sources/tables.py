"""Tables as sources read them: a header and numbered rows, out of delimited text, a spreadsheet or Parquet.

Text and Parquet are streamed. A spreadsheet is a compressed archive whose sheet is read whole before its first row.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain, islice
from math import isfinite, isnan
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from python_calamine import CalamineError, load_workbook

from detak.errors import RowError, SourceError
from detak.money import parse_number
from detak.sources import delimited
from detak.sources.base import Reading, parse_time, to_utc

Cell = object
"""What a cell holds: text, a number, a truth value, a date or time, or None."""
Cells = Sequence[Cell]
Aliases = Mapping[str, tuple[str, ...]]
"""A field's name here -> the names its column has in files, the likeliest first."""

HEADER_WITHIN = 20
"""The header is one of so many first rows; above it exports put titles and dates."""

_ANY_FORM = delimited.Form()
_BATCH_ROWS = 16_384
_ZIP, _OLE, _PARQUET = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1"
_EMPTY = frozenset({"", "-", "nan", "nat", "null", "none", "n/a", "#n/a"})
_EMPTY_LENGTH = max(map(len, _EMPTY))
_EXCEL_DAY_ZERO = datetime(1899, 12, 30)
_EXCEL_DAYS = (20_000, 80_000)  # a bare number as a date: from 1954 to 2119
_CURRENCY_SUFFIX = re.compile(r"\((?:rp|idr|php|sgd|myr|thb|vnd|twd|brl|usd|gbp|eur)\)\s*$", re.IGNORECASE)
_WHOLE = re.compile(r"\d+\.0")
_DATA = re.compile(r"\d{4,}|@")
_SEPARATORS = re.compile(r"[\W_]+")


class ColumnsError(SourceError):
    """A file can be read, but has not the columns that were looked for."""


class DamagedError(SourceError):
    """A spreadsheet or Parquet file that cannot be read: cut off, or changed on its way."""


@dataclass(frozen=True)
class Table:
    """One table of a file, to be read once. ``rows`` yields a row's number and its cells, or what is wrong with it."""

    header: tuple[str, ...]
    rows: Iterator[tuple[int, Cells | RowError]]

    def places(self, aliases: Aliases) -> dict[str, int]:
        """Field -> index of its column, for the fields that have one."""
        return places(self.header, aliases)


def key(name: Cell) -> str:
    """A column's name without case, spaces, punctuation and currency: two spellings of one column have one key."""
    return _SEPARATORS.sub("", _CURRENCY_SUFFIX.sub("", str(name if name is not None else "").strip()).casefold())


def places(header: Cells, aliases: Aliases) -> dict[str, int]:
    """Field -> index of its column. Of several columns for one field the first alias wins, then the first column."""
    at: dict[str, int] = {}
    for index, name in enumerate(header):
        at.setdefault(key(name), index)
    found = {}
    for field, names in aliases.items():
        known = [at[key(name)] for name in names if key(name) in at]
        if known:
            found[field] = known[0]
    return found


def open_table(
    path: Path, is_header: Callable[[Cells], bool], looked_for: Sequence[str], form: delimited.Form = _ANY_FORM
) -> Table:
    """The first table of the file whose header row satisfies ``is_header``.

    Raises:
        SourceError: the file cannot be read, or no row near its beginning is such a header; the message lists the
            columns ``looked_for`` and those found.
    """
    first: Cells = ()
    for rows in _sheets(path, form):
        top = list(islice(rows, HEADER_WITHIN))
        for index, (_, cells) in enumerate(top):
            if isinstance(cells, RowError):
                continue
            if is_header(cells):
                header = tuple(str(cell if cell is not None else "").strip() for cell in cells)
                return Table(header, _of_width(chain(top[index + 1 :], rows), len(header)))
            first = first or cells
    found = ", ".join(str(cell)[:40] for cell in first[:40] if _is_name(cell)) or "none with a name"
    raise ColumnsError(f"{path}: the columns {', '.join(looked_for)} were looked for; the file has {found}")


def header_of(path: Path, is_header: Callable[[Cells], bool]) -> tuple[str, ...] | None:
    """The header row of the file, if it is a table and has one.

    Raises:
        DamagedError: it is a spreadsheet or Parquet file, but cannot be read.
    """
    try:
        return open_table(path, is_header, ()).header
    except DamagedError:
        raise
    except SourceError:
        return None


def _is_name(cell: Cell) -> bool:
    """Whether a cell may be shown as a column's name: a file without a header has people's data in its first row."""
    return cell not in (None, "") and not _DATA.search(str(cell))


def _sheets(path: Path, form: delimited.Form) -> Iterator[Iterator[tuple[int, Cells | RowError]]]:
    """The tables of a file, each as numbered rows."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise SourceError(f"{path}: cannot be opened: {error.strerror}") from None
    if not magic:
        raise SourceError(f"{path}: is empty")
    if magic in (_ZIP, _OLE):
        yield from _spreadsheet(path)
    elif magic == _PARQUET:
        yield _parquet(path)
    else:
        yield iter(delimited.records(path, form))


def _spreadsheet(path: Path) -> Iterator[Iterator[tuple[int, Cells]]]:
    try:
        book = load_workbook(str(path))
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            if sheet.start is not None:
                yield zip(range(sheet.start[0] + 1, sheet.start[0] + 1 + sheet.height), sheet.iter_rows(), strict=False)
    except (CalamineError, OSError, ValueError) as error:
        why = str(error).partition("\n")[0][:120] or type(error).__name__
        raise DamagedError(f"{path}: the spreadsheet cannot be read ({why}); export or download it again") from None


def _parquet(path: Path) -> Iterator[tuple[int, Cells]]:
    try:
        with pq.ParquetFile(path) as file:
            yield 1, tuple(file.schema_arrow.names)
            row = 2
            for batch in file.iter_batches(_BATCH_ROWS):
                columns = [_plain(column).to_pylist() for column in batch.columns]
                yield from zip(range(row, row + batch.num_rows), zip(*columns, strict=True), strict=True)
                row += batch.num_rows
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        why = str(error).partition("\n")[0][:120]
        raise DamagedError(f"{path}: the Parquet file cannot be read ({why}); export or download it again") from None


def _plain(column: pa.Array) -> pa.Array:
    """Nanoseconds as microseconds: Python's own datetime knows no finer. Lists and structs are no cells: nothing."""
    if pa.types.is_nested(column.type):
        return pa.nulls(len(column))
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        return pc.cast(column, pa.timestamp("us", column.type.tz), safe=False)
    return column


def _of_width(rows: Iterator[tuple[int, Cells | RowError]], width: int) -> Iterator[tuple[int, Cells | RowError]]:
    """The rows that hold something; one with more or fewer cells than the header is damaged."""
    for number, cells in rows:
        if isinstance(cells, RowError):
            yield number, cells
        elif len(cells) == width:
            if cells[0] or any(cell not in ("", None) for cell in cells):
                yield number, cells
        elif len(cells) > width and not any(cell not in ("", None) for cell in cells[width:]):
            yield number, cells[:width]
        elif any(cell not in ("", None) for cell in cells):
            yield number, RowError("", f"has {len(cells)} cells where the header has {width}")


def usable(cells: Cells | RowError) -> Cells:
    """The cells of a row.

    Raises:
        RowError: the row is damaged.
    """
    if isinstance(cells, RowError):
        raise cells
    return cells


def text(cell: Cell) -> str | None:
    """A cell as text; a whole number without a decimal point; what stands for nothing is None."""
    if cell is None:
        return None
    if isinstance(cell, float):
        if not isfinite(cell):
            return None
        return str(int(cell)) if cell.is_integer() else repr(cell)
    words = str(cell).strip()
    return None if len(words) <= _EMPTY_LENGTH and words.lower() in _EMPTY else words


def identifier(cell: Cell) -> str | None:
    """A cell as an identity: ``17850.0``, what tools make of a whole number beside empty cells, is ``17850``."""
    words = text(cell)
    return words[:-2] if words is not None and _WHOLE.fullmatch(words) else words


def number(cell: Cell, field: str, grouping: str = ".") -> float | None:
    """A cell as a number; nothing is None. ``grouping`` is the mark that groups thousands in text.

    Raises:
        RowError: it is no finite number; ``field`` is named.
    """
    if type(cell) is float or type(cell) is int:
        if isfinite(cell):
            return float(cell)
        if isnan(cell):
            return None
        raise RowError(field, "is not a finite number")
    words = text(cell)
    if words is None:
        return None
    try:
        return parse_number(words, grouping=grouping)
    except RowError as error:
        raise RowError(field, error.reason) from None


def moment(cell: Cell, reading: Reading, field: str) -> str | None:
    """A cell as a time in UTC; nothing is None. A bare number is a spreadsheet's count of days.

    Raises:
        RowError: it is no date or time that exists.
    """
    if isinstance(cell, datetime):
        return to_utc(cell, reading, field)
    if isinstance(cell, date):
        return to_utc(datetime(cell.year, cell.month, cell.day), reading, field)
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and not isnan(cell):
        if not _EXCEL_DAYS[0] < cell < _EXCEL_DAYS[1]:
            raise RowError(field, "is no date or time that exists")
        seconds = round(cell * 86_400)
        return to_utc(_EXCEL_DAY_ZERO + timedelta(seconds=seconds), reading, field)
    words = text(cell)
    return None if words is None else parse_time(words, reading, field)


@dataclass(frozen=True)
class Columns:
    """Where the fields of a source stand in a file's rows; every complaint names the file's own column."""

    places: Mapping[str, int]
    header: tuple[str, ...]
    reading: Reading
    grouping: str = "."

    def has(self, *fields: str) -> bool:
        """Whether the file has a column for one of the fields."""
        return any(field in self.places for field in fields)

    def name(self, field: str) -> str:
        """The file's own name for the field, or the field's where it has no column."""
        return self.header[self.places[field]] if field in self.places else field

    def text(self, cells: Cells, field: str) -> str | None:
        """The field of a row as text."""
        place = self.places.get(field)
        return None if place is None else text(cells[place])

    def number(self, cells: Cells, field: str, least: float = 0) -> float | None:
        """The field of a row as a number.

        Raises:
            RowError: it is no number, or less than ``least``.
        """
        place = self.places.get(field)
        if place is None:
            return None
        value = number(cells[place], self.header[place], self.grouping)
        if value is not None and value < least:
            raise RowError(self.header[place], "is negative" if least == 0 else f"is less than {least:g}")
        return value

    def moment(self, cells: Cells, field: str) -> str | None:
        """The field of a row as a time in UTC.

        Raises:
            RowError: it is no date or time that exists.
        """
        place = self.places.get(field)
        return None if place is None else moment(cells[place], self.reading, self.header[place])
