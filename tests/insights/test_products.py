"""Products and categories bought, counted by hand."""

import msgspec
import pytest
from tests.facts import JAKARTA, Told, ask

from detak.errors import UsageError
from detak.insights.products import Bought, Products
from detak.money import Money

PLATE = {"product_id": "p1", "name": "Piring", "category": "Dapur", "currency": "IDR"}
GLASS = {"product_id": "p2", "name": "Gelas", "category": "Dapur", "currency": "IDR"}


def _named(bought: list[Bought]) -> dict[str, Bought]:
    return {one.name: one for one in bought}


def test_orders_pieces_and_revenue_with_the_cancelled_beside_them() -> None:
    told = Told()
    told.order("1", items=[{**PLATE, "quantity": 2.0, "amount": 20_000}, {**GLASS, "quantity": 1.0, "amount": 5_000}])
    told.order("2", items=[{**PLATE, "quantity": 1.0, "amount": 10_000}, {**PLATE, "quantity": 3.0, "amount": 30_000}])
    told.order("3", items=[{**PLATE, "quantity": 9.0, "amount": 90_000}])
    told.cancel("3")
    report = ask(Products(), told)
    plate, glass = report.products
    assert (plate.product, plate.name, plate.category) == ("p1", "Piring", "Dapur")
    assert (plate.orders, plate.quantity, plate.cancelled, plate.revenue) == (2, 6.0, 1, Money(60_000, "IDR"))
    assert (glass.orders, glass.quantity, glass.cancelled, glass.revenue) == (1, 1.0, 0, Money(5_000, "IDR"))
    (kitchen,) = report.categories
    assert (kitchen.name, kitchen.orders, kitchen.quantity, kitchen.cancelled) == ("Dapur", 2, 7.0, 1)
    assert kitchen.revenue == Money(65_000, "IDR")
    assert (plate.unpriced, plate.uncounted, kitchen.unpriced) == (0, 0, 0)


def test_what_is_not_known_is_not_made_up() -> None:
    told = Told()
    told.order("1", items=[{**PLATE, "amount": 10_000}])
    told.order("2", items=[{**PLATE, "quantity": 2.0}])
    told.order("3", items=[GLASS])
    found = _named(ask(Products(), told).products)
    assert (found["Piring"].revenue, found["Piring"].unpriced) == (Money(10_000, "IDR"), 1)
    assert (found["Piring"].quantity, found["Piring"].uncounted) == (2.0, 1)
    assert (found["Gelas"].revenue, found["Gelas"].quantity) == (None, None)


def test_currencies_are_never_added_up() -> None:
    told = Told()
    for order, currency in (("1", "USD"), ("2", "USD"), ("3", "IDR")):
        told.order(order, items=[{**PLATE, "currency": currency, "amount": 100}])
    (plate,) = ask(Products(), told).products
    assert (plate.orders, plate.revenue, plate.unpriced) == (3, Money(200, "USD"), 1)


def test_a_product_is_called_what_it_is_called_most_often() -> None:
    told = Told()
    for at, name in enumerate(["Piring", "PIRING BARU", "Piring", None]):
        told.order(str(at), items=[{**PLATE, "name": name}])
    (plate,) = ask(Products(), told).products
    assert (plate.name, plate.orders) == ("Piring", 4)


def test_without_an_id_the_name_stands_for_the_product_and_without_both_there_is_none() -> None:
    told = Told()
    told.order("1", items=[{"name": "Sendok"}, {"category": "Dapur"}])
    report = ask(Products(), told)
    assert [(one.product, one.name) for one in report.products] == [("Sendok", "Sendok")]
    assert [one.name for one in report.categories] == ["Dapur"]


def test_only_so_many_and_the_most_ordered_first() -> None:
    told = Told()
    for at in range(6):
        told.order(str(at), items=[{"product_id": str(product)} for product in range(at, 6)])
    report = ask(Products(limit=2), told)
    assert [(one.product, one.orders) for one in report.products] == [("5", 6), ("4", 5)]
    with pytest.raises(UsageError, match="at least 1"):
        Products(limit=0)


def test_the_answer_has_the_agreed_shape_and_the_text_its_numbers() -> None:
    told = Told()
    told.order("1", items=[{**PLATE, "quantity": 2.0, "amount": 20_000}])
    report = ask(Products(), told)
    answer = msgspec.to_builtins(report)
    assert answer["products"][0]["revenue"] == {"amount": 20_000, "currency": "IDR"}
    assert answer["searches"] == []
    assert "Rp 20,000" in report.text(JAKARTA)
