"""How good recommendations are: people whose next touch is known are asked for, all products ranked, never a sample.

A target's place is the number of products that score as high as it does or higher, so those alike in score count
against us; a target that nothing speaks for is not found. With one target a person, Recall@k is the hit rate.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from scipy import sparse

from detak.errors import CannotComputeError
from detak.recommend.base import Floats, Interactions, Ints, Ints32

_CELLS: Final = 8_000_000  # of a table people x products that is held at once
NOT_FOUND: Final = 2**31
"""The place of a target that nothing speaks for."""
_BANDS: Final = (0.2, 0.8)  # of all touches: the most popular products, those between, the long tail


class Scores(Protocol):
    """All that is asked of a model here."""

    def scores(self, histories: Interactions) -> Floats:
        """See ``base.Scorer``."""
        ...


class Asked(NamedTuple):
    """Who is asked for, and what they touched next. ``again``: products of the history may be recommended."""

    histories: Interactions
    target: Ints32
    again: bool = False


class Answers(NamedTuple):
    """``place`` of each target, from 1, and the ``shown`` products, people x k, -1 where there are fewer."""

    place: Ints
    shown: Ints32


def answers(model: Scores, asked: Asked, k: int) -> Answers:
    """What the model answers to everybody."""
    people, size = asked.histories.people, len(asked.histories.items)
    step = max(1, min(2_000, _CELLS // max(1, size)))
    places, shown = [np.zeros(0, np.int64)], [np.zeros((0, k), np.int32)]
    for first in range(0, people, step):
        part = np.arange(first, min(first + step, people))
        histories = asked.histories.only(part)
        scores = model.scores(histories)
        if not asked.again:
            scores[histories.person, histories.item] = 0
        own = scores[np.arange(len(part)), asked.target[part]]
        places.append(np.where(own > 0, (scores >= own[:, None]).sum(axis=1), NOT_FOUND))
        shown.append(_first(scores, k))
    return Answers(np.concatenate(places), np.concatenate(shown))


def _first(scores: Floats, k: int) -> Ints32:
    """The best ``k`` of each row, -1 where nothing speaks for more."""
    few = min(k, scores.shape[1])
    near = np.argpartition(-scores, few - 1, axis=1)[:, :few]
    value = np.take_along_axis(scores, near, axis=1)
    order = np.lexsort((near, -value))
    near, value = np.take_along_axis(near, order, axis=1), np.take_along_axis(value, order, axis=1)
    found = np.full((len(scores), k), -1, np.int32)
    found[:, :few] = np.where(value > 0, near, -1)
    return found


def recall(place: Ints, k: int) -> Floats:
    """By person: 1 where the target is among the first ``k``."""
    return np.asarray(place <= k, np.float32)


def ndcg(place: Ints, k: int) -> Floats:
    """By person: NDCG@k with one target, 1 / log2(place + 1)."""
    return np.where(place <= k, 1 / np.log2(place + 1.0), 0).astype(np.float32)


def mrr(place: Ints, k: int) -> Floats:
    """By person: the reciprocal of the place among the first ``k``."""
    return np.where(place <= k, 1 / place, 0).astype(np.float32)


METRICS: Final = {"recall": recall, "ndcg": ndcg, "mrr": mrr}


def accuracy(place: Ints, ks: tuple[int, ...] = (5, 10, 20)) -> dict[str, float]:
    """``metric@k`` -> its mean over people.

    Raises:
        CannotComputeError: nobody was asked for.
    """
    if not len(place):
        raise CannotComputeError("nobody is left to ask for")
    return {f"{name}@{k}": float(metric(place, k).mean()) for k in ks for name, metric in METRICS.items()}


def interval(values: Floats, draws: int = 1_000, seed: int = 0) -> tuple[float, float]:
    """The 95% percentile bootstrap interval of a mean over people (Efron 1979)."""
    random = np.random.default_rng(seed)
    means = [float(values[random.integers(0, len(values), len(values))].mean()) for _ in range(draws)]
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def beyond(shown: Ints32, told: Interactions, histories: Interactions) -> dict[str, float]:
    """What accuracy does not say of the ``shown`` lists, people x k:

    - ``coverage``: the share of all products that anybody is shown; ``gini``: how unequally products are shown (0:
      all alike; 1: one alone);
    - ``novelty``: the mean of -log2 of the share of touches a shown product has;
    - ``diversity``: how little two products of one list are touched by the same people, 1 less the mean cosine;
    - ``calibration``: how far the popularity (head, middle, tail) of what is shown is from that of what people touched,
      as the Kullback-Leibler divergence of the one from the other (Steck, "Calibrated Recommendations", RecSys 2018,
      with bands of popularity for genres); 0 is as they like it.
    """
    size = len(told.items)
    count = np.bincount(told.item, minlength=size).astype(np.float64)
    seen = shown[shown >= 0]
    if not len(seen):
        raise CannotComputeError("nothing was recommended to anybody")
    exposure = np.sort(np.bincount(seen, minlength=size))
    gini = float((2 * np.arange(1, size + 1) - size - 1) @ exposure / (size * exposure.sum()))
    share = (count + 1) / (count.sum() + size)
    return {
        "coverage": float((exposure > 0).mean()),
        "gini": gini,
        "novelty": float(-np.log2(share[seen]).mean()),
        "diversity": _diversity(shown, told),
        "calibration": _calibration(shown, histories, _bands(count)),
    }


def _bands(count: "np.ndarray[Any, np.dtype[np.float64]]") -> Ints:
    """0, 1 or 2 a product: which part of all touches the more popular ones have had."""
    order = np.argsort(-count, kind="stable")
    passed = np.cumsum(count[order]) / max(count.sum(), 1)
    band = np.zeros(len(count), np.int64)
    band[order] = np.searchsorted(np.array(_BANDS), passed)
    return band


def _calibration(shown: Ints32, histories: Interactions, band: Ints) -> float:
    people = np.repeat(np.arange(len(shown)), shown.shape[1]).reshape(shown.shape)
    got = np.zeros((len(shown), len(_BANDS) + 1))
    liked = np.zeros_like(got)
    np.add.at(got, (people[shown >= 0], band[shown[shown >= 0]]), 1)
    np.add.at(liked, (histories.person, band[histories.item]), 1)
    both = (got.sum(axis=1) > 0) & (liked.sum(axis=1) > 0)
    got, liked = got[both] / got[both].sum(axis=1, keepdims=True), liked[both] / liked[both].sum(axis=1, keepdims=True)
    smooth = 0.99 * got + 0.01 * liked  # as Steck does, so that what is not shown at all is not infinite
    parts = np.where(liked > 0, liked * np.log(np.maximum(liked, 1e-12) / np.maximum(smooth, 1e-12)), 0)
    return float(parts.sum(axis=1).mean())


def _diversity(shown: Ints32, told: Interactions, most: int = 500) -> float:
    """Over up to ``most`` lists, evenly taken."""
    ones = np.ones(len(told.item), np.float32)
    touched = sparse.csc_array((ones, (told.person, told.item)), shape=(told.people, len(told.items)))
    touched.data[:] = 1
    found = []
    for row in shown[:: max(1, len(shown) // most)]:
        items = row[row >= 0]
        if len(items) > 1:
            part = touched[:, items]
            pairs = np.asarray((part.T @ part).toarray(), np.float64)
            length = np.sqrt(np.maximum(np.diagonal(pairs), 1))
            cosine = pairs / length / length[:, None]
            found.append(1 - (cosine.sum() - np.trace(cosine)) / (len(items) * (len(items) - 1)))
    return float(np.mean(found)) if found else 1.0


def intervals(place: Ints, names: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    """``metric@k`` -> its 95% interval, for the metrics and k that are named."""
    return {f"{name}@{k}": interval(METRICS[name](place, k)) for name, k in names.items()}
