"""Who a batch of arrivals is about, and whose word counts. Pure: the gate reads and writes the vault around it."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from detak.clock import from_micros
from detak.consent import Purposes, Standing, Statement
from detak.subject import Identifier, pseudonym
from detak.wire import Arrival


class Said(NamedTuple):
    """An arrival, whom it names (the user before the device), and what was said with it of their data."""

    arrival: Arrival
    identifiers: list[Identifier]
    granted: Purposes
    refused: Purposes


@dataclass
class Batch:
    """What the vault knows of the people of one batch, and what it is to learn."""

    known: dict[Identifier, int]
    standing: dict[int, Standing]
    claimed: set[int]
    """Subjects that have a user id."""
    kin: dict[int, set[int]] = field(default_factory=dict)
    """For people who state their preferences, the subjects that are the same person."""
    fresh: dict[Identifier, int] = field(default_factory=dict)
    traits: dict[int, dict[str, Any]] = field(default_factory=dict)
    proofs: list[tuple[int, Statement]] = field(default_factory=list)
    renewed: dict[int, Standing] = field(default_factory=dict)
    links: dict[tuple[int, int], str] = field(default_factory=dict)
    """Two subjects that are one person, and the message that showed it."""

    def standing_of(self, said: Said) -> list[Standing]:
        """What those have said whose word counts for an event, as far as they said anything."""
        return [self.standing[person] for person in self._people(said) if person in self.standing]

    def settle(self, said: Said) -> int | None:
        """The subject of an event: the user's, else the device's; identifiers met for the first time join it.

        A user met for the first time takes over what the device did before, unless the device already belongs to
        another user: then it is shared, and the two stay apart. A known user on a device that did things before keeps
        their own subject; that the two are one person is noted.
        """
        if not said.identifiers:
            return None
        first, last = said.identifiers[0], said.identifiers[-1]
        subject, device = self.known.get(first), self.known.get(last)
        if subject is None:
            subject = pseudonym() if device is None or device in self.claimed else device
        elif device is not None and device != subject and device not in self.claimed:
            self.links.setdefault((subject, device), _evidence(said.arrival))
        for identifier in said.identifiers:
            if identifier not in self.known:
                self.known[identifier] = self.fresh[identifier] = subject
        if first[0] == "user":
            self.claimed.add(subject)
        return subject

    def state(self, said: Said) -> None:
        """Note a statement: where people stand after it, and as proof where it says something new."""
        if not (said.granted | said.refused):
            return
        arrival = said.arrival
        # Never later than it came in: a client's clock that runs ahead must not outlast the person's next word.
        time = arrival.received if arrival.time is None else min(arrival.time, arrival.received)
        people = self._people(said)
        for person in people.union(*(self.kin.get(one, ()) for one in people)):
            before = self.standing.get(person, Standing())
            after = self.standing[person] = self.renewed[person] = before.after(said.granted, said.refused, time)
            if (after.granted, after.refused) != (before.granted, before.refused):
                proof = Statement(said.granted, said.refused, from_micros(time), _evidence(arrival))
                self.proofs.append((person, proof))

    def _people(self, said: Said) -> set[int]:
        """Whose word counts for an event: its user's, and its device's unless that belongs to somebody else."""
        if not said.identifiers:
            return set()
        owner, device = self.known.get(said.identifiers[0]), self.known.get(said.identifiers[-1])
        people = {owner} if owner is not None else set()
        if device is not None and device not in self.claimed:
            people.add(device)
        return people


def _evidence(arrival: Arrival) -> str:
    return f"{arrival.source}:{arrival.key}"
