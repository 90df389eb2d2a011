"""The hot tail: facts that are not sealed yet, as they came, in memory. Readers see what was there when they began."""

from itertools import takewhile
from typing import Final

import pyarrow as pa

from detak.store.base import TABLES, Batch, empty

_WHOLE: Final = 8_192  # rows of a chunk that is left as it is: a question looks into few, and no row is copied often
_MANY: Final = 32  # smaller chunks, which are joined then, however small they are


class Tail:
    """The chunks of each table, the oldest first. One thread changes it; any thread takes a look."""

    def __init__(self) -> None:
        self._chunks: dict[str, tuple[pa.Table, ...]] = dict.fromkeys(TABLES, ())

    def add(self, batch: Batch) -> None:
        """Facts at the end."""
        fresh = {name: getattr(batch, name) for name in TABLES}
        self._chunks = {name: _with(chunks, fresh[name]) for name, chunks in self._chunks.items()}

    def look(self) -> dict[str, pa.Table]:
        """All of it as of now."""
        return {name: _joined(name, chunks) for name, chunks in self._chunks.items()}

    def drop(self, rows: dict[str, int]) -> None:
        """Let go of the first rows of each table: they are sealed."""
        tables = self.look()
        self._chunks = {
            name: (table.slice(rows[name]),) if table.num_rows > rows[name] else () for name, table in tables.items()
        }


def _with(chunks: tuple[pa.Table, ...], fresh: pa.Table) -> tuple[pa.Table, ...]:
    if not fresh.num_rows:
        return chunks
    small = list(takewhile(lambda rows: rows < _WHOLE, (one.num_rows for one in reversed(chunks))))
    if len(small) < _MANY and sum(small) < _WHOLE:
        return (*chunks, fresh)
    first = len(chunks) - len(small)
    return (*chunks[:first], pa.concat_tables(chunks[first:]).combine_chunks(), fresh)


def _joined(name: str, chunks: tuple[pa.Table, ...]) -> pa.Table:
    return pa.concat_tables(chunks) if chunks else empty(name)
