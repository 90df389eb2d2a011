"""Bought together: products that share orders more often than chance has it.

The lift of a pair, shrunken as in DuMouchel and Pregibon, "Empirical Bayes screening for multi-item associations" (KDD
2001), for pairs that pass the likelihood-ratio test of Dunning, "Accurate methods for the statistics of surprise and
coincidence" (1993). Mere counts would put the best-seller beside everything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from detak.recommend.base import Interactions
from detak.recommend.groups import orders
from detak.recommend.neighbours import Neighbours

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class TogetherBought:
    """Strength of b for a: shrunken lift x (share of orders with b) ** fame. With ``fame`` 1 it is, but for the
    shrinkage, the share of a's orders that have b, too; with 0 the lift alone, whatever b sells.
    """

    recommender: ClassVar[str] = "together_bought"

    least: int = 2
    """Orders that a pair shares at least."""
    surprise: float = 10.83
    """Of the likelihood ratio: a pair below it may be chance. 10.83: p = 0.001 for one degree of freedom."""
    fame: float = 0.6
    largest: int = 200
    """Orders of more products than this are stocks of resellers and say little of what goes together."""
    keep: int = 100
    depth: int = 10
    decay: float = 0.8

    def fit(self, data: Interactions) -> Neighbours:
        """See ``Recommender``."""
        baskets = _baskets(data, self.largest)
        pairs = baskets.T @ baskets
        pairs = pairs.tocoo()
        count, bought, n = pairs.data, np.asarray(baskets.sum(axis=0)).reshape(-1), baskets.shape[0]
        a, b = bought[pairs.row], bought[pairs.col]
        expected = a * b / max(n, 1)
        kept = (pairs.row != pairs.col) & (count >= self.least) & (count > expected)
        kept[kept] = likelihood_ratio(count[kept], a[kept], b[kept], n) >= self.surprise
        prior = shrinkage(count[kept], expected[kept])
        lift = (count[kept] + prior) / (expected[kept] + prior)
        strength = lift * (b[kept] / max(n, 1)) ** self.fame
        place = (pairs.row[kept], pairs.col[kept])
        return Neighbours.of(
            sparse.coo_array((strength, place), shape=pairs.shape).tocsr(), self.keep, self.depth, self.decay
        )

    def load(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Neighbours:
        """See ``Recommender``."""
        return Neighbours.load(arrays, self.depth, self.decay)


def _baskets(data: Interactions, largest: int) -> sparse.csr_array:
    """Orders x items: 1 where the order has the product; orders of one product, or too many, have none."""
    found = orders(data)
    count = int(found.group[-1]) + 1 if len(found.group) else 0
    shape = (count, len(data.items))
    all_ = sparse.coo_array((np.ones(len(found.row)), (found.group, data.item[found.row])), shape=shape).tocsr()
    all_.data[:] = 1.0
    sizes = np.diff(all_.indptr)
    small = sparse.diags_array((sizes <= largest).astype(np.float64))
    kept = sparse.csr_array(small @ all_)
    kept.eliminate_zeros()
    return kept


def likelihood_ratio(both: Doubles, a: Doubles, b: Doubles, n: int) -> Doubles:
    """-2 log of the likelihood ratio that two products share ``both`` of ``n`` orders by chance (Dunning 1993)."""
    table = np.stack([both, a - both, b - both, n - a - b + both])
    rows = np.stack([a, a, n - a, n - a])
    columns = np.stack([b, n - b, b, n - b])
    expected = rows * columns / max(n, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(table > 0, table * np.log(table / expected), 0.0)
    return np.asarray(2 * terms.sum(axis=0))


def shrinkage(count: Doubles, expected: Doubles) -> float:
    """The pseudo-count that lifts are drawn to 1 by: the Gamma prior's, by moments over the pairs.

    With count ~ Poisson(lift x expected) and lift ~ Gamma of mean m and variance v, v is estimated from what the counts
    vary beyond Poisson. The prior's strength, m / v, is kept between 0.1 and 100.
    """
    if not len(count):
        return 1.0
    mean = count.sum() / expected.sum()
    excess = ((count - mean * expected) ** 2 - count).sum() / (expected**2).sum()
    return float(np.clip(mean / max(excess, 1e-9), 0.1, 100.0))
