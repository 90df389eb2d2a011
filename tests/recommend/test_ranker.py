"""The learnt ranker, on lists whose rule is known."""

import numpy as np
import pytest

from detak.recommend.ranker import Lists, Ranker, Training, gain


def lists(count: int, seed: int) -> Lists:
    """Lists of 3 to 9 rows of two features, in which the row nearest to 0.5 on the first one is chosen: no line
    through the features says so."""
    random = np.random.default_rng(seed)
    lengths = random.integers(3, 10, count)
    start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    features = random.random((start[-1], 2)).astype(np.float32)
    off = np.abs(features[:, 0] - 0.5)
    chosen = [start[at] + int(np.argmin(off[start[at] : start[at + 1]])) for at in range(count)]
    return Lists(features, start, np.array(chosen))


def test_it_learns_a_rule_that_is_no_line() -> None:
    check = lists(200, 1)
    ranker = Training(epochs=12, rate=1e-2).learn(lists(1_500, 0), check)
    assert gain(check.places(ranker.scores(check.features)), 1) > 0.85
    assert gain(check.places(check.features[:, 0]), 1) < 0.3


def test_the_same_seed_gives_the_same_weights() -> None:
    once, again = (Training(epochs=1).learn(lists(50, 0), lists(10, 1)).arrays() for _ in range(2))
    for name, array in once.items():
        np.testing.assert_array_equal(array, again[name])
    kept = Ranker.load(once)
    np.testing.assert_array_equal(kept.inner, once["inner"])


def test_equal_scores_count_against_the_chosen() -> None:
    one = Lists(np.zeros((5, 1), np.float32), np.array([0, 3, 5]), np.array([0, 4]))
    assert one.places(np.array([1, 1, 0, 0, 2], np.float32)).tolist() == [2, 1]


def test_some_lists_are_what_they_were() -> None:
    whole = lists(6, 3)
    part = whole.between(2, 5)
    assert part.start.tolist() == (whole.start[2:6] - whole.start[2]).tolist()
    np.testing.assert_array_equal(part.features[part.chosen], whole.features[whole.chosen[2:5]])


def test_gain_is_ndcg_with_one_target() -> None:
    assert gain(np.array([1, 3, 11])) == pytest.approx((1 + 0.5 + 0) / 3)
