"""From scored products to a shelf: what rules leave out, raise and lower, how many of a kind, what stands where."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detak.recommend.base import NOBODY, Floats, Ints, Ints32, Scored
from detak.recommend.filling import Filling
from detak.recommend.ruled import Ruled, Truths

DAY: Final = 86_400_000_000  # microseconds
_LAST: Final = 0.05  # what the lowest score counts of the highest: a boost must have something to raise


def _none() -> Ints32:
    return np.zeros(0, np.int32)


@dataclass(frozen=True)
class Occasion:
    """What is true of a person and a moment. Products are numbers, as in ``Scored``."""

    now: int = 0
    """Microseconds since 1970, UTC."""
    bought: Ints32 = field(default_factory=_none)
    bought_at: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    due: Ints32 = field(default_factory=_none)
    """What the person bought before and, as ``replenish`` has it, may want again now."""
    exclude: Ints32 = field(default_factory=_none)
    """Never on this shelf, whatever the rules say."""
    fresh: Mapping[int, int] = field(default_factory=dict)
    """Places from 0 that new products have, and which: each stands there unless a pinned one does, or it may not be
    shown."""
    sellable: Truths | None = None
    """By product; None: all are."""
    fame: Floats | None = None
    """By product, the share of all touches; None: not known, and nothing is novel."""


class Shelf(NamedTuple):
    """What a shelf shows, in order: ``item``, ``score`` (from 0 to 1, times what rules made of it), ``because`` as in
    ``Scored``, and ``rules``: for each product the rules that had it stand where it stands. ``left_out``: rule ->
    the products that would be there without it, as far as they were candidates.
    """

    item: Ints32
    score: Floats
    because: Ints32
    rules: tuple[tuple[str, ...], ...]
    left_out: dict[str, Ints32]


def arrange(candidates: Scored, k: int, laid: Ruled, occasion: Occasion) -> Shelf:
    """The shelf of at most ``k`` products that rules make of candidates.

    A pinned product needs no score; it stands where it is pinned unless it is hidden, sold out or excluded, or the
    shelf ends before. ``at_most`` of a quota always holds, but for pinned products. ``at_least`` holds as far as the
    shop has such products to show, candidates or not.
    """
    lately = _lately(laid, occasion)
    left_out = _left_out(candidates.item, laid, occasion, lately)
    gone = {*occasion.exclude.tolist(), *lately}.union(*(some.tolist() for some in left_out.values()))
    kept = ~_among(candidates.item, gone)
    pool = Scored(candidates.item[kept], _scaled(candidates.score[kept]), candidates.because[kept])
    fixed = _fixed(k, laid, occasion)
    pool = _with(pool, [*fixed.values(), *_owed(pool.item, laid, occasion, gone)])
    value = _valued(pool, laid, occasion)
    filling = Filling(pool.item, value, laid)
    chosen = filling.fill(min(k, len(pool.item)), fixed)
    notes = _notes(chosen, filling, pool, laid, occasion)
    if shut := filling.shut_out(chosen):
        left_out["quota"] = pool.item[shut]
    return Shelf(pool.item[chosen], value[chosen].astype(np.float32), pool.because[chosen], notes, left_out)


def _fixed(k: int, laid: Ruled, occasion: Occasion) -> dict[int, int]:
    """The places of products that stand where they are put."""
    pinned = {at: item for at, item in laid.pinned if at < k and _allowed(item, laid, occasion)}
    fresh = {at: item for at, item in occasion.fresh.items() if at < k and _allowed(item, laid, occasion)}
    return {at: item for at, item in fresh.items() if item not in pinned.values()} | pinned


def _left_out(item: Ints32, laid: Ruled, occasion: Occasion, lately: set[int]) -> dict[str, Ints32]:
    """The candidates that may not be shown, by rule; each under the first that says so."""
    rules, found = laid.rules, {}
    checks = [("hide", laid.hidden[item])]
    if occasion.sellable is not None and rules.sold_out == "hide":
        checks.append(("sold_out", ~occasion.sellable[item]))
    if lately:
        checks.append(("purchased", _among(item, lately)))
    open_ = np.ones(len(item), np.bool_)
    for name, refused in checks:
        if (hit := refused & open_).any():
            found[name] = item[hit]
            open_ &= ~refused
    return found


def _lately(laid: Ruled, occasion: Occasion) -> set[int]:
    """What was bought too lately to be shown again: not what is due, not what the shop pinned."""
    if not laid.rules.purchased_days or not len(occasion.bought):
        return set()
    lately = occasion.bought[occasion.bought_at >= occasion.now - laid.rules.purchased_days * DAY]
    return set(lately.tolist()).difference(occasion.due.tolist(), (product for _, product in laid.pinned))


def _among(item: Ints32, some: set[int]) -> Truths:
    # Quicker than numpy's for the few hundred candidates that there are.
    return np.fromiter((one in some for one in item.tolist()), np.bool_, len(item))


def _allowed(item: int, laid: Ruled, occasion: Occasion) -> bool:
    """Whether a pinned product may stand on the shelf."""
    if laid.hidden[item] or item in occasion.exclude:
        return False
    return occasion.sellable is None or laid.rules.sold_out == "show" or bool(occasion.sellable[item])


def _scaled(score: Floats) -> Floats:
    """Scores between ``_LAST`` and 1, in their order, so that factors mean the same whatever model they come from."""
    if not len(score):
        return score
    low, high = float(score.min()), float(score.max())
    if high <= low:
        return np.ones(len(score), np.float32)
    return (_LAST + (1 - _LAST) * (score - low) / (high - low)).astype(np.float32)


def _owed(item: Ints32, laid: Ruled, occasion: Occasion, gone: set[int]) -> Ints32:
    """Products that quotas need and that are no candidates: the best known of those that may be shown."""
    found = [np.zeros(0, np.int32)]
    for limit in laid.limits:
        if not limit.at_least:
            continue
        missing = limit.at_least - int((limit.group[item] == 0).sum())
        if missing > 0:
            shown = (limit.group == 0) & ~laid.hidden
            if occasion.sellable is not None and laid.rules.sold_out == "hide":
                shown &= occasion.sellable
            shown[list(gone)] = False
            shown[item] = False
            some = np.flatnonzero(shown)
            fame = np.zeros(len(some)) if occasion.fame is None else occasion.fame[some]
            found.append(some[np.lexsort((some, -fame))[:missing]].astype(np.int32))
    return np.concatenate(found)


def _with(pool: Scored, items: Iterable[int]) -> Scored:
    """The candidates and these products, those that are none without a score."""
    there = set(pool.item.tolist())
    more = np.array([one for one in dict.fromkeys(map(int, items)) if one not in there], np.int32)
    if not len(more):
        return pool
    return Scored(
        np.concatenate([pool.item, more]),
        np.concatenate([pool.score, np.zeros(len(more), np.float32)]),
        np.concatenate([pool.because, np.full(len(more), NOBODY, np.int32)]),
    )


def _valued(pool: Scored, laid: Ruled, occasion: Occasion) -> NDArray[np.float64]:
    """What each candidate is worth once boosts, buryings and novelty have spoken."""
    value = pool.score.astype(np.float64) * laid.factor[pool.item]
    if occasion.sellable is not None and laid.rules.sold_out == "bury":
        value *= occasion.sellable[pool.item]
    if laid.rules.novelty and occasion.fame is not None:
        value *= 1 - laid.rules.novelty * (1 - rarity(occasion.fame[pool.item]))
    return value


def rarity(fame: Floats) -> NDArray[np.float64]:
    """From 0, the best known of these, to 1: self-information, -log of the share of touches, as parts of the range."""
    told = -np.log(np.maximum(fame.astype(np.float64), 1e-9))
    reach = np.ptp(told) if len(told) else 0.0
    return np.asarray((told - told.min()) / reach if reach else np.zeros(len(told)))


def _notes(
    chosen: Iterable[int], filling: Filling, pool: Scored, laid: Ruled, occasion: Occasion
) -> tuple[tuple[str, ...], ...]:
    """For each product of the shelf the rules that changed something for it."""
    pinned = {product for _, product in laid.pinned}
    due = set(occasion.due.tolist()) & set(occasion.bought.tolist())
    fresh = set(occasion.fresh.values()) - pinned
    notes = []
    for place in chosen:
        item = int(pool.item[place])
        factor = float(laid.factor[item])
        told = (
            ("pin", item in pinned),
            ("new", item in fresh),
            ("boost", factor > 1 and item not in pinned),
            ("bury", factor < 1 and item not in pinned),
            ("due", item in due),
        )
        lifted = filling.lifted.get(place)
        notes.append((*(name for name, holds in told if holds), *([lifted] if lifted else ())))
    return tuple(notes)
