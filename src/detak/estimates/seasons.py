"""What moves daily counts: a smooth trend, the weekday, and named days, told apart by one regression.

Counts are negative binomial with a log link: a day may be busy for reasons nobody knows, and the busier the shop, the
more that weighs. The trend is a penalised B-spline (Eilers and Marx 1996, Statistical Science 11:89), as wavy as the
counts ask for (Wood and Fasiolo 2017, Biometrics 73:1071). Days that nothing here explains are found, named and kept
from bending the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from detak.errors import CannotComputeError
from detak.estimates.inference import Z95, Estimate, discoveries

_Floats = NDArray[np.float64]
_Flags = NDArray[np.bool_]

FEWEST_DAYS: Final = 56
"""Eight weeks: less cannot tell a weekday from a trend."""
GROWTH_DAYS: Final = 28
_FEWEST_COUNTED: Final = 100
_KNOT_DAYS: Final = 28
_WEEK: Final = 7
_DOUBTS: Final = 0.25  # precision of a named day's effect before any data: a factor of e^2 is one deviation
_ROUNDS: Final = 40
_SEARCHES: Final = 4  # for odd days: those found first may have hidden others
_ODD_RATE: Final = 0.01
_MEDIAN_SQUARE: Final = 0.4549  # of a standard normal
_LARGEST: Final = 1e7


class Effect(NamedTuple):
    """What one kind of day multiplies the count by, all else as it is."""

    name: str
    ratio: Estimate
    days: int
    occasions: int
    """Runs of such days: a Lebaran of a week is one."""
    extra: Estimate
    """What an occasion brings more than plain days would (less, below 0)."""


class Odd(NamedTuple):
    """A day that nothing here explains."""

    day: int
    """Counted from the first."""
    counted: float
    expected: float


@dataclass(frozen=True)
class Seasons:
    """Daily counts, taken apart."""

    trend: _Floats
    """(days,): the count of an average weekday on which nothing is on."""
    expected: _Floats
    """(days,): with the weekday and the named days."""
    growth: Estimate
    """The trend at the end over that ``GROWTH_DAYS`` before."""
    weekdays: list[Estimate]
    """Monday first: the ratio to the average weekday."""
    effects: list[Effect]
    odd: list[Odd]
    overdispersion: float
    """alpha of the variance mu + alpha mu^2."""
    correlation: float
    """Of a day's surprise with the next day's; intervals of longer occasions are widened for it."""


def take_apart(counts: Sequence[float], first_weekday: int, named: Mapping[str, Sequence[bool]]) -> Seasons:
    """What moves the counts.

    Args:
        counts: one a day, no day left out.
        first_weekday: of the first day, 0 = Monday.
        named: for each kind of day, which days are of it; kinds without a day are left out.

    Raises:
        CannotComputeError: fewer than ``FEWEST_DAYS`` days, or next to nothing counted.
    """
    y = np.asarray(counts, np.float64)
    if len(y) < FEWEST_DAYS or y.sum() < _FEWEST_COUNTED:
        raise CannotComputeError(
            f"{len(y)} days with {y.sum():.0f} counted in all are too few to tell seasons from chance; "
            f"at least {FEWEST_DAYS} days and {_FEWEST_COUNTED} are needed"
        )
    flags = {name: np.asarray(of, bool) for name, of in named.items() if any(of) and not all(of)}
    design = _Design.make(len(y), first_weekday, list(flags.values()))
    kept = np.ones(len(y), bool)
    fitted = _fit(design, y, kept)
    for _ in range(_SEARCHES):
        odd = _odd(y, fitted, kept)
        if np.array_equal(kept, ~odd):
            break
        kept = ~odd
        fitted = _fit(design, y, kept)
    return _told(design, y, kept, fitted, flags)


@dataclass(frozen=True)
class _Design:
    """Columns: the spline, six contrasts of weekdays, the named kinds of day."""

    rows: _Floats
    splines: int
    penalty: _Floats
    """Of the spline, to be scaled by its smoothness."""
    prior: _Floats
    """Of the others."""

    @classmethod
    def make(cls, days: int, first_weekday: int, named: Sequence[_Flags]) -> "_Design":
        inner = max(2, round(days / _KNOT_DAYS))
        step = (days - 1) / inner
        knots = np.arange(-3, inner + 4) * step
        spline = scipy.interpolate.BSpline.design_matrix(
            np.arange(days, dtype=np.float64).clip(0, days - 1 - 1e-9), knots, 3
        ).toarray()
        weekday = (np.arange(days) + first_weekday) % _WEEK
        contrasts = np.vstack([np.eye(_WEEK - 1), -np.ones(_WEEK - 1)])[weekday]
        rows = np.column_stack([spline, contrasts, *(one.astype(np.float64) for one in named)])
        width, splines = rows.shape[1], spline.shape[1]
        bends = np.diff(np.eye(splines), n=2, axis=0)
        penalty, prior = np.zeros((width, width)), np.zeros((width, width))
        penalty[:splines, :splines] = bends.T @ bends
        first = splines + _WEEK - 1
        prior[range(first, width), range(first, width)] = _DOUBTS
        return cls(rows, splines, penalty, prior)


class _Fitted(NamedTuple):
    beta: _Floats
    covariance: _Floats
    mu: _Floats
    alpha: float


def _fit(design: _Design, y: _Floats, kept: _Flags) -> _Fitted:
    """Coefficients, smoothness and overdispersion, in turns until they stand still."""
    beta: _Floats = np.zeros(design.rows.shape[1])
    beta[: design.splines] = np.log(max(y[kept].mean(), 1e-3))
    alpha, smooth = 0.01, 10.0
    for _ in range(_ROUNDS):
        before, was = beta, smooth
        beta, covariance, freedom = _climb(design, y, kept, (beta, smooth, alpha))
        alpha = _overdispersion(y[kept], _mean(design.rows @ beta)[kept], freedom)
        smooth = _smoothness(design, beta, covariance, smooth)
        if np.abs(beta - before).max() < 1e-6 and abs(np.log(smooth / was)) < 1e-3:
            break
    return _Fitted(beta, covariance, _mean(design.rows @ beta), alpha)


def _climb(
    design: _Design, y: _Floats, kept: _Flags, at: tuple[_Floats, float, float]
) -> tuple[_Floats, _Floats, float]:
    """Coefficients, their covariance and how many of them the counts speak of, by iterated weighted least squares."""
    beta, smooth, alpha = at
    rows, penalty = design.rows, smooth * design.penalty + design.prior
    for _ in range(_ROUNDS):
        mu = _mean(rows @ beta)
        pull: _Floats = kept.astype(np.float64) * mu / (1 + alpha * mu)
        information = rows.T @ (rows * pull[:, None])
        covariance = np.asarray(np.linalg.inv(information + penalty), np.float64)
        target = rows @ beta + (y - mu) / mu
        moved = covariance @ (rows.T @ (pull * target)) - beta
        beta = np.asarray(beta + np.clip(moved, -2, 2), np.float64)
        if np.abs(moved).max() < 1e-8:
            break
    return beta, covariance, float(np.trace(covariance @ information))


def _mean(eta: _Floats) -> _Floats:
    return np.asarray(np.exp(np.clip(eta, -20, 25)), np.float64)


def _smoothness(design: _Design, beta: _Floats, covariance: _Floats, smooth: float) -> float:
    """The next penalty by Fellner and Schall's step: towards the largest restricted likelihood."""
    rank = design.splines - 2
    free = rank / smooth - float(np.sum(covariance * design.penalty))
    bent = float(beta @ design.penalty @ beta)
    return float(np.clip(smooth * max(free, 1e-12) / max(bent, 1e-12), 1e-3, _LARGEST))


