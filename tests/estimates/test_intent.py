from datetime import datetime, timedelta

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from tests.facts import JAKARTA, Told, ask, rows, tables

from detak.estimates.intent import FACTORS, Intent, Moments, auc, judge, learn, levels_of, so_far
from detak.insights import moments_of_visits
from detak.insights.intent import TOUCHES, IntentQuality
from detak.insights.moments_of_visits import moments
from detak.trust.touches import KINDS

BEGIN = datetime(2026, 3, 1)


def _random_life(seed: int, people: int = 6) -> Told:
    random, told = np.random.default_rng(seed), Told()
    for subject in range(people):
        moment = BEGIN + timedelta(minutes=int(random.integers(0, 500)))
        for _ in range(40):
            moment += timedelta(seconds=int(random.choice([20, 200, 1_500, 2_400])))
            name = str(random.choice(["Product Viewed", "Product Added", "Order Completed"], p=[0.7, 0.2, 0.1]))
            product = {"product_id": f"p{random.integers(0, 3)}"}
            told.event(name, subject=subject, time=moment, items=[product])
    return told


@pytest.mark.parametrize("seed", [0])
def test_live_and_in_the_facts_the_same_is_counted(seed: int) -> None:
    told = _random_life(seed)
    found = rows(moments(tables(told.events, told.items), TOUCHES).order_by("subject", "time"))
    told_live = []
    for subject in range(6):
        mine = [item for item in told.items if item["subject"] == subject]
        product = [item["product_id"] for item in mine]
        time = np.array([int(item["time"].timestamp() * 1e6) for item in mine])
        cart = np.array([item["event"] == "Product Added" for item in mine])
        buy = np.array([item["event"] == "Order Completed" for item in mine])
        for at in range(1, len(mine) + 1):
            counted = so_far(product[:at], cart[:at], buy[:at], time[:at], int(time[at - 1]))
            assert (counted is None) == bool(buy[at - 1])
            if counted is not None:
                told_live.append(counted)
    assert [{name: row[name] for name in FACTORS} for row in found] == told_live
    assert any(row["ends"] for row in found)
    assert not all(row["ends"] for row in found)


def test_a_visit_that_is_over_has_no_chance() -> None:
    time = np.array([0])
    nothing = np.zeros(1, bool)
    assert so_far(["p"], nothing, nothing, time, 31 * 60_000_000) is None
    assert so_far([], nothing[:0], nothing[:0], time[:0], 0) is None


def _planted(seed: int) -> tuple[Moments, dict[bytes, float]]:
    """Moments whose chance follows from what is in the cart and how much was looked at."""
    random = np.random.default_rng(seed)
    levels = np.column_stack([random.integers(0, len(bounds) + 1, 6_000) for bounds in FACTORS.values()])
    truth = 1 / (1 + np.exp(2.5 - 1.2 * levels[:, 2] - 0.2 * levels[:, 0]))
    n = np.full(6_000, 5.0)
    moments_ = Moments(levels, n, random.binomial(5, truth).astype(float), random.choice(3, 6_000, p=[0.6, 0.2, 0.2]))
    return moments_, {row.tobytes(): one for row, one in zip(levels, truth, strict=True)}


def test_chances_are_those_planted_and_calibrated() -> None:
    told, truth = _planted(1)
    model = learn(told)
    assert model is not None
    known = np.array([truth[row.tobytes()] for row in told.levels])
    assert np.abs(model.chances(told.levels) - known).mean() < 0.03
    found = judge(model, told)
    assert found is not None
    assert found.calibration < 0.03
    assert found.auc > 0.7
    assert [one[0] for one in found.bins] == sorted(one[0] for one in found.bins)


def test_what_is_kept_tells_the_same() -> None:
    model = learn(_planted(2)[0])
    assert model is not None
    again = Intent.of(model.arrays())
    assert again is not None
    level = levels_of({"looks": 3, "again": 0, "carts": 1, "minutes": 4, "visits": 0, "bought": 2})
    assert again.chances(level) == model.chances(level)
    assert Intent.of({**model.arrays(), "coefficients": np.zeros(3)}) is None


def test_too_little_teaches_nothing() -> None:
    told, _ = _planted(3)
    assert learn(Moments(told.levels[:5], told.moments[:5], told.bought[:5], told.part[:5])) is None
    assert learn(Moments(told.levels, told.moments, np.zeros(6_000), told.part)) is None


def test_auc_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(4)
    chance = random.integers(0, 20, 300) / 20
    bought = random.random(300) < chance
    assert auc(chance, np.ones(300), bought.astype(float)) == pytest.approx(roc_auc_score(bought, chance))


def test_touches_are_those_of_live_histories() -> None:
    assert set(TOUCHES) == set(KINDS)


def test_of_very_much_a_part_of_the_people_is_looked_at_with_all_they_did(monkeypatch: pytest.MonkeyPatch) -> None:
    told = _random_life(1, people=9)
    facts = tables(told.events, told.items)
    monkeypatch.setattr(moments_of_visits, "MOST", 130)
    whose = [row["subject"] for row in rows(moments(moments_of_visits.sampled(facts, TOUCHES), TOUCHES))]
    every = [row["subject"] for row in rows(moments(facts, TOUCHES)) if row["subject"] in (0, 3, 6)]
    assert sorted(whose) == sorted(every)
    assert rows(moments_of_visits.reduce_sampled(facts, TOUCHES)) == [{"one_in": 3}]


def test_nothing_to_learn_from_is_said() -> None:
    assert "Too little" in ask(IntentQuality(), Told()).text(JAKARTA)
