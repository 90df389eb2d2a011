"""Evaluation, on scores whose figures are counted by hand."""

import numpy as np
import pytest

from detak.errors import CannotComputeError
from detak.recommend.base import Floats, Interactions, sequences
from detak.recommend.evaluate import Asked, accuracy, answers, beyond, interval, ndcg

ITEMS = ("a", "b", "c", "d")


class Told:
    """A model that gives everybody the same scores."""

    def __init__(self, *scores: float) -> None:
        self.row = np.array(scores, np.float32)

    def scores(self, histories: Interactions) -> Floats:
        return np.tile(self.row, (histories.people, 1))


def place(model: Told, past: list[int], target: int, again: bool = False) -> int:
    asked = Asked(sequences([past], ITEMS), np.array([target], np.int32), again)
    return int(answers(model, asked, 3).place[0])


def test_equal_scores_count_against_us() -> None:
    assert place(Told(1, 1, 1, 2), [3], 0) == 3
    assert place(Told(3, 1, 1, 2), [3], 0) == 1


def test_what_was_had_is_not_ranked_unless_it_may_come_again() -> None:
    assert place(Told(4, 3, 2, 1), [0, 1], 2) == 1
    assert place(Told(4, 3, 2, 1), [0, 1], 2, again=True) == 3
    assert place(Told(4, 3, 2, 1), [0], 0) > len(ITEMS)


def test_what_nothing_speaks_for_is_not_found() -> None:
    assert place(Told(1, 0, 0, 0), [3], 1) > len(ITEMS)


def test_what_is_shown_ends_where_nothing_speaks_for_more() -> None:
    asked = Asked(sequences([[3], [0]], ITEMS), np.array([0, 1], np.int32))
    assert answers(Told(1, 2, 0, 9), asked, 3).shown.tolist() == [[1, 0, -1], [3, 1, -1]]


def test_figures_of_known_places() -> None:
    found = accuracy(np.array([1, 3, 7]), (5,))
    assert found["recall@5"] == pytest.approx(2 / 3)
    assert found["ndcg@5"] == pytest.approx((1 + 0.5) / 3)
    assert found["mrr@5"] == pytest.approx((1 + 1 / 3) / 3)


def test_nobody_has_no_figures() -> None:
    with pytest.raises(CannotComputeError, match="nobody"):
        accuracy(np.zeros(0, np.int64))


def test_an_interval_holds_the_mean_and_narrows() -> None:
    random = np.random.default_rng(0)
    few, many = ndcg(random.integers(1, 30, 50), 10), ndcg(random.integers(1, 30, 5_000), 10)
    (low, high), (least, most) = interval(few), interval(many)
    assert low < few.mean() < high
    assert least < many.mean() < most
    assert most - least < (high - low) / 4


def test_beyond_accuracy() -> None:
    told = sequences([[0, 1], [0, 1], [2, 3]], ITEMS)
    same = beyond(np.array([[0, 1], [0, 1], [0, 1]], np.int32), told, told)
    mixed = beyond(np.array([[0, 2], [1, 3], [2, 1]], np.int32), told, told)
    assert (same["coverage"], mixed["coverage"]) == (0.5, 1.0)
    assert same["diversity"] == pytest.approx(0.0)  # always together
    assert mixed["diversity"] == pytest.approx(1.0)  # never
    assert mixed["gini"] < same["gini"] == pytest.approx(0.5)
    assert mixed["novelty"] > same["novelty"]


def test_lists_like_what_people_touched_are_calibrated() -> None:
    told = sequences([[0, 0, 0, 0, 0, 0, 0, 1], [2], [3]], ITEMS)
    likes = sequences([[0], [2]], ITEMS)
    as_liked = beyond(np.array([[0], [2]], np.int32), told, likes)["calibration"]
    crossed = beyond(np.array([[2], [0]], np.int32), told, likes)["calibration"]
    assert as_liked == pytest.approx(0, abs=1e-9)
    assert crossed > 1
