"""How good an order of people by expected effect is, on people who were not asked when it was learnt.

Nested cross-validation: in each outer fold the learner is chosen on the other folds alone (``choose``), and so are its
effects; the fold itself only counts. So the figure is that of the whole procedure, choice included.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import msgspec
import numpy as np

from detak.uplift.base import Floats, Trial
from detak.uplift.choose import FOLDS, Average, Heterogeneity, check, choose, learners
from detak.uplift.outcome import folds
from detak.uplift.qini import qini_auc
from detak.uplift.scores import scores

_BUDGETS = (0.1, 0.3, 0.5)


class Ranked(msgspec.Struct, frozen=True):
    """An order, and how much it gains: Qini AUC over folds with its standard error."""

    qini_auc: float
    qini_se: float


class Budget(msgspec.Struct, frozen=True):
    """What treating a share of people brings, per 1,000 people in all: outcomes more, with standard errors.

    ``detak`` treats those expected to move most, ``response`` the likeliest to act anyway, ``random`` anybody.
    """

    share: float
    detak: float
    detak_se: float
    response: float
    response_se: float
    random: float
    random_se: float


class UpliftReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a trial says of who is moved by a treatment."""

    people: int
    treated: int
    features: list[str]
    qini_auc: float
    """Of the whole procedure, on people it did not see."""
    qini_se: float
    learner: str
    """The one that all people together choose."""
    chosen: dict[str, int]
    """How often each learner was chosen in the outer folds."""
    heterogeneity: Heterogeneity
    average: Average
    rule: str
    """``by_effect``: treat those who are moved most. ``everybody`` or ``nobody``: there is nothing to tell people
    apart by, and the average effect is positive beyond doubt, or it is not."""
    learners: dict[str, Ranked]
    budgets: list[Budget]
    repeats: int
    folds: int


@dataclass(frozen=True)
class _Fold:
    """The people of one outer fold, and every order of them."""

    trial: Trial
    score: Floats
    effects: Mapping[str, Floats]


def evaluate(trial: Trial, names: Sequence[str], *, repeats: int = 2, seed: int = 0) -> UpliftReport:
    """Judge every learner, and the choice among them.

    Args:
        trial: who was treated and what became of it.
        names: of its features.
        repeats: how often people are parted anew.
        seed: of the partitions.

    Raises:
        CannotComputeError: the trial is too small, or all outcomes are the same.
    """
    check(trial)
    whole = choose(trial, seed)
    picked: Counter[str] = Counter()
    held: list[_Fold] = []
    for repeat in range(repeats):
        told = scores(trial, seed + repeat)
        for others, these in folds(trial, FOLDS, seed + 100 + repeat):
            learnt, kept = trial.rows(others), trial.rows(these)
            chosen = choose(learnt, seed + repeat, repeats=1).learner.learner
            picked[chosen] += 1
            fitted = {name: learner.fit(learnt, seed) for name, learner in learners().items()}
            effects = {name: one.effect(kept.features) for name, one in fitted.items()}
            held.append(_Fold(kept, told.score[these], {**effects, "detak": effects[chosen]}))
    ranked = {name: _ranked(held, name, repeats) for name in held[0].effects}
    return UpliftReport(
        people=len(trial),
        treated=int(trial.treated.sum()),
        features=list(names),
        qini_auc=ranked["detak"].qini_auc,
        qini_se=ranked["detak"].qini_se,
        learner=whole.learner.learner,
        chosen=dict(picked.most_common()),
        heterogeneity=whole.heterogeneity,
        average=whole.average,
        rule=rule(whole.heterogeneity, whole.average),
        learners={name: one for name, one in ranked.items() if name != "detak"},
        budgets=[_budget(held, share, repeats) for share in _BUDGETS],
        repeats=repeats,
        folds=FOLDS,
    )


def rule(heterogeneity: Heterogeneity, average: Average) -> str:
    """Whom to treat, as far as a trial can tell."""
    if heterogeneity.found:
        return "by_effect"
    return "everybody" if average.effect > 1.96 * average.se else "nobody"


def _ranked(held: list[_Fold], name: str, repeats: int) -> Ranked:
    aucs = [qini_auc(one.trial.outcome, one.effects[name], one.trial.treated) for one in held]
    return Ranked(float(np.mean(aucs)), _error(aucs, repeats))


def _budget(held: list[_Fold], share: float, repeats: int) -> Budget:
    """The mean score of the first ``share`` of each fold's order, spread over everybody."""

    def brought(name: str) -> tuple[float, float]:
        return _per_thousand([one.score * _first(one.effects[name], share) for one in held], repeats)

    anybody = _per_thousand([one.score * share for one in held], repeats)
    return Budget(share, *brought("detak"), *brought("response"), *anybody)


def _first(effects: Floats, share: float) -> Floats:
    """1 for the share of people with the largest effects, else 0."""
    chosen = np.zeros(len(effects))
    chosen[np.argsort(-effects, kind="stable")[: round(share * len(effects))]] = 1.0
    return chosen


def _per_thousand(gained: list[Floats], repeats: int) -> tuple[float, float]:
    """The mean per 1,000 people and its standard error: each person stands in as many folds as there are repeats."""
    each = np.concatenate(gained)
    return 1000 * float(each.mean()), 1000 * float(each.std(ddof=1)) / sqrt(len(each) / repeats)


def _error(values: Sequence[float], repeats: int) -> float:
    """The standard error of a mean over folds. Partitions of the same people tell little new: folds count once."""
    return float(np.std(values, ddof=1)) / sqrt(len(values) / repeats)
