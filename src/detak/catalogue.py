"""The catalogue's nouns: a product, who said what of it and when, and how later words meet earlier ones. Pure.

Each field of a product remembers its origin. What the shop states itself, by API or file, is never overwritten by what
events say; of two words of one rank the later one counts. So products come out the same in whatever order words arrive.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from detak.clock import from_micros
from detak.money import Money

API: Final = "api"
FILE: Final = "file"
EVENTS: Final = "events"
RANKS: Final[Mapping[str, int]] = {EVENTS: 1, FILE: 2, API: 2}
"""Whose word goes first: the shop's own before what its visitors' events say."""

MOST: Final = 1_000
"""Products of a page at most."""

UNKNOWN: Final = -1
"""In arrays, where a price or a stock is not known."""

Scalar = str | int | float | bool


class Availability(enum.StrEnum):
    """Whether a product can be had, in the words of Google's product data specification and schema.org."""

    IN_STOCK = "in_stock"
    OUT_OF_STOCK = "out_of_stock"
    PREORDER = "preorder"
    BACKORDER = "backorder"
    DISCONTINUED = "discontinued"


_ON_ORDER: Final = (Availability.PREORDER, Availability.BACKORDER)
_GONE: Final = (Availability.OUT_OF_STOCK, Availability.DISCONTINUED)


