"""Who comes on a day, and when: plain visits, what is bought again and again, and what a campaign's message moves."""

from dataclasses import dataclass

import numpy as np

from detak.simulate.calendar import SPREAD, hours_of, personal
from detak.simulate.campaigns import Movement, movement
from detak.simulate.config import SHOP_ZONE, Flags, Ints, stream
from detak.simulate.places import places
from detak.simulate.world import World

_HOME = 0.65  # of visits begin on the home page; the others on a list, from a search engine or a link


@dataclass(frozen=True)
class Visits:
    """Arrays by visit, in the order in which they begin."""

    person: Ints
    start: Ints
    """Milliseconds since 1970, UTC."""
    wanted: Ints
    """A category they come for; -1: none."""
    sure: Flags
    """They will buy, come what may."""
    home: Flags
    """Begins on the home page."""

    def __len__(self) -> int:
        return len(self.person)

    def only(self, at: "Flags | slice") -> "Visits":
        """Some of them."""
        return Visits(self.person[at], self.start[at], self.wanted[at], self.sure[at], self.home[at])


def visits_of(world: World, day: int) -> Visits:
    """The visits that begin on the day, in each person's own zone."""
    people, config = world.people, world.config
    rng = stream(config, "visits", day)
    plain = np.repeat(np.arange(config.shoppers), rng.poisson(people.rate * world.intensity(day)))
    due = np.flatnonzero((people.every > 0) & ((day + people.phase) % np.maximum(people.every, 1) == 0))
    moved = movement(world, day)
    called = np.flatnonzero(moved.buys)
    person = np.concatenate([plain, due, called])
    wanted = np.concatenate([np.full(len(plain), -1), people.habit[due], np.full(len(called), -1)])
    sure = np.concatenate([np.zeros(len(plain) + len(due), np.bool_), np.ones(len(called), np.bool_)])
    start = _starts(world, day, person, rng)
    _after_the_message(start[len(person) - len(called) :], moved, called, rng)
    home = rng.random(len(person)) < _HOME
    order = np.argsort(start, kind="stable")
    return Visits(person[order], start[order], wanted[order], sure[order], home[order])


def _starts(world: World, day: int, person: Ints, rng: np.random.Generator) -> Ints:
    """At the person's own hour, or whenever people shop that day."""
    n = len(person)
    date = world.config.day(day)
    anyone = rng.choice(24, n, p=hours_of(date)) + rng.random(n)
    own = (world.people.peak[person] + SPREAD * rng.standard_normal(n)) % 24
    hour = np.where(rng.random(n) < personal(date), own, anyone)
    away = places().zone[world.people.place[person]] - SHOP_ZONE
    return world.config.midnight(day) + ((hour - away) * 3_600_000).astype(np.int64)


def _after_the_message(start: Ints, moved: Movement, called: Ints, rng: np.random.Generator) -> None:
    """Whom a message calls comes after it: ``start`` is moved where it is too early."""
    later = moved.sent[called] + (rng.exponential(1.5, len(called)) * 3_600_000).astype(np.int64)
    start[:] = np.where(moved.treated[called] & (start < later), later, start)
