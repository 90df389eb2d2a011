"""Sums over pairs of touches that lie near one another in a history, thinned out as they are made: what a million
items and a hundred million touches need to stay in memory.

At point k of a history (after the touch k, before its last) row k of Y holds the past, the touch at distance d before
k with weight ``past[d]``, and row k of Z what follows, the touch at distance d after k + 1 with weight ``future[d]``.
So a pair of touches counts in Y'Y and Y'Z by its distance and its place in the history alone, and Y and Z are never
made. The sums are made for some items at a time; of each item only its strongest neighbours stay.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from scipy import sparse

from detak.recommend.base import Floats, Ints, Ints32
from detak.recommend.pairs import at_once, by_item, edges
from detak.recommend.solve import Effort, regress, strongest
from detak.recommend.solve import thinned as thin

_BLOCK: Final = 1 << 16  # touches at a time: with their neighbours they stay in the processor's cache
_FAR: Final = 255


@dataclass(frozen=True)
class Window:
    """How the past and what follows count, by distance, the nearest first. What lies further off counts nothing."""

    past: tuple[float, ...]
    future: tuple[float, ...]

    @property
    def width(self) -> int:
        """The longest distance of a pair."""
        return len(self.past)

    def within(self) -> Floats:
        """What a pair counts in Y'Y: by distance (0: a touch with itself) and by how many touches follow the later
        one, up to ``width``."""
        past, width = np.asarray(self.past), self.width
        table = np.zeros((width + 1, width + 1), np.float32)
        for distance in range(width):
            table[distance, 1 : width - distance + 1] = np.cumsum(past[: width - distance] * past[distance:])
            table[distance, width - distance + 1 :] = table[distance, width - distance]
        return table

    def across(self) -> Floats:
        """What a pair counts in Y'Z, by distance."""
        return np.concatenate([[0], np.convolve(self.past, self.future)[: self.width]]).astype(np.float32)

    @classmethod
    def fading(cls, decay: float, discount: float, width: int) -> "Window":
        """The past fades by ``decay`` a step, what follows by ``discount``."""
        steps = range(width)
        return cls(tuple(decay**step for step in steps), tuple(discount**step for step in steps))


@dataclass(frozen=True)
class Touched:
    """Histories as arrays: no more than a regression needs, so that they may lie in files."""

    item: Ints32
    """By touch, person after person, each one's oldest first."""
    starts: Ints
    """Where each person's touches begin, and the end."""
    items: int


@dataclass(frozen=True)
class Thinned:
    """The sums. ``gram`` is Y'Y, ``cross`` is Y'Z; rows of ``gram`` and columns of ``cross`` hold the strongest alone.
    float32."""

    gram: sparse.csr_array
    cross: sparse.csc_array


def pairs_within(lengths: Ints, width: int) -> int:
    """How many pairs of touches there are in histories of these lengths, at most ``width`` apart."""
    return int((lengths * np.minimum(lengths, width)).sum())


def regress_windows(touched: Touched, window: Window, penalty: float, effort: Effort) -> sparse.csr_array:
    """B = (Y'Y + penalty I)^-1 Y'Z by neighbourhoods, from histories, at any size. See ``solve.regress``."""
    sums = thinned(touched, window, (2 * effort.neighbours, effort.neighbours))
    return regress(sums.gram, sums.cross, penalty, replace(effort, way="near"))


def thinned(touched: Touched, window: Window, keep: tuple[int, int]) -> Thinned:
    """The sums over people's histories.

    Args:
        touched: the histories.
        window: at most 127 wide.
        keep: how many neighbours of each item stay in Y'Y, and how many in Y'Z.

    Raises:
        ValueError: the window is too wide.
    """
    if window.width > _FAR // 2:
        raise ValueError(f"a window of {window.width} touches is too wide: {_FAR // 2} at most")
    sums = _Blocks.of(touched, window, keep)
    parts = at_once(sums.block, edges(sums.begin, _BLOCK))
    gram, cross = (sparse.vstack(column, format="csr") for column in zip(*parts, strict=True))
    return Thinned(gram, sparse.csc_array(cross.T))


@dataclass(frozen=True)
class _Blocks:
    item: Ints32
    order: Ints32
    """Touches, item after item."""
    begin: Ints
    """Where in ``order`` the touches of each item begin, and the end."""
    at: "np.ndarray[Any, np.dtype[np.uint8]]"
    """By touch: how many of the same person come before it, ``_FAR`` at most."""
    back: "np.ndarray[Any, np.dtype[np.uint8]]"
    """By touch: how many come after it."""
    lags: Ints32
    table: "np.ndarray[Any, np.dtype[np.complex64]]"
    """Lags x touches that follow: what the pair counts, in Y'Y the real part, in Y'Z the imaginary one."""
    scale: Floats
    keep: tuple[int, int]

    @classmethod
    def of(cls, touched: Touched, window: Window, keep: tuple[int, int]) -> "_Blocks":
        item, lengths = touched.item, np.diff(touched.starts)
        at = np.arange(len(item)) - np.repeat(touched.starts[:-1], lengths)
        back = np.repeat(lengths, lengths) - 1 - at
        count = np.bincount(item, minlength=touched.items)
        lags = np.arange(-window.width, window.width + 1, dtype=np.int32)
        within = window.within()[np.abs(lags)]
        # The neighbour that came first speaks for the item that followed: the columns of Y'Z.
        across = np.concatenate([window.across()[:0:-1], np.zeros(window.width + 1, np.float32)])
        return cls(
            item,
            by_item(item, touched.items),
            np.concatenate([[0], np.cumsum(count)]),
            np.minimum(at, _FAR).astype(np.uint8),
            np.minimum(back, _FAR).astype(np.uint8),
            lags,
            (within + 1j * across[:, None]).astype(np.complex64),
            (1 / np.sqrt(count + 1.0)).astype(np.float32),
            keep,
        )

    def block(self, first: int, last: int) -> tuple[sparse.csr_array, sparse.csr_array]:
        """Rows of Y'Y and columns of Y'Z, of the items from ``first`` to ``last``."""
        touch = self.order[self.begin[first] : self.begin[last]]
        back = self.back[touch].astype(np.int16)[:, None]
        near = (self.lags <= back) & (-self.lags <= self.at[touch].astype(np.int16)[:, None])
        follow = np.minimum(back - np.maximum(self.lags, 0), self.table.shape[1] - 1)
        which = np.broadcast_to(np.arange(len(self.lags)), near.shape)[near]
        counts = self.table[which, follow[near]]
        other = self.item[(touch[:, None] + self.lags)[near]]
        rows = np.concatenate([[0], np.cumsum(near.sum(axis=1))])[self.begin[first : last + 1] - self.begin[first]]
        # Both sums have the same pairs: as one complex number they are sorted and added up once.
        both = sparse.csr_array((counts, other, rows), shape=(last - first, len(self.scale)))
        both.sum_duplicates()
        gram = sparse.csr_array((both.data.real, both.indices, both.indptr), shape=both.shape)
        cross = sparse.csr_array((both.data.imag, both.indices.copy(), both.indptr.copy()), shape=both.shape)
        cross.eliminate_zeros()
        return thin(gram, first, self.keep[0], self.scale), strongest(cross, self.keep[1], self.scale)
