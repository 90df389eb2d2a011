"""What is liked: each product beside the others by whoever sees it, and each kind of products beside the others by one
person. Logarithms of ratios, as features from 0 to 1; a half says nothing either way. Pure.

A product in a list is turned to by some of those who see it. Products few have seen yet are drawn towards those of the
same kind, by as much as kinds are alike (empirical Bayes, ``shrinkage``). What somebody turned to is drawn towards what
all turn to in the same way, by a count that is set.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detak.insights.shrinkage import Groups, drawn

Floats = NDArray[np.float64]
Ints = NDArray[np.integer]

EVEN: Final = 0.5
"""As everybody else, or not known."""
REACH: Final = 6.0
"""How far apart the logarithms of 0 and 1 are: 1 is taken up twenty times as often as usual."""
_USUAL: Final = 3.0  # touches that what all turn to counts for, beside one person's own


class Exposed(NamedTuple):
    """By product: how often it was seen, and on how many of these days by how many people it was turned to as well."""

    product: Sequence[str]
    seen: Floats
    """Days on which somebody saw it, each times how much its place is looked at."""
    taken: Floats


def likings(exposed: Exposed, kinds: Sequence[str | None]) -> dict[str, float]:
    """How much each product is liked by whoever sees it, from 0 to 1; ``kinds`` are theirs. Empty: nobody took any."""
    taken = exposed.taken
    seen = np.maximum(exposed.seen, taken)  # a place that is hardly looked at was looked at where somebody came by it
    if not taken.sum():
        return {}
    share = drawn(Groups(taken, seen, kinds))
    found = as_feature(np.log(share / (taken.sum() / seen.sum())))
    return dict(zip(exposed.product, found.tolist(), strict=True))


def leanings(person: Ints, touched: Ints, usual: Floats, people: int) -> Floats:
    """How much more each of so many ``people`` turns to each kind than all do, from 0 to 1: people x kinds, and a last
    column for no kind: a half.

    Args:
        person: by touch, the row of who touched.
        touched: by touch, the kind of what it was; -1: of no kind, which says nothing.
        usual: the share of all touches that go to each kind, above 0.
        people: how many rows.
    """
    kinds, known = len(usual), touched >= 0
    cell = person * kinds + touched
    cell = cell if known.all() else cell[known]
    count = np.bincount(cell, minlength=people * kinds).reshape(people, kinds)
    found = np.empty((people, kinds + 1))
    found[:, -1] = EVEN
    ratio = (count / usual + _USUAL) / (count.sum(axis=1, keepdims=True) + _USUAL)
    found[:, :-1] = as_feature(np.log(ratio))
    return found


def as_feature(logarithm: Floats) -> Floats:
    """The logarithm of a ratio as a feature: a half for 0, 1 for half of ``REACH`` and more."""
    return np.minimum(np.maximum(EVEN + logarithm / REACH, 0.0), 1.0)  # ``np.clip`` takes longer for few