def _overdispersion(y: _Floats, mu: _Floats, freedom: float) -> float:
    """alpha at which Pearson's chi-square is what it should be (Breslow 1984, Applied Statistics 33:38)."""
    wanted = max(len(y) - freedom, 1.0)
    return _solve(lambda alpha: float(((y - mu) ** 2 / (mu + alpha * mu**2)).sum()) - wanted)


def _solve(falling: Callable[[float], float]) -> float:
    """Where the function of alpha crosses 0, between 0 and 10."""
    if falling(0.0) <= 0:
        return 0.0
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return high


def _odd(y: _Floats, fitted: _Fitted, kept: _Flags) -> _Flags:
    """Days that chance does not explain. The spread is judged by the median day: odd ones do not widen it."""
    mu = fitted.mu

    def beyond(alpha: float) -> float:
        return float(np.median((y - mu)[kept] ** 2 / (mu + alpha * mu**2)[kept])) - _MEDIAN_SQUARE

    alpha = _solve(beyond)
    upper = _tail(y, mu, alpha)
    lower = 1 - _tail(y + 1, mu, alpha)
    return np.array(discoveries(np.minimum(1.0, 2 * np.minimum(upper, lower)).tolist(), _ODD_RATE))


def _tail(y: _Floats, mu: _Floats, alpha: float) -> _Floats:
    """The chance of so many or more."""
    if alpha < 1e-9:
        return np.asarray(scipy.special.gammainc(y, mu), np.float64)
    size = 1 / alpha
    return np.where(y <= 0, 1.0, scipy.special.betainc(np.maximum(y, 1e-9), size, mu / (mu + size)))


