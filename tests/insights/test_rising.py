"""Counts of two stretches of time, compared."""

import numpy as np
import pytest

from detak.insights.rising import changes


def test_the_ratio_is_against_everything() -> None:
    (one,) = changes([(40, 10)], 200, 100)
    assert one is not None
    assert one.ratio.value == pytest.approx(2.0)
    assert 1 < one.ratio.low < 2 < one.ratio.high
    (lone,) = changes([(4, 1)], 200, 100)
    assert lone is not None
    assert (lone.ratio.value, lone.notable) == (pytest.approx(2.0), False)


def test_nothing_before_has_no_upper_bound_and_stays_finite() -> None:
    (one,) = changes([(5, 0)], 100, 100)
    assert one is not None
    assert one.ratio == pytest.approx((11.0, one.ratio.low, float("inf")))
    assert one.ratio.low > 1


def test_what_cannot_be_compared_is_none() -> None:
    assert changes([(1, 2)], 0, 10) == [None]
    assert changes([(0, 0), (3, 3)], 10, 10)[0] is None


def test_without_a_change_few_are_believed_and_intervals_hold() -> None:
    random = np.random.default_rng(3)
    pairs = [(int(a), int(b)) for a, b in zip(random.poisson(40, 400), random.poisson(20, 400), strict=True)]
    found = [one for one in changes(pairs, 2_000, 1_000) if one is not None]
    assert sum(one.notable for one in found) <= 2
    assert np.mean([one.ratio.low <= 1 <= one.ratio.high for one in found]) > 0.92
