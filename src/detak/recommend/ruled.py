"""Rules against a catalogue: which product each rule speaks of, as arrays. Made once, asked often."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detak.money import exponent
from detak.recommend.content import Items
from detak.recommend.rules import Boost, Bury, Match, Rules

Truths = NDArray[np.bool_]
_NONE: Final = -1


class Limit(NamedTuple):
    """A quota: ``group`` says by product which group it counts in (-1: none)."""

    group: NDArray[np.int32]
    at_least: int
    at_most: int | None


@dataclass(frozen=True)
class Ruled:
    """The rules of a placement over some products. Arrays go by product."""

    rules: Rules
    hidden: Truths
    factor: NDArray[np.float32]
    """What a score is multiplied by: boosts and buryings together."""
    limits: tuple[Limit, ...]
    pinned: tuple[tuple[int, int], ...]
    """Position from 0, and product, in the order of positions."""
    kinds: NDArray[np.int32]
    brands: NDArray[np.int32]


def ruled(rules: Rules, items: Items, currency: str) -> Ruled:
    """Find the products that rules speak of. Pinned products that are not among ``items`` are passed over.

    ``currency`` is that of the items' prices.
    """
    factor = np.ones(len(items), np.float32)
    changes: tuple[Boost | Bury, ...] = (*rules.boost, *rules.bury)
    for change in changes:
        factor[matching(change, items, currency)] *= change.by
    hidden = np.zeros(len(items), np.bool_)
    for match in rules.hide:
        hidden |= matching(match, items, currency)
    places = {one: at for at, one in enumerate(items.ids)}
    pinned = sorted((pin.at - 1, places[pin.product]) for pin in rules.pin if pin.product in places)
    groups = {"brand": items.brands, "category": items.kinds}
    limits = tuple(
        Limit(
            groups[quota.each] if quota.each else np.where(matching(quota, items, currency), 0, _NONE).astype(np.int32),
            quota.at_least,
            quota.at_most,
        )
        for quota in rules.quota
    )
    return Ruled(rules, hidden, factor, limits, tuple(pinned), items.kinds, items.brands)


def idle(rules: Rules, items: Items, currency: str, now: int) -> list[str]:
    """Which of the rules that hold ``now`` speak of no product that there is: mistyped, or of something that is no
    more."""
    there = set(items.ids)
    found = [f"pin[{at}]" for at, pin in enumerate(rules.pin) if pin.holds(now) and pin.product not in there]
    of_some: dict[str, tuple[Match, ...]] = {
        "boost": rules.boost, "bury": rules.bury, "hide": rules.hide, "quota": rules.quota,
    }  # fmt: skip
    for key, some in of_some.items():
        # Not those of each brand, or category.
        spoken = ((at, one) for at, one in enumerate(some) if one.says and one.holds(now))
        found += [f"{key}[{at}]" for at, one in spoken if not matching(one, items, currency).any()]
    return found


def matching(match: Match, items: Items, currency: str) -> Truths:
    """By product whether everything holds that ``match`` says. What is not known of a product does not hold."""
    found = np.ones(len(items), np.bool_)
    if match.products is not None:
        wanted = set(match.products)
        found &= np.fromiter((one in wanted for one in items.ids), np.bool_, len(items))
    if match.category is not None:
        found &= _among(items.kinds, [_has(path, match.category) for path in dict.fromkeys(items.category) if path])
    if match.brand is not None:
        name = match.brand.casefold()
        found &= _among(items.brands, [one.casefold() == name for one in dict.fromkeys(items.brand) if one])
    if match.label is not None:
        carried = np.zeros(len(items), np.bool_)
        carried[items.labelled.get(match.label, [])] = True
        found &= carried
    return found & _priced(match, items, currency)


def _has(path: tuple[str, ...], category: str) -> bool:
    return category.casefold() in (name.casefold() for name in path)


def _among(numbers: NDArray[np.int32], wanted: list[bool]) -> Truths:
    """By product whether its number is wanted; ``numbers`` are places in ``wanted``, or -1."""
    answers: Truths = np.array([*wanted, False])[numbers]
    return answers


def _priced(match: Match, items: Items, currency: str) -> Truths:
    """By product whether its price lies within what ``match`` says."""
    minor = 10 ** exponent(currency)
    low, high = match.price_from, match.price_to
    found = np.ones(len(items), np.bool_)
    if low is not None or high is not None:
        found &= items.price >= round((low or 0) * minor)
    if high is not None:
        found &= items.price <= round(high * minor)
    return found
