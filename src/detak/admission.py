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
    owners: dict[int, int]
    """Whose each subject is: a user's own, a device's its user's. A device without one is not in it."""
    devices: dict[int, set[int]]
    """Of each owner, the subjects of their devices."""
    fresh: dict[Identifier, int] = field(default_factory=dict)
    traits: dict[int, dict[str, Any]] = field(default_factory=dict)
    proofs: list[tuple[int, Statement]] = field(default_factory=list)
    renewed: dict[int, Standing] = field(default_factory=dict)
    links: dict[int, tuple[int, str]] = field(default_factory=dict)
    """Devices that turn out to be a user's, and the message that showed it."""

    def standing_of(self, said: Said) -> list[Standing]:
        """What those have said whose word counts for an event, as far as they said anything."""
        return [self.standing[person] for person in self._people(said) if person in self.standing]

    def meet(self, said: Said) -> None:
        """A known user on a device: whatever becomes of the event, the device is theirs if it is nobody's.

        A device never seen before is remembered for a user who refuses something: their word holds there as well.
        """
        if not said.identifiers or said.identifiers[0][0] != "user":
            return
        owner = self.known.get(said.identifiers[0])
        if owner is None:
            return
        for identifier in said.identifiers[1:]:
            device = self.known.get(identifier)
            if device is None:
                if self.standing.get(owner, Standing()).refused:
                    self.known[identifier] = self.fresh[identifier] = owner
            elif device != owner and device not in self.owners:
                self._link(device, owner, said.arrival)

    def settle(self, said: Said) -> int | None:
        """The subject of an event: the user's, else the device's; identifiers met for the first time join it.

        A user met for the first time takes over what the device did before. A known user on a device that did things
        before keeps their own subject, and the device is noted as theirs (``meet``). A device belongs to one user only:
        with a second one it is shared, and nobody's word or wish reaches the other.
        """
        if not said.identifiers:
            return None
        first, subject = said.identifiers[0], self.known.get(said.identifiers[0])
        if subject is None:
            devices = [self.known[one] for one in said.identifiers[1:] if one in self.known]
            subject = next((device for device in devices if device not in self.owners), None) or pseudonym()
        for identifier in said.identifiers:
            if identifier not in self.known:
                self.known[identifier] = self.fresh[identifier] = subject
        if first[0] == "user":
            self.owners.setdefault(subject, subject)
        return subject

    def state(self, said: Said) -> None:
        """Note a statement: where people stand after it, and as proof where it says something new."""
        if not (said.granted | said.refused):
            return
        arrival = said.arrival
        # Never later than it came in: a client's clock that runs ahead must not outlast the person's next word.
        time = arrival.received if arrival.time is None else min(arrival.time, arrival.received)
        for person in self._people(said):
            before = self.standing.get(person, Standing())
            after = self.standing[person] = self.renewed[person] = before.after(said.granted, said.refused, time)
            if (after.granted, after.refused) != (before.granted, before.refused):
                proof = Statement(said.granted, said.refused, from_micros(time), _evidence(arrival))
                self.proofs.append((person, proof))

    def _link(self, device: int, owner: int, arrival: Arrival) -> None:
        """From now on the two are one person, and what either said is said by both."""
        self.owners[device] = owner
        self.devices.setdefault(owner, set()).add(device)
        self.links[device] = (owner, _evidence(arrival))
        said = self.standing.get(owner, Standing()).merged(self.standing.get(device, Standing()))
        if said.words:
            for one in (owner, *self.devices[owner]):
                self.standing[one] = self.renewed[one] = said

    def _people(self, said: Said) -> set[int]:
        """Whose word counts for an event: its user's with all their devices, and its device's unless that is
        somebody else's."""
        people: set[int] = set()
        for identifier in said.identifiers:
            subject = self.known.get(identifier)
            if subject is None:
                continue
            owner = self.owners.get(subject)
            if not people or owner is None or owner in people:
                people |= {subject} if owner is None else {subject, owner, *self.devices.get(owner, ())}
        return people


def _evidence(arrival: Arrival) -> str:
    return f"{arrival.source}:{arrival.key}"
