"""One model of the outcome in which every feature may change what the treatment does (Lo 2002)."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detak.uplift.base import Effects, Trial
from detak.uplift.outcome import Outcome, fit_outcome


@dataclass(frozen=True)
class InteractionLearner:
    """An S-learner with interactions: what both sides share is learnt from both."""

    learner: ClassVar[str] = "interaction"
    simplicity: ClassVar[int] = 2

    def fit(self, trial: Trial, seed: int) -> Effects:  # noqa: ARG002  nothing is drawn
        """The difference that the treatment makes in the one model."""
        treated = trial.treated[:, None]
        beside = np.column_stack([trial.features, treated, trial.features * treated])
        model = fit_outcome(beside, trial.outcome, binary=trial.binary)
        wide = trial.features.shape[1]
        weights, moved, more = model.weights[:wide], float(model.weights[wide]), model.weights[wide + 1 :]
        without = Outcome(weights, model.intercept, model.logistic)
        return Outcome(weights + more, model.intercept + moved, model.logistic).less(without)
