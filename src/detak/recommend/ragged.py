"""Lists of different lengths, one after the other in one array: what many people touched, or are not to be shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from detak.recommend.base import Ints, Ints32


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
    def owner(self) -> Ints:
        """By item: which list it is in."""
        found: Any = np.arange(self.count).repeat(self.lengths)
        return np.asarray(found, np.int64)
