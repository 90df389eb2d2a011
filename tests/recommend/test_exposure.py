"""The exposure audit of slates."""

import numpy as np
import pytest

from detak.errors import CannotComputeError
from detak.recommend.exposure import Slates, coverage, filter_bubble, group_fairness, tail_share, unevenness


def slates(*shown: list[int]) -> Slates:
    return Slates.of([np.array(one, np.int32) for one in shown])


def test_coverage_and_the_long_tail() -> None:
    shown = slates([0, 1], [0, 4])
    touches = np.array([90, 5, 3, 1, 1], np.float32)
    assert coverage(shown, 5) == pytest.approx(0.6)
    assert tail_share(shown, touches) == pytest.approx(0.5)
    assert unevenness(shown, 5) == pytest.approx(0.5)
    assert (coverage(slates(), 5), tail_share(slates(), touches)) == (0, 0)


def test_the_first_place_is_looked_at_most() -> None:
    assert slates([3, 4, 5], [6]).attention.tolist() == pytest.approx([1, 0.63093, 0.5, 1], abs=1e-4)


def test_a_brand_shown_more_than_it_merits() -> None:
    brand = np.array([0, 0, 1, -1], np.int32)
    told = group_fairness(slates([0, 2], [1, 3]), brand, np.array([1, 1, 2, 50], np.float32))
    assert told.merit.tolist() == [0.5, 0.5]
    assert told.exposure.tolist() == pytest.approx([2 / 2.63093, 0.63093 / 2.63093], abs=1e-4)
    assert told.disparity == pytest.approx(2 / 2.63093 - 0.5, abs=1e-4)


def test_who_sees_only_their_own_kind_is_in_a_bubble() -> None:
    kind = np.array([0, 0, 1, 1, -1], np.int32)
    assert filter_bubble(slates([0, 1], [2, 3]), kind).excess == 1
    assert filter_bubble(slates([0, 2], [3, 1], [4]), kind).within == 0


def test_slates_drawn_from_one_pot_are_no_bubble() -> None:
    random = np.random.default_rng(2)
    kind = random.integers(0, 5, 200).astype(np.int32)
    drawn = slates(*[random.integers(0, 200, 6).tolist() for _ in range(3_000)])
    assert filter_bubble(drawn, kind).excess == pytest.approx(0, abs=0.01)


def test_nothing_shown_is_no_measure() -> None:
    with pytest.raises(CannotComputeError):
        unevenness(slates(), 3)
    with pytest.raises(CannotComputeError):
        filter_bubble(slates([0]), np.zeros(1, np.int32))
