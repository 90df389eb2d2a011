"""The vault: who is behind a pseudonym, and what they said of their data. The only place that holds identifiers.

Facts carry a random number for a person; here is the one table that leads from an identifier to it. Deleting a row
here cuts the facts off from the person for good.
"""

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import (
    Connection,
    delete,
    insert,
    select,
    update,
)

from detak.clock import from_micros, to_micros
from detak.consent import Purpose, Standing, Statement, Word
from detak.errors import DeniedError
from detak.store.memory import Memory
from detak.store.pending import Pending
from detak.store.sqlite import chunks, open_sqlite, overwrite_deleted
from detak.store.vault_tables import IDENTITIES, MERGES, STANDING, STANDING_MERGE, STATEMENTS, TABLES, TRAITS
from detak.subject import Identifier, Merge

_FOREVER = 2**62
K = TypeVar("K")
V = TypeVar("V")
_REMEMBERED = 1_500_000  # rows of each kind that stay in memory: some 250 bytes each
_AT_ONCE = 500  # values in one IN (...)
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


class Single(NamedTuple):
    """One identifier's subject, if it is known, and what they last said of each purpose, if they said anything."""

    subject: int | None
    standing: Standing | None


_NOBODY: Final = Single(None, None)


class Vault:
    """The vault in one file. The sink writes; any thread reads."""

    def __init__(self, path: Path) -> None:
        self._engine = open_sqlite(path, TABLES)
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

    def single(self, identifier: Identifier) -> Single | None:
        """Somebody with whom nobody is united; None: memory does not hold all of it, or somebody is, and it takes
        ``lookup``, ``owners``, ``devices`` and ``standing`` to know."""
        subject, sure = self._known.peek(identifier)
        if subject is None:
            return _NOBODY if sure else None
        standing, said = self._stands.peek(subject)  # first: whoever is united meanwhile is so by what is read next
        owner, owned = self._owners.peek(subject)
        devices, had = self._devices.peek(subject)
        alone = said and owned and had and owner is None and devices is None
        return Single(subject, standing) if alone else None

    def apart(self) -> frozenset[tuple[int, int]]:
        """Whom somebody took apart: (subject, person)."""
        return self._apart

    def persons(self) -> dict[int, int]:
        """Every subject that turned out to be somebody's, and whose."""
        self.flush()
        with self._engine.connect() as connection:
            rows = connection.execute(select(MERGES.c.subject, MERGES.c.person).where(STANDING_MERGE))
            return {row.subject: row.person for row in rows}

    def merges(self, subjects: Iterable[int]) -> list[MergeRecord]:
        """Every merge on record that one of these was part of, the oldest first."""
        self.flush()
        with self._engine.connect() as connection:
            found: dict[int, MergeRecord] = {}
            for some in chunks(set(subjects), _AT_ONCE):
                theirs = MERGES.c.subject.in_(some) | MERGES.c.person.in_(some)
                for row in connection.execute(select(MERGES).where(theirs)):
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
                update(MERGES).where(MERGES.c.subject.in_([*gone, person]), STANDING_MERGE).values(undone=time)
            )
            connection.execute(insert(MERGES), rows)
        self._recall()

    def part(self, number: int, time: int) -> None:
        """Take a merge back: its subject is nobody else's again, and is not united with that person by itself.

        Raises:
            DeniedError: there is no such merge, or it was taken back already.
        """
        self.flush()
        with self._engine.begin() as connection:
            row = connection.execute(select(MERGES).where(MERGES.c.number == number, STANDING_MERGE)).first()
            if row is None:
                raise DeniedError(f"there is no merge {number} that stands")
            act = MERGES.c.number == number
            if row.evidence.startswith(BY_HAND):  # one act: all of it goes, and what it replaced stands again
                act = (MERGES.c.evidence == row.evidence) & (MERGES.c.time == row.time) & STANDING_MERGE
            connection.execute(update(MERGES).where(act).values(undone=time))
            if row.evidence.startswith(BY_HAND):
                connection.execute(update(MERGES).where(MERGES.c.undone == row.time).values(undone=None))
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
                    select(IDENTITIES).where(IDENTITIES.c.subject.in_(some))
                ):
                    found.setdefault(subject, ([], {}))[0].append((kind, value))
                for subject, traits in connection.execute(select(TRAITS).where(TRAITS.c.subject.in_(some))):
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
                select(STATEMENTS).where(STATEMENTS.c.subject.in_(list(subjects))).order_by(STATEMENTS.c.time)
            )
            return [Statement(row.granted, row.refused, from_micros(row.time), row.evidence) for row in rows]

    def forget(self, subjects: Iterable[int]) -> None:
        """Remove people; their rows are overwritten, not only unlinked."""
        self.flush()
        gone = list(subjects)
        with self._engine.begin() as connection:
            for table in (IDENTITIES, TRAITS, STANDING, STATEMENTS):
                connection.execute(delete(table).where(table.c.subject.in_(gone)))
            connection.execute(delete(MERGES).where(MERGES.c.subject.in_(gone) | MERGES.c.person.in_(gone)))
        self._recall()
        overwrite_deleted(self._engine)

    def _recall(self) -> None:
        """Read everything into memory, as far as it fits; what does not is read when it is asked for."""
        with self._memory, self._engine.connect() as connection:
            self._version += 1
            for memory in (self._known, self._stands, self._owners, self._devices):
                memory.clear()
            few = select(IDENTITIES).limit(_REMEMBERED + 1)
            rows = connection.execute(few).all()
            self._known.fill({(row.kind, row.value): row.subject for row in rows})
            said = connection.execute(select(STANDING).limit(_REMEMBERED + 1)).all()
            self._stands.fill({subject: Standing.of(words) for subject, words in _words(said).items()}, len(said))
            merged = connection.execute(select(MERGES).where(STANDING_MERGE).limit(_REMEMBERED + 1)).all()
            self._owners.fill({row.subject: row.person for row in merged})
            devices: dict[int, set[int]] = {}
            for row in merged:
                devices.setdefault(row.person, set()).add(row.subject)
            self._devices.fill({owner: frozenset(theirs) for owner, theirs in devices.items()}, len(merged))
            undone = select(MERGES.c.subject, MERGES.c.person).where(MERGES.c.undone.is_not(None))
            self._refusing = {}
            nos = connection.execute(select(STANDING).where(STANDING.c.no.is_not(None)))
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
            query = select(IDENTITIES.c.value, IDENTITIES.c.subject).where(
                IDENTITIES.c.kind == kind, IDENTITIES.c.value.in_(values)
            )
            found |= {(kind, value): subject for value, subject in connection.execute(query)}
        return found

    def _read_standing(self, connection: Connection, subjects: list[int]) -> dict[int, Standing]:
        rows = connection.execute(select(STANDING).where(STANDING.c.subject.in_(subjects)))
        return {subject: Standing.of(words) for subject, words in _words(rows).items()}

    def _read_owners(self, connection: Connection, subjects: list[int]) -> dict[int, int]:
        rows = connection.execute(select(MERGES).where(MERGES.c.subject.in_(subjects), STANDING_MERGE))
        return {row.subject: row.person for row in rows}

    def _read_devices(self, connection: Connection, owners: list[int]) -> dict[int, frozenset[int]]:
        found: dict[int, set[int]] = {}
        for row in connection.execute(select(MERGES).where(MERGES.c.person.in_(owners), STANDING_MERGE)):
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
