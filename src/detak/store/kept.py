"""Tables made from facts beforehand, in memory, and who did something since. Nothing of them is on the disk.

They are made person by person, so that a reader takes them for everybody who did nothing since and makes only the
others' rows anew. Where facts were changed or removed, all of it is let go of at once and made again later.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa

from detak.beat import Ended, never

Subjects = np.ndarray[tuple[int], np.dtype[np.int64]]
Query = Callable[[Mapping[str, str]], str]
_NOBODY: Subjects = np.array([], dtype=np.int64)
_DATABASE = "kept"
_ENTRIES = 256  # of the record of changes; more are joined


class Mark(NamedTuple):
    """A moment in the life of the facts."""

    epoch: int
    """How often what was kept had to go."""
    position: int
    """How many times somebody did something."""


class Look(NamedTuple):
    """What a reader that began at a moment finds."""

    mark: Mark
    tables: Mapping[str, str]
    """Name -> the table of that version; empty: nothing is kept."""
    made: Any
    """What whoever had them made left beside them."""
    touched: Subjects
    """Who did something since they were made, each once."""


class KeptTables:
    """The tables, and the record of changes. Every method may be called by any thread."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._connection.execute(f"ATTACH ':memory:' AS {_DATABASE} (COMPRESS)")
        self._lock = threading.Lock()
        self._epoch = 0
        self._version = 0
        self._tables: dict[str, str] = {}
        self._made: Any = None
        self._position = 0
        self._touched: list[tuple[int, Subjects]] = []

    def touch(self, subjects: Iterable[int] | pa.ChunkedArray) -> None:
        """These people did something."""
        if isinstance(subjects, pa.ChunkedArray):
            found = np.unique(subjects.drop_null().to_numpy())
        else:
            found = np.unique(np.fromiter(subjects, dtype=np.int64))
        if len(found):
            with self._lock:
                self._position += 1
                self._touched.append((self._position, found))
                if len(self._touched) > _ENTRIES:
                    self._touched = [(self._position, _every(self._touched))]

    def let_go(self) -> None:
        """Facts were changed or removed: nothing that was kept holds."""
        with self._lock:
            self._epoch += 1
            gone, self._tables, self._made = self._tables, {}, None
        self._drop(gone.values())

    def look(self) -> Look:
        """As of now."""
        with self._lock:
            return Look(Mark(self._epoch, self._position), dict(self._tables), self._made, _every(self._touched))

    def make(
        self, mark: Mark, queries: Mapping[str, tuple[Query, str]], cursor: Any, made: Any, ended: Ended = never
    ) -> bool:
        """Make tables in a reader's view of the moment ``mark``: name -> query, and the order of its rows. A query is
        told which tables were made before it.

        Returns whether they count: not if facts were changed or removed meanwhile, or it ``ended`` between two of them.
        """
        with self._lock:
            self._version += 1
            names = {name: f"{_DATABASE}.{name}_{self._version}" for name in queries}
        before: dict[str, str] = {}
        for name, (query, order) in queries.items():
            if ended():
                break
            cursor.execute(f"CREATE TABLE {names[name]} AS FROM ({query(before)}) ORDER BY {order}")
            before[name] = names[name]
        cursor.execute("COMMIT")
        cursor.execute("BEGIN")
        with contextlib.suppress(duckdb.Error):  # only compresses them
            self._connection.cursor().execute(f"CHECKPOINT {_DATABASE}")
        with self._lock:
            good = mark.epoch == self._epoch and len(before) == len(queries)
            if good:
                gone, self._tables, self._made = self._tables, names, made
                self._touched = [one for one in self._touched if one[0] > mark.position]
        self._drop((gone if good else names).values())
        return good

    def _drop(self, tables: Iterable[str]) -> None:
        with self._connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"DROP TABLE IF EXISTS {table}")


def _every(touched: list[tuple[int, Subjects]]) -> Subjects:
    return np.unique(np.concatenate([_NOBODY, *(one for _, one in touched)]))
