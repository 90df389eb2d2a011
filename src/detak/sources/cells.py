"""What a cell of a table says: text, an identity, a number or a moment, or nothing."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import isfinite, isnan

from detak.errors import RowError
from detak.money import parse_number
from detak.sources.base import Reading, parse_time, to_utc

Cell = object
"""What a cell holds: text, a number, a truth value, a date or time, or None."""
Cells = Sequence[Cell]

_EMPTY = frozenset({"", "-", "nan", "nat", "null", "none", "n/a", "#n/a"})
_EMPTY_LENGTH = max(map(len, _EMPTY))
_EXCEL_DAY_ZERO = datetime(1899, 12, 30)
_EXCEL_DAYS = (20_000, 80_000)  # a bare number as a date: from 1954 to 2119
_WHOLE = re.compile(r"\d+\.0")
_DIGITS = 15  # a double holds whole numbers of so many digits exactly


@lru_cache(maxsize=4096)
def _parsed(words: str, grouping: str) -> float:
    return parse_number(words, grouping=grouping)


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
    if len(words) <= _DIGITS and words.isdecimal() and words.isascii():
        return float(words)
    try:
        return _parsed(words, grouping)
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
