"""Parquet as sources read it: by rows, or by columns where rows one by one would cost too much.

By columns, cells are read by the same functions as by rows, but each distinct cell of a chunk once. What they cannot
use is left to the reading by rows, which says why.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from detak.errors import RowError
from detak.sources.base import DamagedError
from detak.sources.cells import Cell, Cells

MAGIC = b"PAR1"

_CHUNK_ROWS = 32_768

Flags = NDArray[np.bool_]


class Column(NamedTuple):
    """What was read of the cells of a column, one for each row of the chunk."""

    values: NDArray[Any]
    """Python objects; None where the cell cannot be used."""
    usable: Flags


class Run(NamedTuple):
    """Rows of a chunk that follow one another, ``start`` to before ``stop``, counted from the chunk's first."""

    start: int
    stop: int
    usable: bool
    """Whether all their cells can be used. A row of which one cannot is alone in its run."""


@dataclass(frozen=True)
class Chunk:
    """Rows of a file that follow one another, still in columns."""

    path: Path
    first: int
    """The number of the first row, as a person sees it: the names of the columns are row 1."""
    batch: pa.RecordBatch

    def read(self, places: Sequence[int], readers: Sequence[Callable[[Cell], object]]) -> list[Column]:
        """What each reader makes of the cells of its column; a cell for which it raises RowError cannot be used.

        Raises:
            DamagedError: a column is not what the file's schema says.
        """
        return [self._read(place, reader) for place, reader in zip(places, readers, strict=True)]

    def _read(self, place: int, reader: Callable[[Cell], object]) -> Column:
        with _damage(self.path):
            codes, distinct = _distinct(_plain(self.batch.column(place)))
        values, usable = np.empty(len(distinct), object), np.ones(len(distinct), bool)
        for index, cell in enumerate(distinct):
            try:
                values[index] = reader(cell)
            except RowError:
                usable[index] = False
        return Column(values[codes], usable[codes])

    def rows(self) -> Iterator[tuple[int, Cells]]:
        """Row numbers and cells.

        Raises:
            DamagedError: a column is not what the file's schema says.
        """
        with _damage(self.path):
            columns = [_plain(column).to_pylist() for column in self.batch.columns]
        return zip(count(self.first), zip(*columns, strict=True))

    def some(self, wanted: Flags) -> dict[int, Cells]:
        """Row number -> cells, for the wanted rows; but those that hold nothing.

        Raises:
            DamagedError: a column is not what the file's schema says.
        """
        if not wanted.any():
            return {}
        numbers = (np.flatnonzero(wanted) + self.first).tolist()
        rows = Chunk(self.path, 0, self.batch.filter(pa.array(wanted))).rows()
        found = zip(numbers, (cells for _, cells in rows), strict=True)
        return {number: cells for number, cells in found if any(cell not in ("", None) for cell in cells)}


def runs(key: NDArray[Any], usable: Flags) -> Iterator[Run]:
    """The runs of rows with the same key, in the order of the chunk."""
    begins = np.ones(len(key), bool)
    begins[1:] = (key[1:] != key[:-1]) | ~usable[1:] | ~usable[:-1]
    starts = np.flatnonzero(begins)
    return map(Run, starts.tolist(), [*starts[1:].tolist(), len(key)], usable[starts].tolist())


def header(path: Path) -> tuple[str, ...]:
    """The names of the file's columns.

    Raises:
        DamagedError: it cannot be read.
    """
    with _damage(path):
        return tuple(pq.read_schema(path).names)


def chunks(path: Path) -> Iterator[Chunk]:
    """The file, some thousand rows at a time.

    Raises:
        DamagedError: it cannot be read.
    """
    with _damage(path), pq.ParquetFile(path) as file:
        row = 2
        for batch in file.iter_batches(_CHUNK_ROWS):
            yield Chunk(path, row, batch)
            row += batch.num_rows


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """What Arrow finds wrong with a file, as what to do about it."""
    try:
        yield
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


def _distinct(column: pa.Array) -> tuple[NDArray[np.intp], list[Cell]]:
    """For each row the index of its cell among the distinct cells, and those."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        encoded = column.dictionary_encode("encode")
    except pa.ArrowNotImplementedError:
        return np.arange(len(column)), column.to_pylist()
    return encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
