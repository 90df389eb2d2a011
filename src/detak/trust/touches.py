"""Touches: what of all that happens says that somebody turned to a product. Fitting and answering share this."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple, Self

import numpy as np
import pyarrow as pa

from detak.consent import Purpose
from detak.recommend.content import Kind

Ints = np.ndarray[Any, np.dtype[np.int64]]
Ints32 = np.ndarray[Any, np.dtype[np.int32]]
Bytes = np.ndarray[Any, np.dtype[np.int8]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

KINDS: Final[Mapping[str, Kind]] = {
    "Product Viewed": Kind.VIEW,
    "Product Clicked": Kind.VIEW,
    "Product Shared": Kind.LIKE,
    "Product Reviewed": Kind.LIKE,
    "Product Added to Wishlist": Kind.LIKE,
    "Product Added": Kind.CART,
    "Wishlist Product Added to Cart": Kind.CART,
    "Order Completed": Kind.BUY,
}
"""The events that are touches. What a shopper was merely shown, or took out again, is none."""

WEIGHTS: Final[Mapping[Kind, float]] = {Kind.VIEW: 1.0, Kind.LIKE: 2.0, Kind.CART: 3.0, Kind.BUY: 4.0}
"""How much a touch means beside a view."""

ONE_VISIT: Final = 30 * 60 * 1_000_000
"""Touches of one product in a row, closer together than this (microseconds), are one: a click, the page, the cart."""

FOR: Final = int(Purpose.PERSONALISATION | Purpose.MARKETING)
"""The purposes for which touches are remembered."""


class Names(list[str]):
    """Products in the order in which a memory first met them: they stay where they are, and more may follow."""


class Touches:
    """What one person touched, oldest first.

    Args:
        word: of each its place in ``names``.
        names: products, of which there may be more.
        kind: a ``Kind``.
        time: microseconds since 1970, UTC.
    """

    def __init__(self, word: Ints32, names: Sequence[str], kind: Bytes, time: Ints) -> None:
        self.word = word
        self.names = names
        self.kind = kind
        self.time = time

    @classmethod
    def of(cls, product: Sequence[str], kind: Bytes, time: Ints) -> Self:
        """Of these products."""
        return cls(np.arange(len(product), dtype=np.int32), product, kind, time)

    @cached_property
    def product(self) -> tuple[str, ...]:
        """The products."""
        names = self.names
        return tuple([names[one] for one in self.word.tolist()])

    def __len__(self) -> int:
        """How many."""
        return len(self.word)


NOTHING: Final = Touches.of((), np.zeros(0, np.int8), np.zeros(0, np.int64))


class Arrived(NamedTuple):
    """Touches of many people, in the order in which they came in; ``purposes`` are bits."""

    subject: Ints
    product: list[str]
    kind: Bytes
    time: Ints
    purposes: Bytes

    def __len__(self) -> int:
        """How many."""
        return len(self.product)


def arrived(items: pa.Table) -> Arrived:
    """The touches among rows of ``event.ITEMS``: known people's, not programs', for a purpose that remembers them."""
    events = items["event"].combine_chunks().dictionary_encode()
    codes = np.array([KINDS.get(name, -1) for name in events.dictionary.to_pylist()] or [-1], np.int8)
    kind = codes[events.indices.to_numpy(zero_copy_only=False)] if len(items) else np.zeros(0, np.int8)
    purposes = items["purposes"].to_numpy()
    known = items["subject"].is_valid().to_numpy() & items["product_id"].is_valid().to_numpy()
    kept = (kind >= 0) & ((purposes & FOR) != 0) & known & items["bot"].is_null().to_numpy()
    rows = items if kept.all() else items.filter(pa.array(kept))
    received = rows["received"].cast(pa.int64()).to_numpy()
    stated = rows["time"].cast(pa.int64())
    happened = np.where(stated.is_null().to_numpy(), received, stated.fill_null(0).to_numpy())
    happened = np.minimum(happened, received)  # whatever a client's clock says
    return Arrived(
        rows["subject"].to_numpy(), rows["product_id"].to_pylist(), kind[kept], happened, purposes[kept].astype(np.int8)
    )


class Runs(NamedTuple):
    """Where each touch stands among rows that tell of it more than once: its last row, and its strongest kind."""

    last: Ints
    kind: Bytes


def runs(person: np.ndarray[Any, Any], item: np.ndarray[Any, Any], kind: Bytes, time: Ints) -> Runs:
    """Rows sorted by person and time, told once: what follows on itself within a visit is one touch."""
    if not len(item):
        return Runs(np.zeros(0, np.int64), kind)
    goes_on = (person[1:] == person[:-1]) & (item[1:] == item[:-1]) & (np.diff(time) <= ONE_VISIT)
    first = np.flatnonzero(np.concatenate([[True], ~goes_on]))
    last = np.append(first[1:], len(item)) - 1
    return Runs(last, np.maximum.reduceat(kind, first))


def with_session(touches: Touches, session: Sequence[str], now: int) -> Touches:
    """With products that whoever asks says were looked at just now, oldest first; those told already count once."""
    if not session:
        return touches
    told = set(session)
    recent = touches.time > now - ONE_VISIT
    kept = [at for at, one in enumerate(touches.product) if not (recent[at] and one in told)]
    views = np.full(len(session), Kind.VIEW, np.int8)
    return Touches.of(
        (*(touches.product[at] for at in kept), *session),
        np.concatenate([touches.kind[kept], views]),
        np.concatenate([touches.time[kept], np.full(len(session), now, np.int64)]),
    )
