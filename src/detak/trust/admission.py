"""Who a batch of events is about, and whose word counts. Pure: the gate reads and writes the vault around it.

Each identifier has a subject of its own. That two of them are one person is a merge: a record with its evidence, which
can be taken back. So nothing here ever moves an event from one subject to another.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from detak.clock import from_micros
from detak.consent import Purposes, Standing, Statement
from detak.subject import Identifier, Merge, pseudonyms


class Said(NamedTuple):
    """Whom an event names (the user before the devices), and what was said with it of their data."""

    identifiers: tuple[Identifier, ...]
    granted: Purposes
    refused: Purposes
    happened: int  # microseconds since 1970, UTC; when it came in, where the time is unknown
    received: int
    message: tuple[str, int]
    """Its source and key."""

    @property
    def evidence(self) -> str:
        """The message, as proofs and merges name it."""
        return "{}:{}".format(*self.message)


@dataclass(frozen=True)
class Guard:
    """What keeps different people from becoming one.

    Args:
        shared: whether an identifier is used by many (a till, a kiosk, a shop assistant).
        most_devices: a user with so many devices gets no more: it is nobody's own.
        apart: (device, person) that somebody took apart; they stay so.
    """

    shared: Callable[[str], bool] = lambda _: False
    most_devices: int = 30
    apart: Collection[tuple[int, int]] = ()


@dataclass
class Batch:
    """What the vault knows of the people of one batch, and what it is to learn."""

    known: dict[Identifier, int]
    standing: dict[int, Standing]
    owners: dict[int, int]
    """Whose each subject is: a user's own, a device's its user's. A device without one is not in it."""
    devices: dict[int, set[int]]
    """Of each owner, the subjects of their devices."""
    guard: Guard = Guard()
    fresh: dict[Identifier, int] = field(default_factory=dict)
    traits: dict[int, dict[str, Any]] = field(default_factory=dict)
    proofs: list[tuple[int, Statement]] = field(default_factory=list)
    renewed: dict[int, Standing] = field(default_factory=dict)
    merges: list[Merge] = field(default_factory=list)
    supply: Iterator[int] = field(default_factory=pseudonyms)

    def standing_of(self, said: Said) -> list[Standing]:
        """What those have said whose word counts for an event, as far as they said anything."""
        return [self.standing[person] for person in self.people(said.identifiers) if person in self.standing]

    def meet(self, said: Said) -> None:
        """A known user on a device: whatever becomes of the event, the device is theirs if it is nobody's.

        A device never seen before is remembered for a user who refuses something: their word holds there as well.
        """
        if not said.identifiers or said.identifiers[0][0] != "user":
            return
        owner = self.known.get(said.identifiers[0])
        if owner is None:
            return
        refuses = self.standing.get(owner, _SILENT).refused
        for identifier in said.identifiers[1:]:
            device = self.known.get(identifier)
            if device is None and refuses:
                device = self._new(identifier)
            if device is not None:
                self._unite(device, owner, said)

    def settle(self, said: Said) -> int | None:
        """The subject of an event: the user's, else the device's. Identifiers met for the first time get their own.

        A device that a user is met on becomes theirs, and what was done on it before with it, unless it is somebody's
        already: then it is shared, and nobody's word or wish reaches the other.
        """
        if not said.identifiers:
            return None
        for identifier in said.identifiers:
            if identifier not in self.known:
                self._new(identifier)
        subject = self.known[said.identifiers[0]]
        if said.identifiers[0][0] == "user":
            self.owners.setdefault(subject, subject)
            for identifier in said.identifiers[1:]:
                self._unite(self.known[identifier], subject, said)
        return subject

    def state(self, said: Said) -> None:
        """Note a statement: where people stand after it, and as proof where it says something new."""
        if not (said.granted | said.refused):
            return
        # Never later than it came in: a client's clock that runs ahead must not outlast the person's next word.
        time = min(said.happened, said.received)
        for person in self.people(said.identifiers):
            before = self.standing.get(person, _SILENT)
            after = self.standing[person] = self.renewed[person] = before.after(said.granted, said.refused, time)
            if (after.granted, after.refused) != (before.granted, before.refused):
                proof = Statement(said.granted, said.refused, from_micros(time), said.evidence)
                self.proofs.append((person, proof))

    def people(self, identifiers: Collection[Identifier]) -> set[int]:
        """Whose word counts for an event: its user's with all their devices, and its device's unless that is
        somebody else's."""
        people: set[int] = set()
        for identifier in identifiers:
            subject = self.known.get(identifier)
            if subject is None:
                continue
            owner = self.owners.get(subject)
            if not people or owner is None or owner in people:
                people |= {subject} if owner is None else {subject, owner, *self.devices.get(owner, ())}
        return people

    def _new(self, identifier: Identifier) -> int:
        subject = self.known[identifier] = self.fresh[identifier] = next(self.supply)
        return subject

    def _unite(self, device: int, user: int, said: Said) -> None:
        """From now on the two are one person, and what either said is said by both; unless a guard forbids it."""
        owner = self.owners.get(user, user)
        if device == owner or device in self.owners or (device, owner) in self.guard.apart:
            return
        theirs = self.devices.setdefault(owner, set())
        if len(theirs) >= self.guard.most_devices or any(self.guard.shared(value) for _, value in said.identifiers):
            return
        self.owners[device] = owner
        theirs.add(device)
        self.merges.append(Merge(device, owner, said.evidence, said.received))
        together = self.standing.get(owner, _SILENT).merged(self.standing.get(device, _SILENT))
        if together.words:
            for one in (owner, *theirs):
                self.standing[one] = self.renewed[one] = together


_SILENT = Standing()


def joined(groups: list[tuple[Identifier, ...]], batch: Batch) -> list[int]:
    """For each group of identifiers the number of the first group that has to do with the same people.

    Groups with different numbers share no identifier, no subject and nobody's devices: they can be looked at one after
    the other, whatever order their events came in.
    """
    leader = list(range(len(groups)))
    first: dict[Any, int] = {}

    def find(one: int) -> int:
        while leader[one] != one:
            leader[one] = leader[leader[one]]
            one = leader[one]
        return one

    for number, identifiers in enumerate(groups):
        for mark in (*identifiers, *batch.people(identifiers), *_subjects(identifiers, batch.known)):
            other = find(first.setdefault(mark, number))
            mine = find(number)
            leader[max(mine, other)] = min(mine, other)
    return [find(one) for one in range(len(groups))]


def _subjects(identifiers: Collection[Identifier], known: Mapping[Identifier, int]) -> list[int]:
    return [known[one] for one in identifiers if one in known]
