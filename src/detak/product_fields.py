"""What may be said of a product: each field of a row checked and brought to its one form. Pure.

A row is an object as the API takes it. Text is trimmed, amounts become ``Money``, paths and lists become tuples.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final

from detak.catalogue import Availability, Scalar
from detak.clock import to_micros
from detak.errors import RowError
from detak.misfit import meant
from detak.money import Money

AMOUNTS: Final = ("price", "compare_at_price", "cost", "margin")
"""The fields that are money."""

_ANSWERED: Final = frozenset({"id", "currency", "created", "updated", "origins"})
_LONGEST_ID: Final = 200
_LONGEST: Final = 1_000  # characters of a name, a label, a step of a path
_LONGEST_TEXT: Final = 20_000  # of a description
_LONGEST_URL: Final = 2_048
_MOST: Final = 100  # labels, steps, attributes
_LARGEST: Final = 10**15  # minor units; a larger amount is a mistake
_MOST_PIECES: Final = 10**9
_LARGEST_NUMBER: Final = 2**63 - 1
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BREAK: Final = re.compile(r"[\t\n\r]+")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_CODE: Final = re.compile(r"[A-Z]{3}")
_URL: Final = re.compile(r"(?:https?:)?//[^\s/?#]+\S*|/\S*", re.IGNORECASE)
_STEPS: Final = re.compile(r"\s*[>›»]\s*")
_SCHEMA_ORG: Final = re.compile(r"^https?://schema\.org/", re.IGNORECASE)

_AVAILABILITY: Final = {
    **dict.fromkeys(
        ("instock", "available", "limitedavailability", "instoreonly", "onlineonly", "tersedia", "ada", "ready",
         "readystock", "stoktersedia", "yes", "ya", "true", "1"),
        Availability.IN_STOCK,
    ),
    **dict.fromkeys(
        ("outofstock", "soldout", "unavailable", "habis", "kosong", "stokhabis", "stokkosong", "terjualhabis",
         "tidaktersedia", "no", "tidak", "false", "0"),
        Availability.OUT_OF_STOCK,
    ),
    **dict.fromkeys(("preorder", "presale", "po"), Availability.PREORDER),
    **dict.fromkeys(("backorder", "onbackorder", "inden"), Availability.BACKORDER),
    "discontinued": Availability.DISCONTINUED,
}  # fmt: skip


def read_row(row: object, currency: str) -> tuple[str, dict[str, Any]]:
    """A product's id and what the row says of it; a field that is null is known to have no value.

    ``currency`` is that of amounts without one, where the row names none either. Plain amounts are whole minor units.

    Raises:
        RowError: a field cannot be; it is named.
    """
    if not isinstance(row, Mapping):
        raise RowError("", "is not an object")
    found = read_id(row.get("id"))
    stated = row.get("currency")
    code = currency if stated is None else _currency(stated, "currency")
    fields = {}
    for name, value in row.items():
        if name in _READERS:
            fields[name] = None if value is None else _READERS[name](value, name)
        elif name in AMOUNTS:
            fields[name] = None if value is None else _money(value, name, code)
        elif name not in _ANSWERED:
            shown = repr(name)[:60]
            near = meant(name, ("id", "currency", *_READERS, *AMOUNTS))
            what = f"is `{near}` meant?" if near else "what is the shop's own goes under attributes"
            raise RowError("", f"{shown} is no field of a product; {what}")
    return found, fields


def read_id(value: object) -> str:
    """A product's id: text, or a whole number.

    Raises:
        RowError: it is missing, too long, or holds control characters.
    """
    if value is None or isinstance(value, bool) or not isinstance(value, str | int):
        raise RowError("id", "is missing" if value is None else "is neither text nor a whole number")
    text = str(value).strip() if isinstance(value, str) or abs(value) <= _LARGEST_NUMBER else ""
    if not text:
        raise RowError("id", "is empty" if isinstance(value, str) else "is too large a number")
    if len(text) > _LONGEST_ID:
        raise RowError("id", f"is longer than {_LONGEST_ID} characters")
    if _CONTROL.search(text) or _BREAK.search(text) or _SURROGATE.search(text):
        raise RowError("id", "holds characters that are no text")
    return text


def availability(value: object) -> Availability | None:
    """What a word for availability means, English, Indonesian or schema.org's; None where it means nothing known."""
    word = "".join(filter(str.isalnum, _SCHEMA_ORG.sub("", str(value)).casefold()))
    return _AVAILABILITY.get(word)


def _read_availability(value: object, field: str) -> Availability:
    found = availability(value)
    if found is None:
        raise RowError(field, f"is none of {', '.join(Availability)}")
    return found


