"""The exposure audit of slates: what is shown, how evenly, and whether each person sees only their own kind."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detak.estimates.concentration import Bubble, Fairness, bubble, fairness, gini
from detak.recommend.base import Floats, Ints, Ints32

HEAD = 0.2
"""The most touched products that are not the long tail, as a share of all."""


@dataclass(frozen=True)
class Slates:
    """What was shown: a row a place. ``rank`` counts from 0; ``person`` is any number that tells people apart."""

    person: Ints
    item: Ints32
    rank: Ints

    @classmethod
    def of(cls, slates: Sequence[Ints32]) -> "Slates":
        """A slate a person, each in its order."""
        lengths = [len(one) for one in slates]
        item = np.concatenate(slates).astype(np.int32) if lengths else np.zeros(0, np.int32)
        rank = np.concatenate([np.arange(length) for length in lengths]) if lengths else np.zeros(0, np.int64)
        return cls(np.repeat(np.arange(len(lengths)), lengths), item, rank)

    @property
    def attention(self) -> Floats:
        """How much each place is looked at: 1 / log2(rank + 2), as in DCG."""
        return (1 / np.log2(self.rank + 2)).astype(np.float32)


def coverage(slates: Slates, items: int) -> float:
    """The share of products that were shown at all."""
    return len(np.unique(slates.item)) / items if items else 0.0


def unevenness(slates: Slates, items: int) -> float:
    """The Gini coefficient of places over all products, those that were never shown among them.

    Raises:
        CannotComputeError: nothing was shown.
    """
    return gini(np.bincount(slates.item, minlength=items))


def tail_share(slates: Slates, touches: Floats) -> float:
    """The share of places that go to the long tail: all but the ``HEAD`` most touched products. 0 where none was shown.

    ``touches`` is how often each product was touched; those alike count by their number.
    """
    order = np.lexsort((np.arange(len(touches)), -touches))
    tail = np.ones(len(touches), np.bool_)
    tail[order[: round(HEAD * len(touches))]] = False
    return float(tail[slates.item].mean()) if len(slates.item) else 0.0


def group_fairness(slates: Slates, group: Ints32, merit: Floats) -> Fairness:
    """Attention by group (brand, seller, category) against its share of merit, such as touches or predicted relevance.

    ``group`` is a number by product, -1 for none: those are left out. ``merit`` goes by product.

    Raises:
        CannotComputeError: no group was shown, or none merits anything.
    """
    count = int(group.max(initial=-1)) + 1
    known = group[slates.item] >= 0
    shown = np.bincount(group[slates.item[known]], slates.attention[known], count)
    return fairness(shown, np.bincount(group[group >= 0], merit[group >= 0], count))


def filter_bubble(slates: Slates, kind: Ints32) -> Bubble:
    """How alike in kind (``kind`` by product; -1, unknown, is left out) what one person is shown is, against all.

    Raises:
        CannotComputeError: nobody was shown two products, or only one person anything.
    """
    known = kind[slates.item] >= 0
    person, what = slates.person[known], kind[slates.item[known]]
    _, pairs = np.unique(np.stack([person, what]), axis=1, return_counts=True)
    _, people = np.unique(person, return_counts=True)
    _, kinds = np.unique(what, return_counts=True)
    squares = [float((counts.astype(np.float64) ** 2).sum()) for counts in (pairs, people, kinds)]
    return bubble(squares[0], float(len(person)), squares[1], squares[2])
