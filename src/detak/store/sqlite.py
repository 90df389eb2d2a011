"""SQLite, set up for durability and for forgetting: committed is on the disk, deleted is overwritten."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, MetaData, create_engine, event

from detak.errors import StoreError

T = TypeVar("T")


def open_sqlite(path: Path, tables: MetaData) -> Engine:
    """An engine on a file only its owner can read, with its tables made."""
    path.touch(mode=0o600, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    tables.create_all(engine)
    return engine


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
