"""Facts read by DuckDB: a hot tail in memory over sealed Parquet, as one table.

The tail needs no file of its own: the log holds everything since the last seal and fills it again after a crash. So
there is no second write-ahead log to flush, no checkpoint to stall, and no database file that keeps erased bytes.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from detak.store.background import standing_back
from detak.store.base import TABLES, Batch, Sealed, Sealing
from detak.store.compiled import Compiled
from detak.store.duck_reader import DuckReader
from detak.store.generations import Generations
from detak.store.kept import KeptTables, Look
from detak.store.parts import Keys, Mask, Part, Parts, is_in, keys_of
from detak.store.seen import Seen
from detak.store.tail import Tail
from detak.store.views import quoted, view

_COMPACT_FROM = 8  # small parts of one table that are worth merging


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
        with standing_back():
            self._connection = duckdb.connect(":memory:", config={"memory_limit": memory})
        self._connection.execute("SET GLOBAL TimeZone = 'UTC'")  # of every reader, whatever the machine's is
        self._connection.execute("SET GLOBAL python_enable_replacements = false")  # no name of a table is a variable's
        self._connection.execute("SET GLOBAL parquet_metadata_cache = true")  # sealed files never change
        # DuckDB 1.5 fails where it pushes the Bloom filter of a large join into a scan of Arrow, as the tail is.
        self._connection.execute("SET GLOBAL disabled_optimizers = 'join_filter_pushdown'")
        self._connection.execute(f"SET temp_directory = '{quoted(self._parts.spill)}'")
        self._connection.execute("CREATE TABLE persons (subject BIGINT, person BIGINT)")
        self._related = False
        self._kept = KeptTables(self._connection)
        self._compiled = Compiled()
        self._tail = Tail()
        self._looking = threading.Lock()  # so that a reader sees the tail and the files of one moment
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
    def rows(self) -> int:
        """Events in sealed files."""
        return sum(part.rows for part in self._parts.manifest.parts if part.table == "events")

    @property
    def unsealed_rows(self) -> int:
        """Rows of events, items and decisions in the hot tail."""
        return self._unsealed

    def known(self, keys: Keys) -> Mask:
        """For each message key, whether it is among the facts."""
        return self._seen.known(keys)

    def append(self, batch: Batch) -> None:
        """Make a batch part of the hot tail."""
        keys = keys_of("events", batch.events)
        with self._looking:
            self._tail.add(batch)
            self._offset = batch.offset  # whatever breaks from here on, the batch is not to be appended again
            self._seen.add(keys)
            self._kept.touch(batch.events["subject"])
            self._kept.touch(batch.decisions["subject"])
        self._unsealed += batch.events.num_rows + batch.items.num_rows + batch.decisions.num_rows

    @property
    def related(self) -> bool:
        """Whether any subject is another's."""
        return self._related

    def relate(self, persons: Mapping[int, int], *, afresh: bool = False) -> None:
        """Subjects that turned out to be another's. ``afresh``: and no others are."""
        if not persons and not afresh:
            return
        columns = [pa.array(list(some), pa.int64()) for some in (persons.keys(), persons.values())]
        before = self._persons() if afresh else {}
        with self._transaction():
            if afresh:
                self._connection.execute("CREATE OR REPLACE TABLE persons (subject BIGINT, person BIGINT)")
            if persons:
                self._connection.register("arrived", pa.table(columns, names=["subject", "person"]))
                self._connection.execute("INSERT INTO persons FROM arrived")
                self._connection.unregister("arrived")
        self._related = bool(persons) or (self._related and not afresh)
        changed = {one for one in before.keys() | persons.keys() if before.get(one) != persons.get(one)}
        whose = (of[one] for of in (before, persons) for one in changed if one in of)
        self._kept.touch([*changed, *whose])

    def begin_seal(self) -> Sealing | None:
        """What is in the hot tail now, to be written; none, if everything is sealed."""
        if self._offset == self.sealed:
            return None
        self._seen.turn()
        return Sealing(self._tail.look(), self._offset)

    def write_seal(self, sealing: Sealing) -> Sealed:
        """Write it into files that nobody sees yet. May run in another thread while facts are appended; nothing else.

        Raises:
            OSError: the disk does not take it; nothing is left behind.
        """
        with self._parts.attempt(keep=True):
            parts = [
                part for name, rows in sealing.tails.items() for part in self._parts.write(name, rows, self._part_rows)
            ]
            events = sealing.tails["events"]
            keys = [self._parts.write_keys(keys_of("events", events))] if events.num_rows else []
        return Sealed(tuple(parts), tuple(keys))

    def end_seal(self, sealing: Sealing, sealed: Sealed) -> None:
        """Show the files instead of the tail they were written from, and remember the offset: both or neither.

        Raises:
            OSError: the disk does not take the manifest.
        """
        manifest = self._parts.manifest
        rows = {name: table.num_rows for name, table in sealing.tails.items()}
        keys = (*manifest.keys, *sealed.keys)
        with self._parts.attempt():
            self._swap(parts=(*manifest.parts, *sealed.parts), keys=keys, offset=sealing.offset, gone=rows)
        self._unsealed -= rows["events"] + rows["items"] + rows["decisions"]

    def seal(self) -> None:
        """Move the hot tail into sealed files and remember the offset, both or neither."""
        sealing = self.begin_seal()
        if sealing is not None:
            self.end_seal(sealing, self.write_seal(sealing))

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
                self._swap(parts=kept, keys=keys, offset=manifest.offset)
        self._generations.sweep()

    def outlive(self, received: datetime) -> None:
        """Forget the keys of messages that came in before then (UTC): one of those sent again would count again."""
        manifest = self._parts.manifest
        keys = [self._parts.keys_since(part, received) for part in manifest.parts if part.table == "events"]
        if not manifest.keys:
            return
        with self._parts.attempt():
            kept = self._parts.write_keys(np.concatenate([np.array([], dtype=np.int64), *keys]))
            self._swap(parts=manifest.parts, keys=(kept,), offset=manifest.offset)

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
        self._kept.let_go()
        self._generations.sweep(wait=True)
        return len(keys)

    def rewrite(self, rewritten: Mapping[str, Callable[[pa.Table], pa.Table | None]]) -> None:
        """Replace the rows of sealed files, table by table in the order given; None: they stay as they are.

        The tail is sealed first, so that nothing is left out.
        """
        self.seal()
        manifest = self._parts.manifest
        kept: list[Part] = [part for part in manifest.parts if part.table not in rewritten]
        with self._parts.attempt():
            for name, change in rewritten.items():
                for part in manifest.parts:
                    if part.table == name:
                        rows = change(self._parts.read(part))
                        kept += [part] if rows is None else self._parts.write(name, rows, self._part_rows)
            self._swap(parts=tuple(kept), keys=manifest.keys, offset=manifest.offset)
        self._kept.let_go()
        self._generations.sweep()

    @contextmanager
    def reader(self, *, before: datetime | None = None, since: datetime | None = None) -> Iterator[DuckReader]:
        """A view for one question; no sealed file it shows is deleted while it is open.

        ``before``, ``since``: what happened (or, without a time, came in) only then, UTC.
        """
        with self._generations.pinned():
            cursor = self._connection.cursor()
            try:
                with self._looking:
                    tail, parts = self._tail.look(), self._parts.manifest.parts
                    cursor.execute("BEGIN")  # what is kept, and who is whose, stay as of now
                    cursor.execute("FROM duckdb_tables() LIMIT 1").fetchall()
                    kept = self._kept.look()

                def show(name: str) -> None:
                    cursor.register(f"tail_{name}", tail[name])
                    theirs = [one for one in parts if one.table == name]
                    cursor.execute(view(name, theirs, self._parts.path, before, since))

                yield DuckReader(cursor, show, kept, self._kept, self._compiled)
            finally:
                cursor.close()

    def look(self) -> Look:
        """What is kept beforehand now."""
        return self._kept.look()

    def close(self) -> None:
        """Let go of everything."""
        self._connection.close()

    def _persons(self) -> dict[int, int]:
        return dict(self._connection.cursor().execute("FROM persons").fetchall())

    def _without(self, keys: Keys) -> tuple[str, ...]:
        names = self._parts.manifest.keys
        if not len(keys) or not names:
            return names
        return (self._parts.write_keys(np.setdiff1d(self._keys(names), keys)),)

    def _keys(self, names: tuple[str, ...]) -> Keys:
        return np.concatenate([np.load(self._parts.path(one)) for one in names])

    def _swap(
        self, *, parts: tuple[Part, ...], keys: tuple[str, ...], offset: int, gone: dict[str, int] | None = None
    ) -> None:
        """Name other files in the manifest and let the first rows of the tail go: all of it or nothing."""
        with self._looking:
            retired = self._parts.commit(offset=offset, parts=parts, keys=keys)
            if gone is not None:
                self._tail.drop(gone)
        self._seen.sealed([self._parts.path(name) for name in keys], turned=gone is not None)
        self._generations.retire(retired)
        self._generations.sweep()

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
