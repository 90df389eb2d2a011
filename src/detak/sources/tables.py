"""Tables as sources read them: a header and numbered rows, out of delimited text, a spreadsheet or Parquet.

Text and Parquet are streamed. A spreadsheet is a compressed archive whose sheet is read whole before its first row.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from python_calamine import CalamineError, load_workbook

from detak.errors import FileError, RowError, SourceError
from detak.sources import delimited, parquet
from detak.sources.base import DamagedError, Reading
from detak.sources.cells import Cell, Cells, moment, number, text

Aliases = Mapping[str, tuple[str, ...]]
"""A field's name here -> the names its column has in files, the likeliest first."""
Rows = Iterator[tuple[int, Cells | RowError]]
"""A row's number and its cells, or what is wrong with it."""

HEADER_WITHIN = 20
"""The header is one of so many first rows; above it exports put titles and dates."""

_ANY_FORM = delimited.Form()
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_CURRENCY_SUFFIX = re.compile(r"\((?:rp\.?|idr|php|sgd|myr|thb|vnd|twd|brl|usd|gbp|eur)\)\s*$", re.IGNORECASE)
_DATA = re.compile(r"\d{4,}|@")
_SEPARATORS = re.compile(r"[\W_]+")


class ColumnsError(FileError):
    """A file can be read, but has not the columns that were looked for."""


@dataclass(frozen=True)
class Table:
    """One table of a file, to be read once: by its rows, or where there are such by chunks of columns."""

    header: tuple[str, ...]
    rows: Rows
    chunks: Iterator[parquet.Chunk] | None = None

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
    magic = _magic(path)
    first: Cells = ()
    if magic == parquet.MAGIC and is_header(names := parquet.header(path)):
        chunks = parquet.chunks(path)
        return Table(_names(names), _of_width(_by_rows(chunks), len(names)), chunks)
    for rows in _sheets(path, magic, form):
        top = list(islice(rows, HEADER_WITHIN))
        for index, (_, cells) in enumerate(top):
            if isinstance(cells, RowError):
                continue
            if is_header(cells):
                return Table(_names(cells), _of_width(chain(top[index + 1 :], rows), len(cells)))
            first = first or cells
    found = ", ".join(str(cell)[:40] for cell in first[:40] if _is_name(cell)) or "none with a name"
    raise ColumnsError("file_columns", {"path": path, "wanted": ", ".join(looked_for), "found": found})


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


def _names(header: Cells) -> tuple[str, ...]:
    return tuple(str(cell if cell is not None else "").strip() for cell in header)


def _magic(path: Path) -> bytes:
    """The first bytes, by which spreadsheets and Parquet files are known."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(_ZIP))
    except OSError as error:
        raise FileError("file_closed", {"path": path, "why": error.strerror}) from None
    if not magic:
        raise FileError("file_empty", {"path": path})
    return magic


def _sheets(path: Path, magic: bytes, form: delimited.Form) -> Iterator[Rows]:
    """The tables of a file, each as numbered rows."""
    if magic in (_ZIP, _OLE):
        yield from _spreadsheet(path)
    elif magic == parquet.MAGIC:
        yield chain([(1, parquet.header(path))], _by_rows(parquet.chunks(path)))
    else:
        yield iter(delimited.records(path, form))


def _by_rows(chunks: Iterator[parquet.Chunk]) -> Iterator[tuple[int, Cells]]:
    return chain.from_iterable(chunk.rows() for chunk in chunks)


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


def _of_width(rows: Rows, width: int) -> Rows:
    """The rows that hold something; one with more or fewer cells than the header is damaged."""
    for row, cells in rows:
        if isinstance(cells, RowError):
            yield row, cells
        elif len(cells) == width:
            if cells[0] or any(cell not in ("", None) for cell in cells):
                yield row, cells
        elif len(cells) > width and not any(cell not in ("", None) for cell in cells[width:]):
            yield row, cells[:width]
        elif any(cell not in ("", None) for cell in cells):
            yield row, RowError("", f"has {len(cells)} cells where the header has {width}")


@dataclass(frozen=True)
class Columns:
    """Where the fields of a source stand in a file's rows; every complaint names the file's own column."""

    places: Mapping[str, int]
    header: tuple[str, ...]
    reading: Reading
    grouping: str = "."

    def has(self, *fields: str) -> bool:
        """Whether the file has a column for one of the fields."""
        return not self.places.keys().isdisjoint(fields)

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
