"""Visits with an offer in play, and what came of them: what is learnt from, and what offers are held to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Visits:
    """Decisions with an offer in play and what came of them, row by row; a person's rows by time."""

    subject: Whole
    offer: Whole
    """Which of the offers; -1: none."""
    chance: Floats
    """That it was an offer, among this one and none, or any one and none; nan: chance had no part in it, or nobody can
    say how much."""
    adds: Floats
    orders: Floats
    amount: Floats
    """Of the orders, before discounts, minor units."""
    beside: Mask | None = None
    """(visits, offers): whether each offer was in play on that day. Who went without one on another day cannot be
    compared: who gets an offer on pay-day buys more than on other days, too. None: all were, always."""
    off: Floats | None = None
    """Discounts on the orders as they were told, of any kind, minor units. None: nobody told."""

    def earned(self, discount: float, margin: float) -> Floats:
        """By visit what is left of a price of its orders: the offer takes off what it says at least, for not every
        shop tells it; other codes take off more where more is ordered."""
        told = np.zeros(len(self.offer)) if self.off is None else self.off / np.maximum(self.amount, 1.0)
        return margin - np.where(self.offer >= 0, np.maximum(told, discount), told)


def chances(arms: tuple[Mask, Mask], offer: Whole, logged: Floats, alone: Mask, holdout: float) -> Floats:
    """``Visits.chance`` of decisions.

    Where one offer was in play, every decision but those of the holdout tells of what it does: chance had a part in
    each, and how great a part is logged. Of several, only the trial's do: of somebody who got none, the log does not
    say how likely each was.

    Args:
        arms: whether each decision was of the trial, and whether it was of those chosen for.
        offer: which of the offers; -1: none.
        logged: the chance of what was drawn, over all arms.
        alone: whether one offer alone was in play.
        holdout: the share of people who get no offer ever.
    """
    trial, chosen = arms
    found = np.where(offer >= 0, logged, 1.0 - logged) / (1.0 - holdout)
    known = (trial | chosen) & alone & (found > 0) & (found < 1)
    return np.where(known, found, np.where(trial, 0.5, np.nan))
