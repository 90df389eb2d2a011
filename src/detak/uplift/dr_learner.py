"""Doubly robust scores regressed on the features (Kennedy 2020, the DR-learner)."""

from dataclasses import dataclass
from typing import ClassVar

from detak.uplift.base import Effects, Trial
from detak.uplift.outcome import fit_linear
from detak.uplift.scores import scores


@dataclass(frozen=True)
class DRLearner:
    """What the effect follows from is learnt apart from what the outcome follows from."""

    learner: ClassVar[str] = "dr"
    simplicity: ClassVar[int] = 4

    def fit(self, trial: Trial, seed: int) -> Effects:
        """A linear effect, shrunk towards the average one as far as cross-validation says."""
        return fit_linear(trial.features, scores(trial, seed).score)
