"""A whole table in memory, out of CSV or Parquet: a trial, a set of sessions, what an evaluation is made on."""

from codecs import getincrementaldecoder
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from detak.errors import SourceError

_HEAD: Final = 1 << 20  # bytes


class WholeTable(NamedTuple):
    """The table, and how many rows could not be read for they have too many or too few cells."""

    table: pa.Table
    unreadable: int


def read_whole(path: Path) -> WholeTable:
    """Read it.

    Raises:
        SourceError: it is neither CSV of UTF-8 nor Parquet, or has no rows.
    """
    unreadable = 0

    def skip(_: Any) -> str:
        nonlocal unreadable
        unreadable += 1
        return "skip"

    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            table = pq.read_table(path)
        else:
            mark = _delimiter(path)
            options = csv.ParseOptions(delimiter=mark, invalid_row_handler=skip, newlines_in_values=True)
            table = csv.read_csv(path, parse_options=options)
    except UnicodeDecodeError:
        raise SourceError(f"{path}: is not UTF-8: save it as CSV in UTF-8") from None
    except pa.ArrowInvalid as error:
        raise SourceError(f"{path}: cannot be read as a table: {str(error).splitlines()[0][:200]}") from None
    if len(set(table.column_names)) < len(table.column_names):
        raise SourceError(f"{path}: two columns have the same name")
    if odd := [one.name for one in table.schema if pa.types.is_binary(one.type)]:
        raise SourceError(f"{path}: is not UTF-8 (column {odd[0]}): save it as CSV in UTF-8")
    if not table.num_rows:
        raise SourceError(f"{path}: has no rows")
    return WholeTable(table, unreadable)


def _delimiter(path: Path) -> str:
    """What parts the columns: spreadsheets write semicolons where commas begin decimals, and tabs.

    Raises:
        UnicodeDecodeError: the file does not begin with UTF-8.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    first = getincrementaldecoder("utf-8-sig")().decode(head, len(head) < _HEAD).split("\n", 1)[0]
    return "," if "," in first else next((one for one in (";", "\t") if one in first), ",")
