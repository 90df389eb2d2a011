"""Shares of many small groups, drawn towards their kind, and those of them that truly differ.

Each group's share is a draw from a beta distribution around the share of its kind (empirical Bayes; Robbins 1956), of
which the counts tell how wide it is. Few trials say little: the share is drawn to that of the kind, by as much as
groups are alike. Neither how alike they are nor their kind's share is known for certain: intervals are over what both
may be (Christiansen & Morris 1997, J. Am. Stat. Assoc. 92:618).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from detak.estimates.inference import Estimate

_Floats = NDArray[np.float64]
_Ints = NDArray[np.intp]

_FALSE_SIGNS: Final = 0.05
_WIDEST, _NARROWEST = np.log(0.5), np.log(1e5)  # of the logarithm of how many trials the kind counts for
_STRENGTHS: Final = np.exp(np.linspace(_WIDEST, _NARROWEST, 40))


class Shrunk(NamedTuple):
    """One group's share."""

    share: Estimate
    """With its 95% credible interval."""
    usual: float
    """Of its kind."""
    outlier: int
    """1 above its kind, -1 below, 0 where that may be chance."""


@dataclass(frozen=True)
class Groups:
    """Counts by group. Arrays of one length."""

    successes: _Floats
    trials: _Floats
    kinds: Sequence[str | None]


def shrink(groups: Groups) -> list[Shrunk]:
    """Each group's share, and whether it differs from its kind's.

    Outliers are chosen so that on average at most 5% of them lie on the other side (the local false sign rate; Stephens
    2017, Biostatistics 18:275).
    """
    if not len(groups.trials):
        return []
    usual, middle, variance, wrong_up = _integrated(groups)
    above, below = _beta(middle, variance)
    low, high = (scipy.special.betaincinv(above, below, tail) for tail in (0.025, 0.975))
    wrong = np.minimum(wrong_up, 1 - wrong_up)
    chosen = _chosen(np.where(groups.trials > 0, wrong, 0.5))
    sides = np.where(chosen, np.where(wrong_up < 0.5, 1, -1), 0)
    rows = zip(middle.tolist(), low.tolist(), high.tolist(), usual.tolist(), sides.tolist(), strict=True)
    return [Shrunk(Estimate(share, least, most), of_kind, side) for share, least, most, of_kind, side in rows]


def drawn(groups: Groups) -> _Floats:
    """Each group's share alone, by the likeliest prior: to set groups in order that is enough."""
    usual = _usual(groups)
    # The kind counts for one success at least: where nobody buys anything, nothing stands out by nobody buying it.
    weight = np.maximum(_weight(groups.successes, groups.trials, usual), 1 / usual)
    return np.asarray((weight * usual + groups.successes) / (weight + groups.trials), np.float64)


class _Kinds(NamedTuple):
    """What pulls the share of each kind, beside its own groups: so many trials, of this share."""

    which: _Ints
    """The kind of each group."""
    whole: float
    pull: float


class _Told(NamedTuple):
    """For each strength that the prior may have (rows), by kind or by group."""

    chance: _Floats
    """Of the strength itself, after the counts."""
    won: _Floats
    """By kind: what its groups are worth, each trial counting less the more groups differ."""
    tried: _Floats
    centre: _Floats
    """By kind, as the next: its share."""
    doubt: _Floats
    """The variance of that."""


def _integrated(groups: Groups) -> tuple[_Floats, _Floats, _Floats, _Floats]:
    """By group, over all that the prior may be: the share of its kind, the mean and variance of its own, and the chance
    that its own is below its kind's."""
    places = {kind: at for at, kind in enumerate(dict.fromkeys(groups.kinds))}
    which = np.array([places[kind] for kind in groups.kinds])
    whole = float((groups.successes.sum() + 0.5) / (groups.trials.sum() + 1))
    told = _told(groups, _Kinds(which, whole, 1.0))
    if len(places) > 1:
        told = _told(groups, _Kinds(which, whole, _pull(told, whole)))
    usual, doubt = told.centre[:, which], told.doubt[:, which]
    weight = _at_least(usual)
    middle = (weight * usual + groups.successes) / (weight + groups.trials)
    above, below = weight * usual + groups.successes, weight * (1 - usual) + groups.trials - groups.successes
    under = told.chance @ scipy.special.betainc(above, below, usual)
    within = middle * (1 - middle) / (weight + groups.trials + 1) + (weight / (weight + groups.trials)) ** 2 * doubt
    mean = told.chance @ middle
    return told.chance @ usual, mean, told.chance @ (within + (middle - mean) ** 2), under


