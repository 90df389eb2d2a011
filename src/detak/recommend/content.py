"""What some recommenders know beyond who touched which product: what a touch was, the order it belongs to, where people
live, and what the products are. Values only; whoever serves makes them from the facts and the catalogue."""

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detak.catalogue import UNKNOWN, Product


class Kind(enum.IntEnum):
    """What a touch was, the weaker first."""

    VIEW = 0
    LIKE = 1
    CART = 2
    BUY = 3


class Place(NamedTuple):
    """Where somebody lives, in the spelling of ``detak.place``; None where not known."""

    province: str | None = None
    city: str | None = None


@dataclass(frozen=True)
class Details:
    """More on the rows and people of ``Interactions``, in the same order."""

    kind: NDArray[np.int8]
    """By row: a ``Kind``."""
    order: NDArray[np.int64]
    """By row: a number that the rows of one order share; -1 where it belongs to none."""
    place: NDArray[np.int32]
    """By person: where in ``places``; -1 where not known."""
    places: tuple[Place, ...] = ()

    def part(self, rows: NDArray[np.int64], people: NDArray[np.int64]) -> "Details":
        """Of these rows and people alone."""
        return Details(self.kind[rows], self.order[rows], self.place[people], self.places)


@dataclass(frozen=True)
class Items:
    """Products, in the order of ``Interactions.items``; those that came in since then follow. What is not known is
    empty, a price or time ``UNKNOWN``."""

    ids: tuple[str, ...]
    name: tuple[str, ...]
    category: tuple[tuple[str, ...], ...]
    """A path, the widest first."""
    brand: tuple[str, ...]
    price: NDArray[np.int64]
    """Minor units of one currency."""
    added: NDArray[np.int64]
    """When the shop began to offer it, microseconds since 1970, UTC."""
    labels: tuple[frozenset[str], ...] = ()
    """The shop's own words on a product, such as ``promo``; empty: none has any."""

    def __len__(self) -> int:
        """How many products."""
        return len(self.ids)

    @cached_property
    def kinds(self) -> NDArray[np.int32]:
        """A number for each whole category path; -1 where not known."""
        return numbered(self.category)

    @cached_property
    def paths(self) -> tuple[tuple[str, ...], ...]:
        """The different category paths: that of each number in ``kinds``."""
        return tuple(dict.fromkeys(path for path in self.category if path))

    @cached_property
    def brands(self) -> NDArray[np.int32]:
        """A number for each brand; -1 where not known."""
        return numbered(self.brand)

    @cached_property
    def labelled(self) -> Mapping[str, NDArray[np.int32]]:
        """Label -> the products that carry it."""
        found: dict[str, list[int]] = {}
        for at, labels in enumerate(self.labels):
            for label in labels:
                found.setdefault(label, []).append(at)
        return {label: np.array(places, np.int32) for label, places in found.items()}


def numbered(values: Sequence[Any]) -> NDArray[np.int32]:
    """A number for each different value, in the order they first stand there; -1 for what is empty."""
    numbers: dict[Any, int] = {}
    return np.array([numbers.setdefault(one, len(numbers)) if one else -1 for one in values], np.int32)


def items_of(products: Mapping[str, Product], ids: Iterable[str], currency: str) -> Items:
    """The content of the products ``ids``, in that order, from a catalogue. One that it does not know has only its id.

    Prices in another currency count as unknown.
    """
    found = [products.get(one) or Product(id=one) for one in ids]
    prices = [one.price for one in found]
    return Items(
        ids=tuple(one.id for one in found),
        name=tuple(one.name or "" for one in found),
        category=tuple(one.category or () for one in found),
        brand=tuple(one.brand or "" for one in found),
        price=np.array([p.amount if p and p.currency == currency else UNKNOWN for p in prices], np.int64),
        added=np.array([UNKNOWN if one.listed is None else one.listed for one in found], np.int64),
        labels=tuple(frozenset(one.labels or ()) for one in found),
    )
