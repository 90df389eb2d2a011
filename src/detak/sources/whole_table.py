"""A whole table in memory, out of CSV or Parquet: a trial, a set of sessions, what an evaluation is made on."""

from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from detak.errors import SourceError


class WholeTable(NamedTuple):
    """The table, and how many rows could not be read for they have too many or too few cells."""

    table: pa.Table
    unreadable: int


def read_whole(path: Path) -> WholeTable:
    """Read it.

    Raises:
        SourceError: it is neither CSV nor Parquet, or has no rows.
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
            options = csv.ParseOptions(invalid_row_handler=skip, newlines_in_values=True)
            table = csv.read_csv(path, parse_options=options)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: cannot be read as a table: {str(error).splitlines()[0][:200]}") from None
    if len(set(table.column_names)) < len(table.column_names):
        raise SourceError(f"{path}: two columns have the same name")
    if not table.num_rows:
        raise SourceError(f"{path}: has no rows")
    return WholeTable(table, unreadable)
