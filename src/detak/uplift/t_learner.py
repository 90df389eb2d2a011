"""Two models of the outcome, one of each side; the effect is their difference (Künzel et al. 2019)."""

from dataclasses import dataclass
from typing import ClassVar

from detak.uplift.base import Effects, Trial
from detak.uplift.outcome import both_sides


@dataclass(frozen=True)
class TLearner:
    """Free to differ in everything, and noisy where one side is small."""

    learner: ClassVar[str] = "t"
    simplicity: ClassVar[int] = 3

    def fit(self, trial: Trial, seed: int) -> Effects:  # noqa: ARG002  nothing is drawn
        """The difference of the two models."""
        without, with_it = both_sides(trial)
        return with_it.less(without)
