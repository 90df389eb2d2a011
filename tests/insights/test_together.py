"""Pairs in orders, counted by hand; lift against chance."""

from datetime import datetime

import pytest
from scipy.stats import poisson
from tests.facts import JAKARTA, Told, ask, rows, tables

from detak.errors import UsageError
from detak.insights.base import Shop
from detak.insights.together import Together, TogetherReport

NOON = datetime(2025, 5, 1, 5, 0)


def _order(told: Told, *products: str, subject: int | None = None) -> None:
    items = [{"product_id": one, "name": f"Barang {one}", "category": one[0]} for one in products]
    told.order(str(len(told.events)), subject=subject, time=NOON, items=items)


def _shop() -> Told:
    """A hundred orders: A and B in twenty together, ten each alone; C and D by chance."""
    told = Told()
    for _ in range(20):
        _order(told, "A1", "B1", "B1")
    for _ in range(10):
        _order(told, "A1")
        _order(told, "B1", "C1")
    for _ in range(60):
        _order(told, "C1")
    return told


def test_lift_is_over_chance_and_a_thing_counts_once_an_order() -> None:
    report: TogetherReport = ask(Together(), _shop())
    assert (report.orders, report.several) == (100, 30)
    first, second = report.pairs
    assert (first.one, first.other, first.orders, first.share) == ("A1", "B1", 20, 20 / 30)
    assert first.lift == pytest.approx(20 / (30 * 30 / 100))
    assert (first.notable, second.notable) == (True, False)
    assert (second.one, second.other, second.lift) == ("B1", "C1", pytest.approx(10 / (30 * 70 / 100)))


def test_the_interval_is_that_of_a_poisson_count() -> None:
    first = ask(Together(), _shop()).pairs[0]
    assert poisson.sf(19, first.low * 9) == pytest.approx(0.025)
    assert poisson.cdf(20, first.high * 9) == pytest.approx(0.025)


def test_cancelled_orders_and_pairs_of_few_do_not_count() -> None:
    told = _shop()
    for order in range(5):
        told.cancel(str(order))
    report = ask(Together(), told, Shop(JAKARTA.zone, "IDR", 11, "en"))
    assert [(one.one, one.other, one.orders) for one in report.pairs] == [("A1", "B1", 15)]


def test_categories_go_together_too() -> None:
    report = ask(Together(of="category"), _shop())
    assert [(one.one_name, one.other_name) for one in report.pairs] == [("A", "B"), ("B", "C")]


def test_a_resellers_order_says_nothing() -> None:
    told = Told()
    for _ in range(9):
        _order(told, *(f"P{at}" for at in range(70)))
    assert ask(Together(), told).pairs == []


def test_what_to_do_is_said_first() -> None:
    text = ask(Together(), _shop()).text(JAKARTA)
    assert text.startswith("Who buys Barang A1 also buys Barang B1 in 66.7% of orders, 2.2 times as often as chance")
    assert "No two things are bought together" in ask(Together(), Told()).text(JAKARTA)


def test_a_pair_opens_into_its_people() -> None:
    told = Told()
    _order(told, "A1", "B1", subject=1)
    _order(told, "A1", subject=2)
    _order(told, "B1", subject=2)
    facts = tables(told.events, told.items)
    assert [row["subject"] for row in rows(Together().behind(facts, JAKARTA, "A1\tB1"))] == [1]
    with pytest.raises(UsageError, match="which pair"):
        Together().behind(facts, JAKARTA, "A1")
    with pytest.raises(UsageError, match="there are: product, category"):
        Together(of="mood")
