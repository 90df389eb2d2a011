"""The Qini curve against sums by hand, and against what scikit-uplift says of the same people."""

import numpy as np
import pytest

from detak.uplift.qini import qini_auc, qini_curve

YES = np.array([True, False, True, False])


def test_points_of_a_curve_by_hand() -> None:
    curve = qini_curve(np.array([1.0, 0.0, 1.0, 1.0]), np.array([4.0, 3.0, 2.0, 1.0]), YES)
    assert curve.targeted.tolist() == [0, 1, 2, 3, 4]
    assert curve.gained.tolist() == [0, 1, 1, 2, 1]


def test_people_alike_come_all_at_once_in_whatever_order_they_stand() -> None:
    outcome, effect = np.array([1.0, 0.0, 1.0, 1.0]), np.array([2.0, 2.0, 1.0, 1.0])
    curve = qini_curve(outcome, effect, YES)
    assert curve.targeted.tolist() == [0, 2, 4]
    mixed = [1, 0, 3, 2]
    assert qini_curve(outcome[mixed], effect[mixed], YES[mixed]).gained.tolist() == curve.gained.tolist()


def test_an_order_that_knows_everything_is_worth_one() -> None:
    random = np.random.default_rng(1)
    treated, outcome = random.random(500) < 0.5, (random.random(500) < 0.3).astype(float)
    assert qini_auc(outcome, np.where(treated, outcome, -outcome), treated) == pytest.approx(1.0)


def test_effects_all_alike_are_worth_nothing() -> None:
    random = np.random.default_rng(2)
    treated, outcome = random.random(500) < 0.5, (random.random(500) < 0.3).astype(float)
    assert qini_auc(outcome, np.zeros(500), treated) == pytest.approx(0.0)


def test_it_is_the_figure_of_scikit_uplift() -> None:
    """`sklift.metrics.qini_auc_score` 0.5.1 on these forty people says this, computed once and written down."""
    at = np.arange(40)
    treated, outcome, effect = at % 2 == 0, ((at * 7) % 5 < 2).astype(float), ((at * 13) % 11).astype(float)
    assert qini_auc(outcome, effect, treated) == pytest.approx(-0.02428385416666667, abs=1e-12)


@pytest.mark.parametrize("treated", [np.ones(4, bool), np.zeros(4, bool)])
def test_a_side_without_anybody_has_no_curve(treated: "np.ndarray") -> None:
    with pytest.raises(ValueError, match="treated"):
        qini_auc(np.array([1.0, 0, 1, 0]), np.arange(4.0), treated)


def test_outcomes_all_alike_have_no_area() -> None:
    with pytest.raises(ValueError, match="same outcome"):
        qini_auc(np.zeros(4), np.arange(4.0), YES)
