"""What may be said of a product, and what the person is told who says something else."""

from typing import Any

import pytest

from detak.catalogue import Availability
from detak.errors import RowError
from detak.money import Money
from detak.product_fields import availability, read_row


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("P1", "", "is not an object"),
        ({}, "id", "is missing"),
        ({"id": " "}, "id", "is empty"),
        ({"id": True}, "id", "is neither text nor a whole number"),
        ({"id": 1.5}, "id", "is neither text nor a whole number"),
        ({"id": 10**30}, "id", "is too large a number"),
        ({"id": "x" * 201}, "id", "is longer than 200 characters"),
        ({"id": "a\x00b"}, "id", "holds characters that are no text"),
        ({"id": "a\nb"}, "id", "holds characters that are no text"),
        ({"id": "a\ud800"}, "id", "holds characters that are no text"),
        ({"id": 1, "prise": 5}, "", "'prise' is no field of a product; is `price` meant?"),
        ({"id": 1, "warna": 5}, "", "'warna' is no field of a product; what is the shop's own goes under attributes"),
        ({"id": 1, "name": ["x"]}, "name", "is not text"),
        ({"id": 1, "name": "\ud800"}, "name", "holds characters that are no text"),
        ({"id": 1, "name": "x" * 1_001}, "name", "is longer than 1,000 characters"),
        ({"id": 1, "price": -1}, "price", "is negative"),
        ({"id": 1, "price": 10**16}, "price", "is larger than any real amount of money"),
        ({"id": 1, "price": 1e300}, "price", "is larger than any real amount of money"),
        ({"id": 1, "price": True}, "price", "is no whole number of minor units"),
        ({"id": 1, "price": "12000"}, "price", "is no whole number of minor units"),
        (
            {"id": 1, "price": 27.5},
            "price",
            "is no whole number of minor units (27.50 USD is 2750, Rp 12.000 is 12000)",
        ),
        ({"id": 1, "price": float("nan")}, "price", "is no whole number of minor units"),
        ({"id": 1, "cost": {"amount": 5, "currency": "rupiah"}}, "cost", "has no currency"),
        ({"id": 1, "cost": {"currency": "IDR"}}, "cost", "is no amount"),
        ({"id": 1, "currency": "Rp"}, "currency", "is no ISO 4217 code such as IDR"),
        ({"id": 1, "stock": -1}, "stock", "is negative"),
        ({"id": 1, "stock": 1.5}, "stock", "is no whole number of pieces"),
        ({"id": 1, "stock": float("inf")}, "stock", "is no whole number of pieces"),
        ({"id": 1, "stock": 10**12}, "stock", "is larger than any real stock"),
        ({"id": 1, "availability": "maybe"}, "availability", "is none of in_stock, out_of_stock, preorder"),
        ({"id": 1, "category": 5}, "category", "is no list of texts"),
        ({"id": 1, "labels": [{}]}, "labels", "is not text"),
        ({"id": 1, "labels": ["x"] * 101}, "labels", "has more than 100 values"),
        ({"id": 1, "image_url": "javascript:alert(1)"}, "image_url", "is no web address"),
        ({"id": 1, "url": "data:text/html,x"}, "url", "is no web address"),
        ({"id": 1, "attributes": []}, "attributes", "is not an object"),
        ({"id": 1, "attributes": {"a": {}}}, "attributes.a", "is neither text, a number"),
        ({"id": 1, "attributes": {"a": 10**30}}, "attributes.a", "is no finite number of ordinary size"),
        ({"id": 1, "attributes": {"a": float("nan")}}, "attributes.a", "is no finite number of ordinary size"),
        ({"id": 1, "hidden": 1}, "hidden", "is neither true nor false"),
        ({"id": 1, "listed": "yesterday"}, "listed", "is no time such as 2026-11-22T10:00:00Z"),
        ({"id": 1, "listed": "9999-01-01"}, "listed", "is before 1970 or after 2100"),
    ],
)
def test_what_cannot_be_is_named(row: object, field: str, reason: str) -> None:
    with pytest.raises(RowError) as caught:
        read_row(row, "IDR")
    assert caught.value.field == field
    assert caught.value.reason.startswith(reason)


def test_a_complaint_never_repeats_the_value() -> None:
    with pytest.raises(RowError) as caught:
        read_row({"id": 1, "url": "mailto:ani@example.com"}, "IDR")
    assert "ani" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ({"name": "  Mangkok\n keramik\x00 "}, {"name": "Mangkok  keramik"}),
        ({"name": ""}, {"name": None}),
        ({"name": None}, {"name": None}),
        ({"name": 2046}, {"name": "2046"}),
        ({"price": 12_000}, {"price": Money(12_000, "IDR")}),
        ({"price": 12_000.0, "currency": "usd"}, {"price": Money(12_000, "USD")}),
        ({"price": {"amount": 2_750, "currency": "USD"}}, {"price": Money(2_750, "USD")}),
        ({"price": {"amount": 2_750}, "currency": "EUR"}, {"price": Money(2_750, "EUR")}),
        ({"margin": -5}, {"margin": Money(-5, "IDR")}),
        ({"category": "Rumah > Dapur"}, {"category": ("Rumah", "Dapur")}),
        ({"category": ["Rumah", None, " Dapur "]}, {"category": ("Rumah", "Dapur")}),
        ({"category": []}, {"category": None}),
        ({"labels": "baru"}, {"labels": ("baru",)}),
        ({"availability": "https://schema.org/OutOfStock"}, {"availability": Availability.OUT_OF_STOCK}),
        ({"image_url": "//cdn.shop.test/a.jpg"}, {"image_url": "//cdn.shop.test/a.jpg"}),
        ({"attributes": {"ukuran": ["S", 5], "x": None}}, {"attributes": {"ukuran": ["S", "5"]}}),
        ({"listed": "1970-01-01T07:00:01+07:00"}, {"listed": 1_000_000}),
        ({"created": "x", "updated": 1, "origins": {}}, {}),
    ],
)  # fmt: skip
def test_each_field_has_one_form(said: dict[str, Any], means: dict[str, Any]) -> None:
    assert read_row({"id": 7, **said}, "IDR") == ("7", means)


@pytest.mark.parametrize(
    ("word", "means"),
    [
        ("in stock", Availability.IN_STOCK),
        ("In_Stock", Availability.IN_STOCK),
        ("Tersedia", Availability.IN_STOCK),
        (True, Availability.IN_STOCK),
        ("STOK HABIS", Availability.OUT_OF_STOCK),
        ("sold-out", Availability.OUT_OF_STOCK),
        (False, Availability.OUT_OF_STOCK),
        ("pre-order", Availability.PREORDER),
        ("inden", Availability.BACKORDER),
        ("http://schema.org/Discontinued", Availability.DISCONTINUED),
        ("sometimes", None),
        ("", None),
    ],
)
def test_words_for_availability(word: object, means: Availability | None) -> None:
    assert availability(word) is means
