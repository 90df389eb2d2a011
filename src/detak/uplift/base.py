"""The contract of an uplift learner: from a trial with a known chance of treatment to effects, person by person.

Rows are people. What is learnt is how much the treatment changes the outcome of a person with given features, not how
likely the outcome is. Notation of the literature: X features, W treated, Y outcome, e(X) the chance of treatment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]
_LARGEST_LOGIT = 35.0


@dataclass(frozen=True)
class Trial:
    """What happened to people some of whom were treated, by chance.

    ``features`` is (people, features), encoded (``features.Encoder``); ``propensity`` the chance that each person had
    of being treated, strictly between 0 and 1. ``early`` comes before the outcome, oftener, and tells of it, as carts
    tell of orders (a surrogate: Athey, Chetty, Imbens, Kang 2019); whom the treatment moves shows there sooner.
    """

    features: Floats
    treated: Mask
    outcome: Floats
    propensity: Floats
    early: Floats | None = None

    def __len__(self) -> int:
        """How many people."""
        return len(self.outcome)

    def rows(self, chosen: Rows | Mask) -> "Trial":
        """Some of the people."""
        early = None if self.early is None else self.early[chosen]
        return Trial(self.features[chosen], self.treated[chosen], self.outcome[chosen], self.propensity[chosen], early)

    @property
    def sooner(self) -> "Trial | None":
        """The trial of what comes early; None: there is no such thing, or it is the same for everybody."""
        if self.early is None or np.ptp(self.early) == 0:
            return None
        return Trial(self.features, self.treated, self.early, self.propensity)

    @property
    def binary(self) -> bool:
        """Whether the outcome is one that happens or does not."""
        return bool(np.isin(self.outcome, (0.0, 1.0)).all())


@dataclass(frozen=True)
class Effects:
    """Fitted effects: ``scale * sum of sign * link(features @ weights + intercept) + shift``. Immutable.

    Every learner here ends in linear predictors, one or two, so that a model is a handful of numbers that can be read.
    """

    weights: Floats
    """(predictors, features)"""
    intercepts: Floats
    """(predictors,)"""
    signs: Floats
    """(predictors,): +1 or -1."""
    logistic: Mask
    """(predictors,): whether the link is the logistic function; else there is none."""
    scale: float = 1.0
    shift: float = 0.0

    def effect(self, features: Floats) -> Floats:
        """(people,): by how much the treatment raises each person's expected outcome."""
        reached = features @ self.weights.T + self.intercepts
        chances = 1 / (1 + np.exp(-np.clip(reached, -_LARGEST_LOGIT, _LARGEST_LOGIT)))
        effects: Floats = self.scale * (np.where(self.logistic, chances, reached) @ self.signs) + self.shift
        return effects

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it consists of, for an npz file."""
        return {
            "weights": self.weights,
            "intercepts": self.intercepts,
            "signs": self.signs,
            "logistic": self.logistic,
            "line": np.array([self.scale, self.shift]),
        }

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> "Effects":
        """The effects that ``arrays`` came from."""
        scale, shift = (float(one) for one in arrays["line"])
        return cls(arrays["weights"], arrays["intercepts"], arrays["signs"], arrays["logistic"], scale, shift)


def linear(weights: Floats, intercept: float) -> Effects:
    """Effects that are linear in the features."""
    return Effects(weights[None, :], np.array([intercept]), np.ones(1), np.array([False]))


class Learner(Protocol):
    """What every member of this folder is: a frozen dataclass whose fields are its parameters.

    ``simplicity`` orders those that do equally well: the lower is preferred.
    """

    learner: ClassVar[str]
    simplicity: ClassVar[int]

    def fit(self, trial: Trial, seed: int) -> Effects:
        """Learn from a trial with people of both kinds. The same trial and seed give the same effects."""
        ...