# gc=False: a product never refers to itself, and there are many of them to look at.
class Product(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a shop sells. What is not known is None, or empty."""

    id: str
    name: str | None = None
    description: str | None = None
    price: Money | None = None
    """What one piece costs now."""
    compare_at_price: Money | None = None
    """What it cost before, or elsewhere: shown crossed out."""
    cost: Money | None = None
    """What one piece costs the shop."""
    margin: Money | None = None
    """What selling one piece brings in, where the shop knows that better than price less cost."""
    stock: int | None = None
    availability: Availability | None = None
    category: tuple[str, ...] | None = None
    """A path, the widest first: ``("Fashion", "Shirts")``."""
    brand: str | None = None
    variant: str | None = None
    sku: str | None = None
    group: str | None = None
    """What variants of one product share."""
    image_url: str | None = None
    url: str | None = None
    labels: tuple[str, ...] | None = None
    attributes: dict[str, Scalar | list[str]] | None = None
    hidden: bool | None = None
    """Not to be shown to shoppers."""
    listed: int | None = None
    """When the shop began to offer it: microseconds since 1970, UTC."""

    @property
    def sellable(self) -> bool:
        """Whether it may be shown to somebody who could buy it. Nothing known against it: yes."""
        if self.hidden or self.availability in _GONE:
            return False
        return self.stock is None or self.stock > 0 or self.availability in _ON_ORDER

    @property
    def earned(self) -> Money | None:
        """What selling one piece brings in: the margin, else price less cost where both are in one currency."""
        if self.margin is not None:
            return self.margin
        if self.price is None or self.cost is None or self.price.currency != self.cost.currency:
            return None
        return Money(self.price.amount - self.cost.amount, self.price.currency)


FIELDS: Final = tuple(name for name in Product.__struct_fields__ if name != "id")
"""What can be said of a product."""


class Origin(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Who said the value of a field, and when (microseconds since 1970, UTC)."""

    source: str
    time: int


class Statement(NamedTuple):
    """What somebody says of a product at one moment. A field said to be None is known to have no value."""

    id: str
    fields: Mapping[str, Any]
    source: str
    time: int


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A product with its provenance. Times are microseconds since 1970, UTC."""

    product: Product
    created: int
    """The earliest that was said of it."""
    updated: int
    """When the latest that still stands was said."""
    origins: dict[str, Origin]
    """Field -> where its value comes from."""


class Deleted(msgspec.Struct, frozen=True, gc=False):
    """A product that the shop took out. Events do not bring it back; the shop can."""

    time: int


class Rejected(msgspec.Struct, frozen=True):
    """A row that cannot be used."""

    index: int
    """Its place among the rows, from 0."""
    field: str
    reason: str


class Result(msgspec.Struct, frozen=True):
    """What came of rows: how many are in the catalogue now, and which could not be used."""

    upserted: int
    rejected: list[Rejected]


class Page(msgspec.Struct, frozen=True):
    """Some products in the order of ids, and what to ask with for those behind them (None: there are none)."""

    entries: list[Entry]
    cursor: str | None


def merge(held: Entry | Deleted | None, said: Statement) -> Entry | Deleted:
    """The product after one more statement: field by field, the higher rank counts, then the later time.

    Statements may come in any order. Returns ``held`` itself where nothing changes.
    """
    if isinstance(held, Deleted):
        if said.source == EVENTS or said.time <= held.time:
            return held
        held = None
    product, origins = (held.product, held.origins) if held else (Product(id=said.id), {})
    origin = Origin(said.source, said.time)
    won = {
        field: value
        for field, value in said.fields.items()
        if field not in origins or _beats(origin, value, origins[field], getattr(product, field))
    }
    created = min(held.created, said.time) if held else said.time
    if held and not won and created == held.created:
        return held
    standing = {**origins, **dict.fromkeys(won, origin)} if won else origins
    return Entry(
        product=msgspec.structs.replace(product, **won) if won else product,
        created=created,
        updated=max((one.time for one in standing.values()), default=created),
        origins=standing,
    )


def _beats(new: Origin, value: object, old: Origin, held: object) -> bool:
    """Whether the new word counts. At one moment the larger value does: any rule will do that knows no order."""
    ours, theirs = (RANKS[new.source], new.time, new.source), (RANKS[old.source], old.time, old.source)
    return ours > theirs or (ours == theirs and _canonical(value) > _canonical(held))


def _canonical(value: object) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def told(entry: Entry) -> dict[str, Any]:
    """An entry as the API answers it: the product, ``created``, ``updated`` and ``origins``, times in ISO 8601."""
    product: dict[str, Any] = msgspec.to_builtins(entry.product)
    if entry.product.listed is not None:
        product["listed"] = _iso(entry.product.listed)
    origins = {field: {"source": one.source, "time": _iso(one.time)} for field, one in sorted(entry.origins.items())}
    return {**product, "created": _iso(entry.created), "updated": _iso(entry.updated), "origins": origins}


def _iso(micros: int) -> str:
    return from_micros(micros).isoformat().replace("+00:00", "Z")


Integers = np.ndarray[Any, np.dtype[np.int64]]
Truths = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Snapshot:
    """All products at one moment, for decisions to read without asking a database. Immutable.

    The arrays go with ``ids``, index by index; they are made when first asked for.
    """

    version: int
    """Another one for each change of a product."""
    products: Mapping[str, Product]
    """By id, in the order of ids."""
    stated: bool = True
    """Whether the shop itself spoke of its products, not their events alone."""

    @property
    def whole(self) -> bool:
        """Whether what is not in it is not sold. What events tell of some products says nothing of the others."""
        return self.stated and bool(self.products)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Every id, ascending."""
        return tuple(self.products)

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Where each id stands in ``ids`` and the arrays."""
        return {one: place for place, one in enumerate(self.products)}

    @cached_property
    def sellable(self) -> Truths:
        """``Product.sellable``."""
        found: Truths = self._array((one.sellable for one in self.products.values()), np.bool_)
        return found

    @cached_property
    def stock(self) -> Integers:
        """Pieces; ``UNKNOWN`` where not known."""
        found: Integers = self._array(
            (UNKNOWN if one.stock is None else one.stock for one in self.products.values()), np.int64
        )
        return found

    def prices(self, currency: str) -> Integers:
        """Minor units; ``UNKNOWN`` where not known in this currency."""
        stated = (one.price for one in self.products.values())
        amounts = (price.amount if price and price.currency == currency else UNKNOWN for price in stated)
        found: Integers = self._array(amounts, np.int64)
        return found

    def _array(self, values: Any, kind: Any) -> Any:
        made = np.fromiter(values, kind, len(self.products))
        made.flags.writeable = False
        return made
