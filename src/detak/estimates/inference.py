"""From sums to estimates: risks adjusted for one another, with intervals. Arrays in, arrays out."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, exp, log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959963984540054

_Floats = NDArray[np.float64]
_Codes = NDArray[np.int64]
_STEPS = 100
_TOLERANCE = 1e-9
_NEAR = 1e-2  # of a step from coefficients close by: Newton's method leaves the square of it
_LARGEST_LOGIT = 35.0


class Estimate(NamedTuple):
    """A value with its 95% interval."""

    value: float
    low: float
    high: float


class Ratio(NamedTuple):
    """A risk ratio with its 95% interval, and how likely one as far from 1 is where there is no difference."""

    value: float
    low: float
    high: float
    p_value: float


def wilson(successes: int, trials: int) -> Estimate:
    """A share and its 95% interval by Wilson's score (1927), which holds for few trials and for shares near 0 and 1.

    Raises:
        ValueError: there are no trials: the share has no value.
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError("a share needs at least one trial, and no more successes than trials")
    share = successes / trials
    spread = 1 + Z95**2 / trials
    centre = (share + Z95**2 / (2 * trials)) / spread
    half = Z95 / spread * sqrt(share * (1 - share) / trials + Z95**2 / (4 * trials**2))
    low = 0.0 if successes == 0 else centre - half
    return Estimate(share, low, 1.0 if successes == trials else centre + half)


@dataclass(frozen=True)
class Grouped:
    """Counts by the levels of several factors: all that a logistic regression needs of the data."""

    levels: _Codes
    """(cells, factors): which level of each factor a cell has, from 0. Level 0 is the reference."""
    trials: _Floats
    """(cells,)"""
    successes: _Floats
    """(cells,)"""
    sizes: tuple[int, ...]
    """(factors,): how many levels each factor has."""

    def columns(self) -> _Codes:
        """(cells, 1 + factors): the columns where a cell's row of the one-hot design is 1, the intercept first."""
        starts = 1 + np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.int64)
        return np.column_stack([np.zeros(len(self.levels), np.int64), self.levels + starts])


@dataclass(frozen=True)
class Logistic:
    """A fitted logistic regression on factors."""

    coefficients: _Floats
    """(1 + sum of sizes,): the intercept, then each level of each factor; 0 at the references."""
    covariance: _Floats
    """The same square; 0 at the references."""
    grouped: Grouped

    def risks(self) -> _Floats:
        """(cells,): the fitted risk of each cell."""
        return _sigmoid(self.coefficients[self.grouped.columns()].sum(axis=1))


def fit(grouped: Grouped, start: _Floats | None = None) -> Logistic:
    """Logistic regression by Newton's method, under a log-F(1,1) prior on every coefficient but the intercept.

    The prior (Greenland and Mansournia 2015, Statistics in Medicine 34:3133) is half a success and half a failure for
    each coefficient: too weak to matter where there is data, enough to keep a level without any success finite.
    ``start`` are coefficients near the ones sought, where there are any: of a fit to nearly the same counts.
    """
    columns = grouped.columns()
    width = 1 + sum(grouped.sizes)
    free = np.ones(width, bool)
    free[np.unique(np.concatenate([[1], 1 + np.cumsum(grouped.sizes)[:-1]]))] = False
    beta = np.zeros(width) if start is None else start
    near = _TOLERANCE if start is None else _NEAR
    value = _objective(grouped, columns, beta, free)
    for _ in range(_STEPS):
        gradient, information = _derivatives(grouped, columns, beta, free)
        step = np.zeros(width)
        step[free] = np.linalg.solve(information[np.ix_(free, free)], gradient[free])
        beta, value, moved = _uphill(grouped, columns, free, (beta, value, step))
        if moved < near:
            break
    _, information = _derivatives(grouped, columns, beta, free)
    covariance = np.zeros((width, width))
    covariance[np.ix_(free, free)] = np.linalg.inv(information[np.ix_(free, free)])
    return Logistic(beta, covariance, grouped)


def standardised_ratios(model: Logistic, factor: int) -> list[Ratio]:
    """For each level of the factor: the risk if every trial had it, over that if none had.

    Without it, the other levels are in their observed mix; every other factor stays as it is (marginal standardisation,
    also called g-computation). Intervals by the delta method on the logarithm of the ratio.
    """
    grouped = model.grouped
    size = grouped.sizes[factor]
    shares = np.bincount(grouped.levels[:, factor], weights=grouped.trials, minlength=size) / grouped.trials.sum()
    found = [_standardised(model, factor, level) for level in range(size)]
    risks = np.array([risk for risk, _ in found])
    slopes = np.array([slope for _, slope in found])
    return [_ratio(model, risks, slopes, (shares, level)) for level in range(size)]


