"""What offers brought so far, and cost: on the visits on which they were given, beyond what would have come without.

Held against visits on which chance gave none, each weighed by how likely it was that it would have had one (the effect
on the treated by inverse odds; Hirano, Imbens and Ridder 2003, section 4). The intervals count people, not visits:
whoever comes often is one witness (clustered by person).
"""

from collections.abc import Sequence
from math import sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detak.decide.rulebook import Offer
from detak.decide.visits import Visits
from detak.estimates.inference import Z95, Estimate

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
_FEWEST: Final = 30  # people with an offer, and as many without: of fewer a mean says nothing, and may say who they are


class Brought(NamedTuple):
    """What one offer did on all visits on which it was given and on which chance had a part in that."""

    offer: str
    given: int
    """Such visits."""
    without: int
    """Those that they are held against."""
    off: float
    """Discounts on their orders, minor units."""
    orders: Estimate
    """More than without it."""
    revenue: Estimate
    """What was paid, minor units, beyond what would have been."""
    profit: Estimate
    """The margin of what was ordered, less discounts, likewise."""


def brought(visits: Visits, offers: Sequence[Offer], margin: float) -> list[Brought]:
    """What each offer brought; those of which there is too little to tell are left out.

    Args:
        visits: decisions so far, and what came of them.
        offers: those that may be given, as ``visits.offer`` numbers them.
        margin: what the shop keeps of a price.
    """
    found = []
    for at, one in enumerate(offers):
        there = True if visits.beside is None else visits.beside[:, at]
        given, none = visits.offer == at, (visits.offer < 0) & there
        kept = ~np.isnan(visits.chance) & (given | none)
        treated = given[kept]
        if min(len(np.unique(visits.subject[kept & side])) for side in (given, none)) < _FEWEST:
            continue
        chance, subject, amount = visits.chance[kept], visits.subject[kept], visits.amount[kept]
        left = visits.earned(one.discount, margin)[kept]
        off = (margin - left) * amount
        compared = _Compared(treated, np.where(treated, 1.0, chance / (1.0 - chance)), subject)
        of = [compared.beyond(column) for column in (visits.orders[kept], amount - off, left * amount)]
        found.append(Brought(one.name, int(treated.sum()), int((~treated).sum()), float(off[treated].sum()), *of))
    return found


class _Compared(NamedTuple):
    treated: Mask
    weight: Floats
    """How much a visit counts on its side."""
    subject: NDArray[np.int64]

    def beyond(self, outcome: Floats) -> Estimate:
        """The sum of an outcome over the treated, beyond what it would have been."""
        many = int(self.treated.sum())
        parts = np.zeros(len(outcome))
        effect = 0.0
        for side, sign in ((self.treated, 1.0), (~self.treated, -1.0)):
            share = self.weight[side] / self.weight[side].sum()
            mean = float(share @ outcome[side])
            effect += sign * mean
            parts[side] = sign * share * (outcome[side] - mean)
        _, whose = np.unique(self.subject, return_inverse=True)
        people = np.bincount(whose, parts)
        spread = Z95 * sqrt(float(people @ people) * len(people) / (len(people) - 1))
        return Estimate(many * effect, many * (effect - spread), many * (effect + spread))
