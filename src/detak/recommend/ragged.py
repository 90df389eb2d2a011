"""Lists of different lengths, one after the other in one array: what many people touched, or are not to be shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

import numpy as np

from detak.recommend.base import Floats, Ints, Ints32

_WORD: Final = 32
_HIGHEST: Final = np.int64((1 << 31) - 1)


@dataclass(frozen=True)
class Ragged:
    """List ``n`` is ``item[start[n]:start[n + 1]]``."""

    item: Ints32
    start: Ints

    @classmethod
    def of(cls, lists: Sequence[Ints32]) -> Self:
        """These lists."""
        if len(lists) == 1:
            return cls(lists[0].astype(np.int32, copy=False), np.array([0, len(lists[0])]))
        lengths = np.array([0, *map(len, lists)], np.int64)
        return cls(np.concatenate([np.zeros(0, np.int32), *lists]).astype(np.int32, copy=False), lengths.cumsum())

    @property
    def count(self) -> int:
        """How many lists."""
        return len(self.start) - 1

    @cached_property
    def lengths(self) -> Ints:
        """How long each is."""
        return self.start[1:] - self.start[:-1]

    @cached_property
    def longest(self) -> int:
        """How long the longest is."""
        return int(self.lengths.max(initial=0))

    @cached_property
    def owner(self) -> Ints:
        """By item: which list it is in."""
        found: Any = np.arange(self.count).repeat(self.lengths)
        return np.asarray(found, np.int64)


def ranks(start: Ints, lengths: Ints) -> Ints:
    """By item of lists that begin there (the last of ``start`` is the end): its place in its list, from 0."""
    found: Any = np.arange(start[-1]) - start[:-1].repeat(lengths)
    return np.asarray(found, np.int64)


def ordered(owner: Ints, value: Ints32, tie: Ints | Ints32, ties: int) -> tuple[Ints, int]:
    """Brought into order within each list: the highest value first, those alike by their tie.

    ``owner`` rises; a tie is from 0 to ``ties``. All three are packed into one number, for numbers are sorted quickest.
    The packed ones come back: ``tied`` and ``valued`` open them.
    """
    wide = ties.bit_length()
    packed = owner << _WORD
    packed += _HIGHEST - value
    packed <<= wide
    packed |= tie
    packed.sort()
    return packed, wide


def tied(packed: Ints, wide: int) -> Ints:
    """The ties, in order."""
    return np.asarray(packed & ((1 << wide) - 1))


def valued(packed: Ints, wide: int) -> Ints32:
    """The values, in order."""
    found: Any = _HIGHEST - ((packed >> wide) & ((1 << _WORD) - 1))
    return np.asarray(found, np.int32)


def highest(value: Floats, start: Ints, depth: int) -> Ints:
    """Where the ``depth`` highest of each list stand, and all that are as high as the last of them; none that are not
    above 0."""
    many = start[1:] - start[:-1]
    wide = int(many.max(initial=0))
    if wide <= depth:
        return np.asarray((value > 0).nonzero()[0])
    table = np.zeros((len(many), wide), np.float32)
    table[np.arange(wide) < many[:, None]] = -value
    table.partition(depth, axis=1)
    least = np.maximum(-table[:, depth], np.finfo(np.float32).tiny)
    return np.asarray((value >= least.repeat(many)).nonzero()[0])


def loudest(total: Any, touches: Ragged) -> tuple[Ints, Any]:
    """Which of a list's rows of ``total`` has most in each column, of those alike the first, and how much that is: both
    lists x columns. A list of no rows has -inf."""
    speaking = touches.lengths.nonzero()[0]
    begin = touches.start.take(speaking)
    most = np.full((touches.count, total.shape[1]), -np.inf)
    most[speaking] = np.maximum.reduceat(total, begin, axis=0)
    touch = np.arange(len(total))[:, None]
    first = np.zeros(most.shape, np.int64)
    alike = np.where(total == most.take(touches.owner, axis=0), touch, len(total))
    first[speaking] = np.minimum.reduceat(alike, begin, axis=0)
    return first, most