def _told(groups: Groups, kinds: _Kinds) -> _Told:
    strength, trials = _STRENGTHS[:, None], groups.trials
    worth = (strength + 1) / (strength + trials)  # of one trial: those of one group are not independent
    won, tried = (_summed(worth * one, kinds.which) for one in (groups.successes, trials))
    counts = tried + kinds.pull
    centre = (won + kinds.pull * kinds.whole) / counts
    doubt = centre * (1 - centre) / (counts + 1)
    likely = _likely(groups.successes, trials, centre[:, kinds.which]) + 0.5 * np.log(doubt).sum(axis=1)
    return _Told(_chance(likely, trials), won, tried, centre, doubt)


def _pull(told: _Told, whole: float) -> float:
    """How many trials the share of all counts for in each kind's, by as much as kinds are alike and may not be."""
    won, tried = told.chance @ told.won, told.chance @ told.tried
    chance = _chance(_likely(won, tried, np.full((len(_STRENGTHS), 1), whole)), tried)
    return 1.0 / float(chance @ (1.0 / (_STRENGTHS + 1.0))) - 1.0


def _chance(likely: _Floats, trials: _Floats) -> _Floats:
    """Of each strength. Beforehand the part that the prior has in a group's share leans to none: density part^-1/2.

    With any part alike, intervals of few groups that differ a little would hold less often than they say.
    """
    usual = 1.0 / np.mean(1.0 / trials[trials > 0]) if trials.any() else 1.0
    log = likely + 0.5 * np.log(_STRENGTHS) - 1.5 * np.log(_STRENGTHS + usual)
    chance = np.exp(log - log.max())
    return np.asarray(chance / chance.sum(), np.float64)


def _likely(successes: _Floats, trials: _Floats, centre: _Floats) -> _Floats:
    """The logarithm of how likely the counts are under the beta-binomial, by strength (rows of ``centre``)."""
    weight, log_beta = _at_least(centre), scipy.special.betaln
    above, below = weight * centre, weight * (1 - centre)
    found = log_beta(above + successes, below + trials - successes) - log_beta(above, below)
    return np.asarray(found.sum(axis=1), np.float64)


def _at_least(centre: _Floats) -> _Floats:
    """The strengths; one success at least: where nobody buys anything, nothing stands out by nobody buying it."""
    return np.maximum(_STRENGTHS[:, None], 1 / centre)


def _summed(values: _Floats, which: _Ints) -> _Floats:
    """Each row by kind."""
    return np.array([np.bincount(which, weights=row) for row in values])


def _beta(middle: _Floats, variance: _Floats) -> tuple[_Floats, _Floats]:
    """The beta distribution of this mean and variance."""
    counts = np.maximum(middle * (1 - middle) / variance - 1, 1e-3)
    return middle * counts, (1 - middle) * counts


def _usual(groups: Groups) -> _Floats:
    """The share of each group's kind, itself drawn towards that of all as far as kinds are alike."""
    places = {kind: at for at, kind in enumerate(dict.fromkeys(groups.kinds))}
    which = np.array([places[kind] for kind in groups.kinds])
    won, tried = (np.asarray(np.bincount(which, weights=one), np.float64) for one in (groups.successes, groups.trials))
    # A little of each side, so that it is never 0 or 1.
    whole = np.full(len(places), (won.sum() + 0.5) / (tried.sum() + 1))
    weight = _weight(won, tried, whole) if len(places) > 1 else 1.0
    return np.asarray(((won + weight * whole) / (tried + weight))[which], np.float64)


def _weight(successes: _Floats, trials: _Floats, usual: _Floats) -> float:
    """How many trials ``usual`` counts for: the likeliest, under the beta-binomial."""

    log_beta = scipy.special.betaln

    def unlikely(log_weight: float) -> float:
        above, below = np.exp(log_weight) * usual, np.exp(log_weight) * (1 - usual)
        return -float((log_beta(above + successes, below + trials - successes) - log_beta(above, below)).sum())

    found = scipy.optimize.minimize_scalar(unlikely, bounds=(_WIDEST, _NARROWEST), method="bounded")
    return float(np.exp(found.x))


def _chosen(wrong: _Floats) -> NDArray[np.bool_]:
    """The surest, as many as keep the mean chance of a wrong sign."""
    order = np.argsort(wrong, kind="stable")
    mean = np.cumsum(wrong[order]) / np.arange(1, len(order) + 1)
    chosen = np.zeros(len(order), bool)
    chosen[order[mean <= _FALSE_SIGNS]] = True
    return chosen
