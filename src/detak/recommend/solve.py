"""Ridge regression of items on items, from sums: B = (G + penalty I)^-1 C, for a hundred items or for a million.

G (``gram``, Y'Y) says how often two items stand together in what people had looked at, C (``cross``, Y'Z) how often the
one was followed by the other; both are sparse. Column j of B is the regression of item j on all items. Two ways:

``dense``: the whole inverse by Cholesky, exact to float32; time grows with the cube of the items, memory with their
square.
``near``: each column on its own, regressed on the items alone that C names for it, and of these on the strongest: a
ridge regression over a selected neighbourhood, as fsSLIM does (Ning and Karypis, "SLIM: Sparse Linear Methods for Top-N
Recommender Systems", ICDM 2011). Time and memory grow with the items.
"""

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import scipy.linalg
from scipy import sparse
from threadpoolctl import threadpool_limits

Floats = np.ndarray[Any, np.dtype[np.float32]]
Ints = np.ndarray[Any, np.dtype[np.int64]]

_DENSE_MOST: Final = 20_000
_DENSE_BYTES: Final = 12  # an entry: the inverse, and what LAPACK and a product take beside it
_BATCH_BYTES: Final = 48 << 20
_ROWS: Final = 1_024
_CELLS: Final = 1 << 18  # of rows that are thinned out at once
_HEAVY: Final = 0.02  # filled more than this, a sparse factor is multiplied faster as a dense one


@dataclass(frozen=True)
class Effort:
    """How far to go. The defaults suit any shop; a measurement sets them."""

    way: str | None = None
    """``dense`` or ``near``; None: dense where it fits."""
    neighbours: int = 100
    """``near``: on how many items each one is regressed at most."""
    keep: int = 400
    """How many entries a row of B has at most: those of the largest size."""
    memory: int = 4 << 30
    """Bytes that the dense way may take."""

    def chosen(self, items: int) -> str:
        """The way for that many items."""
        fits = items <= _DENSE_MOST and items * items * _DENSE_BYTES <= self.memory
        return self.way or ("dense" if fits else "near")


def regress(
    gram: sparse.csr_array, cross: sparse.csr_array, penalty: float, effort: Effort | None = None
) -> sparse.csr_array:
    """B = (G + penalty I)^-1 C, its strongest entries a row; float32, indices sorted.

    Args:
        gram: items x items, symmetric, no negative eigenvalues.
        cross: items x items.
        penalty: above 0.
        effort: how far to go.
    """
    effort = effort or Effort()
    if effort.chosen(gram.shape[0]) == "near":
        return _near(gram, cross, penalty, effort, itself=True)
    inverse = _inverse(gram, penalty)
    light = sparse.csr_array(cross, dtype=np.float32)
    heavy = light.nnz > _HEAVY * light.shape[0] * light.shape[1]
    right = light.toarray() if heavy else sparse.csr_array(light.T)

    def rows(first: int, last: int) -> Floats:
        return np.asarray(inverse[first:last] @ right if heavy else (right @ inverse[:, first:last]).T)

    return _pruned(rows, len(inverse), effort.keep)


def regress_on_others(gram: sparse.csr_array, penalty: float, effort: Effort) -> sparse.csr_array:
    """Each item regressed on others, from the Gram matrix alone: EASE (Steck, "Embarrassingly Shallow Autoencoders for
    Sparse Data", WWW 2019), the ``near`` way. The diagonal is empty. Otherwise as ``regress``."""
    return _near(gram, gram, penalty, effort, itself=False)


def strongest(matrix: sparse.csr_array, keep: int, scale: Floats | None = None) -> sparse.csr_array:
    """At most ``keep`` entries of each row, those of the largest size; of equals, those of the lower column.

    ``scale``, a number for each column, says how much the size of an entry counts.
    """
    length = np.diff(matrix.indptr)
    if not (length > keep).any():
        return matrix
    kept = np.empty(matrix.nnz, np.bool_)
    for first, last in _spans(matrix.indptr):
        part = slice(int(matrix.indptr[first]), int(matrix.indptr[last]))
        size, column = np.abs(matrix.data[part]), matrix.indices[part]
        if scale is not None:
            size *= scale.take(column)
        kept[part] = _largest(size, column, length[first:last].astype(np.int64), keep)
    indptr = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
    return sparse.csr_array((matrix.data[kept], matrix.indices[kept], indptr), shape=matrix.shape)


