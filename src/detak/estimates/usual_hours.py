"""At which hour each person is usually there, from when they came before: counts by hour in, an hour each out.

A visit comes at the person's own hour with some chance, else whenever people come. How often it does, and how closely
around the hour, is learnt from everybody (a mixture, empirical Bayes); then each person's own hour follows by Bayes'
rule. Who came seldom gets the hours of everybody, and little certainty.
"""

from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import scipy
from numpy.typing import NDArray

_Floats = NDArray[np.float64]

_HOURS: Final = 24
_SHARES: Final = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_SPREADS: Final = (0.5, 1.0, 1.5, 2.5, 4.0)
_CLOSE: Final = 1  # hours around the own one that count as it, where certainty is told
_AT_ONCE: Final = 20_000  # people in memory


@dataclass(frozen=True)
class UsualHours:
    """Arrays by person."""

    chance: _Floats
    """(people, 24): of a next visit to fall into each hour."""
    best: NDArray[np.int64]
    """(people,): the likeliest hour."""
    own: NDArray[np.int64]
    """(people,): the hour that is their own, most likely."""
    certainty: _Floats
    """(people,): the chance that their own hour is within an hour of ``own``."""
    share: float
    """Of visits that come at the person's own hour."""
    spread: float
    """Hours, the deviation around it."""


def usual_hours(counts: _Floats, everybody: _Floats | None = None) -> UsualHours:
    """Each person's usual hours.

    Args:
        counts: (people, 24): visits by hour of the day, by the person's clock.
        everybody: (24,): visits of all people by hour; None: the sum of ``counts``.
    """
    counts = np.asarray(counts, np.float64).reshape(-1, _HOURS)
    common = counts.sum(axis=0) if everybody is None else np.asarray(everybody, np.float64)
    common = (common + 1) / (common + 1).sum()
    share, spread = _learnt(counts[:_AT_ONCE], common)
    blocks = [_told(counts[at : at + _AT_ONCE], common, share, spread) for at in range(0, len(counts), _AT_ONCE)]
    chance, weight = (
        np.concatenate([block[at] for block in blocks]) if blocks else np.zeros((0, _HOURS)) for at in (0, 1)
    )
    near = sum((np.roll(weight, step, axis=1) for step in range(-_CLOSE, _CLOSE + 1)), np.zeros_like(weight))
    own = near.argmax(axis=1)
    certainty = near[np.arange(len(near)), own]
    return UsualHours(chance, chance.argmax(axis=1), own, certainty, share, spread)


def _rates(common: _Floats, share: float, spread: float) -> _Floats:
    """(24, 24): for each own hour the chance of each hour."""
    away = (np.arange(_HOURS) + _HOURS // 2) % _HOURS - _HOURS // 2
    # The own hour lies anywhere within its hour: the bell is averaged over it.
    edges = away + np.linspace(-0.5, 0.5, 7)[:, None]
    below = scipy.special.ndtr
    bell = (below((edges + 0.5) / spread) - below((edges - 0.5) / spread)).mean(axis=0)
    around = np.stack([np.roll(bell / bell.sum(), hour) for hour in range(_HOURS)])
    return np.asarray(share * around + (1 - share) * common, np.float64)


def _likely(counts: _Floats, rates: _Floats) -> _Floats:
    """(people, 24): the logarithm of the likelihood of each own hour."""
    return np.asarray(counts @ np.log(rates).T, np.float64)


def _learnt(counts: _Floats, common: _Floats) -> tuple[float, float]:
    """Share and spread under which all people's visits are likeliest, of a grid."""
    if not counts.sum():
        return _SHARES[0], _SPREADS[1]
    return max(
        product(_SHARES, _SPREADS),
        key=lambda one: float(scipy.special.logsumexp(_likely(counts, _rates(common, *one)), axis=1).sum()),
    )


def _told(counts: _Floats, common: _Floats, share: float, spread: float) -> tuple[_Floats, _Floats]:
    """(people, 24) twice: the chance of each hour, and of each hour to be their own."""
    rates = _rates(common, share, spread)
    likely = _likely(counts, rates)
    weight = np.exp(likely - scipy.special.logsumexp(likely, axis=1, keepdims=True))
    return weight @ rates, weight
