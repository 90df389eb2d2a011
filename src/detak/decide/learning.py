"""Learning an order from logged decisions: where people look, what they click, and whether a new order would do better.

A click says that a place was looked at and the product was liked. How much each place is looked at comes from a
position-based click model, fitted by expectation maximisation (Wang et al., "Position bias estimation for unbiased
learning to rank in personal search", WSDM 2018); pages that were explored show the same products in other places and
so tell the two apart. The weights come from a logistic regression whose clicks count by the inverse of that chance
(Joachims et al., WSDM 2017; pointwise as in Saito et al., WSDM 2020). They are used only where decisions that they were
not learnt from say, by the same weighting, that they bring more clicks.
"""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detak.decide.page import FEATURES, Weights

_LEAST_SEEN: Final = 0.1  # an inverse chance is clipped here: a little bias for much less variance
_ROUNDS: Final = 30
_STEPS: Final = 12
_RIDGE: Final = 1.0
_LEAST_CLICKS: Final = 50
_HELD_OUT: Final = 0.3
_NORMAL_95: Final = 1.959964

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Logged:
    """Shown products, row by row: which decision, in which place from 0, with what features, and whether clicked.

    Decisions are numbered in the order of time. ``features`` is (rows, FEATURES).
    """

    decision: Whole
    place: Whole
    features: Floats
    clicked: NDArray[np.bool_]

    def of(self, kept: NDArray[np.bool_]) -> "Logged":
        """Some rows."""
        return Logged(self.decision[kept], self.place[kept], self.features[kept], self.clicked[kept])


class Gain(NamedTuple):
    """Expected clicks a decision in the order before and in the new one, and the difference with its interval."""

    before: float
    after: float
    low: float
    high: float
    decisions: int


class Learnt(NamedTuple):
    """What came of learning. ``weights`` are to be used only where ``better``."""

    weights: Weights
    seen: Floats
    gain: Gain | None
    better: bool
    why: str
    """A key of the texts."""


def unpacked(packed: bytes, slots: int) -> Floats:
    """``page.packed`` as (slots, FEATURES)."""
    found: Floats = np.frombuffer(packed, np.uint8).reshape(slots, len(FEATURES)) / 255.0
    return found


def learn(logged: Logged, before: Weights, version: str) -> Learnt:
    """New weights from what was shown and clicked, and whether they are to be used.

    The last part of the decisions is not learnt from: by it the new order is held against the one before.
    """
    decisions = int(logged.decision.max()) + 1 if len(logged.decision) else 0
    early = logged.decision < decisions * (1 - _HELD_OUT)
    past, later = logged.of(early), logged.of(~early)
    if past.clicked.sum() < _LEAST_CLICKS:
        return Learnt(before, np.ones(0), None, better=False, why="too_few_clicks")
    seen = examined(past)
    weights = fitted(past, seen, version)
    gain = replayed(later, before, weights, seen)
    better = gain.low > 0
    return Learnt(weights if better else before, seen, gain, better, "better" if better else "not_better")


def examined(logged: Logged) -> Floats:
    """By place, how much it is looked at beside the place that is looked at most (position-based model, by EM)."""
    places = int(logged.place.max()) + 1
    clicked = logged.clicked
    seen = 0.9 ** np.arange(places)
    liked = np.full(len(clicked), max(float(clicked.mean()), 1e-4))
    design = _design(logged.features)
    weights = np.zeros(design.shape[1])
    for _ in range(_ROUNDS):
        at = seen[logged.place]
        none = np.maximum(1 - at * liked, 1e-9)
        looked = np.where(clicked, 1.0, at * (1 - liked) / none)
        wanted = np.where(clicked, 1.0, liked * (1 - at) / none)
        total = np.bincount(logged.place, looked, places)
        seen = np.clip(total / np.maximum(np.bincount(logged.place, minlength=places), 1), 1e-3, 1.0)
        seen = seen / seen.max()
        weights = _logistic(design, wanted, weights, steps=2)
        liked = np.clip(_chance(design @ weights), 1e-6, 1 - 1e-6)
    return np.asarray(seen)


def fitted(logged: Logged, seen: Floats, version: str) -> Weights:
    """Weights of the chance to like a product once it is looked at.

    Each click counts 1 / its place's chance of being looked at: the loss is then, on average, that of likes that were
    all seen. It stays convex: ``log(1 + exp(x)) - x * click / chance``.
    """
    target = logged.clicked / np.maximum(seen[logged.place], _LEAST_SEEN)
    found = _logistic(_design(logged.features), target, np.zeros(len(FEATURES) + 1), steps=_STEPS)
    return Weights(tuple(found[:-1].tolist()), float(found[-1]), version)


def replayed(logged: Logged, before: Weights, after: Weights, seen: Floats) -> Gain:
    """What the same slates would have brought in the order of either weights: each click moves with its product.

    A click at a place that is looked at with chance p counts p'/p in the place with chance p' that the product would
    stand in. The interval is normal, over decisions.
    """
    number = np.unique(logged.decision, return_inverse=True)[1]
    old, new = (np.bincount(number, _moved(logged, one, seen)) for one in (before, after))
    if len(new) < 2:
        return Gain(float(old.sum()), float(new.sum()), -np.inf, np.inf, len(new))
    change = new - old
    wide = _NORMAL_95 * float(change.std(ddof=1)) / len(change) ** 0.5
    mean = float(change.mean())
    return Gain(float(old.mean()), float(new.mean()), mean - wide, mean + wide, len(change))


def _moved(logged: Logged, weights: Weights, seen: Floats) -> Floats:
    """By row, how many clicks it would have brought in the place that the weights give it within its slate."""
    score = _design(logged.features) @ np.array([*weights.weights, weights.intercept])
    order = np.lexsort((logged.place, -score, logged.decision))
    decision = logged.decision[order]
    starts = np.flatnonzero(np.r_[True, decision[1:] != decision[:-1]])
    sizes = np.diff(np.append(starts, len(decision)))
    place = np.empty(len(decision), np.int64)
    place[order] = np.arange(len(decision)) - np.repeat(starts, sizes)
    known = np.maximum(seen, _LEAST_SEEN)
    at, there = (known[np.minimum(one, len(known) - 1)] for one in (logged.place, place))
    return np.asarray(np.where(logged.clicked, there / at, 0.0))


def _design(features: Floats) -> Floats:
    return np.column_stack([features, np.ones(len(features))])


def _chance(x: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -30, 30))))


def _logistic(design: Floats, target: Floats, start: Floats, steps: int) -> Floats:
    """Minimise ``sum log(1 + exp(x)) - target * x`` with a ridge on all but the intercept, by Newton's method."""
    ridge = np.full(design.shape[1], _RIDGE)
    ridge[-1] = 1e-6
    found: Any = start
    for _ in range(steps):
        chance = _chance(design @ found)
        slope = design.T @ (chance - target) + ridge * found
        bend = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(ridge)
        step = np.linalg.solve(bend, slope)
        size = float(np.abs(step).max())
        found = found - step * min(1.0, 4.0 / max(size, 1e-12))
        if size < 1e-8:
            break
    return np.asarray(found)
