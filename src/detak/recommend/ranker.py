"""A small learnt ranker over candidates: one hidden layer, trained so that what was chosen stands first in its list.

The loss is that of ListNet with one relevant item (Cao et al., "Learning to Rank: From Pairwise Approach to Listwise
Approach", ICML 2007), minimised with Adam (Kingma and Ba, ICLR 2015). Plain NumPy: the same seed, the same weights.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple, Self

import numpy as np
from threadpoolctl import threadpool_limits

from detak.recommend.base import Floats, Ints

_PARTS: Final = ("mean", "scale", "inner", "shift", "outer", "direct")
_AT_ONCE: Final = 240  # rows: a product of so few is not shared out among threads, which costs more than it saves


class Lists(NamedTuple):
    """Lists of candidates, one after the other: a row of ``features`` each; ``start`` has each list's first row and the
    end, ``chosen`` the row of the one that was chosen."""

    features: Floats
    start: Ints
    chosen: Ints

    def between(self, first: int, last: int) -> "Lists":
        """The lists from the one to the other; the features are no copy."""
        rows = slice(self.start[first], self.start[last])
        chosen = self.chosen[first:last] - self.start[first]
        return Lists(self.features[rows], self.start[first : last + 1] - self.start[first], chosen)

    def places(self, scores: Floats) -> Ints:
        """Where the chosen one stands by these scores, from 1; those alike count against it."""
        own = np.repeat(scores[self.chosen], np.diff(self.start))
        ahead: Ints = np.add.reduceat((scores >= own).astype(np.int64), self.start[:-1])
        return ahead


def gain(places: Ints, k: int = 10) -> float:
    """NDCG@k with one relevant item a list."""
    at = np.bincount(places[places <= k], minlength=k + 1)[1:]  # counted, so that the order of lists changes no bit
    return float((at / np.log2(np.arange(2, k + 2))).sum() / max(1, len(places)))


@dataclass(frozen=True)
class Ranker:
    """Scores rows of features, float32."""

    mean: Floats
    scale: Floats
    inner: Floats
    shift: Floats
    outer: Floats
    direct: Floats

    @classmethod
    def load(cls, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """What ``arrays`` gave."""
        return cls(*(arrays[name] for name in _PARTS))

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """What it consists of."""
        return {name: getattr(self, name) for name in _PARTS}

    def scores(self, features: Floats) -> Floats:
        """A number for each row; only numbers of one list compare."""
        weight, shift = self.folded
        rows = features.T
        found = np.empty((len(weight), rows.shape[1]), np.float32)
        for at in range(0, rows.shape[1], _AT_ONCE):
            np.matmul(weight, rows[:, at : at + _AT_ONCE], out=found[:, at : at + _AT_ONCE])
        found += shift
        hidden = np.maximum(found[:-1], 0, out=found[:-1])
        return np.asarray(self.outer @ hidden + found[-1])

    @cached_property
    def folded(self) -> tuple[Floats, Floats]:
        """What rows of features are multiplied by, with their mean and scale in it: all that is hidden, and what goes
        straight to the score."""
        weight = np.column_stack([self.inner, self.direct]).astype(np.float64) * self.scale[:, None]
        shift = np.append(self.shift, 0) - self.mean @ weight
        return np.ascontiguousarray(weight.T, np.float32), shift[:, None].astype(np.float32)


@dataclass(frozen=True)
class Training:
    """How a ranker is learnt. Lists come in any order, but a random one."""

    hidden: int = 24
    epochs: int = 10
    rate: float = 2e-3
    decay: float = 1e-4
    batch: int = 64
    seed: int = 0

    def learn(self, lists: Lists, check: Lists) -> Ranker:
        """The ranker of the epoch that orders ``check`` best."""
        mean = lists.features.mean(axis=0)
        scale = (1 / np.maximum(lists.features.std(axis=0), 1e-6)).astype(np.float32)
        ready = lists._replace(features=(lists.features - mean) * scale)
        with threadpool_limits(1, user_api="blas"):  # the products are small: sharing them out costs more than it saves
            rankers = [Ranker(mean, scale, *weights) for weights in self._epochs(ready)]
        found = [gain(check.places(one.scores(check.features))) for one in rankers]
        return rankers[int(np.argmax(found))]

    def _epochs(self, lists: Lists) -> Iterator[list[Floats]]:
        """The weights after each epoch. The rate falls to nothing over the epochs."""
        random = np.random.default_rng(self.seed)
        weights = self._first(lists.features.shape[1], random)
        adam = _Adam.over(weights)
        count = len(lists.chosen)
        batches = [lists.between(at, min(at + self.batch, count)) for at in range(0, count, self.batch)]
        for epoch in range(self.epochs):
            for at in random.permutation(len(batches)).tolist():
                slopes = _slopes(weights, batches[at], self.decay)
                weights = adam.step(weights, slopes, self.rate * (1 - epoch / self.epochs))
            yield weights

    def _first(self, width: int, random: np.random.Generator) -> list[Floats]:
        inner = random.standard_normal((width, self.hidden)) / np.sqrt(width)
        outer = random.standard_normal(self.hidden) * 0.3 / np.sqrt(self.hidden)
        first = [inner, np.zeros(self.hidden), outer, np.zeros(width)]
        return [one.astype(np.float32) for one in first]


def _slopes(weights: list[Floats], lists: Lists, decay: float) -> list[Floats]:
    """The gradient of the mean of -log softmax(chosen) over the lists."""
    inner, shift, outer, direct = weights
    x = lists.features
    hidden = np.maximum(x @ inner + shift, 0)
    scores = hidden @ outer + x @ direct
    begin, length = lists.start[:-1], np.diff(lists.start)
    powers = np.exp(scores - np.repeat(np.maximum.reduceat(scores, begin), length))
    off = powers / np.repeat(np.add.reduceat(powers, begin), length)
    off[lists.chosen] -= 1
    off /= np.float32(len(begin))
    back = np.outer(off, outer) * (hidden > 0)
    return [x.T @ back + decay * inner, back.sum(axis=0), hidden.T @ off + decay * outer, x.T @ off + decay * direct]


@dataclass
class _Adam:
    """The moments of the gradients so far."""

    first: list[Floats]
    second: list[Floats]
    steps: int = 0

    @classmethod
    def over(cls, weights: list[Floats]) -> Self:
        return cls([np.zeros_like(one) for one in weights], [np.zeros_like(one) for one in weights])

    def step(self, weights: list[Floats], slopes: list[Floats], rate: float) -> list[Floats]:
        self.steps += 1
        self.first = [0.9 * old + 0.1 * new for old, new in zip(self.first, slopes, strict=True)]
        self.second = [0.999 * old + 0.001 * new**2 for old, new in zip(self.second, slopes, strict=True)]
        pace = rate / (1 - 0.9**self.steps)
        steady = 1 - 0.999**self.steps
        return [
            np.asarray(one - pace * mean / (np.sqrt(square / steady) + 1e-8), np.float32)
            for one, mean, square in zip(weights, self.first, self.second, strict=True)
        ]
