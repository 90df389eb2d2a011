"""The vault: who is behind a pseudonym, and what they said of their data. The only place that holds identifiers.

Facts carry a random number for a person; here is the one table that leads from an identifier to it. Deleting a row
here cuts the facts off from the person for good.
"""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    delete,
    select,
)
from sqlalchemy.dialects.sqlite import insert

from detak.consent import REFUSABLE, Purpose, Statement, union
from detak.store.sqlite import chunks, open_sqlite, overwrite_deleted

Identifier = tuple[str, str]
"""``(kind, value)``: ``("user", "42")`` or ``("anonymous", "5f0c...")``."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_AT_ONCE = 500  # values in one IN (...)
_tables = MetaData()

_identities = Table(
    "identities",
    _tables,
    Column("kind", String, primary_key=True),
    Column("value", String, primary_key=True),
    Column("subject", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)
_traits = Table(
    "traits", _tables, Column("subject", BigInteger, primary_key=True), Column("traits", String, nullable=False)
)
_standing = Table(
    "standing",
    _tables,
    Column("subject", BigInteger, primary_key=True),
    Column("purpose", Integer, primary_key=True),
    Column("granted", Integer, nullable=False),
    Column("time", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Index("refusing", "purpose", "granted"),
    sqlite_with_rowid=False,
)
_statements = Table(
    "statements",
    _tables,
    Column("number", Integer, primary_key=True),
    Column("subject", BigInteger, nullable=False, index=True),
    Column("granted", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("evidence", String, nullable=False),
    UniqueConstraint("subject", "evidence"),
)


class Standing(NamedTuple):
    """What one person's statements come to: for each purpose they spoke of, when (microseconds) and whether yes."""

    words: Mapping[Purpose, tuple[int, bool]] = MappingProxyType({})

    @property
    def granted(self) -> Purpose:
        """The purposes whose last word is yes."""
        return union(purpose for purpose, (_, yes) in self.words.items() if yes)

    @property
    def refused(self) -> Purpose:
        """The purposes whose last word is no."""
        return union(purpose for purpose, (_, yes) in self.words.items() if not yes)

    def after(self, granted: Purpose, refused: Purpose, time: int) -> "Standing":
        """With one more statement: for each purpose the latest word counts, and at one moment the refusal."""
        words = dict(self.words)
        for purpose in REFUSABLE:
            if purpose & (granted | refused):
                yes = not purpose & refused
                at, before = words.get(purpose, (time - 1, yes))
                if time > at or (time == at and before):
                    words[purpose] = (time, yes)
        return Standing(words)


