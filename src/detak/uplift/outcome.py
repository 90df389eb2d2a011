"""The expected outcome given features: penalised logistic regression for what happens or does not, else ridge."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from detak.uplift.base import Effects, Floats, Rows, Trial, linear

_PENALTY = 10.0  # a person's worth of evidence against each weight of standardised features
_PENALTIES = (1e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0)  # of people, for the last stage of two


@dataclass(frozen=True)
class Outcome:
    """A fitted expected outcome."""

    weights: Floats
    intercept: float
    logistic: bool

    def expected(self, features: Floats) -> Floats:
        """(people,): the expected outcome of each."""
        return self.times(1.0).effect(features)

    def times(self, scale: float) -> Effects:
        """Effects that are so many times the expected outcome."""
        link = np.array([self.logistic])
        return Effects(self.weights[None, :], np.array([self.intercept]), np.ones(1), link, scale)

    def less(self, other: "Outcome") -> Effects:
        """Effects that are the difference from another expected outcome."""
        weights, intercepts = np.stack([self.weights, other.weights]), np.array([self.intercept, other.intercept])
        return Effects(weights, intercepts, np.array([1.0, -1.0]), np.array([self.logistic, other.logistic]))


def fit_outcome(features: Floats, outcome: Floats, *, binary: bool) -> Outcome:
    """The expected outcome of people such as these. Where all outcomes are the same, that one."""
    if np.ptp(outcome) == 0:
        flat = np.zeros(features.shape[1])
        return Outcome(flat, float(outcome[0]), logistic=False)
    from sklearn.linear_model import LogisticRegression, Ridge  # noqa: PLC0415  most commands learn nothing

    model: Any
    if binary:
        model = LogisticRegression(C=1 / _PENALTY, solver="newton-cholesky", max_iter=100)
    else:
        model = Ridge(alpha=_PENALTY)
    model.fit(features, outcome)
    return Outcome(np.ravel(model.coef_), float(np.ravel(model.intercept_)[0]), binary)


def fit_linear(features: Floats, target: Floats, weight: Floats | None = None) -> Effects:
    """Ridge on a noisy target, its penalty by generalised cross-validation (Golub, Heath, Wahba 1979)."""
    from sklearn.linear_model import RidgeCV  # noqa: PLC0415  most commands learn nothing

    model = RidgeCV(alphas=[share * len(target) for share in _PENALTIES])
    model.fit(features, target, sample_weight=weight)
    return linear(np.ravel(model.coef_), float(model.intercept_))


def folds(trial: Trial, count: int, seed: int) -> list[tuple[Rows, Rows]]:
    """(others, these) ``count`` times: people parted at random, the treated and what happens spread evenly."""
    number = parted(trial, count, seed)
    return [(np.flatnonzero(number != one), np.flatnonzero(number == one)) for one in range(count)]


def parted(trial: Trial, count: int, seed: int) -> Rows:
    """(people,): to which of ``count`` parts each belongs. Outcomes that can be any number are left to chance."""
    order = np.random.default_rng(seed).permutation(len(trial))
    happened = trial.outcome[order] if trial.binary else np.zeros(len(trial))
    number = np.empty(len(trial), np.int64)
    number[order[np.lexsort((happened, trial.treated[order]))]] = np.arange(len(trial)) % count
    return number


def both_sides(trial: Trial) -> tuple[Outcome, Outcome]:
    """The expected outcome without the treatment, and with it."""
    sides = (trial.rows(~trial.treated), trial.rows(trial.treated))
    without, with_it = (fit_outcome(one.features, one.outcome, binary=trial.binary) for one in sides)
    return without, with_it
