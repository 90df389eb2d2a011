"""The money of one event: exact where it is stated, computed where it is not, refused where it cannot be."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detak.amounts import floats, line_amounts, products, read_amounts
from detak.errors import RowError
from detak.event import Product, Properties


def lines(*told: Product, scale: int = 1) -> tuple[list[int | None], list[int | None]]:
    given = (floats([getattr(one, name) for one in told]) for name in ("price", "quantity", "total"))
    found = line_amounts(*given, np.full(len(told), scale, dtype=np.float64))
    return found.price.to_pylist(), found.amount.to_pylist()


@pytest.mark.parametrize(
    ("told", "amount"),
    [
        ({"total": 25.5}, 2550),
        ({"revenue": 25.5}, 2550),
        ({"value": 0.29}, 29),
        ({"total": 1, "revenue": 2, "value": 3}, 100),
        ({"revenue": 0, "value": 3}, 0),
        ({"price": 9}, None),
        ({}, None),
    ],
)
def test_what_an_event_cost_in_all(told: dict[str, Any], amount: int | None) -> None:
    found = read_amounts(Properties(**told, currency="usd"), "IDR")
    assert (found.currency, found.amount) == ("USD", amount)
    assert found.stated is (amount is not None)


def test_shipping_and_discount_are_money_too() -> None:
    found = read_amounts(Properties(shipping=9000, discount=-0.0), "IDR")
    assert (found.currency, found.amount, found.shipping, found.discount, found.stated) == ("IDR", None, 9000, 0, True)


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"price": -1}, "price"),
        ({"price": NAN}, "price"),
        ({"price": INF}, "price"),
        ({"price": 1e13}, "price"),
        ({"price": 1e12, "quantity": 2}, "price"),
        ({"quantity": -0.5}, "quantity"),
        ({"quantity": NAN}, "quantity"),
        ({"quantity": 1e10}, "quantity"),
        ({"total": NAN}, "total"),
        ({"total": -1e13}, "total"),
        ({"products": [Product(price=1), Product(price=NAN)]}, "products[1].price"),
        ({"products": [Product(price=1e7, quantity=1e9)]}, "products[0].price"),
        ({"products": [Product(quantity=-1)]}, "products[0].quantity"),
        ({"products": [Product(total=INF)]}, "products[0].total"),
        ({"revenue": NAN}, "amount"),
        ({"shipping": INF}, "amount"),
        ({"discount": 1e16}, "amount"),
        ({"currency": "Rp"}, "currency"),
        ({"currency": ""}, None),
    ],
)
def test_what_cannot_be_is_named(told: dict[str, Any], field: str | None) -> None:
    if field is None:
        assert read_amounts(Properties(**told), "IDR").currency == "IDR"
        return
    with pytest.raises(RowError) as caught:
        read_amounts(Properties(**told), "IDR")
    assert caught.value.field == field


def test_a_line_costs_what_is_stated_or_price_times_quantity() -> None:
    told = [
        Product(price=12_500, quantity=2),
        Product(price=12_500),
        Product(price=12_500, quantity=2, total=20_000),
        Product(total=7),
        Product(quantity=3),
        Product(price=0.0, quantity=0.0),
        Product(price=10, quantity=0.5, total=-0.0),
    ]
    price, amount = lines(*told)
    assert price == [12_500, 12_500, 12_500, None, None, 0, 10]
    assert amount == [25_000, 12_500, 20_000, 7, None, 0, 0]
    assert lines() == ([], [])


def test_a_line_is_rounded_once_at_the_end() -> None:
    assert lines(Product(price=0.333, quantity=3), scale=100) == ([33], [100])


AMOUNT = st.none() | st.floats(0, 1e12)


@given(st.lists(st.tuples(AMOUNT, st.none() | st.floats(0, 1e9), st.none() | st.floats(-1e12, 1e12)), max_size=5))
def test_what_passes_the_check_fits_the_columns(told: list[tuple[float | None, float | None, float | None]]) -> None:
    some = [Product(price=price, quantity=quantity, total=total) for price, quantity, total in told]
    try:
        read_amounts(Properties(products=some), "USD")
    except RowError as error:
        over = [(price or 0) * (quantity or 0) > 1e12 for price, quantity, _ in told]
        assert error.field == f"products[{over.index(True)}].price"  # noqa: PT017
        return
    for product, amount in zip(some, lines(*some, scale=100)[1], strict=True):
        expected = product.total
        if expected is None and product.price is not None:
            expected = product.price * (1 if product.quantity is None else product.quantity)
        assert (amount is None) == (expected is None)
        assert amount is None or expected is None or abs(amount - expected * 100) <= 0.5 + abs(amount) * 1e-12


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ({"products": [Product(name="a"), Product(name="b")], "name": "c"}, ["a", "b"]),
        ({"name": "c", "total": 9}, ["c"]),
        ({"products": [], "name": "c"}, []),
        ({"price": 9}, []),
    ],
)
def test_the_products_of_an_event(told: dict[str, Any], names: list[str]) -> None:
    found = products(Properties(**told))
    assert [one.name for one in found] == names
    assert all(one.total is None for one in found)
