"""Parquet as sources read it: by rows, or by columns where rows one by one would cost too much.

By columns, cells are read by the same functions as by rows, but each distinct cell of a chunk once. What they cannot
use is left to the reading by rows, which says why.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from detak.errors import RowError
from detak.sources.base import AHEAD, EARLIEST, DamagedError, Reading
from detak.sources.cells import Cell, Cells, moment

MAGIC = b"PAR1"

_CHUNK_ROWS = 65_536
_SLICE_ROWS = 1_024  # of these at a time cells become Python's

Flags = NDArray[np.bool_]


class Column(NamedTuple):
    """What was read of the cells of a column."""

    values: NDArray[Any]
    """Python objects; None where the cell cannot be used."""
    usable: Flags

    def at(self, indices: NDArray[np.intp]) -> "Column":
        """The values there, one for each index."""
        return Column(self.values[indices], self.usable[indices])


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

    def read(self, place: int, reader: Callable[[Cell], object]) -> Column:
        """What ``reader`` makes of the cells of a column; a cell for which it raises RowError cannot be used.

        Raises:
            DamagedError: the column is not what the file's schema says.
        """
        codes, distinct = self._distinct(place)
        return _each(self._cells(distinct), reader).at(codes)

    def numbers(self, place: int, reader: Callable[[Cell], float | None]) -> NDArray[np.float64]:
        """The same for numbers. A cell that holds nothing or cannot be used is not a number.

        Raises:
            DamagedError: the column is not what the file's schema says.
        """
        codes, distinct = self._distinct(place)
        return _each(self._cells(distinct), reader).values.astype(np.float64)[codes]

    def moments(self, place: int, reading: Reading) -> Column:
        """The same for times: as the wire wants them, in UTC.

        Raises:
            DamagedError: the column is not what the file's schema says.
        """
        codes, distinct = self._distinct(place)
        if pa.types.is_timestamp(distinct.type) and (distinct.type.tz or reading.zone.key == "UTC"):
            with _damage(self.path):
                return _instants(distinct, reading.now).at(codes)
        return _each(self._cells(distinct), partial(moment, reading=reading, field="")).at(codes)

    def _distinct(self, place: int) -> tuple[NDArray[np.intp], pa.Array]:
        """For each row where its cell stands among the distinct cells of the column, and those."""
        with _damage(self.path):
            column = _plain(self.batch.column(place))
            try:
                encoded = column.dictionary_encode("encode")
            except pa.ArrowNotImplementedError:
                return np.arange(len(column)), column
            return encoded.indices.to_numpy(), encoded.dictionary

    def _cells(self, column: pa.Array) -> list[Cell]:
        with _damage(self.path):
            cells: list[Cell] = column.to_pylist()
        return cells

    def rows(self) -> Iterator[tuple[int, Cells]]:
        """Row numbers and cells.

        Raises:
            DamagedError: a column is not what the file's schema says.
        """
        for start in range(0, self.batch.num_rows, _SLICE_ROWS):
            with _damage(self.path):
                columns = [_plain(column).to_pylist() for column in self.batch.slice(start, _SLICE_ROWS).columns]
            yield from zip(count(self.first + start), zip(*columns, strict=True))

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
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_nested(column.type):
        return pa.nulls(len(column))
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        return pc.cast(column, pa.timestamp("us", column.type.tz), safe=False)
    return column


def _each(cells: list[Cell], reader: Callable[[Cell], object]) -> Column:
    values, usable = np.empty(len(cells), object), np.ones(len(cells), bool)
    for index, cell in enumerate(cells):
        try:
            values[index] = reader(cell)
        except RowError:
            usable[index] = False
    return Column(values, usable)


def _instants(stamps: pa.Array, now: datetime) -> Column:
    """Times that Arrow knows in UTC; what it writes of them is ISO 8601 but for two letters."""
    since_1970 = stamps.cast(pa.timestamp("us", stamps.type.tz)).cast(pa.int64())
    bounds = [round(bound.timestamp() * 1_000_000) for bound in (EARLIEST, now + AHEAD)]
    stated = since_1970.fill_null(bounds[0]).to_numpy()
    words = since_1970.cast(pa.timestamp("us")).cast(pa.string()).to_pylist()
    values = np.array([one and f"{one[:10]}T{one[11:]}Z" for one in words], object)
    return Column(values, (stated >= bounds[0]) & (stated <= bounds[1]))
