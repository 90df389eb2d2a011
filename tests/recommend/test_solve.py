"""Ridge regression from sums, held against NumPy's plain solution."""

import numpy as np
import pytest
from scipy import sparse

from detak.recommend.solve import Effort, regress, regress_on_others, strongest

DENSE, NEAR = Effort("dense"), Effort("near", neighbours=60)


@pytest.fixture(scope="module")
def sums() -> tuple[sparse.csr_array, sparse.csr_array]:
    """Y'Y and Y'Z of 500 people and 60 items, some of them popular."""
    rng = np.random.default_rng(5)
    chance = rng.beta(0.5, 4, 60) + 0.25
    y, z = ((rng.random((500, 60)) < chance) * rng.random((500, 60)) for _ in range(2))
    return sparse.csr_array(y.T @ y), sparse.csr_array(y.T @ z)


@pytest.mark.parametrize("effort", [DENSE, NEAR], ids=["dense", "near"])
def test_it_is_the_ridge_solution(sums: tuple[sparse.csr_array, sparse.csr_array], effort: Effort) -> None:
    gram, cross = sums
    expected = np.linalg.solve(gram.toarray() + 3.0 * np.eye(60), cross.toarray())
    np.testing.assert_allclose(regress(gram, cross, 3.0, effort).toarray(), expected, atol=2e-5)


def test_on_others_it_is_ease(sums: tuple[sparse.csr_array, sparse.csr_array]) -> None:
    gram, _ = sums
    inverse = np.linalg.inv(gram.toarray() + 3.0 * np.eye(60))
    expected = -inverse / np.diagonal(inverse)
    np.fill_diagonal(expected, 0)
    found = regress_on_others(gram, 3.0, NEAR)
    np.testing.assert_allclose(found.toarray(), expected, atol=2e-5)
    assert not found.diagonal().any()


def test_a_sparse_and_a_full_cross_take_different_paths_to_the_same(
    sums: tuple[sparse.csr_array, sparse.csr_array],
) -> None:
    gram, cross = sums
    few = sparse.csr_array(cross * (cross > np.quantile(cross.data, 0.999)))
    assert few.nnz <= 0.02 * 60 * 60
    expected = np.linalg.solve(gram.toarray() + 3.0 * np.eye(60), few.toarray())
    np.testing.assert_allclose(regress(gram, few, 3.0, DENSE).toarray(), expected, atol=2e-5)


def test_each_item_is_regressed_on_its_strongest_neighbours_alone(
    sums: tuple[sparse.csr_array, sparse.csr_array],
) -> None:
    gram, cross = sums
    found = regress(gram, cross, 3.0, Effort("near", neighbours=7)).toarray()
    full, right = gram.toarray() + 3.0 * np.eye(60), cross.toarray()
    for item in range(60):
        near = np.argsort(-right[:, item] / np.sqrt(np.diagonal(full)))[:7]
        expected = np.zeros(60)
        expected[near] = np.linalg.solve(full[np.ix_(near, near)], right[near, item])
        np.testing.assert_allclose(found[:, item], expected, atol=2e-5)


@pytest.mark.parametrize("way", ["dense", "near"])
def test_a_row_keeps_its_strongest(sums: tuple[sparse.csr_array, sparse.csr_array], way: str) -> None:
    full = regress(*sums, 3.0, Effort(way, neighbours=60)).toarray()
    found = regress(*sums, 3.0, Effort(way, neighbours=60, keep=5))
    assert np.diff(found.indptr).tolist() == [5] * 60
    for row in range(60):
        kept = found.indices[found.indptr[row] : found.indptr[row + 1]]
        assert set(kept.tolist()) == set(np.argsort(-np.abs(full[row]))[:5].tolist())


def test_of_equals_the_earlier_are_kept() -> None:
    matrix = sparse.csr_array(np.array([[1.0, -1.0, 1.0, 2.0], [0.0, 0.0, 3.0, 0.0]]))
    assert strongest(matrix, 2).toarray().tolist() == [[1.0, 0.0, 0.0, 2.0], [0.0, 0.0, 3.0, 0.0]]


def test_items_that_nobody_touched_are_in_the_way_of_nothing() -> None:
    gram = sparse.csr_array(np.diag([4.0, 0.0, 0.0]))
    cross = sparse.csr_array(([2.0], ([0], [2])), shape=(3, 3))
    for way in ("dense", "near"):
        found = regress(gram, cross, 1.0, Effort(way)).toarray()
        np.testing.assert_allclose(found, [[0, 0, 0.4], [0, 0, 0], [0, 0, 0]], atol=1e-6)


def test_sums_that_lost_entries_are_still_solved() -> None:
    """Three items that always came together, of which one pair was dropped: no longer a sum over people."""
    broken = sparse.csr_array(np.array([[100.0, 100, 0], [100, 100, 100], [0, 100, 100]]))
    found = regress(broken, broken, 0.1, Effort("near", neighbours=3)).toarray()
    assert np.abs(found).max() < 20
    with pytest.raises(ValueError, match="no sum over people"):
        regress(broken, broken, 0.1, DENSE)


def test_the_way_is_chosen_by_what_fits() -> None:
    assert Effort().chosen(12_000) == "dense"
    assert Effort().chosen(100_000) == "near"
    assert Effort(memory=1 << 20).chosen(12_000) == "near"


def test_a_model_is_small(sums: tuple[sparse.csr_array, sparse.csr_array]) -> None:
    for way in ("dense", "near"):
        found = regress(*sums, 3.0, Effort(way))
        assert (found.data.dtype, found.indices.dtype, found.indptr.dtype) == (np.float32, np.int32, np.int32)
        assert found.has_sorted_indices
