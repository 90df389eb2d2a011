"""What products are worth in a place: expected clicks times what a click means to the shop. Many shelves at once.

Products are numbers; those that are not in the arrays of ``Wares`` share its last row.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detak.decide.appeal import EVEN
from detak.decide.page import FEATURES, Placed, Weights
from detak.decide.rows import Rows

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]
_FULL: Final = 255  # a feature of 1, as a byte
_FOR_ALL: Final = slice(2, 6)  # the features that are the same for everyone


class Wares(NamedTuple):
    """What holds of each product for everyone. The first four are features, from 0 to 1."""

    popular: Floats
    fresh: Floats
    offered: Floats
    liked: Floats
    worth: Floats
    """What a click is worth: margin, price, stock and the shop's boosts and buryings."""
    category: NDArray[np.int32]
    """-1: none is known."""
    open: Truths
    """Whether it may be shown: it can be had, and no rule hides it."""
    sensitive: Truths
    """Whether it tells of what nobody may be chosen for."""


class Pool(NamedTuple):
    """The candidates of one shelf, best first by the shelf's own measure, and how well each fits the person."""

    shelf: str
    products: Sequence[int]
    fits: Sequence[float]
    seen: bool = False
    together: bool = False
    personal: bool = False
    """Whether what is known of the person chose them."""
    leans: Floats | None = None
    """How much the person leans to each category, and, last, to products without one; None: as everybody."""


class Scoring:
    """What the products of a shop are worth, by one model of the click.

    Args:
        weights: the model.
        wares: the products.
    """

    def __init__(self, weights: Weights, wares: Wares) -> None:
        self.wares = wares
        self.weights = weights
        self._last = len(wares.worth) - 1

    @cached_property
    def same(self) -> Floats:
        """By product, the part of the logit that is the same for everyone."""
        return np.asarray(np.stack(self.wares[:4], axis=1) @ np.array(self.weights.weights[_FOR_ALL]))

    @cached_property
    def told(self) -> NDArray[np.uint8]:
        """By product, the features that are the same for everyone, as bytes."""
        return _as_bytes(np.stack(self.wares[:4], axis=1))

    @cached_property
    def _even(self) -> Floats:
        """How everybody leans to each category."""
        return np.full(int(self.wares.category.max(initial=-1)) + 2, EVEN)

    def scored(self, pools: Sequence[Pool]) -> list[list[Placed]]:
        """``rows``, as the products of each pool."""
        return self.rows(pools).lists() if pools else []

    def rows(self, pools: Sequence[Pool]) -> Rows:
        """The products of each pool that may be shown, the most valuable first; of those alike the one named first.
        There is a pool."""
        sizes = [len(one.products) for one in pools]
        product = np.fromiter(chain.from_iterable([one.products for one in pools]), np.int64, sum(sizes))
        fits = np.fromiter(chain.from_iterable([one.fits for one in pools]), np.float64, len(product))
        pool = np.arange(len(pools)).repeat(sizes)
        marks = np.array([(one.seen, one.together, one.personal) for one in pools], np.bool_).reshape(-1, 3)
        row = np.minimum(product, self._last)
        wares = self.wares
        kept = (wares.open.take(row) & ~(wares.sensitive.take(row) & marks[:, 2].take(pool))).nonzero()[0]
        if len(kept) < len(product):
            product, fits, pool, row = product.take(kept), fits.take(kept), pool.take(kept), row.take(kept)
        ends = pool.searchsorted(np.arange(len(pools) + 1))
        size = np.maximum(sizes, 1)
        rank = 1.0 - (np.arange(len(pool)) - ends.take(pool)) / size.take(pool)
        category = wares.category.take(row)
        leans = np.concatenate([self._even if one.leans is None else one.leans for one in pools])
        kinds = len(self._even)
        kind = leans.take(pool * kinds + category % kinds)  # -1 is the last
        w, least = self.weights.weights, self.weights.intercept
        base = np.array([least + (one.seen * w[6] + one.together * w[7]) for one in pools])
        logit = base.take(pool) + w[0] * fits + w[1] * rank + self.same.take(row) + w[8] * kind
        score = wares.worth.take(row) / (1.0 + np.exp(-logit))
        told = np.empty((len(row), len(FEATURES)), np.uint8)
        told[:, 0], told[:, 1] = _as_bytes(fits), _as_bytes(rank)
        told[:, _FOR_ALL] = self.told.take(row, axis=0)
        told[:, 6:8] = (marks[:, :2] * np.uint8(_FULL)).take(pool, axis=0)
        told[:, 8] = _as_bytes(kind)
        order = np.lexsort((-score, pool))
        return Rows(
            product.take(order), score.take(order), category.take(order), told.take(order, axis=0),
            ends[1:].tolist(), [one.shelf for one in pools], [not one.personal for one in pools],
        )  # fmt: skip


def _as_bytes(told: Floats) -> NDArray[np.uint8]:
    """Features from 0 to 1 as bytes, 255 being 1."""
    return (told * _FULL + 0.5).astype(np.uint8)
