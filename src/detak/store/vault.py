"""The vault: who is behind a pseudonym, and what they said of their data. The only place that holds identifiers.

Facts carry a random number for a person; here is the one table that leads from an identifier to it. Deleting a row
here cuts the facts off from the person for good.
"""

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

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
    insert,
    select,
    update,
)

from detak.clock import from_micros, to_micros
from detak.consent import Purpose, Standing, Statement, Word
from detak.errors import DeniedError
from detak.store.memory import Memory
from detak.store.sqlite import chunks, open_sqlite, overwrite_deleted
from detak.subject import Identifier, Merge

_FOREVER = 2**62
_REMEMBERED = 500_000  # rows of each kind that stay in memory
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

_merges = Table(
    "merges",
    _tables,
    Column("number", Integer, primary_key=True),
    Column("subject", BigInteger, nullable=False, index=True),  # a device: it is one person's only
    Column("person", BigInteger, nullable=False, index=True),
    Column("evidence", String, nullable=False),  # the message that showed that the two are one, or who said so
    Column("time", BigInteger, nullable=False),
    Column("undone", BigInteger),  # when it was taken back; null: it stands
)
Index("merges_standing", _merges.c.subject, unique=True, sqlite_where=_merges.c.undone.is_(None))
_standing_merge = _merges.c.undone.is_(None)


BY_HAND: Final = "by hand: "
"""How the evidence of a merge begins that somebody said, not a message."""


class MergeRecord(NamedTuple):
    """That two subjects were taken for one person, why, and whether they still are. Times are UTC."""

    number: int
    subject: int
    person: int
    evidence: str
    time: datetime
    undone: datetime | None


class Pending:
    """What was learnt and is not on the disk yet."""

    def __init__(self) -> None:
        self._identities: dict[Identifier, int] = {}
        self._traits: dict[int, dict[str, Any]] = {}
        self._proofs: list[tuple[int, Statement]] = []
        self._stands: dict[int, Standing] = {}
        self._merges: list[Merge] = []

    def __bool__(self) -> bool:
        return bool(self._identities or self._traits or self._proofs or self._stands or self._merges)

    def add(
        self,
        identities: Mapping[Identifier, int],
        traits: Mapping[int, Mapping[str, Any]],
        proofs: Sequence[tuple[int, Statement]],
        stands: Mapping[int, Standing],
        merges: Sequence[Merge],
    ) -> None:
        """Some more; of an identifier the first subject stands."""
        for identifier, subject in identities.items():
            self._identities.setdefault(identifier, subject)
        for subject, told in traits.items():
            self._traits.setdefault(subject, {}).update(told)
        self._proofs += [one for one in proofs if one[1].evidence]
        self._stands.update(stands)
        self._merges += merges

    def then(self, later: "Pending") -> "Pending":
        """This, and what came later."""
        self.add(later._identities, later._traits, later._proofs, later._stands, later._merges)
        return self

    def save(self, connection: Connection) -> None:
        """Write it, in the caller's transaction."""
        _insert(connection, "identities(kind, value, subject)", [(*one, at) for one, at in self._identities.items()])
        for some in chunks(self._traits, _AT_ONCE):
            rows = connection.execute(select(_traits).where(_traits.c.subject.in_(some)))
            before = {row.subject: json.loads(row.traits) for row in rows}
            merged = [{**before.get(one, {}), **self._traits[one]} for one in some]
            values = [(one, json.dumps(told, ensure_ascii=False)) for one, told in zip(some, merged, strict=True)]
            _insert(connection, "traits(subject, traits)", values, instead=True)
        proofs = [
            (subject, said.granted, said.refused, to_micros(said.time), said.evidence) for subject, said in self._proofs
        ]
        _insert(connection, "statements(subject, granted, refused, time, evidence)", proofs)
        words = [
            (subject, purpose, int(word.yes), word.time, word.since, word.no)
            for subject, standing in self._stands.items()
            for purpose, word in standing.words.items()
        ]
        _insert(connection, "standing(subject, purpose, yes, time, since, no)", words, instead=True)
        _insert(connection, "merges(subject, person, evidence, time)", self._merges)


_first = itemgetter(0, 1)


