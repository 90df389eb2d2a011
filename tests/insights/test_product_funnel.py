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


def _few(*buyers: int, seen: int = 60) -> Told:
    told = Told()
    for product, bought in enumerate(buyers):
        for subject in range(seen):
            _do(told, "Product Viewed", subject, f"P{product}")
            if subject < bought:
                _do(told, "Order Completed", subject, f"P{product}")
    return told


def test_of_few_buyers_neither_number_nor_share_is_told() -> None:
    shop = Shop(JAKARTA.zone, "IDR", 5, "en")
    report: ProductFunnelReport = ask(ProductFunnel(), _few(2, 20, 20, 1, 4), shop)
    found = {one.product: one for one in report.products}
    assert [found[f"P{at}"].bought for at in range(5)] == [None, 20, 20, None, None]
    few = found["P0"]
    assert (few.buy.share, few.buy.low, few.buy.high) == (None, None, None)
    assert few.missing == pytest.approx(max(few.buy.usual * 60 - 4, 0)), "at least: four may have bought"
    assert "withheld" in report.text(shop)
    assert (few.unseen, found["P1"].buy.share is None) == (0, False)


def test_nor_does_it_follow_from_the_share_of_the_category() -> None:
    shop = Shop(JAKARTA.zone, "IDR", 5, "en")
    report: ProductFunnelReport = ask(ProductFunnel(), _few(2, 20, 30), shop)
    assert {one.product: one.bought for one in report.products} == {"P0": None, "P1": None, "P2": 30}
    assert all(one.buy.usual is not None for one in report.products)
    for buyers in ((2,), (2, 0)):  # what the other's share is drawn towards would tell the two
        alone: ProductFunnelReport = ask(ProductFunnel(), _few(*buyers), shop)
        assert [one.bought for one in alone.products] == [None, 0][: len(buyers)]
        assert {(one.buy.share, one.buy.usual, one.missing) for one in alone.products} == {(None, None, None)}


def test_a_product_that_is_passed_over_is_named_without_its_few_buyers() -> None:
    told = _market()
    _do(told, "Order Completed", 1, "P0")
    for language, said in (("en", "fewer than 5 of 60 bought"), ("id", "kurang dari 5 dari 60 membeli")):
        shop = Shop(JAKARTA.zone, "IDR", 5, language)
        report = ask(ProductFunnel(), told, shop)
        found = {one.product: one for one in report.products}
        assert "P0" in {one.product for one in report.outliers}
        hidden = [at for at, one in found.items() if one.bought is None]
        assert (len(hidden), "P0" in hidden) == (2, True), (
            "with one alone it would follow from the share of the category"
        )
        assert said in report.text(shop)
