"""Shares of many groups: drawn together as far as chance goes, and outliers that are few and true."""

import numpy as np
import pytest

from detak.insights.shrinkage import Groups, shrink


def test_few_trials_are_drawn_to_their_kind_and_many_speak_for_themselves() -> None:
    random = np.random.default_rng(1)
    trials = np.array([3, 3_000, *random.integers(50, 500, 60)], float)
    successes = np.array([2, 900, *random.binomial(trials[2:].astype(int), random.beta(20, 180, 60))], float)
    small, large, *_ = shrink(Groups(successes, trials, ["k"] * 62))
    assert small.share.value < 0.25
    assert large.share.value == pytest.approx(0.3, abs=0.02)
    assert (small.outlier, large.outlier) == (0, 1)
    assert small.share.low < small.share.value < small.share.high


def test_a_group_is_compared_with_its_kind() -> None:
    trials = np.full(40, 1_000.0)
    successes = np.array([100.0] * 19 + [300.0] + [300.0] * 20)
    found = shrink(Groups(successes, trials, ["cheap"] * 20 + ["dear"] * 20))
    assert [at for at, one in enumerate(found) if one.outlier] == [19]
    assert found[0].usual == pytest.approx(0.11, abs=0.001)


def test_a_kind_of_few_is_drawn_to_all() -> None:
    trials = np.array([20.0] + [1_000.0] * 30)
    kinds = ["tiny", *(f"k{at // 3}" for at in range(30))]
    tiny, *_ = shrink(Groups(np.array([0.0] + [100.0] * 30), trials, kinds))
    assert 0.05 < tiny.usual < 0.1
    assert tiny.share.high > 0.1


def test_chance_alone_makes_no_outliers() -> None:
    random = np.random.default_rng(2)
    trials = random.integers(5, 400, 500).astype(float)
    found = shrink(Groups(random.binomial(trials.astype(int), 0.07).astype(float), trials, [None] * 500))
    assert sum(one.outlier != 0 for one in found) == 0


def test_of_the_outliers_few_have_the_wrong_sign_and_intervals_hold() -> None:
    random = np.random.default_rng(3)
    trials = random.integers(20, 2_000, 400).astype(float)
    truth = random.beta(8, 72, 400)
    found = shrink(Groups(random.binomial(trials.astype(int), truth).astype(float), trials, ["k"] * 400))
    named = [(one, true) for one, true in zip(found, truth, strict=True) if one.outlier]
    assert len(named) > 100
    assert np.mean([one.outlier != np.sign(true - one.usual) for one, true in named]) <= 0.08
    assert np.mean([one.share.low <= true <= one.share.high for one, true in zip(found, truth, strict=True)]) > 0.91


@pytest.mark.parametrize("alike", [10, 50, 200, None])
@pytest.mark.parametrize("size", [2, 5, 15, 60])
def test_intervals_hold_however_alike_groups_are_and_however_few(size: int, alike: float | None) -> None:
    random = np.random.default_rng(4)
    held: list[bool] = []
    for _ in range(600 // size):
        trials = random.integers(50, 200, size).astype(float)
        truth = random.beta(0.29 * alike, 0.71 * alike, size) if alike else np.full(size, 0.29)
        found = shrink(Groups(random.binomial(trials.astype(int), truth).astype(float), trials, ["k"] * size))
        held += [one.share.low <= true <= one.share.high for one, true in zip(found, truth, strict=True)]
    assert np.mean(held) > 0.915


@pytest.mark.parametrize("between", [30, 300, None])
@pytest.mark.parametrize("within", [20, 200, None])
def test_intervals_hold_within_several_kinds(between: float | None, within: float | None) -> None:
    random = np.random.default_rng(5)
    held: list[bool] = []
    for _ in range(15):
        middle = np.repeat(random.beta(0.29 * between, 0.71 * between, 8) if between else np.full(8, 0.29), 10)
        truth = random.beta(within * middle, within * (1 - middle)) if within else middle
        trials = np.exp(random.uniform(*np.log((10, 1_000)), 80)).round()
        kinds = [f"k{at // 10}" for at in range(80)]
        found = shrink(Groups(random.binomial(trials.astype(int), truth).astype(float), trials, kinds))
        held += [one.share.low <= true <= one.share.high for one, true in zip(found, truth, strict=True)]
    assert np.mean(held) > 0.915


def test_of_few_alike_an_interval_is_as_wide_as_their_number_supports() -> None:
    one, *_ = shrink(Groups(np.array([35.0, 36, 34]), np.array([121.0, 121, 119]), ["k"] * 3))
    assert 0.08 < one.share.high - one.share.low < 0.17  # by its own counts alone 0.16
    lots, *_ = shrink(Groups(np.full(300, 35.0), np.full(300, 121.0), ["k"] * 300))
    assert lots.share.high - lots.share.low < 0.05


def test_nothing_and_nobody() -> None:
    assert shrink(Groups(np.zeros(0), np.zeros(0), [])) == []
    (one,) = shrink(Groups(np.zeros(1), np.zeros(1), [None]))
    assert (one.outlier, 0 < one.share.value < 1) == (0, True)
