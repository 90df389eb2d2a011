"""The money of one event, from the major units that clients send to integer minor units. Pure."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from detak.errors import RowError
from detak.event import Product, Properties
from detak.money import minor

_CODE: Final = re.compile(r"[A-Za-z]{3}")
_SINGLE: Final = ("product_id", "sku", "name", "category", "brand", "variant", "price", "quantity")


class Amounts(NamedTuple):
    """The money of one event, in minor units of ``currency``."""

    currency: str
    amount: int | None
    shipping: int | None
    discount: int | None
    items: tuple[tuple[int | None, int | None], ...]  # price of one piece, and of the line

    @property
    def stated(self) -> bool:
        """Whether the event as a whole says anything of money."""
        return not (self.amount is None and self.shipping is None and self.discount is None)


def read_amounts(properties: Properties, default_currency: str) -> Amounts:
    """The money of an event.

    Raises:
        RowError: an amount is not finite, or beyond any real one; the currency is no code.
    """
    currency = (properties.currency or default_currency).upper()
    if not _CODE.fullmatch(currency):
        raise RowError("currency", "is not an ISO 4217 code such as IDR")

    def exact(value: float | None) -> int | None:
        return None if value is None else minor(value, currency)

    total = next((one for one in (properties.total, properties.revenue, properties.value) if one is not None), None)
    items = tuple((exact(one.price), exact(_line(one))) for one in products(properties))
    return Amounts(currency, exact(total), exact(properties.shipping), exact(properties.discount), items)


def products(properties: Properties) -> Sequence[Product]:
    """The products of an event: its list, or the single one at its top level.

    The single one has no ``total``: what an event cost in all is not what one product did.
    """
    if properties.products is not None:
        return properties.products
    if not (properties.product_id or properties.sku or properties.name):
        return ()
    return (Product(**{name: getattr(properties, name) for name in _SINGLE}),)


def _line(product: Product) -> float | None:
    if product.total is not None:
        return product.total
    if product.price is None:
        return None
    return product.price * (1 if product.quantity is None else product.quantity)