def _text(value: object, field: str, longest: int = _LONGEST) -> str | None:
    if type(value) is str and len(value) <= longest and value.isprintable():  # nearly every value
        return value.strip() or None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RowError(field, "is not text")
    if not isinstance(value, str) and not -_LARGEST_NUMBER <= value <= _LARGEST_NUMBER:
        raise RowError(field, "is too large a number")
    text = _CONTROL.sub(" ", str(value)).strip()
    if _SURROGATE.search(text):
        raise RowError(field, "holds characters that are no text")
    if len(text) > longest:
        raise RowError(field, f"is longer than {longest:,} characters")
    return text or None


def _line(value: object, field: str) -> str | None:
    text = _text(value, field)
    return text if text is None or text.isprintable() else _BREAK.sub(" ", text)


def _long(value: object, field: str) -> str | None:
    return _text(value, field, _LONGEST_TEXT)


def _url(value: object, field: str) -> str | None:
    """An address that a page may show as it is: never a script."""
    text = _text(value, field, _LONGEST_URL)
    if text and not _URL.fullmatch(text):
        raise RowError(field, "is no web address: it begins with https://, http:// or /")
    return text


def _money(value: object, field: str, currency: str) -> Money:
    if isinstance(value, Money):
        value = {"amount": value.amount, "currency": value.currency}
    if isinstance(value, Mapping):
        if set(value) - {"amount", "currency"} or "amount" not in value:
            raise RowError(field, 'is no amount: {"amount": whole minor units, "currency": "IDR"}')
        currency = _currency(value.get("currency", currency), field)
        value = value["amount"]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RowError(field, "is no whole number of minor units (27.50 USD is 2750, Rp 12.000 is 12000)")
    if value < 0 and field != "margin":
        raise RowError(field, "is negative")
    if abs(value) > _LARGEST:
        raise RowError(field, "is larger than any real amount of money")
    return Money(value, currency)


def _currency(value: object, field: str) -> str:
    code = value.strip().upper() if isinstance(value, str) else ""
    if not _CODE.fullmatch(code):
        raise RowError(field, "is no ISO 4217 code such as IDR" if field == "currency" else "has no currency")
    return code


def _pieces(value: object, field: str) -> int:
    if isinstance(value, float) and isfinite(value) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RowError(field, "is no whole number of pieces")
    if not 0 <= value <= _MOST_PIECES:
        raise RowError(field, "is negative" if value < 0 else "is larger than any real stock")
    return value


def _path(value: object, field: str) -> tuple[str, ...] | None:
    steps = _STEPS.split(value) if isinstance(value, str) else value
    return _several(steps, field)


def _several(value: object, field: str) -> tuple[str, ...] | None:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple):
        raise RowError(field, "is no list of texts")
    if len(values) > _MOST:
        raise RowError(field, f"has more than {_MOST} values")
    return tuple(text for one in values if one is not None and (text := _line(one, field))) or None


def _attributes(value: object, field: str) -> dict[str, Scalar | list[str]] | None:
    if not isinstance(value, Mapping):
        raise RowError(field, "is not an object")
    if len(value) > _MOST:
        raise RowError(field, f"has more than {_MOST} values")
    made: dict[str, Scalar | list[str]] = {}
    for name, one in value.items():
        key = _line(name, field) if isinstance(name, str) else None
        if not key:
            raise RowError(field, "has a name that is no text")
        found = _attribute(one, f"{field}.{key[:60]}")
        if found is not None:
            made[key] = found
    return made or None


def _attribute(value: object, field: str) -> Scalar | list[str] | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if not -_LARGEST_NUMBER <= value <= _LARGEST_NUMBER:  # NaN too
            raise RowError(field, "is no finite number of ordinary size")
        return value
    if isinstance(value, list | tuple):
        return list(_several(value, field) or ()) or None
    if isinstance(value, str):
        return _text(value, field, _LONGEST_TEXT)
    raise RowError(field, "is neither text, a number, true or false, nor a list of texts")


def _truth(value: object, field: str) -> bool:
    if not isinstance(value, bool):
        raise RowError(field, "is neither true nor false")
    return value


def _moment(value: object, field: str) -> int:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise RowError(field, "is no time such as 2026-11-22T10:00:00Z") from None
    if isinstance(value, datetime):
        value = to_micros(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RowError(field, "is no time such as 2026-11-22T10:00:00Z")
    if not 0 <= value <= _LATEST:
        raise RowError(field, "is before 1970 or after 2100")
    return value


_LATEST: Final = to_micros(datetime(2100, 1, 1, tzinfo=UTC))
_READERS: Final[Mapping[str, Callable[[Any, str], Any]]] = {
    "name": _line,
    "description": _long,
    "stock": _pieces,
    "availability": _read_availability,
    "category": _path,
    "brand": _line,
    "variant": _line,
    "sku": _line,
    "group": _line,
    "image_url": _url,
    "url": _url,
    "labels": _several,
    "attributes": _attributes,
    "hidden": _truth,
    "listed": _moment,
}