def _spans(indptr: Any) -> list[tuple[int, int]]:
    """Rows from the one to the other that have about ``_CELLS`` entries together."""
    ends = np.searchsorted(indptr, np.arange(_CELLS, indptr[-1], _CELLS))
    edges = np.unique(np.concatenate([[0], ends, [len(indptr) - 1]])).tolist()
    return list(itertools.pairwise(edges))


def thinned(gram: sparse.csr_array, first: int, keep: int, scale: Floats) -> sparse.csr_array:
    """Some rows of a Gram matrix, from ``first`` on, thinned out as ``strongest`` does; the diagonal stays."""
    own = np.flatnonzero(gram.indices == np.repeat(np.arange(gram.shape[0]) + first, np.diff(gram.indptr)))
    diagonal = gram.data[own]
    gram.data[own] = np.inf
    gram = strongest(gram, keep, scale)
    gram.data[np.isinf(gram.data)] = diagonal
    gram.eliminate_zeros()
    return gram


def _largest(
    size: Floats, column: "np.ndarray[Any, np.dtype[np.int32]]", length: Ints, keep: int
) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Which entries of some rows, one after the other, are their ``keep`` largest; of equals, the lower columns."""
    # Size and column in one number, so that no two are alike.
    bits: Any = size.astype(np.float32, copy=False).view(np.int32).astype(np.int64)
    bits <<= 32
    bits -= column
    least = np.full(len(length), np.iinfo(np.int64).min)
    ends = length.cumsum()
    for row in np.flatnonzero(length > keep).tolist():
        some = bits[ends[row] - length[row] : ends[row]].copy()
        some.partition(len(some) - keep)
        least[row] = some[len(some) - keep]
    kept: np.ndarray[Any, np.dtype[np.bool_]] = bits >= least.repeat(length)
    return kept


def _top(size: Floats, keep: int) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Which of them are the ``keep`` largest."""
    least = np.partition(size, len(size) - keep)[len(size) - keep]
    kept: np.ndarray[Any, np.dtype[np.bool_]] = size > least
    spare = keep - int(kept.sum())
    kept[np.flatnonzero(size == least)[:spare]] = True
    return kept


def _inverse(gram: sparse.csr_array, penalty: float) -> Floats:
    """(G + penalty I)^-1. Scaled to a diagonal of ones first: counts differ by a factor of thousands, and float32 would
    feel it."""
    full = gram.astype(np.float32).toarray(order="F")
    scale = 1 / np.sqrt(np.diagonal(full) + np.float32(penalty))
    full *= scale
    full *= scale[:, None]
    np.fill_diagonal(full, 1)
    factor, failed = scipy.linalg.lapack.spotrf(full, lower=1, overwrite_a=1)
    if failed:
        raise ValueError("the Gram matrix has negative eigenvalues beyond the penalty: it is no sum over people")
    inverse, _ = scipy.linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    for first in range(0, len(inverse), _ROWS):  # LAPACK fills the lower triangle alone
        last = min(first + _ROWS, len(inverse))
        inverse[:first, first:last] = inverse[first:last, :first].T
        corner = inverse[first:last, first:last]
        corner[:] = np.tril(corner) + np.tril(corner, -1).T
    inverse *= scale
    inverse *= scale[:, None]
    return np.asarray(inverse)


def _pruned(rows: Any, items: int, keep: int) -> sparse.csr_array:
    """The strongest entries of a dense matrix that is made ``_ROWS`` rows at a time."""
    parts = []
    for first in range(0, items, _ROWS):
        part = np.ascontiguousarray(rows(first, min(first + _ROWS, items)))
        if items > keep:
            size = np.abs(part)
            least = np.partition(size, items - keep, axis=1)[:, items - keep]
            part[size < least[:, None]] = 0
        parts.append(sparse.csr_array(part))
    return narrow(strongest(sparse.vstack(parts, format="csr"), keep))


def narrow(matrix: sparse.csr_array) -> sparse.csr_array:
    """The same in as few bytes as a model needs: float32, int32 indices in order."""
    kind = np.int32 if matrix.nnz < 2**31 else np.int64
    arrays = ((matrix.data, np.float32), (matrix.indices, np.int32), (matrix.indptr, kind))
    parts = tuple(array.astype(one, copy=False) for array, one in arrays)
    found = sparse.csr_array(parts, shape=matrix.shape)
    found.sort_indices()
    return found


