"""Sealed facts: Parquet parts and the manifest that names them. Whatever the manifest does not name does not exist.

A part covers whole days and is sorted by subject and time. A busy shop gets a part a day; a quiet one a part for as
many days as hold ``part_rows``: two years of a small shop as 730 tiny files would be slow to write and slow to read.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from detak.errors import StoreError
from detak.store.base import KEY, TABLES
from detak.store.files import remove, sync_folder, temporary_name, write_durably

VERSION: Final = 1
_SUFFIXES = (".parquet", ".npy", ".tmp")

Keys = np.ndarray[tuple[int], np.dtype[np.int64]]
Subjects = np.ndarray[tuple[int], np.dtype[np.int64]]
Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]


class Part(msgspec.Struct, frozen=True):
    """One sealed Parquet file."""

    file: str
    table: str
    rows: int
    first_day: int | None = None  # days since 1970, UTC; null: rows without a time
    last_day: int | None = None


class Manifest(msgspec.Struct, frozen=True):
    """What the store consists of. Replaced whole, so a crash leaves the one before or the one after."""

    version: int = VERSION
    offset: int = 0
    parts: tuple[Part, ...] = ()
    keys: tuple[str, ...] = ()  # sorted int64 message keys of the sealed events
    counter: int = 0


class Parts:
    """The sealed files in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = folder / "manifest.json"
        self.manifest = self._load()
        self._counter = self.manifest.counter
        self._unnamed: list[str] = []
        self._sweep()

    @property
    def spill(self) -> Path:
        """Where the engine may put what does not fit into memory; emptied at every start."""
        return self.folder / "spill"

    def path(self, file: str) -> Path:
        """Where a file of the manifest lies."""
        return self.folder / file

    def write(self, table: str, rows: pa.Table, part_rows: int) -> list[Part]:
        """Write rows as parts, durable but not yet named by the manifest."""
        return [self._write_part(table, chunk, first, last) for chunk, first, last in _by_days(rows, part_rows)]

    def read(self, part: Part) -> pa.Table:
        """The rows of a part; columns that came after it was written are null."""
        schema = TABLES[part.table]
        found = pq.read_table(self.path(part.file))
        columns = [
            found[field.name] if field.name in found.column_names else pa.nulls(found.num_rows, field.type)
            for field in schema
        ]
        return pa.table(columns, names=schema.names).cast(schema)

    def holds(self, part: Part, subjects: Subjects) -> bool:
        """Whether a part holds a row of one of these people."""
        if "subject" not in TABLES[part.table].names:
            return False
        return bool(is_in(pq.read_table(self.path(part.file), columns=["subject"]), subjects).any())

    def keys_since(self, part: Part, received: datetime) -> Keys:
        """The message keys of a part of events that came in from then on (UTC)."""
        rows = pq.read_table(self.path(part.file), columns=["id", "received"])
        return keys_of("events", rows.filter(pc.greater_equal(rows["received"], received.replace(tzinfo=None))))

    def write_keys(self, keys: Keys) -> str:
        """Write sorted message keys, durable but not yet named by the manifest."""
        name = self._name("keys", "npy")

        def save(path: Path) -> None:
            with path.open("wb") as file:
                np.save(file, np.sort(keys))

        write_durably(self.path(name), save)
        return name

    def commit(self, *, offset: int, parts: tuple[Part, ...], keys: tuple[str, ...]) -> list[str]:
        """Make these the store's files; the names of those that no longer are, for the caller to delete."""
        before = self.manifest
        after = Manifest(offset=offset, parts=parts, keys=keys, counter=self._counter)
        data = msgspec.json.encode(after)
        try:
            write_durably(self._path, lambda path: _save(path, data))
        except OSError:
            if self._path.exists() and self._path.read_bytes() == data:
                self._unnamed = []  # named, if not durably yet: whichever manifest a crash leaves, its files are there
            raise
        self.manifest = after
        self._unnamed = []
        kept = {part.file for part in parts} | set(keys)
        return [name for name in [*(part.file for part in before.parts), *before.keys] if name not in kept]

    def delete(self, names: Iterable[str]) -> None:
        """Delete files that the manifest no longer names."""
        for name in names:
            remove(self.path(name))
        sync_folder(self.folder)

    @contextmanager
    def attempt(self, *, keep: bool = False) -> Iterator[None]:
        """What is written inside and not named at its end is deleted: a full disk is not filled with leftovers.

        ``keep``: unless it ends well; what was written waits for the next attempt to be named.
        """
        try:
            yield
        except BaseException:
            keep = False
            raise
        finally:
            unnamed = []
            if not keep:
                unnamed, self._unnamed = self._unnamed, []
            if unnamed:
                self.delete([name for one in unnamed for name in (one, temporary_name(one))])

    def _write_part(self, table: str, rows: pa.Table, first: int | None, last: int | None) -> Part:
        name = self._name(table, "parquet")
        order = [(column, "ascending") for column in ("subject", "time", "received") if column in rows.column_names]
        rows = rows.combine_chunks()  # rows are taken from one chunk several times quicker than from many
        rows = rows.take(pc.sort_indices(rows, order))

        def save(path: Path) -> None:
            pq.write_table(rows, path, compression="zstd", row_group_size=120_000)

        write_durably(self.path(name), save)
        return Part(name, table, rows.num_rows, first, last)

    def _name(self, table: str, suffix: str) -> str:
        self._counter += 1
        name = f"{table}-{self._counter:08d}.{suffix}"
        self._unnamed.append(name)
        return name

    def _load(self) -> Manifest:
        if not self._path.exists():
            return Manifest()
        try:
            manifest = msgspec.json.decode(self._path.read_bytes(), type=Manifest)
        except msgspec.MsgspecError as error:
            raise StoreError(f"{self._path}: cannot be read ({error}); restore it from a backup") from None
        if manifest.version != VERSION:
            raise StoreError(f"{self._path}: was written by another version of Detak ({manifest.version})")
        for name in [*(part.file for part in manifest.parts), *manifest.keys]:
            if not self.path(name).is_file():
                raise StoreError(f"{self.path(name)}: is missing; restore it from a backup")
        return manifest

    def _sweep(self) -> None:
        """Delete what a crash left: files written but never named."""
        named = {part.file for part in self.manifest.parts} | set(self.manifest.keys)
        for path in self.folder.iterdir():
            if path.suffix in _SUFFIXES and path.name not in named:
                remove(path)
        shutil.rmtree(self.spill, ignore_errors=True)


