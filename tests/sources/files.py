"""Files made on the spot, and what a source makes of them."""

import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from detak.event import Message, Properties
from detak.sources.base import Parcel, Reading, Reject, Source, find

READING = Reading(zone=ZoneInfo("Asia/Jakarta"), currency="IDR", now=datetime(2026, 11, 22, tzinfo=UTC))

_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"""
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_ROOT = (
    f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" Type="{_OFFICE}/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>'
)
_BOOK_RELATIONS = (
    f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" Type="{_OFFICE}/worksheet" '
    'Target="worksheets/sheet1.xml"/></Relationships>'
)
_BOOK = (
    f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="orders" sheetId="1" r:id="r1"/></sheets>'
    "</workbook>"
)


class Read(NamedTuple):
    """What came of a file."""

    parcels: list[Parcel]
    rejects: list[Reject]

    @property
    def messages(self) -> list[Message]:
        """All messages, in order."""
        return [message for parcel in self.parcels for message in parcel.messages]

    @property
    def rows(self) -> list[int]:
        """Every row that is accounted for, once for each time it is."""
        return [row for parcel in self.parcels for row in parcel.rows] + [reject.row for reject in self.rejects]

    def named(self, event: str) -> list[Properties]:
        """The properties of the messages of one event."""
        found = [message.properties for message in self.messages if message.event == event]
        assert all(isinstance(properties, Properties) for properties in found)
        return found  # type: ignore[return-value]


def read(source: str, path: Path, reading: Reading = READING) -> Read:
    """Read a file with a source, or with ``auto``."""
    return sort_out(find(source, path).read(path, reading))


def sort_out(found: Iterator[Parcel | Reject]) -> Read:
    """Parcels here, rejects there."""
    result = Read([], [])
    for one in found:
        (result.rejects if isinstance(one, Reject) else result.parcels).append(one)  # type: ignore[arg-type]
    return result


def ids(source: Source, path: Path) -> list[str | None]:
    """The ids of all messages in a file."""
    return [message.message_id for message in sort_out(source.read(path, READING)).messages]


def write_xlsx(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    """The smallest workbook that holds the rows: numbers as numbers, None as no cell, the rest as text."""
    lines = "".join(f'<row r="{number}">{_cells(number, cells)}</row>' for number, cells in enumerate(rows, 1))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", _TYPES)
        book.writestr("_rels/.rels", _ROOT)
        book.writestr("xl/workbook.xml", _BOOK)
        book.writestr("xl/_rels/workbook.xml.rels", _BOOK_RELATIONS)
        book.writestr(
            "xl/worksheets/sheet1.xml", f'<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData></worksheet>'
        )
    return path


def _cells(row: int, cells: Sequence[object]) -> str:
    return "".join(_cell(f"{_column(index)}{row}", cell) for index, cell in enumerate(cells) if cell is not None)


def _column(index: int) -> str:
    return (chr(64 + index // 26) if index >= 26 else "") + chr(65 + index % 26)


def _cell(at: str, cell: object) -> str:
    if isinstance(cell, (int, float)):
        return f'<c r="{at}"><v>{cell}</v></c>'
    return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(str(cell))}</t></is></c>'


def write_csv(path: Path, rows: Sequence[Sequence[object]], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    """Delimited text; every cell with a special character in it is quoted."""
    lines = [delimiter.join(_quoted(cell, delimiter) for cell in cells) for cells in rows]
    path.write_text("\r\n".join(lines) + "\r\n", encoding=encoding, newline="")
    return path


def _quoted(cell: object, delimiter: str) -> str:
    words = "" if cell is None else str(cell)
    special = any(mark in words for mark in (delimiter, '"', "\n"))
    return '"' + words.replace('"', '""') + '"' if special else words
