"""Spending a budget: against every way there is, and against what is known by construction."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detak.decide.knapsack import NONE, allocate, choose


def best_of_all(value: np.ndarray, cost: np.ndarray, budget: float) -> float:
    """By trying every way."""
    people, offers = value.shape
    found = 0.0
    for way in product(range(-1, offers), repeat=people):
        taken = [(person, offer) for person, offer in enumerate(way) if offer >= 0]
        if sum(cost[one] for one in taken) <= budget + 1e-9:
            found = max(found, sum(value[one] for one in taken))
    return found


@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 3))
@settings(max_examples=60)
def test_loses_at_most_one_offer_and_never_overspends(seed: int, people: int, offers: int) -> None:
    rng = np.random.default_rng(seed)
    value, cost = rng.normal(2, 4, (people, offers)), rng.uniform(0, 5, (people, offers))
    budget = float(rng.uniform(0, 12))
    found = allocate(value, cost, budget)
    optimum = best_of_all(value, cost, budget)
    assert found.cost <= budget + 1e-9
    assert found.value <= optimum + 1e-9 <= found.bound + 1e-6
    assert optimum - found.value <= max(value.max(), 0.0) + 1e-6


def test_the_best_ratio_goes_first() -> None:
    value, cost = np.array([[10.0], [9.0], [4.0]]), np.array([[10.0], [3.0], [2.0]])
    found = allocate(value, cost, 5.0)
    assert found.chosen.tolist() == [NONE, 0, 0]
    assert (found.value, found.cost) == (13.0, 5.0)


def test_money_that_is_not_short_has_no_price() -> None:
    found = allocate(np.array([[1.0], [-1.0]]), np.array([[5.0], [1.0]]), 100.0)
    assert (found.price, found.chosen.tolist(), found.bound) == (0.0, [0, NONE], 1.0)


def test_online_the_price_decides_as_it_did_for_all() -> None:
    rng = np.random.default_rng(5)
    value, cost = rng.normal(1, 3, (4000, 2)), rng.uniform(1, 5, (4000, 2))
    found = allocate(value, cost, 900.0)
    online = np.array([choose(*one, found.price) for one in zip(value, cost, strict=True)])
    spent = sum(cost[person, offer] for person, offer in enumerate(online) if offer != NONE)
    assert spent == pytest.approx(900.0, abs=6.0)
    assert found.bound - found.value < value.max()


def test_nobody_and_nothing() -> None:
    assert allocate(np.zeros((0, 2)), np.zeros((0, 2)), 1.0).value == 0.0
    assert allocate(np.ones((2, 1)), np.ones((2, 1)), 0.0).chosen.tolist() == [NONE, NONE]
