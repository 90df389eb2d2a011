"""Seen, added, bought: people counted by hand, and products that stand out because they were made to."""

from datetime import datetime, timedelta

import pytest
from tests.facts import JAKARTA, Told, ask, rows, tables

from detak.errors import UsageError
from detak.insights.base import Shop
from detak.insights.product_funnel import ProductFunnel
from detak.insights.product_funnel_report import ProductFunnelReport

NOON = datetime(2025, 5, 1, 5, 0)


def _do(told: Told, event: str, subject: int | None, product: str = "P1", category: str = "Rumah") -> None:
    item = {"product_id": product, "name": f"Barang {product}", "category": category, "price": 1_000, "currency": "IDR"}
    if event == "Order Completed":
        number = f"{subject}-{product}-{len(told.events)}"
        told.order(number, subject=subject, time=NOON, items=[{**item, "amount": 1_000, "quantity": 1.0}])
    else:
        told.event(event, subject=subject, time=NOON + timedelta(seconds=len(told.events)), items=[item])


def _first(report: ProductFunnelReport) -> tuple[int, int, int, int]:
    one = report.products[0]
    return one.seen, one.added, one.bought, one.unseen


def test_people_are_counted_not_events() -> None:
    told = Told()
    for subject in (1, 1, 1, 2, None, None):
        _do(told, "Product Viewed", subject)
    for subject in (1, 1, 9):
        _do(told, "Product Added", subject)
    for subject in (1, 1, 8):
        _do(told, "Order Completed", subject)
    assert _first(ask(ProductFunnel(), told)) == (4, 1, 1, 1)


def test_a_cancelled_order_is_not_bought() -> None:
    told = Told()
    _do(told, "Product Viewed", 1)
    _do(told, "Order Completed", 1)
    told.cancel(told.events[-1]["order_id"])
    assert _first(ask(ProductFunnel(), told)) == (1, 0, 0, 0)


def test_of_a_category_people_count_once() -> None:
    told = Told()
    for product in ("P1", "P2"):
        _do(told, "Product Viewed", 1, product)
    (category,) = ask(ProductFunnel(), told).categories
    assert (category.name, category.seen, category.product, category.money) == ("Rumah", 1, None, None)


def _market() -> Told:
    """Fifteen products seen by sixty people each; of P0 nobody buys, of P1 thirty do, of the others nine."""
    told = Told()
    for product in range(15):
        buyers = {0: 0, 1: 30}.get(product, 9)
        for subject in range(60):
            _do(told, "Product Viewed", subject, f"P{product}")
            if subject < buyers:
                _do(told, "Order Completed", subject, f"P{product}")
    return told


def test_products_that_stand_out_are_named_with_what_is_missing() -> None:
    report: ProductFunnelReport = ask(ProductFunnel(), _market())
    found = {one.product: one for one in report.outliers}
    assert {name: one.buy.outlier for name, one in found.items()} == {"P0": -1, "P1": 1}
    assert 0 < found["P0"].buy.share < found["P0"].buy.usual
    assert found["P0"].money is not None
    assert found["P0"].money.amount == pytest.approx(found["P0"].missing * 1_000, abs=1)
    assert found["P0"].missing > 5
    text = report.text(JAKARTA)
    assert "Looked at, and bought less than others of their category: Barang P0" in text
    assert "2 of 15 products differ from their category beyond chance." in text


def test_products_that_few_saw_are_left_out() -> None:
    told = Told()
    for subject in range(4):
        _do(told, "Product Viewed", subject)
    _do(told, "Product Viewed", 1, "P2", "Lain")
    report = ask(ProductFunnel(), told, Shop(JAKARTA.zone, "IDR", 3, "en"))
    assert [one.product for one in report.products] == ["P1"]
    assert [one.name for one in report.categories] == ["Rumah"]


def test_a_number_opens_into_its_people() -> None:
    told = Told()
    for subject in (1, 2, None):
        _do(told, "Product Viewed", subject)
    _do(told, "Order Completed", 1)
    facts = tables(told.events, told.items)

    def behind(key: str) -> list[int]:
        return sorted(row["subject"] for row in rows(ProductFunnel().behind(facts, JAKARTA, key)))

    assert (behind("seen/P1"), behind("left/P1"), behind("bought/P1")) == ([1, 2], [2], [1])
    with pytest.raises(UsageError, match="no number of this report"):
        behind("stared/P1")
    with pytest.raises(UsageError, match="at least 1"):
        ProductFunnel(limit=0)
