"""The hot tail: facts that are not sealed yet, as they came, in memory. Readers see what was there when they began."""

import pyarrow as pa

from detak.store.base import TABLES, Batch, empty

_CHUNKS = 64  # of one table; more are joined, so that a question need not look into thousands


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
    if len(chunks) < _CHUNKS:
        return (*chunks, fresh)
    # The later half: what was joined before is copied again only once there is as much beside it.
    half = len(chunks) // 2
    return (*chunks[:half], pa.concat_tables(chunks[half:]).combine_chunks(), fresh)


def _joined(name: str, chunks: tuple[pa.Table, ...]) -> pa.Table:
    return pa.concat_tables(chunks) if chunks else empty(name)
