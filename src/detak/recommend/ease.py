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
from detak.recommend.solve import Effort, regress_on_others
from detak.recommend.sums import Sums

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

    def reduce(self, data: Interactions) -> Sums:
        """See ``Additive``."""
        near = data.last(_LONGEST)
        ones = np.ones(len(near.item))
        touched = sparse.csr_array((ones, (near.person, near.item)), shape=(data.people, len(data.items)))
        touched.data[:] = 1
        return Sums({"gram": sparse.csr_array(touched.T @ touched)}, {}, data.items)

    def conclude(self, sums: Sums) -> Links:
        """See ``Additive``."""
        effort = Effort("near", self.neighbours, self.keep)
        return Links(regress_on_others(sums.pairs["gram"], self.penalty, effort), self.decay)

    def fit(self, data: Interactions) -> Links:
        """See ``Recommender``."""
        return self.conclude(self.reduce(data))

    def load(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Links:
        """See ``Recommender``."""
        return Links.load(arrays)
