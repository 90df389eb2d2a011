"""From scores to the best few, in an order that is always the same."""

import numpy as np

from detak.recommend.base import NOBODY, Floats, Ints32, Scored


def best(scores: Floats, k: int, exclude: Ints32) -> Ints32:
    """The products with the ``k`` highest scores, highest first, those alike by their number; never one of ``exclude``.

    ``scores`` is one number a product; a product that scores -inf is never shown. Numbers in ``exclude`` that are no
    products are passed over.
    """
    open_ = np.array(scores, np.float32)
    open_[exclude[(exclude >= 0) & (exclude < len(open_))]] = -np.inf
    k = min(k, int(np.isfinite(open_).sum()))
    if k <= 0:
        return np.zeros(0, np.int32)
    least = np.partition(open_, len(open_) - k)[len(open_) - k]
    near = np.flatnonzero(open_ >= least)
    order = np.lexsort((near, -open_[near]))[:k]
    return near[order].astype(np.int32)


def unexplained(scores: Floats, k: int, exclude: Ints32) -> Scored:
    """The best with nobody to thank for them."""
    items = best(scores, k, exclude)
    return Scored(items, scores[items], np.full(len(items), NOBODY, np.int32))
