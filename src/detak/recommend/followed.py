"""What people touched after (or beside) a product: counted pairs, fading with the distance, popularity taken out.

The neighbours of a session: an item-to-item nearest-neighbour model with order, as in Ludewig and Jannach, "Evaluation
of Session-based Recommendation Algorithms", UMUAI 2018 (SR), with the cosine's exponents as parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from detak.recommend.base import Interactions
from detak.recommend.links import Links
from detak.recommend.solve import narrow, strongest
from detak.recommend.sums import Sums, grain

_BROAD = 50  # links of a product that a walk follows
Doubles = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Followed:
    """A pair counts ``discount`` to the power of the touches between the two, within ``window``, as ``after`` where the
    suggested one came later and as ``before`` where it came earlier."""

    recommender: ClassVar[str] = "followed"
    discount: float = 0.8
    decay: float = 0.6
    after: float = 1.0
    before: float = 0.0
    sharing: float = 0.0
    """A person with n touches counts n to the power of minus this."""
    heard: float = 0.5
    """How much the popularity of the touched product is taken out; 0.5 on both sides is the cosine."""
    wanted: float = 0.25
    """How much that of the suggested one."""
    window: int = 20
    keep: int = 100
    """How many products each one speaks for at most."""
    further: bool = False
    """Two steps instead of one: to what goes with what goes with a product, for products that few have touched."""

    def reduce(self, data: Interactions) -> Sums:
        """See ``Additive``."""
        size = len(data.items)
        share = grain(np.maximum(data.lengths, 1) ** -self.sharing)[data.person]
        pairs = sparse.csr_array((size, size))
        for far in range(1, self.window + 1):
            at = np.flatnonzero(data.back >= far)
            if not len(at):
                break
            value = share[at] * grain(np.array(self.discount ** (far - 1)))
            pairs = pairs + sparse.csr_array((value, (data.item[at], data.item[at + far])), shape=(size, size))
        count = np.bincount(data.item, minlength=size).astype(np.float64)
        return Sums({"pairs": sparse.csr_array(pairs)}, {"count": count}, data.items)

    def conclude(self, sums: Sums) -> Links:
        """See ``Additive``."""
        pairs, count = sums.pairs["pairs"], sums.singles["count"] + 1
        both = sparse.csr_array(self.after * pairs + self.before * pairs.T) if self.before else pairs
        weight = scaled(both, count**-self.heard, count**-self.wanted, self.keep)
        return Links(_two_steps(weight, self.keep) if self.further else weight, self.decay)

    def fit(self, data: Interactions) -> Links:
        """See ``Recommender``."""
        return self.conclude(self.reduce(data))

    def load(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Links:
        """See ``Recommender``."""
        return Links.load(arrays)


def scaled(matrix: sparse.csr_array, rows: Doubles, columns: Doubles, keep: int) -> sparse.csr_array:
    """Each entry times the factor of its row and that of its column; the ``keep`` strongest of each row."""
    found = sparse.csr_array(sparse.diags_array(rows) @ matrix @ sparse.diags_array(columns))
    return narrow(strongest(found, keep))


def _two_steps(weight: sparse.csr_array, keep: int) -> sparse.csr_array:
    """The strongest of a walk of two steps over the links, each step with the chances of its row."""
    total = np.maximum(np.asarray(weight.sum(axis=1), np.float32).ravel(), np.float32(1e-9))
    step = strongest(sparse.csr_array(sparse.diags_array(1 / total) @ weight), _BROAD)
    return narrow(strongest(sparse.csr_array(step @ step), keep))
