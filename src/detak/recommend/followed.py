"""What people touched after (or beside) a product: counted pairs, fading with the distance, popularity taken out.

The neighbours of a session: an item-to-item nearest-neighbour model with order, as in Ludewig and Jannach, "Evaluation
of Session-based Recommendation Algorithms", UMUAI 2018 (SR), with the cosine's exponents as parameters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from detak.recommend.base import Interactions, Ints32
from detak.recommend.links import Links
from detak.recommend.pairs import ByItem, Doubles, at_once
from detak.recommend.solve import narrow, strongest

_BROAD = 50  # links of a product that a walk follows
_GRAIN = 4096.0
_ROWS = 2_000  # of a walk that are made at once


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

    @property
    def counting(self) -> tuple[float, ...]:
        """What its count of pairs depends on: those alike in it share one."""
        return (self.discount, self.after, self.before, self.sharing, self.heard, self.window)

    def fit(self, data: Interactions) -> Links:
        """See ``Recommender``."""
        return Links(weighed([self], ByItem.of(data))[0], self.decay)

    def lags(self) -> Doubles:
        """What a touch counts by how far after it lies, the farthest before first."""
        far = self.discount ** np.arange(self.window)
        return _grain(np.concatenate([self.before * far[::-1], [0], self.after * far]))

    def load(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Links:
        """See ``Recommender``."""
        return Links.load(arrays)


def weighed(alike: Sequence[Followed], touches: ByItem) -> list[sparse.csr_array]:
    """Products x products, of each of some that count pairs alike: they are counted once for all of them.

    What ``touches`` leaves out speaks for nothing.
    """
    data, lags = touches.data, alike[0].lags()
    share = _grain(np.maximum(data.lengths, 1) ** -alike[0].sharing)
    count = np.bincount(data.item, minlength=len(data.items)) + 1.0
    row, columns = count ** -alike[0].heard, [count**-one.wanted for one in alike]

    def block(first: int, last: int) -> list[sparse.csr_array]:
        pairs = touches.near(first, last, lags, share)
        pairs.data *= row.take(touches.product[first:last]).repeat(np.diff(pairs.indptr))
        made = [
            ((pairs.data * column.take(pairs.indices)).astype(np.float32), pairs.indices, pairs.indptr)
            for column in columns
        ]
        return [
            strongest(sparse.csr_array(part, shape=pairs.shape), one.keep)
            for one, part in zip(alike, made, strict=True)
        ]

    parts = zip(*touches.in_blocks(block), strict=True)
    found = [narrow(_spread(sparse.vstack(part, format="csr"), touches.product)) for part in parts]
    return [_two_steps(weight, one.keep) if one.further else weight for one, weight in zip(alike, found, strict=True)]


def _spread(rows: sparse.csr_array, product: Ints32) -> sparse.csr_array:
    """A row for each product there is; ``product``, in rising order, says whose the rows are."""
    length = np.zeros(rows.shape[1] + 1, np.int64)
    length[product + 1] = np.diff(rows.indptr)
    return sparse.csr_array((rows.data, rows.indices, length.cumsum()), shape=(rows.shape[1], rows.shape[1]))


def _grain(values: Doubles) -> Doubles:
    """The values as multiples of 2^-12: then products of two add up without rounding (up to 2^29), so that the sums are
    the same to the last bit, in whatever order people come."""
    return np.asarray(np.rint(values * _GRAIN) / _GRAIN)


def _two_steps(weight: sparse.csr_array, keep: int) -> sparse.csr_array:
    """The strongest of a walk of two steps over the links, each step with the chances of its row."""
    total = np.maximum(np.asarray(weight.sum(axis=1), np.float32).ravel(), np.float32(1e-9))
    step = strongest(sparse.csr_array(sparse.diags_array(1 / total) @ weight), _BROAD)

    def block(first: int, last: int) -> sparse.csr_array:
        return strongest(sparse.csr_array(step[first:last] @ step), keep)

    return narrow(sparse.vstack(at_once(block, np.append(np.arange(0, step.shape[0], _ROWS), step.shape[0]))))
