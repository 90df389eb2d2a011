"""Money: integer minor units and a currency, read from what people type and shown as people read it."""

import re
from functools import cache

import msgspec
from babel.numbers import format_currency, get_currency_precision

from detak.errors import RowError

# ISO 4217 gives the rupiah two decimals, but the sen is not in use: shops, banks and marketplaces count whole rupiah.
_IN_PRACTICE = {"IDR": 0}
LARGEST = 10**15  # minor units; beyond it a figure is a mistake, and doubles are no longer exact

_THOUSANDS_DOT = re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d{1,2})?")
_THOUSANDS_COMMA = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d{1,2})?")
_PLAIN = re.compile(r"[+-]?\d+(\.\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d{1,2}")
_CURRENCY_MARK = re.compile(r"^\s*(?:rp\.?|idr|usd|\$|£|€|gbp|eur)\s*|\s*(?:idr|usd|gbp|eur)\s*$", re.IGNORECASE)

_SIGNED_MARK = re.compile(r"^([+-])\s*(?:rp\.?|\$|£|€)\s*", re.IGNORECASE)
_LONGEST = 64  # characters; a longer one is no amount, and would only cost time


class Money(msgspec.Struct, frozen=True):
    """An amount in minor units: ``Money(38300, "IDR")`` is Rp 38.300, ``Money(255, "GBP")`` is £2.55."""

    amount: int
    currency: str


@cache
def exponent(currency: str) -> int:
    """How many decimals the currency's minor unit stands for: 0 for IDR and JPY, 2 for USD."""
    return _IN_PRACTICE.get(currency, int(get_currency_precision(currency)))


def minor(value: float, currency: str) -> int:
    """Major units (what an SDK sends: 27.5) to integer minor units (2750).

    Raises:
        RowError: not a finite number, or beyond any real amount.
    """
    try:
        amount = round(value * 10.0 ** exponent(currency))
    except (OverflowError, ValueError):
        raise RowError("amount", "is not a finite number") from None
    if abs(amount) > LARGEST:
        raise RowError("amount", "is larger than any real amount of money")
    return amount


def parse_number(text: str, *, grouping: str = ".") -> float:
    """A number as spreadsheets write it: ``38300``, ``38.300``, ``Rp 38.300,50`` (Indonesian), ``1,234.50`` (English).

    ``grouping`` decides the one ambiguous shape, ``38.300`` or ``38,300``: the mark that groups thousands.

    Raises:
        RowError: it is not a number.
    """
    if len(text) > _LONGEST:
        raise RowError("", "is not a number")
    text = _SIGNED_MARK.sub(r"\1", _CURRENCY_MARK.sub("", text.strip()))
    other = "," if grouping == "." else "."
    if _THOUSANDS_DOT.fullmatch(text) and (grouping == "." or text.count(".") > 1 or "," in text):
        return float(text.replace(".", "").replace(",", "."))
    if _THOUSANDS_COMMA.fullmatch(text) and (grouping == "," or text.count(",") > 1 or "." in text):
        return float(text.replace(",", ""))
    if _PLAIN.fullmatch(text):
        return float(text)
    if _DECIMAL_COMMA.fullmatch(text) and other == ",":
        return float(text.replace(",", "."))
    raise RowError("", "is not a number")


def show(money: Money, language: str) -> str:
    """``Rp 38.300`` in Indonesian, ``Rp 38,300`` in English; decimals only where the currency has them."""
    digits = exponent(money.currency)
    pattern = "¤ #,##0" + ("." + "0" * digits if digits else "")
    value = money.amount / 10**digits
    text = format_currency(value, money.currency, format=pattern, locale=language, currency_digits=False)
    return str(text).replace("IDR", "Rp").replace("\xa0", " ")