class Vault:
    """The vault in one file. The sink writes; any thread reads."""

    def __init__(self, path: Path) -> None:
        self._engine = open_sqlite(path, _tables)
        self._version = 0
        self._refusing: dict[Purpose, tuple[int, frozenset[int]]] = {}

    def lookup(self, identifiers: Iterable[Identifier]) -> dict[Identifier, int]:
        """The subjects of those identifiers that are known."""
        wanted: dict[str, set[str]] = {}
        for kind, value in identifiers:
            wanted.setdefault(kind, set()).add(value)
        found: dict[Identifier, int] = {}
        with self._engine.connect() as connection:
            for kind, values in wanted.items():
                for some in chunks(values, _AT_ONCE):
                    rows = connection.execute(
                        select(_identities.c.value, _identities.c.subject).where(
                            _identities.c.kind == kind, _identities.c.value.in_(some)
                        )
                    )
                    found.update({(kind, value): subject for value, subject in rows})
        return found

    def standing(self, subjects: Iterable[int]) -> dict[int, Standing]:
        """What each of these people last said of each purpose; those who said nothing are absent."""
        found: dict[int, dict[Purpose, tuple[int, bool]]] = {}
        with self._engine.connect() as connection:
            for some in chunks(set(subjects), _AT_ONCE):
                for row in connection.execute(select(_standing).where(_standing.c.subject.in_(some))):
                    found.setdefault(row.subject, {})[Purpose(row.purpose)] = (row.time, bool(row.granted))
        return {subject: Standing(words) for subject, words in found.items()}

    def claimed(self, subjects: Iterable[int]) -> set[int]:
        """Those of the people who have a user id already."""
        found: set[int] = set()
        with self._engine.connect() as connection:
            for some in chunks(set(subjects), _AT_ONCE):
                query = select(_identities.c.subject).where(
                    _identities.c.subject.in_(some), _identities.c.kind == "user"
                )
                found.update(connection.execute(query).scalars())
        return found

    def refusing(self, purpose: Purpose) -> frozenset[int]:
        """Everyone whose last word on the purpose is no."""
        version = self._version
        cached = self._refusing.get(purpose)
        if cached and cached[0] == version:
            return cached[1]
        with self._engine.connect() as connection:
            rows = connection.execute(
                select(_standing.c.subject).where(_standing.c.purpose == int(purpose), _standing.c.granted == 0)
            )
            everyone = frozenset(rows.scalars())
        self._refusing[purpose] = (version, everyone)
        return everyone

    def write(
        self,
        identities: dict[Identifier, int],
        traits: dict[int, dict[str, Any]],
        statements: Sequence[tuple[int, Statement]],
    ) -> None:
        """Add identifiers, traits and statements in one commit. Doing it twice changes nothing.

        A statement without evidence repeats one on record: it moves the time of the standing and adds no proof.
        """
        if not (identities or traits or statements):
            return
        with self._engine.begin() as connection:
            if identities:
                rows = [{"kind": kind, "value": value, "subject": one} for (kind, value), one in identities.items()]
                connection.execute(insert(_identities).on_conflict_do_nothing(), rows)
            for subject, fresh in traits.items():
                _merge_traits(connection, subject, fresh)
            if statements:
                _record(connection, statements)
        if statements:
            self._version += 1

    def people(self, subjects: Iterable[int]) -> dict[int, tuple[list[Identifier], dict[str, Any]]]:
        """Identifiers and traits of people."""
        found: dict[int, tuple[list[Identifier], dict[str, Any]]] = {}
        with self._engine.connect() as connection:
            for some in chunks(set(subjects), _AT_ONCE):
                for kind, value, subject in connection.execute(
                    select(_identities).where(_identities.c.subject.in_(some))
                ):
                    found.setdefault(subject, ([], {}))[0].append((kind, value))
                for subject, traits in connection.execute(select(_traits).where(_traits.c.subject.in_(some))):
                    found.setdefault(subject, ([], {}))[1].update(json.loads(traits))
        return found

    def history(self, subjects: Iterable[int]) -> list[Statement]:
        """Every statement on record, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                select(_statements).where(_statements.c.subject.in_(list(subjects))).order_by(_statements.c.time)
            )
            return [
                Statement(Purpose(row.granted), Purpose(row.refused), from_micros(row.time), row.evidence)
                for row in rows
            ]

    def forget(self, subjects: Iterable[int]) -> None:
        """Remove people; their rows are overwritten, not only unlinked."""
        gone = list(subjects)
        with self._engine.begin() as connection:
            for table in (_identities, _traits, _standing, _statements):
                connection.execute(delete(table).where(table.c.subject.in_(gone)))
        self._version += 1
        overwrite_deleted(self._engine)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def pseudonym() -> int:
    """A fresh random subject: 62 bits, never zero, saying nothing of the person."""
    return secrets.randbelow(2**62 - 1) + 1


def from_micros(micros: int) -> datetime:
    """Microseconds since 1970 as a time, UTC."""
    return _EPOCH + micros * _MICROSECOND


def _merge_traits(connection: Connection, subject: int, fresh: dict[str, Any]) -> None:
    before = connection.execute(select(_traits.c.traits).where(_traits.c.subject == subject)).scalar()
    merged = json.dumps({**(json.loads(before) if before else {}), **fresh}, ensure_ascii=False)
    statement = insert(_traits).values(subject=subject, traits=merged)
    connection.execute(statement.on_conflict_do_update(index_elements=["subject"], set_={"traits": merged}))


def _record(connection: Connection, statements: Sequence[tuple[int, Statement]]) -> None:
    """Keep the statements as evidence; for each purpose the latest stands, and at one moment the refusal."""
    ledger = []
    fresh: dict[int, Standing] = {}
    for subject, said in statements:
        time = (said.time - _EPOCH) // _MICROSECOND
        if said.evidence:
            row = {"granted": int(said.granted), "refused": int(said.refused), "evidence": said.evidence}
            ledger.append({"subject": subject, "time": time, **row})
        fresh[subject] = fresh.get(subject, Standing()).after(said.granted, said.refused, time)
    if ledger:
        connection.execute(insert(_statements).on_conflict_do_nothing(), ledger)
    statement = insert(_standing)
    later = (statement.excluded.time > _standing.c.time) | (
        (statement.excluded.time == _standing.c.time) & (statement.excluded.granted < _standing.c.granted)
    )
    rows = [
        {"subject": subject, "purpose": int(purpose), "granted": int(yes), "time": time}
        for subject, standing in fresh.items()
        for purpose, (time, yes) in standing.words.items()
    ]
    if not rows:
        return
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["subject", "purpose"],
            set_={"granted": statement.excluded.granted, "time": statement.excluded.time},
            where=later,
        ),
        rows,
    )
