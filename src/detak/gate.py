"""The only door to personal data. What no purpose covers does not come in; what a person refuses does not come out.

For a purpose that a person refuses, the gate answers as if their events did not exist: *refusal equals absence*. No
other code asks whether consent is given. Every passage leaves a row in the audit chain.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from detak.columns import Admitted
from detak.consent import NOTHING, Purpose, Statement, coverage, read_preferences
from detak.errors import DeniedError
from detak.event import clean_id
from detak.insights.base import Facts
from detak.receipt import Receipt, Signer
from detak.settings import Settings
from detak.store.base import Reader, Store
from detak.store.registry import Registry
from detak.store.vault import Identifier, Standing, Vault, from_micros, pseudonym
from detak.wire import Arrival


@dataclass(frozen=True)
class Granted:
    """What the gate handed out: tables for one purpose, and the means to compute with them while the block lasts."""

    facts: Facts
    run: Callable[[ir.Table], pa.Table]


class Profile(msgspec.Struct, frozen=True):
    """What one purpose may know of one person. Times are UTC."""

    events: int
    orders: int
    first: datetime | None
    last: datetime | None


class Member(NamedTuple):
    """One person of an audience, reachable under these identifiers."""

    subject: int
    identifiers: list[Identifier]
    traits: dict[str, Any]


class _Said(NamedTuple):
    arrival: Arrival
    identifiers: list[Identifier]
    granted: Purpose
    refused: Purpose


class Gate:
    """The gate over one store."""

    def __init__(self, store: Store, vault: Vault, registry: Registry, settings: Settings, signer: Signer) -> None:
        self._store = store
        self._vault = vault
        self._registry = registry
        self._settings = settings
        self._signer = signer
        self._admitted = {"admitted": 0, "withheld": 0}
        self._counting = threading.Lock()

    def admit(self, arrivals: Sequence[Arrival]) -> list[Admitted | None]:
        """For each arrival, what may be kept of it: the event under a pseudonym, or nothing (None).

        Identifiers and traits go to the vault and are committed before this returns. Admitting the same arrivals again
        changes nothing, so a crash between here and the facts costs nothing.
        """
        said = [self._read(arrival) for arrival in arrivals]
        known = self._vault.lookup(identifier for one in said for identifier in one.identifiers)
        standing = self._vault.standing(known.values())
        claimed = self._vault.claimed(known.values())
        fresh: dict[Identifier, int] = {}
        traits: dict[int, dict[str, Any]] = {}
        statements: list[tuple[int, Statement]] = []
        admitted: list[Admitted | None] = []
        for one in said:
            people = _people(one, known, claimed)
            purposes = self._covering(one, [standing[person] for person in people if person in standing])
            if not (purposes or one.granted or one.refused):
                admitted.append(None)
                continue
            subject = _settle(one, known, fresh, claimed)
            if subject is not None:
                statements += _state(one, {subject, *people}, standing)
                if purposes and (told := _traits(one.arrival.message.traits)):
                    traits.setdefault(subject, {}).update(told)
            admitted.append(Admitted(one.arrival, subject, int(purposes)) if purposes else None)
        self._vault.write(fresh, traits, statements)
        self._count(admitted)
        return admitted

    @contextmanager
    def events(self, purpose: Purpose, *, before: datetime, why: str) -> Iterator[Granted]:
        """The facts that ``purpose`` may use, as of ``before`` (UTC): later ones are not there, nor refusing people's.

        An event without a time counts as of when it came in. ``why`` goes into the audit: what it is asked for.
        """
        with self._store.reader() as reader:
            # The facts are pinned first: whoever refuses from now on is already left out of them.
            refusing = self._vault.refusing(purpose)
            allowed = self._allowed(purpose, before, refusing, reader)
            facts = Facts(allowed("events"), allowed("items"))
            self._registry.audit(
                "events", purpose.label, why, {"before": before.isoformat(), "left_out": len(refusing)}
            )
            yield Granted(facts, reader.run)

    def profile(self, purpose: Purpose, identifiers: Sequence[Identifier], *, before: datetime) -> Profile | None:
        """What ``purpose`` may know of a person; None for one who refuses, exactly as for a stranger."""
        subjects = set(self._vault.lookup(identifiers).values())
        with self.events(purpose, before=before, why="profile") as granted:
            events = granted.facts.events
            theirs = events.filter(events.subject.isin(sorted(subjects) or [0]))
            summary = theirs.aggregate(
                events=theirs.count(),
                orders=(theirs.event == "Order Completed").cast("int64").sum(),
                first=theirs.time.min(),
                last=theirs.time.max(),
            )
            row = granted.run(summary).to_pylist()[0]
        if not row["events"]:
            return None
        return Profile(row["events"], row["orders"] or 0, _utc(row["first"]), _utc(row["last"]))

    def audience(self, purpose: Purpose, subjects: Sequence[int], *, why: str) -> list[Member]:
        """Those of the people who said yes to ``purpose``, with what is needed to reach them."""
        standing = self._vault.standing(subjects)
        willing = [subject for subject in subjects if standing.get(subject, Standing()).granted & purpose]
        self._registry.audit("audience", purpose.label, why, {"asked": len(subjects), "reached": len(willing)})
        people = self._vault.people(willing)
        return [Member(subject, *people[subject]) for subject in willing if subject in people]

    def export(self, identifiers: Sequence[Identifier]) -> dict[str, Any]:
        """Everything kept of a person, for that person (UU PDP art. 7, 13; GDPR art. 15, 20).

        Raises:
            DeniedError: nobody is known under these identifiers.
        """
        subjects = self._subjects(identifiers)
        with self._store.reader() as reader:
            found = {}
            for name in ("events", "items"):
                table = reader.table(name)
                theirs = table.filter(table.subject.isin(sorted(subjects))).order_by("received")
                found[name] = reader.run(theirs.drop("subject", "purposes")).to_pylist()
        self._registry.audit("export", Purpose.ESSENTIAL.label, "a person's own copy", {"events": len(found["events"])})
        people = self._vault.people(subjects).values()
        return {
            "identifiers": [{"kind": kind, "value": value} for known, _ in people for kind, value in known],
            "traits": {key: value for _, traits in people for key, value in traits.items()},
            "consent": [
                {
                    "time": said.time,
                    "granted": [one.label for one in Purpose if one & said.granted],
                    "refused": [one.label for one in Purpose if one & said.refused],
                }
                for said in self._vault.history(subjects)
            ],
            **found,
        }

    def forget(self, identifiers: Sequence[Identifier]) -> Receipt:
        """Remove a person: vault, facts and every byte of them in the store's files. The caller lets go of the log.

        Must run where nothing is appended meanwhile. Returns a signed receipt that names nobody.

        Raises:
            DeniedError: nobody is known under these identifiers.
        """
        subjects = self._subjects(identifiers)
        removed = self._store.erase(subjects)
        self._vault.forget(subjects)
        row = self._registry.audit("forget", Purpose.ESSENTIAL.label, "a person's wish", {"events": removed})
        return self._signer.sign(events=removed, time=row.time, audit_row=row.number, audit_hash=row.hash)

    def flush(self) -> None:
        """Write into the audit how much was admitted and withheld since the last time."""
        with self._counting:
            counted, self._admitted = self._admitted, {"admitted": 0, "withheld": 0}
        if any(counted.values()):
            self._registry.audit("admit", "all", "collection", dict(counted))

    def _read(self, arrival: Arrival) -> _Said:
        message = arrival.message
        identifiers: list[Identifier] = []
        if user := clean_id(message.user_id):
            identifiers.append(("user", user))
        if anonymous := clean_id(message.anonymous_id):
            identifiers.append(("anonymous", anonymous))
        consent = message.context.consent if message.context else None
        preferences = (consent.category_preferences if consent else None) or {}
        said = read_preferences(preferences, self._settings.categories) if preferences else (NOTHING, NOTHING)
        return _Said(arrival, identifiers, *said)

    def _covering(self, said: _Said, standing: Sequence[Standing]) -> Purpose:
        arrival = said.arrival
        granted = refused = NOTHING
        for one in standing:
            granted |= one.granted
            refused |= one.refused
        of_source = self._settings.source(arrival.source, imported=arrival.imported).covers
        covered = coverage(said.granted, said.refused, granted, refused, of_source)
        if self._settings.essential(arrival.event):
            return covered | Purpose.ESSENTIAL
        return covered & ~Purpose.ESSENTIAL

    def _allowed(
        self, purpose: Purpose, before: datetime, refusing: frozenset[int], reader: Reader
    ) -> Callable[[str], ir.Table]:
        until = before.astimezone(UTC).replace(tzinfo=None)
        days = self._settings.retention_days.get(purpose.label)
        left_out = ibis.memtable(pa.table({"subject": pa.array(sorted(refusing), pa.int64())})) if refusing else None

        def allowed(name: str) -> ir.Table:
            table = reader.table(name)
            happened = ibis.coalesce(table.time, table.received)
            kept = table.filter((table.purposes & int(purpose)) != 0, happened < until)
            if days is not None:
                kept = kept.filter(ibis.coalesce(kept.time, kept.received) >= until - timedelta(days=days))
            return kept if left_out is None else kept.anti_join(left_out, "subject")

        return allowed

    def _subjects(self, identifiers: Sequence[Identifier]) -> set[int]:
        subjects = set(self._vault.lookup(identifiers).values())
        if not subjects:
            raise DeniedError("nobody is known under these identifiers")
        return subjects

    def _count(self, admitted: Sequence[Admitted | None]) -> None:
        withheld = sum(one is None for one in admitted)
        with self._counting:
            self._admitted["withheld"] += withheld
            self._admitted["admitted"] += len(admitted) - withheld


def _people(said: _Said, known: dict[Identifier, int], claimed: set[int]) -> set[int]:
    """Whose word counts for an event: its user's, and its device's unless that belongs to somebody else."""
    if not said.identifiers:
        return set()
    owner, device = known.get(said.identifiers[0]), known.get(said.identifiers[-1])
    people = {owner} if owner is not None else set()
    if device is not None and device not in claimed:
        people.add(device)
    return people


def _settle(said: _Said, known: dict[Identifier, int], fresh: dict[Identifier, int], claimed: set[int]) -> int | None:
    """The subject of an event: the user's, else the device's; identifiers met for the first time join it.

    A user met for the first time takes over what the device did before, unless the device already belongs to another
    user: then it is shared, and the two stay apart.
    """
    if not said.identifiers:
        return None
    first = said.identifiers[0]
    subject = known.get(first)
    if subject is None:
        device = known.get(said.identifiers[-1])
        subject = pseudonym() if device is None or device in claimed else device
    for identifier in said.identifiers:
        if identifier not in known:
            known[identifier] = fresh[identifier] = subject
    if first[0] == "user":
        claimed.add(subject)
    return subject


def _state(said: _Said, people: set[int], standing: dict[int, Standing]) -> Iterator[tuple[int, Statement]]:
    """The person's statement, as proof where it says something new."""
    if not (said.granted | said.refused):
        return
    arrival = said.arrival
    # Never later than it came in: a client's clock that runs ahead must not outlast the person's next word.
    time = arrival.received if arrival.time is None else min(arrival.time, arrival.received)
    for person in people:
        before = standing.get(person, Standing())
        after = standing[person] = before.after(said.granted, said.refused, time)
        news = (after.granted, after.refused) != (before.granted, before.refused)
        evidence = f"{arrival.source}:{arrival.key}" if news else None
        yield person, Statement(said.granted, said.refused, from_micros(time), evidence)


def _traits(raw: msgspec.Raw) -> dict[str, Any]:
    traits = msgspec.json.decode(raw)
    return traits if isinstance(traits, dict) else {}


def _utc(naive: datetime | None) -> datetime | None:
    return naive.replace(tzinfo=UTC) if naive else None