def _told(design: _Design, y: _Floats, kept: _Flags, fitted: _Fitted, flags: Mapping[str, _Flags]) -> Seasons:
    first = design.splines
    spread = fitted.mu + fitted.alpha * fitted.mu**2
    surprise = ((y - fitted.mu) / np.sqrt(spread))[kept]
    correlation = _correlation(surprise)
    contrasts = np.vstack([np.eye(_WEEK - 1), -np.ones(_WEEK - 1)])
    wide = fitted.covariance[first : first + _WEEK - 1, first : first + _WEEK - 1]
    errors = np.sqrt(np.einsum("ij,jk,ik->i", contrasts, wide, contrasts))
    weekdays = [
        _ratio(float(value), float(error))
        for value, error in zip(contrasts @ fitted.beta[first : first + _WEEK - 1], errors, strict=True)
    ]
    effects = [
        _effect(name, of, first + _WEEK - 1 + at, fitted, correlation) for at, (name, of) in enumerate(flags.items())
    ]
    odd = [Odd(int(day), float(y[day]), float(fitted.mu[day])) for day in np.flatnonzero(~kept)]
    trend = _mean(design.rows[:, :first] @ fitted.beta[:first])
    lately = np.zeros(len(fitted.beta))
    lately[:first] = design.rows[-1, :first] - design.rows[-1 - GROWTH_DAYS, :first]
    growth = _ratio(float(lately @ fitted.beta), float(np.sqrt(lately @ fitted.covariance @ lately)))
    return Seasons(trend, fitted.mu, growth, weekdays, effects, odd, fitted.alpha, correlation)


def _correlation(surprise: _Floats) -> float:
    """Of neighbours; below 0 counts as none, for it would only narrow intervals."""
    return float(np.clip((surprise[1:] * surprise[:-1]).sum() / max((surprise**2).sum(), 1e-12), 0.0, 0.9))


def _effect(name: str, of: _Flags, column: int, fitted: _Fitted, correlation: float) -> Effect:
    runs = int((np.diff(np.r_[False, of].astype(np.int64)) == 1).sum())
    days = int(of.sum())
    length = max(1, round(days / runs))
    lags = np.arange(1, length)
    # The variance of a mean of so many days in a row, of which each takes after the one before.
    widened = 1 + 2 * float(((1 - lags / length) * correlation**lags).sum())
    ratio = _ratio(float(fitted.beta[column]), float(np.sqrt(fitted.covariance[column, column] * widened)))
    plain = float((fitted.mu[of] / ratio.value).sum()) / runs
    return Effect(name, ratio, days, runs, Estimate(*(plain * (one - 1) for one in ratio)))


def _ratio(log_ratio: float, error: float) -> Estimate:
    return Estimate(*(float(np.exp(log_ratio + z * error)) for z in (0.0, -Z95, Z95)))
