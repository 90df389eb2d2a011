"""Repeat purchases as spells: from a person's purchase of a product to the next, or to the end of what is known."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detak.recommend.base import Ints, Ints32

Doubles = NDArray[np.float64]
DAY: Final = 86_400_000_000  # microseconds
EDGES: Final = np.array([0, 2, 4, 7, 10, 14, 18, 22, 28, 35, 42, 50, 60, 75, 90, 120, 150, 180, 240, 300, 365.0])
"""Days since the last purchase, where one stretch of time ends and the next begins; beyond the last there is none."""
STRETCHES: Final = len(EDGES) - 1
STRATA: Final = 5
"""Purchases of the product so far: 1, 2, 3, 4, 5 or more."""
_APART: Final = DAY // 2  # purchases nearer than this are one: an order in several parts


class Spells(NamedTuple):
    """Spells, a row each."""

    person: Ints32
    item: Ints32
    stratum: Ints
    """Purchases before it, less one, at most ``STRATA - 1``."""
    days: Doubles
    again: NDArray[np.bool_]
    """Whether a purchase ended it; else it goes on."""
    began: Ints
    """Microseconds since 1970, UTC."""


def spells(person: Ints32, item: Ints32, time: Ints, end: int) -> Spells:
    """The spells of purchases, known until ``end``, by person and product."""
    order = np.lexsort((time, item, person))
    person, item, time = person[order], item[order], time[order]
    new = np.ones(len(person), np.bool_)
    new[1:] = (np.diff(person) != 0) | (np.diff(item) != 0)
    kept = new.copy()
    kept[1:] |= np.diff(time) > _APART
    person, item, time, new = person[kept], item[kept], time[kept], new[kept]
    again = np.zeros(len(person), np.bool_)
    again[:-1] = ~new[1:]
    until = np.full(len(person), end, np.int64)
    until[:-1][again[:-1]] = time[1:][again[:-1]]
    first = np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))
    so_far = np.minimum(np.arange(len(new)) - first, STRATA - 1)
    return Spells(person, item, so_far.astype(np.int64), np.maximum(until - time, 0) / DAY, again, time)


class Exposure(NamedTuple):
    """What happened in each stretch of time: groups x strata x stretches."""

    bought: Doubles
    """Spells that a purchase ended in the stretch."""
    at_risk: Doubles
    """Spells that came so far, those whose record ends inside it counted for the part."""


def exposure(found: Spells, group: Ints, groups: int) -> Exposure:
    """Count spells by group, stratum and stretch. Groups below 0 are left out."""
    kept = group >= 0
    cell = group[kept] * STRATA + found.stratum[kept]
    days, again = found.days[kept], found.again[kept] & (found.days[kept] < EDGES[-1])
    last = np.clip(np.searchsorted(EDGES, days, side="right") - 1, 0, STRETCHES)
    shape = (groups * STRATA, STRETCHES + 1)
    ended = np.zeros(shape)
    np.add.at(ended, (cell[again], last[again]), 1.0)
    reached = np.zeros(shape)
    np.add.at(reached, (cell, last), 1.0)
    at_risk = reached[:, ::-1].cumsum(axis=1)[:, ::-1]
    open_ = ~again & (last < STRETCHES)
    width = np.diff(np.append(EDGES, np.inf))
    part = np.zeros(shape)
    np.add.at(part, (cell[open_], last[open_]), 1 - (days[open_] - EDGES[last[open_]]) / width[last[open_]])
    form = (groups, STRATA, STRETCHES)
    return Exposure(ended[:, :STRETCHES].reshape(form), (at_risk - part)[:, :STRETCHES].reshape(form))
