"""The vault: who is behind a pseudonym, and what they said of their data. The only place that holds identifiers.

Facts carry a random number for a person; here is the one table that leads from an identifier to it. Deleting a row
here cuts the facts off from the person for good.
"""

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    delete,
    select,
)
from sqlalchemy.dialects.sqlite import insert

from detak.clock import from_micros, to_micros
from detak.consent import Purpose, Standing, Statement, Word
from detak.store.sqlite import chunks, open_sqlite, overwrite_deleted
from detak.subject import Identifier

_FOREVER = 2**62
_REMEMBERED = 500_000  # people whose identifiers and standing stay in memory
_AT_ONCE = 500  # values in one IN (...)
_tables = MetaData()
K = TypeVar("K")
V = TypeVar("V")

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
    Column("yes", Integer, nullable=False),
    Column("time", BigInteger, nullable=False),  # microseconds since 1970, UTC, as the next two: see consent.Word
    Column("since", BigInteger, nullable=False),
    Column("no", BigInteger, index=True),
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

_links = Table(
    "links",
    _tables,
    Column("device", BigInteger, primary_key=True),  # a subject without a user id: it belongs to one person only
    Column("owner", BigInteger, nullable=False, index=True),
    Column("evidence", String, nullable=False),  # the message that showed that the two are one person
    sqlite_with_rowid=False,
)


