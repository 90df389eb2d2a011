"""Facts in DuckDB: a hot tail in memory over sealed Parquet, read as one table.

The tail needs no file of its own: the log holds everything since the last seal and fills it again after a crash. So
there is no second write-ahead log to flush, no checkpoint to stall, and no database file that keeps erased bytes.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from detak.store.base import TABLES, Batch, empty
from detak.store.generations import Generations
from detak.store.parts import Keys, Mask, Part, Parts, is_in, keys_of
from detak.store.seen import Seen

_COMPACT_FROM = 8  # small parts of one table that are worth merging


class DuckReader:
    """A view for one thread: a cursor in a transaction of its own, so that every question sees the same facts."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.execute("BEGIN")
        cursor.execute("FROM tail_events LIMIT 0").fetchall()  # DuckDB takes its snapshot at the first look
        self._backend = ibis.duckdb.from_connection(cursor)

    def table(self, name: str) -> ir.Table:
        """``events``, ``items`` or ``volumes``."""
        return self._backend.table(name)

    def frame(self, name: str, data: pa.Table) -> ir.Table:
        """A small table of the caller's, to join with."""
        return self._backend.create_table(name, data, temp=True, overwrite=True)

    def run(self, expression: ir.Table) -> pa.Table:
        """Compute an expression."""
        return self._backend.to_pyarrow(expression)


