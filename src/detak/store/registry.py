"""What people configure, and the audit chain: write keys and every passage through the gate."""

import hashlib
import json
import secrets
import threading
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, delete, insert, select

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
_owed = Table(
    "owed",
    _tables,
    Column("number", Integer, primary_key=True),
    Column("wish", String),
    Column("subjects", String, nullable=False),  # JSON: pseudonyms, as long as they are being removed
    Column("events", Integer, nullable=False),
)
_START = "0" * 64
_KEYS = "all"  # where a purpose stands: a source may serve each


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


class Owed(msgspec.Struct, frozen=True):
    """A removal that is begun, and not certified yet."""

    number: int
    wish: str | None
    """What whoever asked calls it; it names nobody."""
    subjects: list[int]
    events: int


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
            self._add(connection, "key", _KEYS, "a write key made", {"source": source})
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
        with self._writing, self._engine.begin() as connection:
            if not connection.execute(_keys.delete().where(_keys.c.source == source)).rowcount:
                raise UsageError(f"there is no write key for {source!r}")
            self._add(connection, "key", _KEYS, "a write key revoked", {"source": source})

    def owe(self, wish: str | None, subjects: Collection[int], events: int) -> Owed:
        """Write down that people are being removed; together with what was written of them before and not done."""
        with self._writing, self._engine.begin() as connection:
            before = [one for one in _every(connection) if _same(one, wish, subjects)]
            connection.execute(delete(_owed).where(_owed.c.number.in_([one.number for one in before])))
            wish = next((one.wish for one in before if one.wish is not None), None) if wish is None else wish
            theirs = sorted({*subjects}.union(*(one.subjects for one in before)))
            most = max([events, *(one.events for one in before)])
            values = {"wish": wish, "subjects": json.dumps(theirs), "events": most}
            (number,) = connection.execute(insert(_owed).values(values)).inserted_primary_key or (0,)
            return Owed(number, wish, theirs, most)

    def owed(self) -> list[Owed]:
        """The removals that are not certified."""
        with self._engine.connect() as connection:
            return _every(connection)

    def removed(self, owed: Owed) -> AuditRow:
        """The row of the chain that says that people were removed; it is owed no more, both or neither."""
        named = {} if owed.wish is None else {"wish": owed.wish}
        with self._writing, self._engine.begin() as connection:
            connection.execute(delete(_owed).where(_owed.c.number == owed.number))
            return self._add(connection, "forget", "essential", "a person's wish", {"events": owed.events, **named})

    def audit(self, verb: str, purpose: str, why: str, detail: dict[str, object]) -> AuditRow:
        """Add a row to the chain.

        Raises:
            StoreError: the registry is closed.
        """
        with self._writing:
            if self._closed:
                raise StoreError("the store is closed")
            with self._engine.begin() as connection:
                return self._add(connection, verb, purpose, why, detail)

    @staticmethod
    def _add(connection: Connection, verb: str, purpose: str, why: str, detail: dict[str, object]) -> AuditRow:
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


def _same(one: Owed, wish: str | None, subjects: Collection[int]) -> bool:
    return (wish is not None and one.wish == wish) or not set(subjects).isdisjoint(one.subjects)


def _every(connection: Connection) -> list[Owed]:
    rows = connection.execute(select(_owed).order_by(_owed.c.number))
    return [Owed(row.number, row.wish, json.loads(row.subjects), row.events) for row in rows]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
