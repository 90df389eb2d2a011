"""Spending a budget where it brings the most: a multiple-choice knapsack, by the price of money.

Each person gets one offer or none. The relaxed problem (parts of an offer allowed) is solved exactly by one number, the
shadow price of the budget: everyone gets what is worth most after paying that price for its cost (Sinha and Zoltners,
"The multiple-choice knapsack problem", Operations Research 1979). Served online the same number decides for whoever
comes. What whole offers lose against the relaxed optimum is at most the value of one offer.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
NONE: Final = -1
_ROUNDS: Final = 200


class Allocation(NamedTuple):
    """Who gets what."""

    chosen: Whole
    """By person which offer; ``NONE``."""
    price: float
    """What the last unit of money is expected to bring: a person's offer has to bring more than that for its cost."""
    value: float
    cost: float
    bound: float
    """No way to spend the budget brings more than this."""


def allocate(value: Floats, cost: Floats, budget: float) -> Allocation:
    """Spend at most ``budget``. ``value`` and ``cost`` are (people, offers), in one currency.

    An offer that costs nothing, or pays for itself, is given to whoever it is worth something with.
    """
    cost = np.maximum(cost, 0.0)
    free = _pick(value, cost, 0.0)
    if _total(cost, free) <= budget:
        gained = _total(value, free)
        return Allocation(free, 0.0, gained, _total(cost, free), gained)
    price = _price(value, cost, budget)
    chosen = _pick(value, cost, price)
    # The dual at any price bounds the optimum from above; at this one it is the relaxed optimum.
    bound = price * budget + float(np.maximum(np.max(value - price * cost, axis=1, initial=0.0), 0.0).sum())
    chosen = _fill(value, cost, chosen, budget)
    return Allocation(chosen, price, _total(value, chosen), _total(cost, chosen), bound)


def choose(value: Floats, cost: Floats, price: float) -> int:
    """Online: the offer for one person at the price; ``NONE`` where none brings more than its cost is worth."""
    return int(_pick(value[None, :], np.maximum(cost, 0.0)[None, :], price)[0])


def _pick(value: Floats, cost: Floats, price: float) -> Whole:
    net = value - price * cost
    best = net.argmax(axis=1) if net.shape[1] else np.zeros(len(net), np.int64)
    top = net[np.arange(len(net)), best] if net.shape[1] else np.zeros(len(net))
    return np.where(top > 0, best, NONE)


def _total(of: Floats, chosen: Whole) -> float:
    rows = np.flatnonzero(chosen != NONE)
    return float(of[rows, chosen[rows]].sum())


def _price(value: Floats, cost: Floats, budget: float) -> float:
    """The smallest price at which what is worth buying fits the budget."""
    ratios = value[cost > 0] / cost[cost > 0]
    low, high = 0.0, float(ratios.max(initial=0.0)) * (1 + 1e-9) + 1e-9
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        if _total(cost, _pick(value, cost, middle)) > budget:
            low = middle
        else:
            high = middle
        if high - low <= 1e-12 * max(high, 1.0):
            break
    return high


def _fill(value: Floats, cost: Floats, chosen: Whole, budget: float) -> Whole:
    """What is left of the budget goes to those whose offer comes next, in the order of what it brings for its cost."""
    found: Any = chosen.copy()
    left = budget - _total(cost, found)
    rest = np.flatnonzero(found == NONE)
    if not len(rest) or not value.shape[1]:
        return np.asarray(found)
    ratio = np.where(cost[rest] > 0, value[rest] / np.maximum(cost[rest], 1e-300), 0.0)
    best = ratio.argmax(axis=1)
    top = ratio[np.arange(len(rest)), best]
    for at in np.argsort(-top, kind="stable"):
        person, offer = int(rest[at]), int(best[at])
        if top[at] <= 0 or left <= 0:
            break
        if cost[person, offer] <= left:
            found[person] = offer
            left -= float(cost[person, offer])
    return np.asarray(found)
