"""EASE: each product regressed on all the others that the same people touched, whatever the order.

Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from detak.recommend.base import Interactions
from detak.recommend.links import Links
from detak.recommend.pairs import at_once, edges, worth
from detak.recommend.solve import Effort, regress_on_others, thinned

_LONGEST = 200  # of a history; a longer one is a robot's, or a reseller's, and its pairs would outnumber everybody's


@dataclass(frozen=True)
class Ease:
    """``penalty`` is that of the regression; ``decay`` what a touch counts, of the one after it, when asked."""

    recommender: ClassVar[str] = "ease"
    penalty: float = 100.0
    decay: float = 0.8
    neighbours: int = 50
    """On how many others each product is regressed at most: on Amazon Beauty no worse than on all, and at any size."""
    keep: int = 100
    """How many products each one speaks for at most."""

    def fit(self, data: Interactions) -> Links:
        """See ``Recommender``."""
        effort = Effort(neighbours=self.neighbours, keep=self.keep)
        return Links(regress_on_others(self._gram(data), self.penalty, effort), self.decay)

    def _gram(self, data: Interactions) -> sparse.csr_array:
        """How many people touched both of two products, of each product the strongest alone."""
        item = data.item[data.back < _LONGEST]
        starts = np.append(0, np.minimum(data.lengths, _LONGEST).cumsum())
        touched = sparse.csr_array((np.ones(len(item), np.float32), item, starts), shape=(data.people, len(data.items)))
        touched.sum_duplicates()
        touched.data[:] = 1
        by_item = sparse.csr_array(touched.T)
        scale = (1 / np.sqrt(np.diff(by_item.indptr) + self.penalty)).astype(np.float32)

        def block(first: int, last: int) -> sparse.csr_array:
            return thinned(sparse.csr_array(by_item[first:last] @ touched), first, 2 * self.neighbours, scale)

        return sparse.vstack(at_once(block, edges(by_item.indptr, worth(len(data.items)))), format="csr")

    def load(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Links:
        """See ``Recommender``."""
        return Links.load(arrays)
