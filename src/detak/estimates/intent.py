"""The chance that a visit ends in a purchase, from what was touched in it so far. One definition, live and in the
facts.

A visit goes on until half an hour of silence, or until something is bought. What is counted stands in ``FACTORS``;
each is cut into bands, and the chance follows from a logistic regression on them, calibrated on later days (isotonic:
Zadrozny and Elkan 2002, KDD, 694). A chance is a sum of a few numbers: it is told in microseconds, and says what it
comes from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import scipy

from detak.estimates.inference import Grouped, fit

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

FACTORS: Final[Mapping[str, tuple[int, ...]]] = {
    "looks": (1, 2, 3, 5, 9),
    "again": (0, 1),
    "carts": (0, 1, 2),
    "minutes": (0, 1, 3, 6, 12, 25),
    "visits": (0, 1, 3),
    "bought": (0, 1),
}
"""Products turned to in a row; turned to again; put in the cart; minutes since the visit began; earlier visits, and
those with a purchase. Each with the ends of its bands: 3 in (1, 3) is in the second, and what is beyond all is the
last."""
PARTS: Final = ("learn", "calibrate", "judge")
"""Days are parted in time: a model learns from the first, is calibrated on the next, and judged on the last."""
VISIT: Final = 30 * 60 * 1_000_000
"""Microseconds of silence that end a visit."""
_LEAST: Final = 20  # purchases and moments without one, to learn from
_BINS: Final = 10
_LIKELY: Final = 0.5


@dataclass(frozen=True)
class Moments:
    """Moments of visits, in groups that are alike. Arrays by group."""

    levels: Ints
    """Groups x FACTORS."""
    moments: Floats
    bought: Floats
    """After how many of them the visit ended in a purchase."""
    part: Ints
    """Index into ``PARTS``."""

    def only(self, part: str) -> "Moments":
        """Those of some days."""
        here = self.part == PARTS.index(part)
        return Moments(self.levels[here], self.moments[here], self.bought[here], self.part[here])


@dataclass(frozen=True)
class Intent:
    """A fitted model."""

    coefficients: Floats
    """The intercept, then each band of each factor."""
    raw: Floats
    """Chances before calibration, rising; and what they are in truth."""
    true: Floats

    def chances(self, levels: Ints) -> Floats:
        """By row of levels (rows x FACTORS): the chance of a purchase in the visit."""
        return np.asarray(np.interp(_raw(self.coefficients, levels), self.raw, self.true))

    def arrays(self) -> dict[str, Floats]:
        """All of it, to be kept."""
        return {"coefficients": self.coefficients, "raw": self.raw, "true": self.true}

    @classmethod
    def of(cls, arrays: Mapping[str, Floats]) -> "Intent | None":
        """What was kept; None where it was for other factors than there are now.

        Raises:
            LookupError, ValueError: the arrays are not all there, or do not fit each other.
        """
        coefficients, raw, true = arrays["coefficients"], arrays["raw"], arrays["true"]
        if raw.ndim != 1 or raw.shape != true.shape:
            raise ValueError("the chances before and after calibration are not as many")
        return cls(coefficients, raw, true) if coefficients.shape == (1 + sum(_sizes()),) else None


@dataclass(frozen=True)
class Judgement:
    """How well chances fit what happened, on days that the model did not see."""

    auc: float
    """How often a moment that led to a purchase has the higher chance of the two; 0.5: a coin."""
    calibration: float
    """Mean distance of chance and share, over ten groups by chance (expected calibration error)."""
    bins: list[tuple[float, float, float]]
    """By group, lowest first: mean chance, share that bought, moments."""


@dataclass(frozen=True)
class Present:
    """Who is in the shop now. Null: so few that it is not shown."""

    people: int | None
    likely: int | None
    """Of them, those who are likelier to buy than not."""
    expected: float | None
    """Purchases, by their chances together."""


def present(intent: Intent, levels: Ints, people: Ints, least: int) -> Present:
    """What is told of those who are on a visit now: groups smaller than ``least`` are not, nor what gives them away.

    Args:
        intent: the model.
        levels: groups x ``FACTORS``.
        people: of each group.
        least: as small as a group may be.
    """
    total = int(people.sum())
    if 0 < total < least:
        return Present(None, None, None)
    chance = intent.chances(levels)
    likely = int(people[chance >= _LIKELY].sum())
    shown = all(count == 0 or count >= least for count in (likely, total - likely))
    return Present(total, likely if shown else None, round(float(people @ chance), 1))


def learn(moments: Moments) -> Intent | None:
    """The model; None where too little was bought, or nothing but."""
    early, later = moments.only("learn"), moments.only("calibrate")
    for some in (early, later):
        if min(some.bought.sum(), (some.moments - some.bought).sum()) < _LEAST:
            return None
    model = fit(Grouped(early.levels, early.moments, early.bought, _sizes()))
    raw = _raw(model.coefficients, later.levels)
    chance, place = np.unique(raw, return_inverse=True)
    weight = np.bincount(place, weights=later.moments)
    share = np.bincount(place, weights=later.bought) / weight
    return Intent(model.coefficients, chance, np.asarray(scipy.optimize.isotonic_regression(share, weights=weight).x))


def judge(intent: Intent, moments: Moments) -> Judgement | None:
    """On the last days; None where nothing, or everything, was bought on them."""
    last = moments.only("judge")
    if not 0 < last.bought.sum() < last.moments.sum():
        return None
    chance = intent.chances(last.levels)
    bins = _bins(chance, last)
    total = last.moments.sum()
    error = sum(abs(mean - share) * n for mean, share, n in bins) / total
    return Judgement(auc(chance, last.moments, last.bought), float(error), bins)


def auc(chance: Floats, moments: Floats, bought: Floats) -> float:
    """The area under the ROC curve of groups: ``bought`` of ``moments`` each; ties count half."""
    _, place = np.unique(chance, return_inverse=True)
    yes, every = np.bincount(place, weights=bought), np.bincount(place, weights=moments)
    no = every - yes
    below = np.cumsum(no) - no
    return float(yes @ (below + no / 2) / (yes.sum() * no.sum()))


def levels_of(values: Mapping[str, int]) -> Ints:
    """The bands of one moment: 1 x FACTORS."""
    return np.array([[int(np.searchsorted(bounds, values[name])) for name, bounds in FACTORS.items()]])


def so_far(product: Sequence[str], cart: Mask, buy: Mask, time: Ints, now: int) -> dict[str, int] | None:
    """What ``FACTORS`` counts at the last touch; None where no visit goes on at ``now`` (microseconds).

    Args:
        product: touched, oldest first.
        cart: put in the cart.
        buy: bought.
        time: microseconds.
        now: the moment asked about.
    """
    if not len(time) or now - int(time[-1]) > VISIT or buy[-1]:
        return None
    ends = (np.diff(time) > VISIT) | (buy[:-1] & ~buy[1:])
    visit = np.concatenate([[0], np.cumsum(ends)])
    here = np.flatnonzero(visit == visit[-1]).tolist()
    names = [product[at] for at in here]
    looks = 1 + sum(one != other for one, other in zip(names[1:], names[:-1], strict=True))
    return {
        "looks": looks,
        "again": looks - len(set(names)),
        "carts": len({product[at] for at in here if cart[at]}),
        "minutes": int(time[-1] - time[here[0]]) // 60_000_000,
        "visits": int(visit[-1]),
        "bought": len(set(visit[buy].tolist())),
    }


def _sizes() -> tuple[int, ...]:
    return tuple(len(bounds) + 1 for bounds in FACTORS.values())


def _raw(coefficients: Floats, levels: Ints) -> Floats:
    ones = np.ones(len(levels))
    columns = Grouped(levels, ones, ones, _sizes()).columns()
    return np.asarray(1 / (1 + np.exp(-np.clip(coefficients[columns].sum(axis=1), -30, 30))))


def _bins(chance: Floats, moments: Moments) -> list[tuple[float, float, float]]:
    order = np.argsort(chance, kind="stable")
    reached = np.cumsum(moments.moments[order])
    which = np.minimum((reached - moments.moments[order] / 2) * _BINS // reached[-1], _BINS - 1).astype(np.int64)
    n = np.bincount(which, weights=moments.moments[order], minlength=_BINS)
    mean = np.bincount(which, weights=(moments.moments * chance)[order], minlength=_BINS)
    share = np.bincount(which, weights=moments.bought[order], minlength=_BINS)
    return [(float(m / k), float(s / k), float(k)) for m, s, k in zip(mean, share, n, strict=True) if k > 0]
