"""How evenly something is spread."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detak.errors import CannotComputeError
from detak.estimates.concentration import bubble, fairness, gini

VALUES = st.lists(st.integers(0, 50), min_size=1, max_size=30).filter(any)


@pytest.mark.parametrize(
    ("values", "expected"), [([1, 1, 1], 0), ([0, 0, 0, 1], 0.75), ([1, 3], 0.25), ([1, 2, 3, 4], 0.25)]
)
def test_the_coefficient_by_hand(values: list[int], expected: float) -> None:
    assert gini(values) == pytest.approx(expected)


@given(VALUES)
def test_it_is_the_mean_difference_and_counts_may_stand_for_values(values: list[int]) -> None:
    array = np.array(values, float)
    apart = np.abs(array[:, None] - array[None, :]).mean() / (2 * array.mean())
    assert gini(values) == pytest.approx(apart)
    different, times = np.unique(array, return_counts=True)
    assert gini(different, times) == pytest.approx(apart)


def test_nothing_is_spread_over_nothing() -> None:
    for values in ([], [0, 0]):
        with pytest.raises(CannotComputeError):
            gini(values)
    with pytest.raises(CannotComputeError):
        fairness([1, 2], [0, 0])


def test_fairness_is_between_none_and_all() -> None:
    assert fairness([1, 3], [2, 6]).disparity == pytest.approx(0)
    assert fairness([1, 0], [0, 5]).disparity == pytest.approx(1)
    assert fairness([3, 1], [1, 1]).disparity == pytest.approx(0.25)


def test_a_bubble_by_hand() -> None:
    """Two people see two products each: one kind of their own, or both kinds."""
    own = bubble(pairs=8, slots=4, people_squared=8, kinds_squared=8)
    assert (own.within, own.across, own.excess) == (1, 0, 1)
    mixed = bubble(pairs=4, slots=4, people_squared=8, kinds_squared=8)
    assert (mixed.within, mixed.across) == (0, 0.5)
    one = bubble(pairs=8, slots=4, people_squared=8, kinds_squared=16)
    with pytest.raises(CannotComputeError, match="one kind"):
        _ = one.excess
    with pytest.raises(CannotComputeError):
        bubble(pairs=4, slots=2, people_squared=4, kinds_squared=4)
