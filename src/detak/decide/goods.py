"""What a catalogue says of products that pages are made by, as arrays: in the order of their numbers, and one row more
for a product that nobody knows. Made with each change of the catalogue, asked with every page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detak.catalogue import Product, Snapshot

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]

NEVER: Final = -1
"""In ``Goods.listed``: not known."""
_WELL_STOCKED: Final = 100


@dataclass(frozen=True)
class Goods:
    """By product; the last row is that of a product that is not in the catalogue."""

    margin: Floats
    """What of the price the shop keeps, from 0 to 1; 0 where it is not known."""
    earning: Truths
    """Whether ``margin`` is known."""
    stocked: Floats
    """How much of it there is, from 0 to 1; 0 where it is not known."""
    cut: Floats
    """Which part of the price before is off; 0: none."""
    listed: NDArray[np.int64]
    """Microseconds since 1970, UTC."""
    sellable: Truths
    """Whether it can be had; what a catalogue that is not whole does not speak of can, too."""
    offered: Truths
    """Whether the shop shows it, be it sold out or not."""
    unknown: Truths
    """Whether the catalogue does not speak of it."""


def goods_of(catalogue: Snapshot, ids: Sequence[str]) -> Goods:
    """The goods of the products ``ids``, in that order."""
    products, unknown = catalogue.products, not catalogue.whole
    found = [*(products.get(one) for one in ids), None]
    size = len(found)

    def each(values: Any) -> Any:
        return np.fromiter(values, np.float64, size)

    return Goods(
        each(0.0 if one is None else margin(one) for one in found),
        np.fromiter((one is not None and _earned(one) is not None for one in found), np.bool_, size),
        each(0.0 if one is None else stocked(one) for one in found),
        each(0.0 if one is None else cut(one) for one in found),
        np.fromiter((NEVER if one is None or one.listed is None else one.listed for one in found), np.int64, size),
        np.fromiter((unknown if one is None else one.sellable for one in found), np.bool_, size),
        np.fromiter((unknown if one is None else not one.hidden for one in found), np.bool_, size),
        np.fromiter((one is None for one in found), np.bool_, size),
    )


def cut(product: Product) -> float:
    """Which part of what it cost before is off; 0: nothing is."""
    before, price = product.compare_at_price, product.price
    if before is None or price is None or before.currency != price.currency or before.amount <= price.amount:
        return 0.0
    return 1.0 - price.amount / before.amount


def margin(product: Product) -> float:
    """What of the price the shop keeps, from 0 to 1; 0 where it is not known."""
    return _earned(product) or 0.0


def _earned(product: Product) -> float | None:
    price = product.price
    if price is None or price.amount <= 0 or (earned := product.earned) is None or earned.currency != price.currency:
        return None
    return min(max(earned.amount / price.amount, 0.0), 1.0)


def stocked(product: Product) -> float:
    """How much of it there is, from 0 to 1; 0 where it is not known."""
    return 0.0 if product.stock is None else min(max(product.stock, 0) / _WELL_STOCKED, 1.0)
