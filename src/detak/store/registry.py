"""What people configure, and the audit chain: write keys and every passage through the gate."""

import hashlib
import json
import secrets
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from detak.errors import StoreError, UsageError
from detak.store.sqlite import open_sqlite

_tables = MetaData()
_keys = Table(
    "write_keys",
    _tables,
    Column("key", String, primary_key=True),
    Column("source", String, nullable=False, unique=True),
    Column("created", String, nullable=False),
)
_audit = Table(
    "audit",
    _tables,
    Column("number", Integer, primary_key=True),
    Column("time", String, nullable=False),
    Column("verb", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("why", String, nullable=False),
    Column("detail", String, nullable=False),  # JSON: counts, never an identifier
    Column("before", String, nullable=False),  # hash of the row before
    Column("hash", String, nullable=False),
)
_START = "0" * 64


class AuditRow(msgspec.Struct, frozen=True):
    """One passage through the gate."""

    number: int
    time: str
    verb: str
    purpose: str
    why: str
    detail: str
    before: str
    hash: str

    @property
    def expected(self) -> str:
        """The hash that the row must carry: over its content and the row before it."""
        content = [self.number, self.time, self.verb, self.purpose, self.why, self.detail, self.before]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


class Registry:
    """The registry in one file."""

    def __init__(self, path: Path) -> None:
        self._engine = open_sqlite(path, _tables)
        self._writing = threading.Lock()
        self._closed = False

    def write_key(self, source: str) -> str:
        """The write key of a source; made on first asking."""
        with self._writing, self._engine.begin() as connection:
            found = connection.execute(select(_keys.c.key).where(_keys.c.source == source)).scalar()
            if found:
                return str(found)
            key = secrets.token_urlsafe(24)
            connection.execute(insert(_keys).values(key=key, source=source, created=_now()))
            return key

    def write_keys(self) -> dict[str, str]:
        """Write key -> source."""
        with self._engine.connect() as connection:
            return {key: source for key, source, _ in connection.execute(select(_keys))}

    def revoke(self, source: str) -> None:
        """Take a source's write key back.

        Raises:
            UsageError: the source has none.
        """
        with self._engine.begin() as connection:
            if not connection.execute(_keys.delete().where(_keys.c.source == source)).rowcount:
                raise UsageError(f"there is no write key for {source!r}")

    def audit(self, verb: str, purpose: str, why: str, detail: dict[str, object]) -> AuditRow:
        """Add a row to the chain.

        Raises:
            StoreError: the registry is closed.
        """
        with self._writing:
            return self._add(verb, purpose, why, detail)

    def _add(self, verb: str, purpose: str, why: str, detail: dict[str, object]) -> AuditRow:
        if self._closed:
            raise StoreError("the store is closed")
        with self._engine.begin() as connection:
            last = connection.execute(select(_audit.c.number, _audit.c.hash).order_by(_audit.c.number.desc())).first()
            number, before = (last.number + 1, last.hash) if last else (1, _START)
            text = json.dumps(detail, sort_keys=True)
            row = AuditRow(number, _now(), verb, purpose, why, text, before, "")
            row = msgspec.structs.replace(row, hash=row.expected)
            connection.execute(insert(_audit).values(msgspec.structs.asdict(row)))
            return row

    def audit_rows(self, after: int = 0) -> Iterator[AuditRow]:
        """The chain, oldest first."""
        with self._engine.connect() as connection:
            for row in connection.execute(select(_audit).where(_audit.c.number > after).order_by(_audit.c.number)):
                yield AuditRow(**row._mapping)

    def audit_break(self) -> int | None:
        """The number of the first row that was changed, or behind which one is missing; None when the chain holds."""
        before = _START
        for number, row in enumerate(self.audit_rows(), 1):
            if (row.number, row.before, row.hash) != (number, before, row.expected):
                return number
            before = row.hash
        return None

    def close(self) -> None:
        """Let go of the file. Whoever is still at work passes the gate no more: each passage leaves a row."""
        with self._writing:
            self._closed = True
        self._engine.dispose()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
