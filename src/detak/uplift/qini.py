"""The Qini curve: how many more act when those expected to move most are treated first (Radcliffe 2007).

The area is normalised as scikit-uplift does: 0 is a random order, 1 an order that knows everybody's answer.
"""

from typing import NamedTuple

import numpy as np

from detak.uplift.base import Floats, Mask


class Curve(NamedTuple):
    """Points of the curve, (0, 0) first: people targeted, and the outcome gained by it."""

    targeted: Floats
    gained: Floats

    @property
    def area(self) -> float:
        """The area under it."""
        return float(np.trapezoid(self.gained, self.targeted))


def qini_curve(outcome: Floats, effect: Floats, treated: Mask) -> Curve:
    """The curve of an order by ``effect``, the largest first; people with the same effect come all at once."""
    order = np.argsort(-effect, kind="stable")
    outcome, treated, effect = outcome[order], treated[order], effect[order]
    ends = np.append(np.flatnonzero(np.diff(effect)), len(effect) - 1)
    of_treated, of_others = (np.cumsum(np.where(side, outcome, 0.0))[ends] for side in (treated, ~treated))
    yes = np.cumsum(treated)[ends].astype(np.float64)
    no = ends + 1 - yes
    gained = of_treated - of_others * np.divide(yes, no, out=np.zeros_like(yes), where=no > 0)
    return Curve(np.concatenate([[0.0], ends + 1.0]), np.concatenate([[0.0], gained]))


def qini_auc(outcome: Floats, effect: Floats, treated: Mask) -> float:
    """The normalised area between the curve and that of a random order.

    Raises:
        ValueError: one side has nobody, or no order could be better than a random one.
    """
    if treated.all() or not treated.any():
        raise ValueError("a Qini curve needs people who were treated and people who were not")
    curve = qini_curve(outcome, effect, treated)
    random = Curve(curve.targeted[[0, -1]], curve.gained[[0, -1]]).area
    perfect = qini_curve(outcome, np.where(treated, outcome, -outcome), treated).area
    if perfect == random:
        raise ValueError("every order of these people gains the same: all had the same outcome")
    return (curve.area - random) / (perfect - random)