def discoveries(p_values: Sequence[float], rate: float = 0.05) -> list[bool]:
    """Which of many comparisons to believe, so that of these at most ``rate`` are expected to be chance.

    Benjamini and Hochberg 1995, Journal of the Royal Statistical Society B 57:289.
    """
    order = np.argsort(p_values)
    passed = np.asarray(p_values)[order] <= rate * np.arange(1, len(order) + 1) / max(len(order), 1)
    last = np.flatnonzero(passed)
    believed = np.zeros(len(order), bool)
    if last.size:
        believed[order[: last[-1] + 1]] = True
    return [bool(one) for one in believed]


def _sigmoid(logit: _Floats) -> _Floats:
    clipped: _Floats = np.clip(logit, -_LARGEST_LOGIT, _LARGEST_LOGIT)
    return 1 / (1 + np.exp(-clipped))


def _objective(grouped: Grouped, columns: _Codes, beta: _Floats, free: NDArray[np.bool_]) -> float:
    """The logarithm of likelihood times prior."""
    logit = beta[columns].sum(axis=1)
    fitted = grouped.successes @ logit - grouped.trials @ np.logaddexp(0, logit)
    prior = beta[1:][free[1:]]
    return float(fitted + (prior / 2 - np.logaddexp(0, prior)).sum())


def _derivatives(grouped: Grouped, columns: _Codes, beta: _Floats, free: NDArray[np.bool_]) -> tuple[_Floats, _Floats]:
    """Gradient and information. One-hot rows need no matrix: every sum is a count by pairs of columns."""
    width = len(beta)
    risk = _sigmoid(beta[columns].sum(axis=1))
    residual = grouped.successes - grouped.trials * risk
    weight = grouped.trials * risk * (1 - risk)
    gradient = np.zeros(width)
    information = np.zeros(width * width)
    for at, one in enumerate(columns.T):
        gradient += np.bincount(one, weights=residual, minlength=width)
        for other in columns.T[at:]:
            information += np.bincount(one * width + other, weights=weight, minlength=width * width)
    prior = _sigmoid(beta)
    penalised = np.flatnonzero(free)[1:]
    gradient[penalised] += 0.5 - prior[penalised]
    upper = information.reshape(width, width)
    square = upper + upper.T - np.diag(np.diag(upper))
    square[penalised, penalised] += (prior * (1 - prior))[penalised]
    return gradient, square


def _uphill(
    grouped: Grouped, columns: _Codes, free: NDArray[np.bool_], at: tuple[_Floats, float, _Floats]
) -> tuple[_Floats, float, float]:
    """The step, halved until it does not go down: the new place, its value, and how far it moved."""
    beta, value, step = at
    for _ in range(30):
        reached = _objective(grouped, columns, beta + step, free)
        if reached >= value - 1e-12 * abs(value):
            return beta + step, reached, float(np.abs(step).max())
        step = step / 2
    return beta, value, 0.0


def _standardised(model: Logistic, factor: int, level: int) -> tuple[float, _Floats]:
    """The mean risk if every trial had the level, and its derivative by the coefficients."""
    grouped = model.grouped
    levels = grouped.levels.copy()
    levels[:, factor] = level
    columns = Grouped(levels, grouped.trials, grouped.successes, grouped.sizes).columns()
    risk = _sigmoid(model.coefficients[columns].sum(axis=1))
    share = grouped.trials / grouped.trials.sum()
    weight = share * risk * (1 - risk)
    width = len(model.coefficients)
    slope = np.zeros(width)
    for one in columns.T:
        slope += np.bincount(one, weights=weight, minlength=width)
    return float(share @ risk), slope


def _ratio(model: Logistic, risks: _Floats, slopes: _Floats, at: tuple[_Floats, int]) -> Ratio:
    shares, level = at
    others = shares.copy()
    others[level] = 0
    others = others / others.sum()
    elsewhere = float(others @ risks)
    slope = slopes[level] / risks[level] - others @ slopes / elsewhere
    centre = log(risks[level] / elsewhere)
    error = sqrt(max(float(slope @ model.covariance @ slope), 0.0))
    p_value = erfc(abs(centre) / error / sqrt(2)) if error > 0 else 1.0
    return Ratio(exp(centre), exp(centre - Z95 * error), exp(centre + Z95 * error), p_value)