def _insert(connection: Connection, into: str, rows: Sequence[tuple[Any, ...]], *, instead: bool = False) -> None:
    """Rows as they are, which is several times quicker than row by row through the toolkit; known ones stay, or go."""
    if rows:
        rows = sorted(rows, key=_first)  # neighbours in the file are written together
        marks = ", ".join("?" * len(rows[0]))
        otherwise = "REPLACE" if instead else "IGNORE"
        statement = f"INSERT OR {otherwise} INTO {into} VALUES ({marks})"  # noqa: S608  no value is part of it
        connection.exec_driver_sql(statement, list(map(tuple, rows)))


class Vault:
    """The vault in one file. The sink writes; any thread reads."""

    def __init__(self, path: Path) -> None:
        self._engine = open_sqlite(path, _tables)
        self._version = 0
        self._refusing: dict[int, dict[int, int]] = {}
        self._pending = Pending()
        self._flushing = threading.RLock()  # held while pending rows move into the file; taken before _memory
        self._known: Memory[Identifier, int] = Memory(_REMEMBERED)
        self._stands: Memory[int, Standing] = Memory(_REMEMBERED)
        self._owners: Memory[int, int] = Memory(_REMEMBERED)
        self._devices: Memory[int, frozenset[int]] = Memory(_REMEMBERED)
        self._apart: frozenset[tuple[int, int]] = frozenset()
        self._memory = threading.Lock()
        self._recall()

    def lookup(self, identifiers: Iterable[Identifier]) -> dict[Identifier, int]:
        """The subjects of those identifiers that are known."""
        return self._remembered(self._known, identifiers, self._read_identities)

    def standing(self, subjects: Iterable[int]) -> dict[int, Standing]:
        """What each of these people last said of each purpose; those who said nothing are absent."""
        return self._remembered(self._stands, subjects, self._read_standing)

    def owners(self, subjects: Iterable[int]) -> dict[int, int]:
        """Whose each subject turned out to be; those that are nobody else's are absent."""
        return self._remembered(self._owners, subjects, self._read_owners)

    def devices(self, owners: Iterable[int]) -> dict[int, set[int]]:
        """The subjects that turned out to be these people's."""
        found = self._remembered(self._devices, owners, self._read_devices)
        return {owner: set(devices) for owner, devices in found.items()}

    def apart(self) -> frozenset[tuple[int, int]]:
        """Whom somebody took apart: (subject, person)."""
        return self._apart

    def persons(self) -> dict[int, int]:
        """Every subject that turned out to be somebody's, and whose."""
        self.flush()
        with self._engine.connect() as connection:
            rows = connection.execute(select(_merges.c.subject, _merges.c.person).where(_standing_merge))
            return {row.subject: row.person for row in rows}

    def merges(self, subjects: Iterable[int]) -> list[MergeRecord]:
        """Every merge on record that one of these was part of, the oldest first."""
        self.flush()
        with self._engine.connect() as connection:
            found: dict[int, MergeRecord] = {}
            for some in chunks(set(subjects), _AT_ONCE):
                theirs = _merges.c.subject.in_(some) | _merges.c.person.in_(some)
                for row in connection.execute(select(_merges).where(theirs)):
                    undone = None if row.undone is None else from_micros(row.undone)
                    when = from_micros(row.time)
                    found[row.number] = MergeRecord(row.number, row.subject, row.person, row.evidence, when, undone)
        return [found[number] for number in sorted(found)]

    def unite(self, subjects: Iterable[int], person: int, evidence: str, time: int) -> None:
        """Record that these are one person's from now on; what was recorded of them otherwise no longer stands."""
        self.flush()
        gone = sorted(set(subjects) - {person})
        rows = [{"subject": one, "person": person, "evidence": evidence, "time": time} for one in gone]
        with self._engine.begin() as connection:
            connection.execute(
                update(_merges).where(_merges.c.subject.in_([*gone, person]), _standing_merge).values(undone=time)
            )
            connection.execute(insert(_merges), rows)
        self._recall()

    def part(self, number: int, time: int) -> None:
        """Take a merge back: its subject is nobody else's again, and is not united with that person by itself.

        Raises:
            DeniedError: there is no such merge, or it was taken back already.
        """
        self.flush()
        with self._engine.begin() as connection:
            row = connection.execute(select(_merges).where(_merges.c.number == number, _standing_merge)).first()
            if row is None:
                raise DeniedError(f"there is no merge {number} that stands")
            act = _merges.c.number == number
            if row.evidence.startswith(BY_HAND):  # one act: all of it goes, and what it replaced stands again
                act = (_merges.c.evidence == row.evidence) & (_merges.c.time == row.time) & _standing_merge
            connection.execute(update(_merges).where(act).values(undone=time))
            if row.evidence.startswith(BY_HAND):
                connection.execute(update(_merges).where(_merges.c.undone == row.time).values(undone=None))
        self._recall()

    def refusing(self, purpose: Purpose) -> dict[int, int]:
        """Everyone who ever said no to the purpose, and until when nothing of theirs counts: the end of time while
        their last word is no, else the moment of the last no. Microseconds since 1970, UTC."""
        with self._memory:
            return dict(self._refusing.get(int(purpose), {}))

    def write(
        self,
        identities: Mapping[Identifier, int],
        traits: Mapping[int, Mapping[str, Any]],
        statements: Sequence[tuple[int, Statement]],
        renewed: Mapping[int, Standing] = MappingProxyType({}),
        merges: Sequence[Merge] = (),
    ) -> None:
        """Learn identifiers, traits and statements. Doing it twice changes nothing.

        They are in force at once, and on the disk after ``flush``: until then the log holds what they came from.
        A statement without evidence repeats one on record: it moves the time of the standing and adds no proof.
        ``renewed`` says the same of many statements at once: where people stand after them. Of two ``merges`` of one
        device the first stands.
        """
        if not (identities or traits or statements or renewed or merges):
            return
        stands = {**self._after(statements, renewed), **renewed}
        taken = self.owners(one.subject for one in merges)
        merges = [one for one in merges if one.subject not in taken]
        self._make_room(len(identities), len(stands), len(merges))
        with self._memory:
            self._pending.add(identities, traits, statements, stands, merges)
            self._known.add({one: subject for one, subject in identities.items() if self._known.get(one) is None})
            self._stands.add(stands)
            self._refuse(stands)
            for one in merges:
                self._owners.add({one.subject: one.person})
                devices = self._devices.get(one.person)
                if devices is not None or self._devices.whole:
                    self._devices.add({one.person: frozenset((*(devices or ()), one.subject))})
            self._version += 1

    def flush(self) -> None:
        """Put everything learnt onto the disk, in one commit.

        Raises:
            StoreError: the disk does not take it; it is tried again the next time.
        """
        with self._flushing:
            with self._memory:
                pending, self._pending = self._pending, Pending()
            if not pending:
                return
            try:
                with self._engine.begin() as connection:
                    pending.save(connection)
            except BaseException:
                with self._memory:
                    self._pending = pending.then(self._pending)
                raise

    def _after(
        self, statements: Sequence[tuple[int, Statement]], renewed: Mapping[int, Standing]
    ) -> dict[int, Standing]:
        """Where people stand after statements that nobody weighed yet."""
        unweighed = [(subject, said) for subject, said in statements if subject not in renewed]
        stands = self.standing(subject for subject, _ in unweighed)
        for subject, said in unweighed:
            before = stands.get(subject, Standing())
            stands[subject] = before.after(said.granted, said.refused, to_micros(said.time))
        return stands

    def _make_room(self, *more: int) -> None:
        """Before something is forgotten it has to be on the disk."""
        memories: tuple[Memory[Any, Any], ...] = (self._known, self._stands, self._owners)
        if all(memory.fits(count) for memory, count in zip(memories, more, strict=True)):
            return
        with self._flushing:
            self.flush()
            with self._memory:
                for memory in (*memories, self._devices):
                    memory.clear()

    def _refuse(self, stands: Mapping[int, Standing]) -> None:
        for subject, standing in stands.items():
            for purpose, word in standing.words.items():
                if word.no is not None:
                    self._refusing.setdefault(purpose, {})[subject] = word.no if word.yes else _FOREVER

    def people(self, subjects: Iterable[int]) -> dict[int, tuple[list[Identifier], dict[str, Any]]]:
        """Identifiers and traits of people."""
        self.flush()
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
        """The people, with every subject that turned out to be the same person: their devices'."""
        given = set(subjects)
        owners = given | set(self.owners(given).values())
        return owners.union(*self.devices(owners).values())

    def history(self, subjects: Iterable[int]) -> list[Statement]:
        """Every statement on record, oldest first."""
        self.flush()
        with self._engine.connect() as connection:
            rows = connection.execute(
                select(_statements).where(_statements.c.subject.in_(list(subjects))).order_by(_statements.c.time)
            )
            return [Statement(row.granted, row.refused, from_micros(row.time), row.evidence) for row in rows]

    def forget(self, subjects: Iterable[int]) -> None:
        """Remove people; their rows are overwritten, not only unlinked."""
        self.flush()
        gone = list(subjects)
        with self._engine.begin() as connection:
            for table in (_identities, _traits, _standing, _statements):
                connection.execute(delete(table).where(table.c.subject.in_(gone)))
            connection.execute(delete(_merges).where(_merges.c.subject.in_(gone) | _merges.c.person.in_(gone)))
        self._recall()
        overwrite_deleted(self._engine)

    def _recall(self) -> None:
        """Read everything into memory, as far as it fits; what does not is read when it is asked for."""
        with self._memory, self._engine.connect() as connection:
            self._version += 1
            for memory in (self._known, self._stands, self._owners, self._devices):
                memory.clear()
            few = select(_identities).limit(_REMEMBERED + 1)
            rows = connection.execute(few).all()
            self._known.fill({(row.kind, row.value): row.subject for row in rows})
            said = connection.execute(select(_standing).limit(_REMEMBERED + 1)).all()
            self._stands.fill({subject: Standing.of(words) for subject, words in _words(said).items()}, len(said))
            merged = connection.execute(select(_merges).where(_standing_merge).limit(_REMEMBERED + 1)).all()
            self._owners.fill({row.subject: row.person for row in merged})
            devices: dict[int, set[int]] = {}
            for row in merged:
                devices.setdefault(row.person, set()).add(row.subject)
            self._devices.fill({owner: frozenset(theirs) for owner, theirs in devices.items()}, len(merged))
            undone = select(_merges.c.subject, _merges.c.person).where(_merges.c.undone.is_not(None))
            self._refusing = {}
            nos = connection.execute(select(_standing).where(_standing.c.no.is_not(None)))
            self._refuse({subject: Standing.of(words) for subject, words in _words(nos).items()})
            self._apart = frozenset((subject, person) for subject, person in connection.execute(undone))

    def _remembered(
        self, memory: "Memory[K, V]", keys: Iterable[K], read: "Callable[[Connection, list[K]], dict[K, V]]"
    ) -> dict[K, V]:
        """The values of those keys that have one: from memory, and what is not there from the file."""
        version = self._version
        found, unread = memory.look(keys)
        if not unread:
            return found
        fresh: dict[K, V] = {}
        with self._engine.connect() as connection:
            for some in chunks(unread, _AT_ONCE):
                fresh |= read(connection, some)
        if not memory.fits(len(fresh)):
            self._make_room(_REMEMBERED, _REMEMBERED, _REMEMBERED)
        with self._memory:
            if version == self._version:  # nobody wrote since
                memory.add(fresh)
        return found | fresh

    def _read_identities(self, connection: Connection, identifiers: list[Identifier]) -> dict[Identifier, int]:
        found: dict[Identifier, int] = {}
        for kind in {kind for kind, _ in identifiers}:
            values = [value for one, value in identifiers if one == kind]
            query = select(_identities.c.value, _identities.c.subject).where(
                _identities.c.kind == kind, _identities.c.value.in_(values)
            )
            found |= {(kind, value): subject for value, subject in connection.execute(query)}
        return found

    def _read_standing(self, connection: Connection, subjects: list[int]) -> dict[int, Standing]:
        rows = connection.execute(select(_standing).where(_standing.c.subject.in_(subjects)))
        return {subject: Standing.of(words) for subject, words in _words(rows).items()}

    def _read_owners(self, connection: Connection, subjects: list[int]) -> dict[int, int]:
        rows = connection.execute(select(_merges).where(_merges.c.subject.in_(subjects), _standing_merge))
        return {row.subject: row.person for row in rows}

    def _read_devices(self, connection: Connection, owners: list[int]) -> dict[int, frozenset[int]]:
        found: dict[int, set[int]] = {}
        for row in connection.execute(select(_merges).where(_merges.c.person.in_(owners), _standing_merge)):
            found.setdefault(row.person, set()).add(row.subject)
        return {owner: frozenset(devices) for owner, devices in found.items()}

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def _words(rows: Iterable[Any]) -> dict[int, dict[int, Word]]:
    """Of each person, the word on each purpose."""
    found: dict[int, dict[int, Word]] = {}
    for row in rows:
        found.setdefault(row.subject, {})[row.purpose] = Word(row.time, bool(row.yes), row.since, row.no)
    return found
