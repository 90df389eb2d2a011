"""Detak's choice of a learner beside scikit-uplift's and causalml's learners: same people, same folds, same measure."""

from math import sqrt

import msgspec
import numpy as np

from detak.bench import peers
from detak.uplift.base import Trial
from detak.uplift.choose import FOLDS, choose
from detak.uplift.evaluate import Ranked
from detak.uplift.outcome import parted
from detak.uplift.qini import qini_auc


class UpliftBench(msgspec.Struct, frozen=True):
    """Qini AUC on people not seen, each with the standard error over folds."""

    people: int
    detak: Ranked
    """The whole procedure: in each fold the learner is chosen on the others."""
    peers: dict[str, Ranked] | peers.Missing
    within_one_error_of_the_best: bool | None
    """Null: there is nobody to compare with."""


def measure(trial: Trial, repeats: int = 2, seed: int = 0) -> UpliftBench:
    """Fit everybody on the same folds. The peers' figures are by scikit-uplift's own measure.

    Raises:
        CannotComputeError: the trial is too small.
    """
    arrays = {"features": trial.features, "treated": trial.treated.astype(np.int64), "outcome": trial.outcome}
    aucs = []
    for repeat in range(repeats):
        number = parted(trial, FOLDS, seed + 100 + repeat)
        effect = np.empty(len(trial))
        for fold in range(FOLDS):
            learnt, these = trial.rows(number != fold), number == fold
            effect[these] = choose(learnt, seed, repeats=1).learner.fit(learnt, seed).effect(trial.features[these])
            aucs.append(qini_auc(trial.outcome[these], effect[these], trial.treated[these]))
        arrays |= {f"fold_{repeat}": number, f"effect_{repeat}": effect}
    own = _ranked(aucs, repeats)
    answer = peers.ask("uplift", {"repeats": repeats}, arrays)
    if isinstance(answer, peers.Missing):
        return UpliftBench(len(trial), own, answer, None)
    theirs = {name: _ranked(one, repeats) for name, one in answer.said["aucs"].items()}
    counted = theirs.pop("detak")
    if abs(counted.qini_auc - own.qini_auc) > 1e-9:
        raise AssertionError(f"scikit-uplift counts {counted.qini_auc} where Detak counts {own.qini_auc}")
    best = max(one.qini_auc for one in theirs.values())
    return UpliftBench(len(trial), own, theirs, own.qini_auc >= best - own.qini_se)


def _ranked(aucs: list[float], repeats: int) -> Ranked:
    return Ranked(float(np.mean(aucs)), float(np.std(aucs, ddof=1)) / sqrt(len(aucs) / repeats))
