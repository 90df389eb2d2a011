"""Learning an order: position bias and weights recovered from clicks that were planted, and no harm where they lie."""

import numpy as np
import pytest

from detak.decide.learning import Logged, examined, fitted, learn, replayed
from detak.decide.page import FEATURES, Weights

PLACES = 8
SEEN = 0.85 ** np.arange(PLACES)
TRUE = Weights((3.0, 0.0, -1.0, 0.0, 1.5, 0.0, 0.0, 0.0, 0.0), -2.0)
BACKWARDS = Weights((-2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), -2.0)


def score(features: np.ndarray, weights: Weights) -> np.ndarray:
    return features @ np.array(weights.weights) + weights.intercept


def clicks(seed: int, decisions: int, shown_by: Weights, explored: float = 0.1) -> Logged:
    """Slates in the order of ``shown_by``, a part of them shuffled; clicks by ``SEEN`` and ``TRUE``."""
    rng = np.random.default_rng(seed)
    features = rng.random((decisions, PLACES, len(FEATURES)))
    order = np.argsort(-score(features, shown_by), axis=1)
    shuffled = rng.random(decisions) < explored
    order[shuffled] = rng.permuted(order[shuffled], axis=1)
    features = np.take_along_axis(features, order[:, :, None], axis=1)
    chance = SEEN / (1 + np.exp(-score(features, TRUE)))
    clicked = rng.random((decisions, PLACES)) < chance
    decision, place = np.repeat(np.arange(decisions), PLACES), np.tile(np.arange(PLACES), decisions)
    return Logged(decision, place, features.reshape(-1, len(FEATURES)), clicked.ravel())


def test_where_people_look_is_recovered() -> None:
    assert examined(clicks(1, 20_000, TRUE)) == pytest.approx(SEEN, abs=0.06)


def test_weights_are_recovered_although_the_top_is_clicked_more() -> None:
    logged = clicks(2, 20_000, TRUE)
    found = fitted(logged, examined(logged), "v2")
    blind = fitted(logged, np.ones(PLACES), "blind")
    wanted = np.array(TRUE.weights)
    assert np.abs(np.array(found.weights) - wanted).max() < 0.35
    assert np.abs(np.array(found.weights) - wanted).sum() < np.abs(np.array(blind.weights) - wanted).sum()


def test_the_replay_says_what_either_order_really_brings() -> None:
    logged = clicks(3, 30_000, BACKWARDS)
    gain = replayed(logged, BACKWARDS, TRUE, SEEN)
    for found, by in ((gain.before, BACKWARDS), (gain.after, TRUE)):
        assert found == pytest.approx(clicks(4, 30_000, by, explored=0.0).clicked.sum() / 30_000, rel=0.02)
    assert gain.low < gain.after - gain.before < gain.high


def test_a_better_order_is_used() -> None:
    learnt = learn(clicks(5, 6_000, BACKWARDS), BACKWARDS, "v2")
    assert (learnt.better, learnt.why, learnt.weights.version) == (True, "better", "v2")


def test_an_order_that_brings_nothing_is_not_used() -> None:
    learnt = learn(clicks(6, 6_000, TRUE), TRUE, "v2")
    assert (learnt.better, learnt.why) == (False, "not_better")
    assert learnt.weights is TRUE


def test_few_clicks_teach_nothing() -> None:
    learnt = learn(clicks(7, 20, TRUE), TRUE, "v2")
    assert (learnt.better, learnt.why, learnt.gain) == (False, "too_few_clicks", None)
