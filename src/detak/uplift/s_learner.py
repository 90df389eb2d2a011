"""One model of the outcome in which the treatment is a feature beside the others."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detak.uplift.base import Effects, Trial
from detak.uplift.outcome import Outcome, fit_outcome


@dataclass(frozen=True)
class SLearner:
    """Whoever is likelier to act anyway moves more, up to the middle; no feature changes the effect by itself."""

    learner: ClassVar[str] = "s"
    simplicity: ClassVar[int] = 1

    def fit(self, trial: Trial, seed: int) -> Effects:  # noqa: ARG002  nothing is drawn
        """The difference that the treatment makes in the one model."""
        beside = np.column_stack([trial.features, trial.treated])
        model = fit_outcome(beside, trial.outcome, binary=trial.binary)
        weights, moved = model.weights[:-1], float(model.weights[-1])
        without = Outcome(weights, model.intercept, model.logistic)
        return Outcome(weights, model.intercept + moved, model.logistic).less(without)
