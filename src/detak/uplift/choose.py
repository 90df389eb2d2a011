"""Which learner, by cross-validation; and whether there is anything to learn at all.

Learners are judged by the Qini measure on doubly robust scores (a rank-weighted average treatment effect, Yadlowsky et
al. 2021), which is less noisy than the curve itself. Where a trial knows of something that comes before the outcome,
they learn from that too; they are always judged by the outcome. Whether effects differ between people is judged by the
slope of the scores on effects that were predicted without them (best linear predictor, Chernozhukov, Demirer, Duflo,
Fernández-Val 2018), by what all learners say together: had the best of them the word, it would have to be paid for by
their number. The effects in a fold are predicted from the folds before it alone, so that what the folds say may be
added up (sequential validation, Wager 2024: with the usual folds, each learning from all others, twice too many are
found). Of several partitions twice the median p-value counts (Meinshausen, Meier, Bühlmann 2009), so that the answer
does not hang on one draw.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import erfc, inf, sqrt
from typing import NamedTuple

import msgspec
import numpy as np
import scipy

from detak.errors import CannotComputeError
from detak.plugins import members
from detak.uplift.base import Effects, Floats, Learner, Trial
from detak.uplift.outcome import folds, parted
from detak.uplift.scores import scores

FOLDS = 5
_LEAST = 50  # people of each kind in each fold; with fewer, nothing can be told of any learner
_PARTITIONS = 2  # at least, for whether effects differ
_SURE = 0.05
_ROUNDED = 1e-10


class Heterogeneity(msgspec.Struct, frozen=True):
    """Whether the treatment does more for some people than for others, as far as their features tell."""

    found: bool
    p: float


class Average(msgspec.Struct, frozen=True):
    """The effect on everybody, and its standard error."""

    effect: float
    se: float


@dataclass(frozen=True)
class Chosen:
    """What cross-validation says."""

    learner: Learner
    early: bool
    """Whether it learns from what comes before the outcome."""
    gains: Mapping[str, float]
    """Learner -> mean gain over a random order, per person, of its order."""
    heterogeneity: Heterogeneity
    average: Average


def learners() -> dict[str, Learner]:
    """Every learner there is, by name, the simplest first."""
    made: list[tuple[str, Learner]] = [(name, kind()) for name, kind in members("detak.uplift", "learner").items()]
    return dict(sorted(made, key=lambda one: one[1].simplicity))


def check(trial: Trial) -> None:
    """See that there is enough to learn from.

    Raises:
        CannotComputeError: too few people of one kind, or the outcome is the same for all.
    """
    treated = int(trial.treated.sum())
    fewest = min(treated, len(trial) - treated)
    if fewest < _LEAST * FOLDS:
        raise CannotComputeError(
            f"{treated} people were treated and {len(trial) - treated} were not: of each kind it takes {_LEAST * FOLDS}"
        )
    if np.ptp(trial.outcome) == 0:
        raise CannotComputeError("the outcome is the same for everybody: nothing can be learnt from it")


def choose(trial: Trial, seed: int, *, repeats: int = 2) -> Chosen:
    """The learner whose order gains most on people it did not see; and whether effects differ at all.

    Raises:
        CannotComputeError: the trial is too small.
    """
    check(trial)
    every = _candidates(trial)
    gains: dict[str, list[float]] = {name: [] for name in every}
    told = scores(trial, seed)
    statistics = [_sequential(trial, told.score, seed + 1 + part) for part in range(max(repeats, _PARTITIONS))]
    for repeat in range(repeats):
        for name, some in _gains(trial, told.score, every, seed + repeat).items():
            gains[name] += some
    means = {name: float(np.mean(one)) for name, one in gains.items()}
    best = max(means, key=lambda name: means[name])
    average = Average(float(told.score.mean()), float(told.score.std(ddof=1) / sqrt(len(trial))))
    return Chosen(*every[best], means, _heterogeneity(statistics), average)


def likeliest(trial: Trial, seed: int) -> Learner:
    """The learner whose order gains most on people it did not see, by the outcome that it learns from.

    Raises:
        CannotComputeError: the trial is too small.
    """
    check(trial)
    every = {name: _Candidate(one, early=False) for name, one in learners().items()}
    gains = _gains(trial, scores(trial, seed).score, every, seed)
    return every[max(gains, key=lambda name: sum(gains[name]))].learner


def gain(score: Floats, effect: Floats) -> float:
    """How much more the first half of an order gains than a random one, per person: its Qini measure on scores."""
    if _alike(effect):
        return 0.0
    rank = (scipy.stats.rankdata(effect) - 0.5) / len(effect) - 0.5
    return float((score * rank).mean())


def slope(score: Floats, effect: Floats) -> float:
    """The slope of scores on predicted effects over its robust standard error; 0 where all predictions are one."""
    found, error = _line(score, effect)
    return found / error if error > 0 else 0.0


def calibrated(learner: Learner, trial: Trial, seed: int, *, early: bool = False) -> Effects:
    """Effects that average the effect on everybody and differ as much as people not seen bear out, never more.

    A learner orders people; what an order is worth in money hangs on how far apart they really are. Each one's effect
    is predicted without them, and the slope of the scores on that says how much of the differences holds: held against
    people that the learner knows, all would seem to. ``early``: the learner learns from what comes before the outcome,
    whose differences may be smaller than those of the outcome.
    """
    one = _Candidate(learner, early)
    apart = np.empty(len(trial))
    for others, these in folds(trial, FOLDS, seed + 1):
        predicted = one.fit(trial.rows(others), seed).effect(trial.features)
        apart[these] = (predicted - predicted.mean())[these]
    told = scores(trial, seed)
    effects = one.fit(trial, seed)
    stretch = min(max(_line(told.score, apart)[0], 0.0), inf if early else 1.0)
    shift = float(told.score.mean()) - stretch * float(effects.effect(trial.features).mean())
    return Effects(
        effects.weights,
        effects.intercepts,
        effects.signs,
        effects.logistic,
        scale=effects.scale * stretch,
        shift=effects.shift * stretch + shift,
    )


class _Candidate(NamedTuple):
    """A learner, and whether it learns from what comes before the outcome."""

    learner: Learner
    early: bool

    def fit(self, trial: Trial, seed: int) -> Effects:
        return self.learner.fit((trial.sooner if self.early else None) or trial, seed)


def _gains(trial: Trial, score: Floats, every: Mapping[str, _Candidate], seed: int) -> dict[str, list[float]]:
    """Learner -> the gain of its order in each fold, learnt from the other folds."""
    gains: dict[str, list[float]] = {name: [] for name in every}
    for others, these in folds(trial, FOLDS, seed + 1):
        learnt = trial.rows(others)
        for name, one in every.items():
            gains[name].append(gain(score[these], one.fit(learnt, seed).effect(trial.features[these])))
    return gains


def _candidates(trial: Trial) -> dict[str, _Candidate]:
    return {name: _Candidate(one, trial.sooner is not None) for name, one in learners().items()}


def _line(score: Floats, effect: Floats) -> tuple[float, float]:
    """The slope of scores on predicted effects, and its robust standard error; both 0 where all predictions are one."""
    if _alike(effect):
        return 0.0, 0.0
    apart = effect - effect.mean()
    wide = float((apart**2).sum())
    fitted = float((apart * score).sum()) / wide
    # As where there is no slope: a line that follows few large scores would leave too little of them.
    return fitted, sqrt(float(((apart * (score - score.mean())) ** 2).sum())) / wide


def _alike(effect: Floats) -> bool:
    """Whether effects differ by no more than numbers are rounded."""
    return bool(np.ptp(effect) <= _ROUNDED * np.abs(effect).max())


def _sequential(trial: Trial, score: Floats, seed: int) -> float:
    """A statistic that is standard normal where effects do not differ."""
    number = parted(trial, FOLDS, seed)
    every = _candidates(trial)
    total = 0.0
    for fold in range(1, FOLDS):
        learnt, these = trial.rows(number < fold), number == fold
        said = [one.fit(learnt, seed).effect(trial.features[these]) for one in every.values()]
        total += slope(score[these], together(said))
    return total / sqrt(FOLDS - 1)


def together(said: Sequence[Floats]) -> Floats:
    """(people,): what several learners say of people, each counting alike however far apart it sees them."""
    spread = [(one - one.mean()) / one.std() for one in said if not _alike(one)]
    return np.sum(spread, axis=0) if spread else np.zeros(len(said[0]))


def _heterogeneity(statistics: list[float]) -> Heterogeneity:
    """From the statistic of each partition, two at least."""
    p = min(1.0, 2 * float(np.median([0.5 * erfc(one / sqrt(2)) for one in statistics])))
    return Heterogeneity(p < _SURE, p)
