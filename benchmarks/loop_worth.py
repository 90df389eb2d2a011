"""What a home page and an offer are worth by the simulated world itself.

Each visit is played many times over with what it was shown, with the offer and without, on the same random numbers.
Nobody but a benchmark can do that; a figure of it has next to none of the chance that one run of a shop has.
"""

from typing import Any, Final, NamedTuple

import numpy as np

from detak.simulate.browsing import Showing, browse
from detak.simulate.checkout import check_out
from detak.simulate.config import stream
from detak.simulate.visits import Visits
from detak.simulate.world import World

MARGIN: Final = 0.3
"""Of a price, before discounts: the simulated goods have no cost of their own."""
_TIMES: Final = 100


class Worth(NamedTuple):
    """What is expected of visits, in Rupiah. Arrays by visit, or by visitor."""

    revenue: Any
    profit: Any
    promised: Any
    """What the offer takes off."""

    def where(self, here: Any, other: "Worth") -> "Worth":
        """These there, the others elsewhere."""
        return Worth(*(np.where(here, one, two) for one, two in zip(self, other, strict=True)))

    def at(self, some: Any) -> "Worth":
        """Of some."""
        return Worth(*(one[some] for one in self))

    def summed(self, person: Any, people: int) -> "Worth":
        """By person."""
        return Worth(*(np.bincount(person, one, people) for one in self))


class Seen(NamedTuple):
    """Visits as they were shown. Arrays by visit."""

    person: Any
    start: Any
    """Milliseconds since 1970, UTC."""
    decision: Any
    """The number of the decision behind the home page; empty: it was none, or there is no home page."""
    discount: Any
    """What was promised; 0: nothing."""
    plain: Worth
    """Without an offer."""
    offered: Worth
    """With the shop's offer; as without where there is none."""

    @property
    def given(self) -> Worth:
        """As it was."""
        return self.offered.where(self.discount > 0, self.plain)


def seen(world: World, day: int, visits: Visits, showing: Showing, asked: tuple[int, float]) -> Seen:
    """What these visits are worth. ``asked``: a number of their own for their random numbers; the shop's offer."""
    tick, offer = asked
    marks = showing.mark.to_pylist() if not isinstance(showing.mark, str) else [""] * len(visits)
    plain = _worth(world, day, visits, showing.slate, tick, np.zeros(len(visits)))
    offered = _worth(world, day, visits, showing.slate, tick, np.where(visits.home, offer, 0.0)) if offer else plain
    decisions = np.array([one.split('"')[3] if one else "" for one in marks], object)
    return Seen(visits.person, visits.start, decisions, np.asarray(showing.discount), plain, offered)


def together(some: list[Seen]) -> Seen:
    """One after another."""
    columns = [np.concatenate([one[at] for one in some]) for at in range(4)]
    worths = [
        Worth(*(np.concatenate(each) for each in zip(*(one[at] for one in some), strict=True)))  # type: ignore[misc]
        for at in (4, 5)
    ]
    return Seen(*columns, *worths)


def _worth(world: World, day: int, visits: Visits, slate: Any, tick: int, discount: Any) -> Worth:
    n = len(visits)
    rows = np.tile(np.arange(n), _TIMES)
    many, off = visits.only(rows), discount[rows]
    rng = stream(world.config, "worth", day, tick)
    browsing = browse(world, day, many, Showing(slate[rows], off), rng)
    it = check_out(world, many, browsing, off, rng)
    bought = it.outcome.bought
    visit = it.visit[bought]
    subtotal = it.subtotal[bought].astype(np.float64)
    taken = it.discount[bought].astype(np.float64)

    def each(values: Any) -> Any:
        return np.bincount(rows[visit], values, n) / _TIMES

    return Worth(each(subtotal - taken), each(MARGIN * subtotal - taken), each(off[visit] * subtotal))