def _save(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _by_days(rows: pa.Table, part_rows: int) -> Iterator[tuple[pa.Table, int | None, int | None]]:
    """Rows cut between days into chunks of about ``part_rows``; those without a time by themselves."""
    column = "time" if "time" in rows.column_names else "received"
    known = pc.is_valid(rows[column])
    untimed = rows.filter(pc.invert(known))
    if untimed.num_rows:
        yield untimed, None, None
    timed = rows.filter(known)
    if not timed.num_rows:
        return
    days = timed[column].cast(pa.int64()).to_numpy() // 86_400_000_000
    if days.min() == days.max():
        yield timed, int(days[0]), int(days[0])
        return
    timed = timed.combine_chunks()
    order = np.argsort(days, kind="stable")
    days = days[order]
    start = 0
    while start < len(days):
        cut = min(start + part_rows, len(days)) - 1
        end = int(np.searchsorted(days, days[cut], side="right"))
        yield timed.take(order[start:end]), int(days[start]), int(days[end - 1])
        start = end


def is_in(rows: pa.Table, subjects: Subjects) -> Mask:
    """For each row, whether it is one of these people's."""
    return np.isin(rows["subject"].fill_null(0).to_numpy(), subjects)


def keys_of(table: str, rows: pa.Table) -> Keys:
    """The message keys of rows of ``events`` or ``items``."""
    return np.asarray(rows[KEY[table]].to_numpy(), dtype=np.int64)
