"""The outcome turned around for those left alone, so that one regression learns the effect.

Jaskowski and Jaroszewicz (2012); with the chances of treatment as weights, for any outcome, Athey and Imbens (2016).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detak.uplift.base import Effects, Trial
from detak.uplift.outcome import fit_linear


@dataclass(frozen=True)
class ClassTransformation:
    """No model of the outcome at all: nothing to get wrong, and the most noise."""

    learner: ClassVar[str] = "class_transformation"
    simplicity: ClassVar[int] = 6

    def fit(self, trial: Trial, seed: int) -> Effects:  # noqa: ARG002  nothing is drawn
        """A linear effect on the transformed outcome."""
        share = np.where(trial.treated, 1 / trial.propensity, -1 / (1 - trial.propensity))
        return fit_linear(trial.features, trial.outcome * share)
