"""Directed regression: each product regressed on what came before it, in order, the recent counting more.

Row k of Y is the past at one point of a history, row k of Z what follows it, both fading with the distance; B is
(Y'Y + penalty I)^-1 Y'Z. A linear autoencoder as in EASE (Steck 2019), with the diagonal free and the order kept, in
the manner of SLIST (Choi et al., "Session-aware Linear Item-Item Models for Session-based Recommendation", WWW 2021).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from detak.recommend.base import Interactions
from detak.recommend.links import Links
from detak.recommend.solve import Effort, regress
from detak.recommend.windows import Touched, Window, pairs_within, regress_windows

_NARROW = 10  # touches: 0.8 to its power is a tenth


@dataclass(frozen=True)
class Directed:
    """Touches fade by ``decay`` a step into the past and by ``discount`` a step ahead, within ``window`` steps."""

    recommender: ClassVar[str] = "directed"
    decay: float = 0.8
    discount: float = 0.5
    penalty: float = 10.0
    window: int = 40
    keep: int = 200
    """How many products each one speaks for at most."""
    pairs: int = 100_000_000
    """How many pairs of touches are summed up whole at most."""

    def fit(self, data: Interactions) -> Links:
        """See ``Recommender``. Where the sums over all pairs would not fit into memory, by neighbourhoods in a narrower
        window."""
        if pairs_within(data.lengths, self.window) <= self.pairs:
            before, after = self._faded(data, -1, self.decay), self._faded(data, 1, self.discount)
            gram, cross = sparse.csr_array(before.T @ before), sparse.csr_array(before.T @ after)
            return Links(regress(gram, cross, self.penalty, Effort(keep=self.keep)), self.decay)
        window = Window.fading(self.decay, self.discount, min(self.window, _NARROW))
        # Over few neighbours less is averaged out, so they are trusted less.
        touched = Touched(data.item, data.starts, len(data.items))
        return Links(
            regress_windows(touched, window, 3 * self.penalty, Effort(neighbours=50, keep=self.keep)), self.decay
        )

    def load(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Links:
        """See ``Recommender``."""
        return Links.load(arrays)

    def _faded(self, data: Interactions, step: int, fading: float) -> sparse.csr_array:
        """Points (every row but a person's first) x products: what lies ahead of (1) or behind (-1) each point."""
        point = np.arange(len(data.item))
        first = data.starts[:-1][data.person]
        rows, columns, values = [], [], []
        for far in range(self.window):
            there = point + far if step > 0 else point - 1 - far
            inside = (there >= first) & (there < data.starts[1:][data.person]) & (point > first)
            rows.append(point[inside])
            columns.append(data.item[there[inside]])
            values.append(np.full(int(inside.sum()), fading**far))
        entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
        return sparse.csr_array(entries, shape=(len(point), len(data.items)))
