"""The products of thousands of plain messages at once. Pure."""

from itertools import chain
from typing import Any, Final

import numpy as np
import pyarrow as pa

from detak.amounts import floats, line_amounts, plain
from detak.reading.arrivals import SHARED, lines
from detak.reading.rows import COUNT, ID, LIST, NUMBER, OBJECT, TEXT, Rows, as_text, first
from detak.reading.wire import single

_MOST_PRODUCTS: Final = 100  # of an event that is plain


def pieces_of(
    told: list[dict[str, Any]], sole: list[bool], keys: set[str], columns: dict[str, Any], rows: Rows
) -> dict[str, Any] | None:
    """A row for each product of each event: of its list, or the one at its top level."""
    listed = rows.typed([one.get("products") for one in told], LIST) if "products" in keys else [None] * len(told)
    rows.mark_where(
        many is not None and (len(many) > _MOST_PRODUCTS or not OBJECT.issuperset(map(type, many))) for many in listed
    )
    found = [
        () if not tracked else many if many is not None else [one] if single(one) else ()
        for many, one, tracked in zip(listed, told, sole, strict=True)
    ]
    if rows.odd.any():
        found = [() if odd else some for some, odd in zip(found, rows.odd.tolist(), strict=True)]
    every = list(chain.from_iterable(found))
    if not every:
        return None
    counts = [len(some) for some in found]
    parents = np.repeat(np.arange(len(told)), counts)
    of = parents.tolist()
    present: set[str] = set().union(*every)
    codes = columns["codes"]

    def typed(name: str, allowed: frozenset[type]) -> list[Any]:
        return rows.typed([one.get(name) for one in every], allowed, of) if name in present else [None] * len(every)

    price, quantity, total = (floats(typed(name, NUMBER)) for name in ("price", "quantity", "total"))
    alone = np.array([many is None for many in listed])[parents]
    total = np.where(alone, np.nan, total)  # what an event cost in all is not what one product did
    rows.mark(~plain(price, quantity, total), parents)
    odd = rows.odd[parents]
    price, quantity, total = (np.where(odd, np.nan, one) for one in (price, quantity, total))
    money = line_amounts(price, quantity, total, columns["scales"][parents])
    ids, skus = as_text(typed("product_id", ID)), as_text(typed("sku", ID))
    return {
        **{name: _spread(columns.get(name), parents) for name in SHARED},
        "line": lines(columns["line"], counts),
        "product_id": first(ids, skus),
        "variant": as_text(typed("variant", ID)),
        "image": typed("image_url", TEXT),
        **{name: typed(name, TEXT) for name in ("name", "category", "brand")},
        "position": typed("position", COUNT),
        "price": money.price,
        "amount": money.amount,
        "currency": _spread(codes, parents),
        "quantity": pa.array(quantity, from_pandas=True),
        "parent": parents,
    }


def _spread(values: Any, parents: Any) -> Any:
    """A column of events as a column of their products."""
    if values is None:
        return None
    return (values if isinstance(values, pa.Array) else pa.array(values)).take(pa.array(parents))
