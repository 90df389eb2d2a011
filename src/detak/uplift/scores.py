"""Doubly robust scores: for each person a noisy but unbiased word on their own effect.

Robins, Rotnitzky, Zhao (1994); with cross-fitting as in Chernozhukov et al. (2018). The mean of the scores over any
group of people estimates the group's effect, right if the chances of treatment are (they are known in a trial).
"""

from typing import NamedTuple

import numpy as np

from detak.uplift.base import Floats, Trial
from detak.uplift.outcome import both_sides, folds

_FOLDS = 5


class Scores(NamedTuple):
    """(people,) each: the doubly robust score, and the expected outcome without and with the treatment.

    Nobody's own outcome went into the expectations about them.
    """

    score: Floats
    without: Floats
    with_it: Floats


def scores(trial: Trial, seed: int) -> Scores:
    """The scores of everybody in the trial."""
    without, with_it = np.empty(len(trial)), np.empty(len(trial))
    for others, these in folds(trial, _FOLDS, seed):
        learnt = trial.rows(others)
        low, high = both_sides(learnt)
        without[these] = low.expected(trial.features[these])
        with_it[these] = high.expected(trial.features[these])
    treated = trial.treated
    surprise = np.where(treated, trial.outcome - with_it, without - trial.outcome)
    chance = np.where(treated, trial.propensity, 1 - trial.propensity)
    return Scores(with_it - without + surprise / chance, without, with_it)
