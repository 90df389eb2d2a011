"""Campaigns: who is written to and who is held back by chance, who reads it when, and whom it moves to buy.

What each person would do with the message and without it is drawn together (the potential outcomes), so that the effect
on each is known.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from detak.simulate.config import SHOP_ZONE, Flags, Floats, Ints, stream
from detak.simulate.people import CONSENTS, UPLIFT
from detak.simulate.places import places
from detak.simulate.world import World

AUDIENCE: Final = 0.3
"""Of those with an account who allow it, by chance; half of them are held back."""
HOURS: Final = (8, 10, 12, 15, 18, 20)
"""Messages go out at one of these, by chance, in the shop's zone."""
_OPENED_AT_BEST, _OPENED_ELSE = 0.55, 0.12
_CLICKED = 0.25


@dataclass(frozen=True)
class Movement:
    """Arrays by person, of one day."""

    audience: Flags
    treated: Flags
    buys_without: Flags
    buys_with: Flags
    sent: Ints
    """Milliseconds since 1970, UTC."""
    opened: Ints
    """The same; 0: not at all."""
    clicked: Flags

    @property
    def buys(self) -> Flags:
        """Who buys on the campaign's account that day."""
        return self.audience & np.where(self.treated, self.buys_with, self.buys_without)


def runs(world: World, day: int) -> bool:
    """Whether a campaign goes out that day."""
    every = world.config.campaign_every
    return every > 0 and day % every == every // 2


def name(day: int) -> str:
    """What the campaign of the day is called."""
    return f"kampanye-{day:04d}"


def open_chance(sent_hour: Floats, best: Floats) -> Floats:
    """The chance that a message is opened: high at the person's own hour, falling off within about two hours."""
    away = np.abs((sent_hour - best + 12) % 24 - 12)
    return np.asarray(_OPENED_ELSE + (_OPENED_AT_BEST - _OPENED_ELSE) * np.exp(-0.5 * (away / 2.0) ** 2))


def movement(world: World, day: int) -> Movement:
    """What the day's campaign does; nobody is in the audience on a day without one."""
    n = world.config.shoppers
    nobody, zero = np.zeros(n, np.bool_), np.zeros(n, np.int64)
    if not runs(world, day):
        return Movement(nobody, nobody, nobody, nobody, zero, zero, nobody)
    rng = stream(world.config, "campaign", day)
    people = world.people
    bits = np.where(people.changes <= world.config.midnight(day), people.consent[:, 1], people.consent[:, 0])
    willing = (bits >> CONSENTS.index("Marketing") & 1).astype(np.bool_) & (people.joined <= day)
    audience = willing & (rng.random(n) < AUDIENCE)
    treated = audience & (rng.random(n) < 0.5)
    lot = rng.random(n)
    hour = rng.choice(HOURS, n)
    away = places().zone[people.place] - SHOP_ZONE
    sent = world.config.midnight(day) + hour * 3_600_000 + rng.integers(0, 600_000, n)
    opens = treated & (rng.random(n) < open_chance(hour + away.astype(np.float64), people.peak))
    opened = sent + (rng.lognormal(-0.5, 1.0, n) * 3_600_000).astype(np.int64).clip(5_000, 12 * 3_600_000)
    clicked = opens & (rng.random(n) < _CLICKED)
    return Movement(
        audience, treated, lot < people.untreated, lot < people.treated, sent, np.where(opens, opened, 0), clicked
    )


def truth(world: World, day: int) -> pa.Table:
    """For each of the audience: written to or held back, and what they buy in either case."""
    moved = movement(world, day)
    at = np.flatnonzero(moved.audience)
    return pa.table(
        {
            "campaign": pa.array([name(day)] * len(at), pa.string()),
            "user": pa.array(at),
            "treated": pa.array(moved.treated[at]),
            "buys_without": pa.array(moved.buys_without[at]),
            "buys_with": pa.array(moved.buys_with[at]),
            "type": pa.array([UPLIFT[kind] for kind in world.people.uplift[at].tolist()], pa.string()),
        }
    )
