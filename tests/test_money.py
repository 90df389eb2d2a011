"""Money: exact in minor units, read as people type it, shown as people read it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detak.errors import RowError
from detak.money import Money, exponent, minor, parse_number, show


@pytest.mark.parametrize(("currency", "digits"), [("IDR", 0), ("JPY", 0), ("USD", 2), ("KWD", 3), ("XYZ", 2)])
def test_exponent(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize(
    ("value", "currency", "amount"),
    [(38_300, "IDR", 38_300), (2.55, "GBP", 255), (0.29, "USD", 29), (-0.0, "USD", 0), (-1.5, "IDR", -2),
     (10**15, "IDR", 10**15), (19.99, "USD", 1999), (1.001, "KWD", 1001)],
)  # fmt: skip
def test_minor_units(value: float, currency: str, amount: int) -> None:
    assert minor(value, currency) == amount


@given(st.integers(-(10**13), 10**13), st.sampled_from(["IDR", "USD", "KWD"]))
def test_minor_units_come_back(amount: int, currency: str) -> None:
    assert minor(amount / 10 ** exponent(currency), currency) == amount


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e308, 10**15 + 1])
def test_what_is_no_amount_is_refused(value: float) -> None:
    with pytest.raises(RowError, match="amount: is"):
        minor(value, "IDR")


@pytest.mark.parametrize(
    ("text", "indonesian", "english"),
    [
        ("38300", 38_300, 38_300),
        (" 38.300 ", 38_300, 38.3),
        ("38,300", None, 38_300),
        ("Rp 38.300,50", 38_300.5, 38_300.5),
        ("Rp1.234.567", 1_234_567, 1_234_567),
        ("IDR 12,5", 12.5, None),
        ("1,234.50", 1234.5, 1234.5),
        ("1,234,567", 1_234_567, 1_234_567),
        ("£2.55", 2.55, 2.55),
        ("12.5 USD", 12.5, 12.5),
        ("-5.000", -5000, -5.0),
        ("Rp -5.000", -5000, -5.0),
        ("-Rp5.000", -5000, -5.0),
        ("- Rp 5.000.000", -5_000_000, -5_000_000),
        ("0", 0, 0),
        ("", None, None),
        ("Rp", None, None),
        ("1.2.3", None, None),
        ("12,34,5", None, None),
        ("1e5", None, None),
        ("nan", None, None),
        ("5 buah", None, None),
        ("9" * 400, None, None),
        ("1" + " " * 100_000 + "2", None, None),
    ],
)
def test_numbers_as_people_type_them(text: str, indonesian: float | None, english: float | None) -> None:
    for grouping, expected in ((".", indonesian), (",", english)):
        if expected is None:
            with pytest.raises(RowError, match="is not a number"):
                parse_number(text, grouping=grouping)
        else:
            assert parse_number(text, grouping=grouping) == expected


@given(st.text("0123456789.,+-RpIDR $", max_size=12) | st.text(max_size=12))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    with suppress(RowError):
        assert abs(parse_number(text)) < float("inf")


@given(st.integers(-(10**14), 10**14), st.sampled_from([("id", "."), ("en", ",")]))
def test_what_is_shown_is_read_back(amount: int, spoken: tuple[str, str]) -> None:
    language, grouping = spoken
    assert minor(parse_number(show(Money(amount, "IDR"), language), grouping=grouping), "IDR") == amount


@pytest.mark.parametrize(
    ("money", "language", "text"),
    [
        (Money(38_300, "IDR"), "id", "Rp 38.300"),
        (Money(38_300, "IDR"), "en", "Rp 38,300"),
        (Money(123_456, "USD"), "en", "$ 1,234.56"),
        (Money(255, "GBP"), "id", "£ 2,55"),
        (Money(0, "JPY"), "en", "¥ 0"),
    ],
)
def test_money_as_people_read_it(money: Money, language: str, text: str) -> None:
    assert show(money, language) == text
