"""Choosing a learner, and saying when there is nothing to learn."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from tests.uplift.test_learners import BLIND
from tests.uplift.trials import planted, spent

from detak.errors import CannotComputeError
from detak.uplift.base import Effects, Learner, Trial
from detak.uplift.choose import calibrated, choose, gain, likeliest, slope, together
from detak.uplift.evaluate import evaluate, rule
from detak.uplift.scores import scores
from detak.uplift.t_learner import TLearner


@dataclass(frozen=True)
class Wild:
    """Sees five times the differences that another learner sees."""

    other: Learner
    learner: ClassVar[str] = "wild"
    simplicity: ClassVar[int] = 9

    def fit(self, trial: Trial, seed: int) -> Effects:
        found = self.other.fit(trial, seed)
        return replace(found, weights=found.weights * 5)


@pytest.mark.parametrize("make", [planted, spent])
def test_effects_that_differ_are_found_and_a_learner_that_sees_them_is_chosen(make: type) -> None:
    chosen = choose(make()[0], 0)
    assert chosen.heterogeneity.found
    assert chosen.learner.learner not in BLIND
    assert rule(chosen.heterogeneity, chosen.average) == "by_effect"


def test_effects_that_do_not_differ_are_not_made_up() -> None:
    """Of 8 trials without anything to find, at the level of 5% more than 2 would be found in one of 170 runs."""
    found = 0
    for seed in range(8):
        random = np.random.default_rng(seed)
        features, treated = random.normal(size=(600, 4)), random.random(600) < 0.5
        outcome = features[:, 0] + treated + random.normal(size=600)
        trial = Trial(features, treated, outcome, np.full(600, 0.5))
        chosen = choose(trial, seed, repeats=1)
        found += chosen.heterogeneity.found
        assert chosen.average.effect == pytest.approx(1, abs=4 * chosen.average.se)
    assert found <= 2


def test_learners_count_alike_however_far_apart_they_see_people() -> None:
    near, far = np.array([1.0, 2.0, 3.0]), np.array([500.0, -100.0, -400.0])
    assert together([near, near * 1_000 + 7]) == pytest.approx(2 * (near - 2) / near.std())
    assert together([near, far]) == pytest.approx(-together([-near, -far]))
    assert together([near, np.ones(3)]) == pytest.approx(together([near]))
    assert together([np.ones(3), np.zeros(3)]).tolist() == [0, 0, 0]


@pytest.mark.parametrize("make", [planted, spent])
def test_the_learner_whose_order_gains_most_sees_who_is_moved(make: type) -> None:
    assert likeliest(make()[0], 0).learner not in BLIND
    with pytest.raises(CannotComputeError, match="of each kind it takes 250"):
        likeliest(planted(400)[0], 0)


def test_without_differences_everybody_or_nobody_is_treated() -> None:
    nothing = choose(planted(varies=0.0)[0], 0)
    assert not nothing.heterogeneity.found
    assert rule(nothing.heterogeneity, nothing.average) == "everybody"
    trial, _ = planted(3000)
    useless = choose(Trial(trial.features, trial.treated, np.arange(3000) % 2.0, trial.propensity), 0, repeats=1)
    assert rule(useless.heterogeneity, useless.average) == "nobody"


def test_scores_average_the_effect_of_any_group() -> None:
    trial, truth = planted(8_000, share=0.3)
    told = scores(trial, 0).score
    for group in (trial.features[:, 1] > 1, trial.features[:, 0] < 0):
        error = told[group].std() / np.sqrt(group.sum())
        assert told[group].mean() == pytest.approx(truth[group].mean(), abs=4 * error)


def test_calibrated_effects_average_the_effect_and_lie_no_further_apart_than_they_are() -> None:
    trial, truth = planted(8_000)
    wild = Wild(choose(trial, 0, repeats=1).learner)
    found = calibrated(wild, trial, 1).effect(trial.features)
    assert found.mean() == pytest.approx(truth.mean(), abs=0.03)
    assert found.std() == pytest.approx(truth.std(), rel=0.4)
    assert wild.fit(trial, 0).effect(trial.features).std() > 2 * truth.std()


def test_differences_that_only_those_learnt_from_show_are_let_go() -> None:
    """Nobody differs; each learner finds that some do, and is right of those it knows."""
    spread = [
        calibrated(TLearner(), planted(1_500, seed=seed, varies=0.0)[0], seed).effect(np.eye(5)).std()
        for seed in range(6)
    ]
    assert np.median(spread) < 0.01


def test_what_comes_early_tells_sooner_who_is_moved_and_how_far_is_told_by_the_outcome() -> None:
    random = np.random.default_rng(7)
    features, treated = random.normal(size=(3_000, 4)), random.random(3_000) < 0.5
    features[:, 1] = np.sign(features[:, 1])
    moved = treated * np.where(features[:, 1] > 0, 0.5, 0.0)
    early = (random.random(3_000) < 0.2 + moved).astype(np.float64)
    outcome = early * (random.random(3_000) < 0.15)  # a part of what goes into carts is ordered
    plain = Trial(features, treated, outcome, np.full(3_000, 0.5))
    trial = replace(plain, early=early)
    found, without = choose(trial, 0, repeats=1), choose(plain, 0, repeats=1)
    assert found.early
    assert found.heterogeneity.p < without.heterogeneity.p / 10
    effect = calibrated(found.learner, trial, 0, early=True).effect(features)
    gap = effect[features[:, 1] > 0].mean() - effect[features[:, 1] <= 0].mean()
    assert gap == pytest.approx(0.5 * 0.15, abs=0.03)


def test_nothing_early_is_learnt_from_where_it_is_the_same_for_all() -> None:
    trial, _ = planted(1_000)
    assert not choose(replace(trial, early=np.ones(1_000)), 0, repeats=1).early


def test_gain_and_slope_by_hand() -> None:
    score, effect = np.array([1.0, 0.0, 0.0, 1.0]), np.array([4.0, 1.0, 2.0, 3.0])
    assert gain(score, effect) == pytest.approx((0.375 + 0.125) / 4)
    assert gain(score, np.ones(4)) == pytest.approx(0)
    assert slope(score, np.ones(4)) == 0
    assert slope(score, effect) > 0 > slope(score, -effect)


def test_a_report_says_what_treating_a_share_brings() -> None:
    report = evaluate(planted(6000)[0], list("abcde"), repeats=1)
    assert report.qini_auc > 3 * report.qini_se
    best = max(one.qini_auc for one in report.learners.values())
    assert report.qini_auc >= best - report.qini_se, "choosing costs little"
    for budget in report.budgets:
        assert budget.detak > budget.random + 2 * budget.random_se
        assert budget.detak > budget.response


@pytest.mark.parametrize("people", [10, 400])
def test_few_people_tell_nothing_and_it_says_so(people: int) -> None:
    with pytest.raises(CannotComputeError, match="of each kind it takes 250"):
        choose(planted(people)[0], 0)


def test_one_outcome_for_all_tells_nothing_and_it_says_so() -> None:
    trial, _ = planted(1000)
    with pytest.raises(CannotComputeError, match="same for everybody"):
        evaluate(Trial(trial.features, trial.treated, trial.outcome * 0, trial.propensity), [])
