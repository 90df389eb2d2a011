"""Bought together."""

import numpy as np
import pytest
from scipy.stats import chi2_contingency
from tests.recommend.made import DAY, NONE, made, past

from detak.recommend.base import Situation
from detak.recommend.content import Kind
from detak.recommend.together_bought import TogetherBought, likelihood_ratio, shrinkage

BREAD, BUTTER, BAG, TEA, JAM = range(5)


def sold(baskets: list[list[int]]) -> list[tuple[int, int, int, Kind, int]]:
    return [(at, item, at * DAY, Kind.BUY, at) for at, basket in enumerate(baskets) for item in basket]


def orders() -> list[list[int]]:
    """Bread with butter, now and then; a bag in two orders of three, whatever else is in them."""
    pairs = [[BREAD, BUTTER]] * 30 + [[TEA, JAM]] * 10 + [[TEA]] * 60 + [[BREAD]] * 30 + [[JAM]] * 20
    return [[*basket, BAG] if at % 3 else basket for at, basket in enumerate(pairs)]


def test_the_best_seller_is_not_beside_everything() -> None:
    model = TogetherBought().fit(made(sold(orders()), 5))
    told = model.recommend(past(BREAD), 5, NONE, Situation())
    assert told.item.tolist() == [BUTTER]
    assert told.because.tolist() == [BREAD]


def test_what_is_looked_at_is_not_bought() -> None:
    rows = [(who, item, at, Kind.VIEW, at) for who, item, at, _, _ in sold(orders())]
    assert len(TogetherBought().fit(made(rows, 5)).item) == 0


def test_orders_of_resellers_are_left_out() -> None:
    rows = sold([[0, 1, 2, 3, 4]] * 20 + [[5]] * 40)
    assert len(TogetherBought(largest=4).fit(made(rows, 6)).item) == 0
    assert len(TogetherBought(largest=5).fit(made(rows, 6)).item) == 20


def test_the_ratio_is_that_of_scipy() -> None:
    both, a, b, n = 12, 30, 25, 200
    table = [[both, a - both], [b - both, n - a - b + both]]
    expected = chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic
    assert likelihood_ratio(*(np.array([value], float) for value in (both, a, b)), n) == pytest.approx([expected])


def test_the_more_lifts_differ_the_less_they_are_shrunk() -> None:
    random = np.random.default_rng(4)
    expected = random.uniform(1, 5, 20_000)

    def found(shape: float) -> float:
        lift = random.gamma(shape, 1 / shape, len(expected))
        return shrinkage(random.poisson(lift * expected).astype(float), expected)

    assert found(0.5) == pytest.approx(0.5, rel=0.15)
    assert found(8.0) == pytest.approx(8.0, rel=0.15)
    assert shrinkage(np.zeros(0), np.zeros(0)) == 1.0