def _near(
    gram: sparse.csr_array, cross: sparse.csr_array, penalty: float, effort: Effort, *, itself: bool
) -> sparse.csr_array:
    items = gram.shape[0]
    gram = sparse.csr_array(gram)
    gram.sort_indices()
    by_column = sparse.csr_array(cross.T)
    most = min(effort.neighbours, items)
    step = max(1, _BATCH_BYTES // (most * most * 4))
    scale = (1 / np.sqrt(gram.diagonal() + penalty)).astype(np.float32)
    solver = _Neighbourhoods(gram, by_column, scale, np.float32(penalty), most, itself)
    # Threads share the sums; the long operations of NumPy let go of the interpreter.
    # BLAS would share out each of the small solves among all cores, and wait for them longer than it solves.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        parts = list(pool.map(solver.solve, range(0, items, step), (step for _ in range(0, items, step))))
    chosen, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    real = chosen >= 0
    indptr = np.concatenate([[0], np.cumsum(real.sum(axis=1))])
    found = sparse.csr_array((weight[real], chosen[real], indptr), shape=(items, items))
    return narrow(strongest(sparse.csr_array(found.T), effort.keep))


@dataclass(frozen=True)
class _Neighbourhoods:
    """Regressions of one item each on those that speak for it most."""

    gram: sparse.csr_array
    by_column: sparse.csr_array
    scale: Floats
    """By item: what an entry of C counts for when the strongest are taken: as far as it alone would explain."""
    penalty: np.float32
    most: int
    itself: bool

    def solve(self, first: int, step: int) -> tuple[np.ndarray[Any, np.dtype[np.int32]], Floats]:
        """Of the items from ``first`` on: on which items each is regressed (-1: none), and the weights."""
        last = min(first + step, self.gram.shape[0])
        chosen = np.full((last - first, self.most), -1, np.int32)
        left = np.zeros((last - first, self.most, self.most), np.float32)
        right = np.zeros((last - first, self.most), np.float32)
        place = np.full(self.gram.shape[0], -1, np.int32)
        for row, item in enumerate(range(first, last)):
            near, value = self._chosen(item)
            chosen[row, : len(near)] = near
            right[row, : len(near)] = value
            self._gather(near, place, left[row])
        # Where the sums were thinned out, an entry may have stayed on one side of the diagonal alone.
        left = np.maximum(left, left.transpose(0, 2, 1))
        left[:, np.arange(self.most), np.arange(self.most)] += self.penalty
        return chosen, _solved(left, right)

    def _chosen(self, item: int) -> tuple[np.ndarray[Any, np.dtype[np.int32]], Floats]:
        part = slice(self.by_column.indptr[item], self.by_column.indptr[item + 1])
        near, value = self.by_column.indices[part], self.by_column.data[part]
        if not self.itself:  # an item does not explain itself
            near, value = near[near != item], value[near != item]
        if len(near) > self.most:
            top = _top(np.abs(value) * self.scale[near], self.most)
            near, value = near[top], value[top]
        return near, value

    def _gather(self, near: "np.ndarray[Any, np.dtype[np.int32]]", place: Any, into: Floats) -> None:
        """Writes G among ``near`` into the upper left of ``into``. ``place`` is all -1, before and after."""
        begin = self.gram.indptr[near]
        length = self.gram.indptr[near + 1] - begin
        ends = np.cumsum(length)
        rows = np.repeat(np.arange(len(near)), length)
        where = np.arange(len(rows)) + np.repeat(begin - (ends - length), length)
        place[near] = np.arange(len(near))
        column = place[self.gram.indices[where]]
        place[near] = -1
        inside = np.flatnonzero(column >= 0)
        into[rows[inside], column[inside]] = self.gram.data[where[inside]]


def _solved(left: Floats, right: Floats) -> Floats:
    """x of left x = right, for each of many; a sum that lost entries and is no longer definite gets more penalty."""
    try:
        np.linalg.cholesky(left)
        return np.asarray(np.linalg.solve(left, right[..., None])[..., 0])
    except np.linalg.LinAlgError:
        if len(left) > 1:
            half = len(left) // 2
            return np.concatenate([_solved(left[:half], right[:half]), _solved(left[half:], right[half:])])
        return _solved(left + np.diag(np.diagonal(left[0]) * np.float32(0.1)), right)
