"""Not the effect but the outcome: whoever is likeliest to act. What shops do today, to be compared with."""

from dataclasses import dataclass
from typing import ClassVar

from detak.uplift.base import Effects, Trial
from detak.uplift.outcome import fit_outcome


@dataclass(frozen=True)
class Response:
    """The effect is taken to be proportional to the outcome to be expected. Now and then it is."""

    learner: ClassVar[str] = "response"
    simplicity: ClassVar[int] = 0

    def fit(self, trial: Trial, seed: int) -> Effects:  # noqa: ARG002  nothing is drawn
        """The expected outcome, scaled so that it averages the effect."""
        model = fit_outcome(trial.features, trial.outcome, binary=trial.binary)
        treated = trial.treated
        moved = (trial.outcome[treated] / trial.propensity[treated]).sum()
        moved -= (trial.outcome[~treated] / (1 - trial.propensity[~treated])).sum()
        total = float(trial.outcome.sum())
        return model.times(abs(float(moved)) / total if total else 0.0)
