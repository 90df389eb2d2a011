"""What is liked, by counts that were made up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detak.decide.appeal import EVEN, REACH, Exposed, leanings, likings

USUAL = np.array([0.5, 0.3, 0.2])


def leaning(touched: np.ndarray) -> np.ndarray:
    """What one person leans to, who stands between two others."""
    others = np.array([0, 1, 1])
    person = np.concatenate([np.zeros(3, np.int64), np.ones(len(touched), np.int64), np.full(3, 2)])
    found: np.ndarray = leanings(person, np.concatenate([others, touched, others]), USUAL, 3)[1]
    return found


def exposed(**counts: tuple[float, float]) -> Exposed:
    """Products, each with how often it was seen and taken."""
    seen, taken = np.array(list(counts.values()), np.float64).T
    return Exposed(list(counts), seen, taken)


def test_what_is_taken_twice_as_often_as_the_others_is_liked_by_the_logarithm_of_two() -> None:
    many = {f"p{at}": (10_000.0, 1_000.0) for at in range(50)}
    found = likings(exposed(**many, much=(10_000.0, 2_000.0)), ["kind"] * 51)
    assert found["much"] == pytest.approx(EVEN + np.log(2) / REACH, abs=0.02)
    assert found["p7"] == pytest.approx(EVEN, abs=0.01)


def test_what_few_have_seen_is_drawn_to_its_kind() -> None:
    good = {f"good{at}": (1_000.0, 300.0 + at) for at in range(20)}
    bad = {f"bad{at}": (1_000.0, 50.0 + at) for at in range(20)}
    counts = {**good, **bad, "new-good": (1.0, 0.0), "new-bad": (1.0, 1.0)}
    found = likings(exposed(**counts), ["good"] * 20 + ["bad"] * 20 + ["good", "bad"])
    assert found["new-good"] > EVEN > found["new-bad"]


def test_a_click_far_down_a_list_breaks_nothing() -> None:
    found = likings(exposed(deep=(0.01, 3.0), top=(50.0, 5.0)), [None, None])
    assert 0.0 <= found["top"] < found["deep"] <= 1.0


def test_where_nobody_took_anything_nothing_is_said() -> None:
    assert likings(Exposed((), np.zeros(0), np.zeros(0)), []) == {}
    assert likings(exposed(a=(9.0, 0.0)), ["kind"]) == {}


def test_who_touched_nothing_leans_nowhere() -> None:
    assert leaning(np.zeros(0, np.int64)).tolist() == [EVEN] * 4
    assert leaning(np.array([-1, -1])).tolist() == [EVEN] * 4


def test_who_turns_to_kinds_as_everybody_does_leans_nowhere() -> None:
    touched = np.repeat([0, 1, 2], [50, 30, 20])
    assert leaning(touched) == pytest.approx([EVEN] * 4)


@given(st.lists(st.integers(-1, 2), max_size=40), st.integers(0, 2))
def test_a_touch_more_of_a_kind_leans_more_to_it_and_less_to_the_others(touched: list[int], kind: int) -> None:
    before, after = leaning(np.array(touched, np.int64)), leaning(np.array([*touched, kind]))
    assert after[kind] >= before[kind]
    assert np.all(np.delete(after, kind) <= np.delete(before, kind))
    assert np.all((after >= 0) & (after <= 1))
    assert after[-1] == EVEN
