"""Shares of many small groups, drawn towards their kind, and those of them that truly differ.

Each group's share is a draw from a beta distribution around the share of its kind (empirical Bayes; Robbins 1956), of
which the counts tell how wide it is. Few trials say little: the share is drawn to that of the kind, by as much as
groups are alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from detak.estimates.inference import Estimate

_Floats = NDArray[np.float64]

_FALSE_SIGNS: Final = 0.05
_WIDEST, _NARROWEST = np.log(0.5), np.log(1e5)  # of the logarithm of how many trials the kind counts for


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
    usual, above, below = _drawn(groups)
    middle = above / (above + below)
    low, high = (scipy.special.betaincinv(above, below, tail) for tail in (0.025, 0.975))
    wrong_up = scipy.special.betainc(above, below, usual)
    wrong = np.minimum(wrong_up, 1 - wrong_up)
    chosen = _chosen(np.where(groups.trials > 0, wrong, 0.5))
    sides = np.where(chosen, np.where(wrong_up < 0.5, 1, -1), 0)
    rows = zip(middle.tolist(), low.tolist(), high.tolist(), usual.tolist(), sides.tolist(), strict=True)
    return [Shrunk(Estimate(share, least, most), of_kind, side) for share, least, most, of_kind, side in rows]


def drawn(groups: Groups) -> _Floats:
    """Each group's share alone."""
    _, above, below = _drawn(groups)
    return np.asarray(above / (above + below), np.float64)


def _drawn(groups: Groups) -> tuple[_Floats, _Floats, _Floats]:
    """The share of each group's kind, and what speaks for and against success in the group."""
    usual = _usual(groups)
    # The kind counts for one success at least: where nobody buys anything, nothing stands out by nobody buying it.
    weight = np.maximum(_weight(groups.successes, groups.trials, usual), 1 / usual)
    above = weight * usual + groups.successes
    return usual, above, weight * (1 - usual) + groups.trials - groups.successes


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
