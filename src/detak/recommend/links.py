"""The model of the linear recommenders: a weight from each product touched to each product suggested.

A score is the sum over a person's touches, the last counting 1 and each one before it ``decay`` times the one after it.
So a click changes the next answer without a fit, and every suggestion has a touch that speaks for it most.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from scipy import sparse

from detak.recommend.base import Crowd, Floats, History, Interactions, Ints32, Scored, Situation
from detak.recommend.compiled_rows import CompiledLinks
from detak.recommend.serve import Rows

DEPTH = 100
"""Touches of a history that are heard, at most."""
_FAINT = 0.01  # what counts less than this of the last touch is not heard


def fading(decay: float) -> Floats:
    """What a touch counts, by how many came after it, as far back as touches are heard."""
    count = (decay ** np.arange(DEPTH)).astype(np.float32)
    return count[count >= _FAINT]


@dataclass(frozen=True)
class Links:
    """``weight``: products touched x products suggested, float32. Only the last 100 touches count, and of these no
    more than ``fading`` has."""

    weight: sparse.csr_array
    decay: float

    @cached_property
    def _rows(self) -> Rows:
        return Rows.of(self.weight)

    @classmethod
    def load(cls, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """What ``arrays`` gave."""
        size = len(arrays["starts"]) - 1
        parts = (arrays["strength"], arrays["item"], arrays["starts"])
        return cls(sparse.csr_array(parts, shape=(size, size)), float(arrays["decay"][0]))

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """See ``Model``."""
        found = {"starts": self.weight.indptr, "item": self.weight.indices, "strength": self.weight.data}
        return {**found, "decay": np.array([self.decay])}

    def past(self, histories: Interactions) -> sparse.csr_array:
        """People x products: what each touch counts."""
        size = self.weight.shape[0]
        back = histories.back
        kept = (back < len(fading(self.decay))) & (histories.item >= 0) & (histories.item < size)
        value = (self.decay ** back[kept]).astype(np.float32)
        entries = (value, (histories.person[kept], histories.item[kept]))
        return sparse.csr_array(entries, shape=(histories.people, size))

    def told(self, histories: Interactions) -> sparse.csr_array:
        """The scores, where there are any: people x products."""
        return sparse.csr_array(self.past(histories) @ self.weight)

    def scores(self, histories: Interactions) -> Floats:
        """See ``Scorer``."""
        return np.asarray(self.told(histories).toarray(), np.float32)

    def recommend(self, history: History, k: int, exclude: Ints32, situation: Situation) -> Scored:  # noqa: ARG002
        """See ``Model``. Only what something speaks for: fewer than ``k``, where little does."""
        if self._compiled:
            return self._compiled.best(Crowd([history], [exclude]), k)[0]
        faded = fading(self.decay)
        last = history.item[-len(faded) :]
        count = faded[: len(last)][::-1]
        known = (last >= 0) & (last < self._rows.items)
        touched, at = np.unique(last[known], return_inverse=True)
        weight = np.bincount(at, count[known], len(touched)).astype(np.float32)
        return self._rows.best(touched, weight, k, _within(exclude, self._rows.items))

    def recommend_many(self, crowd: Crowd, k: int, situation: Situation) -> list[Scored]:
        """See ``Many``."""
        if self._compiled:
            return self._compiled.best(crowd, k)
        shut = [np.concatenate([own, crowd.closed]) for own in crowd.exclude]
        return [self.recommend(one, k, own, situation) for one, own in zip(crowd.histories, shut, strict=True)]

    @cached_property
    def _compiled(self) -> CompiledLinks | None:
        return CompiledLinks.of(self.weight, fading(self.decay))


def _within(items: Ints32, size: int) -> Ints32:
    return items[(items >= 0) & (items < size)]
