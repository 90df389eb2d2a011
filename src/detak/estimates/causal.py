"""What taking something away would change: doubly robust estimates from counts, their intervals, and how firm they are.

The units are groups of alike cases (arrays by group): ``cases`` of them, whether they were ``exposed``, whether they
had the ``outcome``. Assumed: among cases alike in ``levels``, exposure hangs together with nothing else that decides
the outcome; each exposure might have been absent; cases do not act on one another.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detak.estimates.inference import Z95, Estimate, Grouped, fit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

FOLDS: Final = 3
_LARGEST_WEIGHT: Final = 20.0  # of one unexposed case: where nearly all are exposed, few would speak for many
_LEAST: Final = 10  # cases with and without, below which nothing is estimated


@dataclass(frozen=True)
class Study:
    """Cases that could have been exposed. Arrays by group."""

    cases: Floats
    known: Flags
    """Of these it is known whether they were exposed; nothing is concluded from the others."""
    exposed: Flags
    """Never where it is not known."""
    outcome: Flags
    levels: Ints
    """Groups x factors: what is held equal, as levels from 0."""
    sizes: tuple[int, ...]


class Removal(NamedTuple):
    """What there would be of the outcome among the exposed, had they not been."""

    gained: Estimate
    """More cases with the outcome."""
    per_case: Floats
    """By group, of one case: what it adds to ``gained``; a weighted sum of it (by value, say) is an estimate, too."""
    propensity: Floats
    """By group, those of which it is not known too: the chance to be exposed."""
    ratio: Estimate
    """How much likelier the outcome would be among the exposed, had they not been."""


def removal(study: Study) -> Removal | None:
    """The effect of taking the exposure away from those who had it; None where too few are compared.

    Augmented inverse probability weighting for the effect on the exposed (Robins, Rotnitzky and Zhao 1994, JASA
    89:846; Moodie, Saarela and Stephens 2018, Stat 7:e205), with the two models fitted on other cases than they are
    used for (cross-fitting: Chernozhukov et al. 2018, Econometrics Journal 21:C1). It holds if either model does. The
    interval is that of the influence function. Both models are logistic on factors.
    """
    cases, exposed = study.cases * study.known, study.exposed
    bare = study.known & ~exposed
    if min(cases[exposed].sum(), cases[bare].sum()) < _LEAST or not (study.outcome & bare).any():
        return None
    had = study.outcome.astype(np.float64)
    part = _parted(cases)
    chance, without = _predicted(study, exposed, study.known, part), _predicted(study, study.outcome, bare, part)
    weight = np.minimum(chance / np.maximum(1 - chance, 1e-9), _LARGEST_WEIGHT)
    each = np.where(exposed[:, None], without - had[:, None], weight * (had[:, None] - without))
    per_case = (part * each).sum(axis=1) * study.known
    propensity = (part * chance).sum(axis=1)
    gained = float(cases @ per_case)
    n = cases.sum()
    error = sqrt(float(cases @ (per_case - gained / n) ** 2))
    return Removal(_interval(gained, error), per_case, propensity, _ratio(study, per_case, gained))


def evalue(ratio: float) -> float:
    """How much likelier an unseen trait must make both exposure and outcome to explain a risk ratio away.

    VanderWeele and Ding 2017, Annals of Internal Medicine 167:268. 1: nothing is needed.
    """
    above = max(ratio, 1 / ratio) if ratio > 0 else float("inf")
    return above + sqrt(above * (above - 1)) if above < float("inf") else above


def strengths(study: Study) -> Floats:
    """By factor: by how much it could shift a risk ratio, were it left out: the bounding factor of its two
    associations.

    Ding and VanderWeele 2016, Epidemiology 27:368: RR_EU RR_UD / (RR_EU + RR_UD - 1), with the largest ratio of a
    level's shares among exposed and others, and of the outcome between levels. Levels with too few cases are left
    aside.
    """
    found = []
    for factor, size in enumerate(study.sizes):
        level = study.levels[:, factor]
        unexposed = study.known & ~study.exposed
        every, exposed, bare, had = (
            np.bincount(level, weights=study.cases * keep, minlength=size)
            for keep in (study.known, study.exposed, unexposed, unexposed & study.outcome)
        )
        use = (every >= 0.05 * every.sum()) & (bare >= _LEAST) & (had > 0)
        if use.sum() < 2:
            found.append(1.0)
            continue
        share = (exposed[use] + 0.5) / exposed.sum() / ((bare[use] + 0.5) / bare.sum())
        risk = had[use] / bare[use]
        one, other = max(share.max(), 1 / share.min()), risk.max() / risk.min()
        found.append(float(one * other / (one + other - 1)))
    return np.array(found)


def _parted(cases: Floats) -> Floats:
    """Groups x FOLDS: which part of the cases of a group falls into each fold, by lot; of none, equal parts."""
    counts = np.random.default_rng(0).multinomial(cases.astype(np.int64), [1 / FOLDS] * FOLDS)
    return np.where(cases[:, None] > 0, counts / np.maximum(cases, 1)[:, None], 1 / FOLDS)


def _predicted(study: Study, what: Flags, of: Flags, part: Floats) -> Floats:
    """Groups x FOLDS: the chance of ``what`` as learnt from the cases ``of`` the other folds."""
    columns = Grouped(study.levels, study.cases, study.cases, study.sizes).columns()
    whole = _coefficients(study, what, study.cases * of, None)
    found = np.empty_like(part)
    for fold in range(FOLDS):
        near = _coefficients(study, what, study.cases * of * (1 - part[:, fold]), whole)
        found[:, fold] = 1 / (1 + np.exp(-np.clip(near[columns].sum(axis=1), -30, 30)))
    return found


def _coefficients(study: Study, what: Flags, cases: Floats, start: Floats | None) -> Floats:
    of = cases > 0
    return fit(Grouped(study.levels[of], cases[of], cases[of] * what[of], study.sizes), start).coefficients


def _ratio(study: Study, per_case: Floats, gained: float) -> Estimate:
    """The outcome among the exposed without exposure over that with it; the interval on the logarithm."""
    exposed, cases = study.exposed, study.cases * study.known
    had = float(cases @ (exposed & study.outcome))
    if had <= 0 or had + gained <= 0:
        return Estimate(float("nan"), float("nan"), float("nan"))
    would = had + gained
    own = (exposed & study.outcome).astype(np.float64)
    slope = (per_case + own) / would - own / had
    error = sqrt(float(cases @ (slope - slope @ cases / cases.sum()) ** 2))
    centre = np.log(would / had)
    return Estimate(float(np.exp(centre)), *(float(np.exp(centre + sign * Z95 * error)) for sign in (-1, 1)))


def _interval(value: float, error: float) -> Estimate:
    return Estimate(value, value - Z95 * error, value + Z95 * error)
