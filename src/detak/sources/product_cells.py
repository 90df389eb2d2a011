"""What the cells of a product file's row say, as an object that the catalogue's API takes. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime
from math import floor
from typing import Any, Final

from detak.errors import RowError
from detak.money import exponent, minor, parse_number
from detak.product_fields import availability
from detak.sources.base import Reading
from detak.sources.cells import Cell, moment, number, text
from detak.sources.product_columns import HIDDEN

Row = dict[str, Any]
Said = Mapping[str, Cell]
"""The fields of ``product_columns.PRODUCTS`` that a row has, as its cells hold them."""

_CODE: Final = re.compile(r"^\s*([A-Z]{3})\b|\b([A-Z]{3})\s*$")
_MARKS: Final = {"rp": "IDR", "£": "GBP", "€": "EUR", "¥": "JPY", "₱": "PHP", "฿": "THB", "₫": "VND", "₹": "INR"}
_DOLLARS: Final = frozenset({"USD", "AUD", "CAD", "HKD", "MXN", "NZD", "SGD", "TWD"})
_MARK: Final = re.compile(r"^\s*(rp(?![a-z])\.?|[£€¥₱฿₫₹$])|([£€¥₱฿₫₹$])\s*$", re.IGNORECASE)
_NUMBERED: Final = re.compile(r"\s*\(-?\d+\)$")  # "Lampu (882952)": a name and the marketplace's number for it
_STEPS: Final = re.compile(r"\s*[>›»]\s*")
_LISTED: Final = re.compile(r"\s*[,;|]\s*")
_LINKS: Final = re.compile(r"\s*[,;|\n]\s*(?=https?://)|\s+(?=https?://)")
_TEXTS: Final = ("name", "variant", "description", "group", "sku")
_AMOUNTS: Final = ("price", "compare_at_price", "cost", "margin")


def product(said: Said, reading: Reading, *, form: bool) -> Row:
    """The product's fields but its id; a cell that is empty says nothing.

    Args:
        said: the cells of the row.
        reading: zone, currency and present of the file.
        form: it is a marketplace's, in which ``/`` stands between the steps of a category.

    Raises:
        RowError: a cell cannot be what its column is for; the field is named.
    """
    row: Row = {field: found for field in _TEXTS if (found := text(said.get(field)))}
    row |= _prices(said, reading)
    row |= _presence(said)
    steps = said.get("category") or said.get("google_category")
    return row | _stated(
        category=steps if isinstance(steps, list) else _category(text(steps), form=form),
        brand=_NUMBERED.sub("", text(said.get("brand")) or ""),
        image_url=_first_link(said.get("image_url")),
        url=_link(text(said.get("url"))),
        labels=_labels(said.get("labels")),
        listed=moment(said.get("listed"), reading, "listed"),
    )


def folded(rows: list[Row]) -> Row:
    """One product of the rows for its variants: the lowest price, all the stock, the rest as first said."""
    if len(rows) == 1:
        return rows[0]
    priced = [row for row in rows if "price" in row]
    cheapest = min(priced, key=lambda row: int(row["price"]["amount"]), default={})
    stocks = [row["stock"] for row in rows if "stock" in row]
    together: Row = {}
    for row in reversed(rows):
        together |= row
    for field in ("variant", "sku", "stock", "availability", *_AMOUNTS):
        together.pop(field, None)
    states = [row["availability"] for row in rows if "availability" in row]
    best = "in_stock" if "in_stock" in states else next(iter(states), None)
    priced_as = {field: cheapest[field] for field in _AMOUNTS if field in cheapest}
    return together | priced_as | _stated(availability=best) | ({"stock": sum(stocks)} if stocks else {})


def amount(cell: Cell, currency: str, field: str) -> Row | None:
    """An amount of a cell in major units, ``{"amount": minor units, "currency"}``: ``12000 IDR``, ``Rp 12.000``, 27.5.

    Raises:
        RowError: it is no amount of money.
    """
    if isinstance(cell, dict):  # as the API answers it
        return cell
    code, words = _currency(text(cell) or "", currency)
    try:
        value = _number(cell if isinstance(cell, int | float) else words, code)
        return None if value is None else {"amount": minor(value, code), "currency": code}
    except RowError as error:
        raise RowError(field, error.reason) from None


def _stated(**values: Any) -> Row:
    return {field: value for field, value in values.items() if value}


def _prices(said: Said, reading: Reading) -> Row:
    """A price in force for some time is the price; the usual one then is what it is compared with."""
    currency = (text(said.get("currency")) or reading.currency).upper()
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise RowError("currency", "is no ISO 4217 code such as IDR")
    found = {field: amount(said.get(field), currency, field) for field in _AMOUNTS}
    usual, sale = found["price"], amount(said.get("sale_price"), currency, "sale_price")
    if sale and sale["amount"] and _in_force(text(said.get("sale_dates")), reading):
        if usual and sale["amount"] < usual["amount"]:
            found |= {"price": sale, "compare_at_price": found["compare_at_price"] or usual}
        elif not usual:
            found["price"] = sale
    return {field: value for field, value in found.items() if value is not None}


def _in_force(dates: str | None, reading: Reading) -> bool:
    """Whether now lies in an interval such as ``2026-11-01T00:00+0700/2026-11-30T23:59+0700``; without one, always."""
    if dates is None:
        return True
    try:
        begins, ends = (datetime.fromisoformat(one.strip()) for one in dates.split("/"))
    except ValueError:
        raise RowError("sale_dates", "is no interval such as 2026-11-01T00:00+0700/2026-11-30T23:59+0700") from None
    aware = [one if one.tzinfo else one.replace(tzinfo=reading.zone) for one in (begins, ends)]
    return aware[0] <= reading.now <= aware[1]


def _currency(words: str, otherwise: str) -> tuple[str, str]:
    """The currency that an amount names, or the other one; and the amount without it."""
    if found := _CODE.search(words):
        return found[1] or found[2], _CODE.sub("", words).strip()
    if found := _MARK.search(words):
        mark = (found[1] or found[2]).lower().rstrip(".")
        dollars = otherwise if otherwise in _DOLLARS else "USD"
        yen = otherwise if otherwise in {"JPY", "CNY"} else "JPY"
        code = dollars if mark == "$" else yen if mark == "¥" else _MARKS[mark]
        return code, _MARK.sub("", words).strip()
    return otherwise, words


def _number(cell: Cell, currency: str) -> float | None:
    """Where the currency has no decimals, three digits behind a mark are thousands, whichever mark it is."""
    usual, other = (".", ",") if exponent(currency) == 0 else (",", ".")
    try:
        return number(cell, "", usual)
    except RowError:
        if exponent(currency) or not isinstance(cell, str):
            raise
        return parse_number(cell, grouping=other)


def _presence(said: Said) -> Row:
    """Stock, availability and whether it is shown, by number or by word."""
    row: Row = {}
    stated = said.get("stock")
    try:
        pieces = number(stated, "stock")
    except RowError:
        if (found := availability(stated)) is None:
            raise
        row["availability"], pieces = found, None
    if pieces is not None:
        row["stock"] = max(0, floor(pieces))  # less than none: sold more often than it was there
    if (word := text(said.get("availability"))) is not None:
        row["availability"] = availability(word) or word  # the catalogue tells which words there are
    word = _NUMBERED.sub("", text(said.get("status")) or "").casefold()
    if word in HIDDEN:
        row["hidden"] = HIDDEN[word]
    elif (found := availability(word)) is not None:
        row.setdefault("availability", found)
    word = (text(said.get("hidden")) or "").casefold()
    return row | ({"hidden": not HIDDEN[word]} if word in HIDDEN else {})


def _category(words: str | None, *, form: bool) -> list[str]:
    """The first path of a cell: ``Fashion > Shirts``; of several with commas between them the first."""
    if words is None:
        return []
    if _STEPS.search(words):
        return _STEPS.split(words.split(",")[0] if words.count(",") and words.count(">") > 1 else words)
    words = _NUMBERED.sub("", words)
    return [step for step in (words.split("/") if form else [words]) if step.strip()]


def _labels(cell: Cell) -> list[str]:
    if isinstance(cell, list):
        return [found for one in cell if (found := text(one))]
    words = text(cell)
    return [one for one in _LISTED.split(words) if one] if words else []


def _first_link(cell: Cell) -> str | None:
    """The first of several addresses."""
    words = text(cell[0] if isinstance(cell, list) and cell else cell)
    return _link(_LINKS.split(words)[0]) if words else None


def _link(words: str | None) -> str | None:
    """An address; one without a scheme, as people type it, gets one."""
    return f"https://{words}" if words and re.match(r"(?:www\.|[\w-]+(?:\.[\w-]+)+/)", words) else words
