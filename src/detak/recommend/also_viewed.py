"""Who looked at this also looked at: products of one visit, near one another, in their order.

Co-visitation as in Davidson et al., "The YouTube video recommendation system" (RecSys 2010), with what later work on
sessions found to matter (Ludewig and Jannach, "Evaluation of session-based recommendation algorithms", 2018): what
comes after counts more than what came before, and near more than far.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from detak.recommend.base import Interactions
from detak.recommend.groups import visits
from detak.recommend.neighbours import Neighbours


@dataclass(frozen=True)
class AlsoViewed:
    """Strength of b for a: the share of a's visits that go on to b, less what b's popularity alone explains.

    With c the weighted count of b near a, and n(b) that of b near anything: c / (n(a) + shrink) / n(b) ** correction.
    """

    recommender: ClassVar[str] = "also_viewed"

    window: int = 6
    """Products of a visit further apart than this are no pair."""
    before: float = 0.7
    """What b counts for a where b came first, of what it counts where it came after."""
    shrink: float = 3.0
    """Visits that a product lacks evidence by: keeps chance meetings of rare products down."""
    correction: float = 0.2
    """0: as often as they meet; 1: popularity taken out altogether."""
    block: int = 4_000_000
    """Rows that are paired at once: bounds the memory, changes nothing."""
    keep: int = 100
    depth: int = 5
    decay: float = 0.5

    def fit(self, data: Interactions) -> Neighbours:
        """See ``Recommender``. Every kind of touch counts as a look."""
        pairs = self._pairs(data)
        near = np.asarray(pairs.sum(axis=1)).reshape(-1)
        scale = np.divide(1.0, near + self.shrink, out=np.zeros(len(near)), where=near > 0)
        fame = np.asarray(pairs.sum(axis=0)).reshape(-1)
        fair = np.divide(1.0, fame**self.correction, out=np.zeros(len(fame)), where=fame > 0)
        strength = sparse.csr_array(sparse.diags_array(scale) @ pairs @ sparse.diags_array(fair))
        return Neighbours.of(strength, self.keep, self.depth, self.decay)

    def load(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Neighbours:
        """See ``Recommender``."""
        return Neighbours.load(arrays, self.depth, self.decay)

    def _pairs(self, data: Interactions) -> sparse.csr_array:
        """Items x items: how much the second was looked at near the first."""
        visit, n = visits(data), len(data.items)
        again = np.zeros(len(visit), np.bool_)  # the same product twice in a row is one look
        again[1:] = (np.diff(visit) == 0) & (np.diff(data.item) == 0)
        item, visit = data.item[~again], visit[~again]
        total = sparse.csr_array((n, n), dtype=np.float64)
        for start in range(0, len(item), self.block):
            reach = slice(start, start + self.block + self.window)
            for apart in range(1, self.window + 1):
                total = total + _after(item[reach], visit[reach], apart, self.block, n)
        both: sparse.csr_array = total + self.before * total.T
        both = sparse.csr_array(both)
        both.setdiag(0)
        both.eliminate_zeros()
        return both


def _after(item: Any, visit: Any, apart: int, most: int, n: int) -> sparse.csr_array:
    """Pairs of a product and the one ``apart`` later in the same visit, for the first ``most`` rows."""
    same = np.flatnonzero(visit[:-apart] == visit[apart:])
    same = same[same < most]
    value = np.full(len(same), 1.0 / apart)
    return sparse.coo_array((value, (item[same], item[same + apart])), shape=(n, n)).tocsr()
