"""SQLite, set up for durability and for forgetting: committed is on the disk, deleted is overwritten."""

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, ExceptionContext, MetaData, create_engine, event

from detak.errors import StoreError

T = TypeVar("T")


def open_sqlite(path: Path, tables: MetaData) -> Engine:
    """An engine on a file only its owner can read, with its tables made.

    Raises:
        StoreError: the file is no database, or a damaged one; statements on the engine raise it too.
    """
    path.touch(mode=0o600, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "handle_error")
    def _explain(context: ExceptionContext) -> StoreError | None:
        error = context.original_exception
        return _in_words(path, error) if isinstance(error, sqlite3.DatabaseError) else None

    try:
        tables.create_all(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _in_words(path: Path, error: sqlite3.DatabaseError) -> StoreError:
    """The message of SQLite names no value."""
    damaged = getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
    what = "is damaged; restore it from a backup" if damaged else "cannot be used"
    return StoreError(f"{path}: {what} ({error})")


def overwrite_deleted(engine: Engine) -> None:
    """Move the write-ahead log into the file and empty it, so that deleted rows are nowhere.

    Raises:
        StoreError: somebody kept reading the file, so that the log could not be emptied.
    """
    with engine.connect() as connection:
        busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
    if busy:
        raise StoreError(f"{engine.url.database}: another program reads it, so deleted rows are still in its log")


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """At most ``size`` values at a time: a statement takes a limited number of parameters."""
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some