class DuckStore:
    """The facts in one folder.

    Args:
        folder: where the sealed files lie; made if absent.
        part_rows: a part covers as few days as hold this many rows.
        memory: what DuckDB may use, such as ``2GB``.
    """

    def __init__(self, folder: Path, *, part_rows: int, memory: str) -> None:
        self._parts = Parts(folder)
        self._part_rows = part_rows
        self._connection = duckdb.connect(":memory:", config={"memory_limit": memory})
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute(f"SET temp_directory = '{_quoted(self._parts.spill)}'")
        for name in TABLES:
            self._connection.register("shape", empty(name))
            self._connection.execute(f"CREATE TABLE tail_{name} AS FROM shape")
            self._connection.unregister("shape")
        self._show(self._parts.manifest.parts)
        self._seen = Seen([self._parts.path(name) for name in self._parts.manifest.keys])
        self._offset = self._parts.manifest.offset
        self._unsealed = 0
        self._generations = Generations(self._parts.delete)

    @property
    def offset(self) -> int:
        """The offset in the log behind the last append."""
        return self._offset

    @property
    def sealed(self) -> int:
        """The offset up to which everything is in sealed files."""
        return self._parts.manifest.offset

    @property
    def unsealed_rows(self) -> int:
        """Rows of events and items in the hot tail."""
        return self._unsealed

    def known(self, keys: Keys) -> Mask:
        """For each message key, whether it is among the facts."""
        return self._seen.known(keys)

    def append(self, batch: Batch) -> None:
        """Make a batch part of the hot tail."""
        with self._transaction():
            for name, rows in (("events", batch.events), ("items", batch.items), ("volumes", batch.volumes)):
                if rows.num_rows:
                    self._connection.register("arrived", rows)
                    self._connection.execute(f"INSERT INTO tail_{name} FROM arrived")
                    self._connection.unregister("arrived")
        self._seen.add(keys_of("events", batch.events))
        self._offset = batch.offset
        self._unsealed += batch.events.num_rows + batch.items.num_rows

    def seal(self) -> None:
        """Move the hot tail into sealed files and remember the offset, both or neither."""
        if self._offset == self.sealed:
            return
        tails = {name: self._connection.execute(f"FROM tail_{name}").to_arrow_table() for name in TABLES}
        manifest = self._parts.manifest
        with self._parts.attempt():
            fresh = [part for name, rows in tails.items() for part in self._parts.write(name, rows, self._part_rows)]
            keys = [self._parts.write_keys(keys_of("events", tails["events"]))] if tails["events"].num_rows else []
            self._swap(parts=(*manifest.parts, *fresh), keys=(*manifest.keys, *keys), offset=self._offset)

    def compact(self) -> None:
        """Merge the small parts of each table, once there are enough of them, and their keys."""
        manifest = self._parts.manifest
        kept = manifest.parts
        keys = manifest.keys
        with self._parts.attempt():
            for name in TABLES:
                small = [part for part in kept if part.table == name and part.rows < self._part_rows]
                for group in _groups(small, self._part_rows) if len(small) >= _COMPACT_FROM else ():
                    rows = pa.concat_tables(self._parts.read(part) for part in group)
                    merged = self._parts.write(name, rows, self._part_rows)
                    kept = (*(part for part in kept if part not in group), *merged)
            if len(keys) >= _COMPACT_FROM:
                keys = (self._parts.write_keys(self._keys(keys)),)
            if (kept, keys) != (manifest.parts, manifest.keys):
                self._swap(parts=kept, keys=keys, offset=manifest.offset, clear=False)
        self._generations.sweep()

    def erase(self, subjects: Iterable[int]) -> int:
        """Remove people from every file. The tail is sealed first, so that the log can let go of them too."""
        gone = np.array(sorted(set(subjects)), dtype=np.int64)
        self.seal()
        manifest = self._parts.manifest
        kept: list[Part] = []
        erased = [np.array([], dtype=np.int64)]
        with self._parts.attempt():
            for part in manifest.parts:
                if not self._parts.holds(part, gone):
                    kept.append(part)
                    continue
                rows = self._parts.read(part)
                hit = is_in(rows, gone)
                if part.table == "events":
                    erased.append(keys_of("events", rows.filter(pa.array(hit))))
                kept += self._parts.write(part.table, rows.filter(pa.array(~hit)), self._part_rows)
            keys = np.concatenate(erased)
            if tuple(kept) != manifest.parts:
                self._swap(parts=tuple(kept), keys=self._without(keys), offset=self._offset)
        self._generations.sweep(wait=True)
        return len(keys)

    @contextmanager
    def reader(self) -> Iterator[DuckReader]:
        """A view for one question; no sealed file it shows is deleted while it is open."""
        with self._generations.pinned():
            cursor = self._connection.cursor()
            try:
                yield DuckReader(cursor)
            finally:
                cursor.close()

    def close(self) -> None:
        """Let go of everything."""
        self._connection.close()

    def _without(self, keys: Keys) -> tuple[str, ...]:
        names = self._parts.manifest.keys
        if not len(keys) or not names:
            return names
        return (self._parts.write_keys(np.setdiff1d(self._keys(names), keys)),)

    def _keys(self, names: tuple[str, ...]) -> Keys:
        return np.concatenate([np.load(self._parts.path(one)) for one in names])

    def _swap(self, *, parts: tuple[Part, ...], keys: tuple[str, ...], offset: int, clear: bool = True) -> None:
        """Show other files, empty the tail, and name the files in the manifest: all of it or nothing."""
        with self._transaction():
            self._show(parts)
            for name in TABLES if clear else ():
                # A new table, not DELETE: deleted rows keep their memory.
                self._connection.execute(f"CREATE OR REPLACE TABLE tail_{name} AS FROM tail_{name} LIMIT 0")
            gone = self._parts.commit(offset=offset, parts=parts, keys=keys)
        self._seen.sealed([self._parts.path(name) for name in keys], tail=clear)
        if clear:
            self._unsealed = 0
        self._generations.retire(gone)
        self._generations.sweep()

    def _show(self, parts: tuple[Part, ...]) -> None:
        for name in TABLES:
            files = [_quoted(self._parts.path(part.file)) for part in parts if part.table == name]
            listed = ", ".join(f"'{file}'" for file in files)
            sealed = f" UNION ALL BY NAME FROM read_parquet([{listed}], union_by_name = true)" if files else ""
            self._connection.execute(f"CREATE OR REPLACE VIEW {name} AS FROM tail_{name}{sealed}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _groups(small: list[Part], rows: int) -> Iterator[list[Part]]:
    """Parts to merge: neighbours in time, about ``rows`` at once, so that merging takes no more memory than sealing."""
    for timed in (True, False):
        group: list[Part] = []
        for part in sorted((one for one in small if (one.first_day is not None) is timed), key=_first_day):
            group.append(part)
            if sum(one.rows for one in group) >= rows:
                yield group
                group = []
        if len(group) > 1:
            yield group


def _first_day(part: Part) -> int:
    return part.first_day or 0


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
