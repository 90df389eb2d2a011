"""The money of one event, from the major units that clients send to integer minor units. Pure."""

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from detak.errors import RowError
from detak.event import Product, Properties
from detak.money import minor

CODE: Final = re.compile(r"[A-Za-z]{3}")
DEAREST: Final = 10**12  # major units; a dearer thing is a mistake
MOST: Final = 10**9  # pieces
_OF_ONE: Final = (
    "product_id",
    "sku",
    "name",
    "category",
    "brand",
    "variant",
    "price",
    "quantity",
    "position",
    "image_url",
)

Floats = np.ndarray[Any, np.dtype[np.float64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]


class Amounts(NamedTuple):
    """The money of one event as a whole, in minor units of ``currency``."""

    currency: str
    amount: int | None
    shipping: int | None
    discount: int | None

    @property
    def stated(self) -> bool:
        """Whether the event as a whole says anything of money."""
        return not (self.amount is None and self.shipping is None and self.discount is None)


class Lines(NamedTuple):
    """``int64`` Arrow arrays, null where nothing is known."""

    price: pa.Array
    amount: pa.Array


def read_amounts(properties: Properties, default_currency: str) -> Amounts:
    """The money of an event as a whole; its products are checked, and left for ``line_amounts``.

    Raises:
        RowError: an amount is negative where it cannot be, not finite, or beyond any real one; the currency is no code.
    """
    currency = (properties.currency or default_currency).upper()
    if not CODE.fullmatch(currency):
        raise RowError("currency", "is not an ISO 4217 code such as IDR")
    _check(properties, "")
    if properties.products:
        for number, product in enumerate(properties.products):
            if not _fine(product):
                _check(product, f"products[{number}].")

    def exact(value: float | None) -> int | None:
        return None if value is None else minor(value, currency)

    total = next((one for one in (properties.total, properties.revenue, properties.value) if one is not None), None)
    return Amounts(currency, exact(total), exact(properties.shipping), exact(properties.discount))


def products(properties: Properties) -> Sequence[Product]:
    """The products of an event: its list, or the single one at its top level.

    The single one has no ``total``: what an event cost in all is not what one product did.
    """
    if properties.products is not None:
        return properties.products
    if not (properties.product_id or properties.sku or properties.name):
        return ()
    return (Product(**{name: getattr(properties, name) for name in _OF_ONE}),)


def line_amounts(price: Floats, quantity: Floats, total: Floats, scales: Floats) -> Lines:
    """Prices and line totals of checked products in minor units; ``scales`` is 10^exponent of each one's currency.

    NaN is unknown.
    """
    computed = price * np.where(np.isnan(quantity), 1.0, quantity)
    return Lines(minors(price * scales), minors(np.where(np.isnan(total), computed, total) * scales))


def floats(values: Sequence[float | None]) -> Floats:
    """With NaN for None."""
    return np.asarray(pa.array(values, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def minors(values: Floats) -> pa.Array:
    """Rounded to whole ones; null where it is NaN."""
    unknown = np.isnan(values)
    return pa.array(np.rint(np.where(unknown, 0, values)).astype(np.int64), mask=unknown)


def plain(price: Floats, quantity: Floats, total: Floats) -> Mask:
    """Which products have amounts that can be: nothing negative but a total, nothing immense. NaN is unknown."""
    with np.errstate(invalid="ignore", over="ignore"):
        return ~(
            (price < 0)
            | (price > DEAREST)
            | (quantity < 0)
            | (quantity > MOST)
            | (np.abs(total) > DEAREST)
            | (price * quantity > DEAREST)
        )


def _fine(product: Product) -> bool:
    """The common case, quickly: nothing negative, nothing immense, and no NaN (which compares as false)."""
    price, quantity, total = product.price, product.quantity, product.total
    return (
        (price is None or 0 <= price <= DEAREST)
        and (quantity is None or 0 <= quantity <= MOST)
        and (total is None or -DEAREST <= total <= DEAREST)
        and (price is None or quantity is None or price * quantity <= DEAREST)
    )


def _check(product: Product, where: str) -> None:
    for name, value, most in (("price", product.price, DEAREST), ("quantity", product.quantity, MOST)):
        if value is not None and not 0 <= value <= most:
            raise RowError(f"{where}{name}", "is negative" if value < 0 else "is no real amount")
    if product.total is not None and not -DEAREST <= product.total <= DEAREST:
        raise RowError(f"{where}total", "is no real amount of money")
    if (product.price or 0) * (product.quantity or 0) > DEAREST:
        raise RowError(f"{where}price", "times the quantity is no real amount of money")
