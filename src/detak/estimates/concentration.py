"""How evenly something is spread: exposure over products, over brands and sellers, over what one person is shown."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detak.errors import CannotComputeError

Doubles = NDArray[np.float64]


def gini(values: ArrayLike, times: ArrayLike | None = None) -> float:
    """The Gini coefficient of values, none below 0: 0, all alike; towards 1, one has everything.

    ``times`` says how often each value is there; None: once.

    Raises:
        CannotComputeError: there is nothing to be spread.
    """
    value = np.asarray(values, np.float64)
    count = np.ones(len(value)) if times is None else np.asarray(times, np.float64)
    order = np.argsort(value, kind="stable")
    value, count = value[order], count[order]
    held = value * count
    if not len(value) or held.sum() <= 0:
        raise CannotComputeError("nothing is spread over anything, so there is no Gini coefficient")
    # The area under the Lorenz curve, by trapezoids: exact where it bends only between values.
    shares = np.concatenate([[0.0], held.cumsum() / held.sum()])
    return float(1 - ((shares[1:] + shares[:-1]) * count / count.sum()).sum())


class Fairness(NamedTuple):
    """Shares of exposure and of merit by group, and half the sum of their differences: 0, everybody as they merit; 1,
    all exposure to those who merit none (total variation; after Singh and Joachims, KDD 2018)."""

    exposure: Doubles
    merit: Doubles
    disparity: float


def fairness(exposure: ArrayLike, merit: ArrayLike) -> Fairness:
    """Exposure by group against merit: whatever each is measured in.

    Raises:
        CannotComputeError: there is no exposure, or no merit.
    """
    shown, earned = np.asarray(exposure, np.float64), np.asarray(merit, np.float64)
    if shown.sum() <= 0 or earned.sum() <= 0:
        raise CannotComputeError("exposure can be held against merit only where there is some of each")
    shown, earned = shown / shown.sum(), earned / earned.sum()
    return Fairness(shown, earned, float(np.abs(shown - earned).sum() / 2))


class Bubble(NamedTuple):
    """The chance that two products are of one kind: shown to one person, and shown to two people. Unbiased for however
    little a person is shown (Simpson 1949)."""

    within: float
    across: float

    @property
    def excess(self) -> float:
        """How much more alike a person's products are than anybody's: 0, no bubble; 1, each person sees one kind of
        their own.

        Raises:
            CannotComputeError: everybody is shown one kind.
        """
        if self.across >= 1:
            raise CannotComputeError("everything shown is of one kind, so nobody is in a bubble of their own")
        return (self.within - self.across) / (1 - self.across)


def bubble(pairs: float, slots: float, people_squared: float, kinds_squared: float) -> Bubble:
    """From sums over what was shown.

    Args:
        pairs: over people and kinds, the square of how many products of the kind the person was shown.
        slots: products shown in all.
        people_squared: over people, the square of how many products they were shown.
        kinds_squared: over kinds, the square of how many products of the kind were shown.

    Raises:
        CannotComputeError: nobody was shown two products, or only one person anything.
    """
    if people_squared <= slots or slots * slots <= people_squared:
        raise CannotComputeError("a bubble shows once two people were shown two products each")
    within = (pairs - slots) / (people_squared - slots)
    return Bubble(within, (kinds_squared - pairs) / (slots * slots - people_squared))
