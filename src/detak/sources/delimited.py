"""Delimited text as shops export it: any usual encoding and delimiter, quoted line breaks, damaged lines kept apart."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from charset_normalizer import from_bytes

from detak.errors import FileError, RowError, SourceError

DELIMITERS = (",", ";", "\t", "|")

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Encodings that shop software writes when it does not write UTF-8. The Latin ones cannot be told apart by
# statistics on short names, so Windows' own stands for them all.
_LEGACY = ["cp1252", "cp1251", "koi8_r", "gb18030", "big5", "cp932", "euc_jp", "cp949", "tis_620", "cp1256", "cp1255"]
_SCAN_BYTES = 16 * 1024 * 1024  # how far a file is searched for characters beyond ASCII
_SAMPLE_BYTES = 64 * 1024
_SNIFF_RECORDS = 50
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_UNDECODED = re.compile("[\udc80-\udcff\ufffd]")

Record = tuple[int, "list[str] | RowError"]
"""The row's number, and its cells or what is wrong with it."""


@dataclass(frozen=True)
class Form:
    """How a text file is written, as far as that is known beforehand."""

    encoding: str | None = None
    delimiter: str | None = None


def looks_like_text(path: Path) -> bool:
    """Whether the first bytes are text: no control characters but tabs and line ends."""
    head = _head(path, 4096)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    return bool(head.strip()) and not _CONTROL.search(head)


def encoding_of(path: Path) -> str:
    """The encoding of a text file: by its byte order mark, else UTF-8 where that fits, else the likeliest legacy one.

    A UTF-8 file with some damaged lines is still UTF-8: the damaged lines are the reader's to turn away.
    """
    head = _head(path, 4)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    valid, foreign = _beyond_ascii(path)
    if not foreign or valid:
        return "utf-8"
    best = from_bytes(foreign, cp_isolation=_LEGACY).best()
    return best.encoding if best else "cp1252"


def delimiter_of(path: Path, encoding: str) -> str:
    """The delimiter that cuts the first records most evenly into most cells."""
    with path.open(encoding=encoding, errors=_errors(encoding), newline="") as file:
        lines = [line for line, _ in zip(file, range(_SNIFF_RECORDS), strict=False)]

    def evenness(delimiter: str) -> int:
        try:
            widths = Counter(len(cells) for cells in csv.reader(lines, delimiter=delimiter) if len(cells) > 1)
        except csv.Error:
            return 0
        return max((count * (width - 1) for width, count in widths.items()), default=0)

    return max(DELIMITERS, key=evenness)


def records(path: Path, form: Form) -> Iterator[Record]:
    """Every record of the file, numbered as a spreadsheet shows them; empty lines count but are not yielded.

    A record whose bytes do not decode, or whose quotation mark is never closed, is a RowError.

    Raises:
        SourceError: it is no text file.
    """
    if not looks_like_text(path):
        raise FileError("file_no_text", {"path": path})
    encoding = form.encoding or encoding_of(path)
    try:
        delimiter = form.delimiter or delimiter_of(path, encoding)
        with path.open(encoding=encoding, errors=_errors(encoding), newline="") as file:
            yield from _records(_Lines(file), delimiter)
    except (UnicodeError, LookupError, TypeError) as error:
        raise SourceError(f"{path}: cannot be read as {encoding}: {type(error).__name__}") from None


class _Lines:
    """The lines of a file, which can be handed back: a quotation mark never closed must not swallow good rows."""

    def __init__(self, file: TextIOWrapper) -> None:
        self._file = file
        self._again: list[str] = []
        self.taken: list[str] = []
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self._file, None)
        if line is None:
            self.ended = True
            raise StopIteration
        self.taken.append(line)
        return line

    def hand_back(self) -> None:
        """All but the first line of the record in hand are read again."""
        self._again.extend(reversed(self.taken[1:]))
        self.taken.clear()


def _records(lines: _Lines, delimiter: str) -> Iterator[Record]:
    reader = csv.reader(lines, delimiter=delimiter)
    row = width = 0
    while True:
        row += 1
        lines.taken.clear()
        lines.ended = False
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            lines.hand_back()
            yield row, RowError("", "cannot be read: a quotation mark is opened and not closed, or a cell is too long")
            continue
        if len(lines.taken) > 1 and _runaway(cells, lines, width):
            lines.hand_back()
            yield row, RowError("", "a quotation mark is opened and not closed")
            continue
        width = width or (len(cells) if len(cells) > 1 else 0)
        if any(not line.isascii() and _UNDECODED.search(line) for line in lines.taken):
            yield row, RowError("", "holds bytes that are no text in the encoding of the file")
        elif cells:
            yield row, cells


def _runaway(cells: list[str], lines: _Lines, width: int) -> bool:
    """Whether a record over several lines is one row's open quotation mark rather than text with line breaks."""
    open_at_end = lines.ended and sum(line.count('"') for line in lines.taken) % 2 == 1
    return open_at_end or (width > 0 and len(cells) != width)


def _head(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise FileError("file_closed", {"path": path, "why": error.strerror}) from None


def _errors(encoding: str) -> str:
    """How undecodable bytes are carried to the row they stand in; UTF-16 knows no escape for them."""
    return "replace" if encoding.replace("_", "-").startswith("utf-16") else "surrogateescape"


def _beyond_ascii(path: Path) -> tuple[int, bytes]:
    """Of the lines with characters beyond ASCII: how many are UTF-8, and those that are not."""
    valid, foreign, seen = 0, bytearray(), 0
    with path.open("rb") as file:
        while seen < _SCAN_BYTES and len(foreign) < _SAMPLE_BYTES and (line := file.readline(_SAMPLE_BYTES)):
            seen += len(line)
            if line.isascii() or len(line) == _SAMPLE_BYTES:  # a piece of a longer line may end within a character
                continue
            try:
                line.decode()
                valid += 1
            except UnicodeDecodeError:
                foreign += line
    return valid, bytes(foreign)