class Vault:
    """The vault in one file. The sink writes; any thread reads."""

    def __init__(self, path: Path) -> None:
        self._engine = open_sqlite(path, _tables)
        self._version = 0
        self._refusing: dict[Purpose, tuple[int, dict[int, int]]] = {}
        self._known: dict[Identifier, int] = {}
        self._stands: dict[int, Standing] = {}
        self._memory = threading.Lock()

    def lookup(self, identifiers: Iterable[Identifier]) -> dict[Identifier, int]:
        """The subjects of those identifiers that are known."""
        version, known = self._version, self._known
        found: dict[Identifier, int] = {}
        wanted: dict[str, set[str]] = {}
        for identifier in identifiers:
            subject = known.get(identifier)
            if subject is None:
                wanted.setdefault(identifier[0], set()).add(identifier[1])
            else:
                found[identifier] = subject
        if not wanted:
            return found
        with self._engine.connect() as connection:
            for kind, values in wanted.items():
                for some in chunks(values, _AT_ONCE):
                    rows = connection.execute(
                        select(_identities.c.value, _identities.c.subject).where(
                            _identities.c.kind == kind, _identities.c.value.in_(some)
                        )
                    )
                    found.update({(kind, value): subject for value, subject in rows.all()})
        self._remember(version, self._known, found)
        return found

    def standing(self, subjects: Iterable[int]) -> dict[int, Standing]:
        """What each of these people last said of each purpose; those who said nothing are absent."""
        version, everyone = self._version, set(subjects)
        found = {subject: self._stands[subject] for subject in everyone if subject in self._stands}
        unread = everyone - found.keys()
        if unread:
            words: dict[int, dict[int, Word]] = {subject: {} for subject in unread}
            with self._engine.connect() as connection:
                for some in chunks(unread, _AT_ONCE):
                    for row in connection.execute(select(_standing).where(_standing.c.subject.in_(some))):
                        words[row.subject][row.purpose] = Word(row.time, bool(row.yes), row.since, row.no)
            read = {subject: Standing.of(said) for subject, said in words.items()}
            self._remember(version, self._stands, read)
            found |= read
        return {subject: standing for subject, standing in found.items() if standing.words}

    def owners(self, subjects: Iterable[int]) -> dict[int, int]:
        """Whose each subject is: a person's with a user id their own, a device's its person's; others are absent."""
        found: dict[int, int] = {}
        with self._engine.connect() as connection:
            for some in chunks(set(subjects), _AT_ONCE):
                users = select(_identities.c.subject).where(
                    _identities.c.subject.in_(some), _identities.c.kind == "user"
                )
                found |= {subject: subject for subject in connection.execute(users).scalars().all()}
                devices = select(_links.c.device, _links.c.owner).where(_links.c.device.in_(some))
                found |= {row.device: row.owner for row in connection.execute(devices)}
        return found

    def devices(self, owners: Iterable[int]) -> dict[int, set[int]]:
        """The subjects of the devices that were shown to belong to people."""
        found: dict[int, set[int]] = {}
        with self._engine.connect() as connection:
            for some in chunks(set(owners), _AT_ONCE):
                for row in connection.execute(select(_links).where(_links.c.owner.in_(some))):
                    found.setdefault(row.owner, set()).add(row.device)
        return found

    def refusing(self, purpose: Purpose) -> dict[int, int]:
        """Everyone who ever said no to the purpose, and until when nothing of theirs counts: the end of time while
        their last word is no, else the moment of the last no. Microseconds since 1970, UTC."""
        version = self._version
        cached = self._refusing.get(purpose)
        if cached and cached[0] == version:
            return cached[1]
        with self._engine.connect() as connection:
            query = select(_standing.c.subject, _standing.c.yes, _standing.c.no).where(
                _standing.c.purpose == int(purpose), _standing.c.no.is_not(None)
            )
            everyone = {subject: no if yes else _FOREVER for subject, yes, no in connection.execute(query).all()}
        self._refusing[purpose] = (version, everyone)
        return everyone

    def write(
        self,
        identities: dict[Identifier, int],
        traits: dict[int, dict[str, Any]],
        statements: Sequence[tuple[int, Statement]],
        renewed: Mapping[int, Standing] = MappingProxyType({}),
        links: Mapping[int, tuple[int, str]] = MappingProxyType({}),
    ) -> None:
        """Add identifiers, traits and statements in one commit. Doing it twice changes nothing.

        A statement without evidence repeats one on record: it moves the time of the standing and adds no proof.
        ``renewed`` says the same of many statements at once: where people stand after them. ``links``: the subject
        of a device, its owner, and the message that showed it; the first owner stays.
        """
        if not (identities or traits or statements or renewed or links):
            return
        with self._engine.begin() as connection:
            if identities:
                rows = [{"kind": kind, "value": value, "subject": one} for (kind, value), one in identities.items()]
                connection.execute(insert(_identities).on_conflict_do_nothing(), rows)
            for subject, fresh in traits.items():
                _merge_traits(connection, subject, fresh)
            if statements or renewed:
                _record(connection, statements, renewed)
            if links:
                rows = [{"device": one, "owner": owner, "evidence": said} for one, (owner, said) in links.items()]
                connection.execute(insert(_links).on_conflict_do_nothing(), rows)
        with self._memory:
            for subject, _ in statements:
                self._stands.pop(subject, None)
            self._stands.update(renewed)
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

    def linked(self, subjects: Iterable[int]) -> set[int]:
        """The people, with every subject that was shown to be the same person: their devices'."""
        given = set(subjects)
        owners = given | set(self.owners(given).values())
        return owners.union(*self.devices(owners).values())

    def history(self, subjects: Iterable[int]) -> list[Statement]:
        """Every statement on record, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                select(_statements).where(_statements.c.subject.in_(list(subjects))).order_by(_statements.c.time)
            )
            return [Statement(row.granted, row.refused, from_micros(row.time), row.evidence) for row in rows]

    def forget(self, subjects: Iterable[int]) -> None:
        """Remove people; their rows are overwritten, not only unlinked."""
        gone = list(subjects)
        with self._engine.begin() as connection:
            for table in (_identities, _traits, _standing, _statements):
                connection.execute(delete(table).where(table.c.subject.in_(gone)))
            connection.execute(delete(_links).where(_links.c.device.in_(gone) | _links.c.owner.in_(gone)))
        with self._memory:
            self._known, self._stands = {}, {}
            self._version += 1
        overwrite_deleted(self._engine)

    def _remember(self, version: int, memory: dict[K, V], read: Mapping[K, V]) -> None:
        """Keep what was read in memory, which is bounded; not if it was written to since."""
        with self._memory:
            if version != self._version:
                return
            if len(memory) + len(read) > _REMEMBERED:
                memory.clear()
            memory.update(read)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def _merge_traits(connection: Connection, subject: int, fresh: dict[str, Any]) -> None:
    before = connection.execute(select(_traits.c.traits).where(_traits.c.subject == subject)).scalar()
    merged = json.dumps({**(json.loads(before) if before else {}), **fresh}, ensure_ascii=False)
    statement = insert(_traits).values(subject=subject, traits=merged)
    connection.execute(statement.on_conflict_do_update(index_elements=["subject"], set_={"traits": merged}))


def _record(
    connection: Connection, statements: Sequence[tuple[int, Statement]], renewed: Mapping[int, Standing]
) -> None:
    """Keep the statements as evidence, and where people stand after them."""
    ledger = []
    fresh = dict(renewed)
    for subject, said in statements:
        time = to_micros(said.time)
        if said.evidence:
            row = {"granted": int(said.granted), "refused": int(said.refused), "evidence": said.evidence}
            ledger.append({"subject": subject, "time": time, **row})
        if subject not in renewed:
            before = fresh.get(subject) or _read_standing(connection, subject)
            fresh[subject] = before.after(said.granted, said.refused, time)
    if ledger:
        connection.execute(insert(_statements).on_conflict_do_nothing(), ledger)
    rows = [
        {"subject": subject, "purpose": purpose, **word._asdict()}
        for subject, standing in fresh.items()
        for purpose, word in standing.words.items()
    ]
    if rows:
        statement = insert(_standing)
        values = {name: statement.excluded[name] for name in Word._fields}
        connection.execute(statement.on_conflict_do_update(index_elements=["subject", "purpose"], set_=values), rows)


def _read_standing(connection: Connection, subject: int) -> Standing:
    rows = connection.execute(select(_standing).where(_standing.c.subject == subject))
    return Standing.of({row.purpose: Word(row.time, bool(row.yes), row.since, row.no) for row in rows})
