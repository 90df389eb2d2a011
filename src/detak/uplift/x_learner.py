"""Each side's surprises against the other side's model, learnt and weighed (Künzel et al. 2019, the X-learner)."""

from dataclasses import dataclass
from typing import ClassVar

from detak.uplift.base import Effects, Trial, linear
from detak.uplift.outcome import both_sides, fit_linear


@dataclass(frozen=True)
class XLearner:
    """Good where one side is much the smaller: its people are held against a model of the many."""

    learner: ClassVar[str] = "x"
    simplicity: ClassVar[int] = 5

    def fit(self, trial: Trial, seed: int) -> Effects:  # noqa: ARG002  nothing is drawn
        """The two sides' linear effects, each weighed by how much of the other side there is."""
        without, with_it = both_sides(trial)
        yes, no = trial.rows(trial.treated), trial.rows(~trial.treated)
        of_treated = fit_linear(yes.features, yes.outcome - without.expected(yes.features))
        of_others = fit_linear(no.features, with_it.expected(no.features) - no.outcome)
        share = float(trial.propensity.mean())
        weights = share * of_others.weights[0] + (1 - share) * of_treated.weights[0]
        intercept = share * of_others.intercepts[0] + (1 - share) * of_treated.intercepts[0]
        return linear(weights, float(intercept))
