"""How popular products are in general, and how much more so in a place, at a time of day, or after an entry.

Each level's shares are drawn towards those of the level above it as far as it has little of its own to say: a Dirichlet
prior, whose strength is the one under which later touches are most likely (see Gelman et al., "Bayesian Data Analysis",
ch. 5). Levels of different tables multiply, as if place and hour spoke independently.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from detak.recommend.base import Floats, Ints32

Doubles = NDArray[np.float64]
STRENGTHS: Final = (30.0, 100.0, 300.0, 1_000.0, 3_000.0, 10_000.0, 100_000.0)
"""Prior touches that are tried; the last hardly lets a level speak."""
_UNTOUCHED: Final = 0.01


@dataclass(frozen=True)
class Table:
    """Levels of one kind: places, parts of the day."""

    keys: tuple[str, ...]
    parent: Ints32
    """For each level the one above it, an earlier one; -1: everybody."""
    counts: sparse.csr_array
    """Levels x products: touches, as far as enough people stand behind them."""
    strength: float

    @classmethod
    def load(cls, name: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """What ``arrays`` gave."""
        keys, parent = tuple(arrays[f"{name}_keys"].tolist()), arrays[f"{name}_parent"]
        parts = (arrays[f"{name}_value"], arrays[f"{name}_item"], arrays[f"{name}_starts"])
        shape = (len(keys), int(arrays["total"].shape[0]))
        return cls(keys, parent, sparse.csr_array(parts, shape=shape), float(arrays[f"{name}_strength"]))

    def arrays(self, name: str) -> dict[str, np.ndarray[Any, Any]]:
        """By name, all beginning with ``name``."""
        return {
            f"{name}_keys": np.array(self.keys, dtype=np.str_) if self.keys else np.zeros(0, "U1"),
            f"{name}_parent": self.parent,
            f"{name}_value": self.counts.data,
            f"{name}_item": self.counts.indices,
            f"{name}_starts": self.counts.indptr,
            f"{name}_strength": np.array(self.strength),
        }

    def shares(self, level: int, everywhere: Doubles) -> Doubles:
        """By product its share of a level's touches, ``everywhere`` being its share of all."""
        if level < 0:
            return everywhere
        above = self.shares(int(self.parent[level]), everywhere)
        own = slice(self.counts.indptr[level], self.counts.indptr[level + 1])
        found = self.strength * above
        found[self.counts.indices[own]] += self.counts.data[own]
        return np.asarray(found / (self.strength + self.counts.data[own].sum()))

    def touches(self, level: int) -> Floats:
        """By product the touches of a level."""
        row = np.zeros(self.counts.shape[1], np.float32)
        own = slice(self.counts.indptr[level], self.counts.indptr[level + 1])
        row[self.counts.indices[own]] = self.counts.data[own]
        return row


def everywhere(total: Floats) -> Doubles:
    """By product its share of all touches; what nobody touched has a little, too."""
    smooth = total.astype(np.float64) + _UNTOUCHED
    return np.asarray(smooth / smooth.sum())


@dataclass(frozen=True)
class Touches:
    """Who touched what, and how much it counts, by row."""

    person: Ints32
    item: Ints32
    value: Floats
    items: int
    """How many products there are."""

    def of(self, rows: NDArray[np.bool_]) -> Self:
        """Only these rows."""
        return replace(self, person=self.person[rows], item=self.item[rows], value=self.value[rows])

    @property
    def total(self) -> Floats:
        """By product its touches."""
        return np.bincount(self.item, self.value, self.items).astype(np.float32)


@dataclass(frozen=True)
class Levels:
    """The levels that rows belong to: ``level`` is each row's own, the deepest; -1 none."""

    keys: tuple[str, ...]
    parent: Ints32
    level: Ints32

    def table(self, before: Touches, now: Touches, early: NDArray[np.bool_], least: int) -> Table:
        """The table of touches as they count ``now``, of the strength that foretells the later from the ``early``
        (``before``: as they counted then)."""
        counts = self._counted(before.of(early), self.level[early], least)
        known = ~early & (self.level >= 0)
        share = everywhere(before.of(early).total)[now.item[known]]
        strength = self._strength(counts, self.level[known], now.item[known], share)
        return Table(self.keys, self.parent, self._counted(now, self.level, least), strength)

    def _counted(self, touches: Touches, level: Ints32, least: int) -> sparse.csr_array:
        """Levels x products: touches of each level and of all below it. What fewer than ``least`` people did is left
        out: a village's taste may be one villager's."""
        row = np.flatnonzero(level >= 0)
        cells, at, level = [], level[row], level[row]
        while len(row):
            cells.append((row, at))
            row, at = row[self.parent[at] >= 0], self.parent[at[self.parent[at] >= 0]]
        rows = np.concatenate([row for row, _ in cells]) if cells else np.zeros(0, np.int64)
        at = np.concatenate([at for _, at in cells]) if cells else np.zeros(0, np.int32)
        item, shape = touches.item[rows], (len(self.keys), touches.items)
        counts = sparse.coo_array((touches.value[rows], (at, item)), shape=shape).tocsr()
        once = np.unique(np.stack([at, item, touches.person[rows]]), axis=1)
        people = sparse.coo_array((np.ones(once.shape[1]), (once[0], once[1])), shape=shape).tocsr()
        counts = sparse.csr_array(counts.multiply(people >= least))
        counts.eliminate_zeros()
        return counts

    def _strength(self, counts: sparse.csr_array, level: Ints32, item: Ints32, share: Doubles) -> float:
        """The strength under which these touches, none of which is counted yet, are most likely."""
        if not len(level):
            return STRENGTHS[-1]
        told = [np.log(self._shares(counts, level, item, share, one)).sum() for one in STRENGTHS]
        return STRENGTHS[int(np.argmax(told))]

    def _shares(
        self, counts: sparse.csr_array, level: Ints32, item: Ints32, share: Doubles, strength: float
    ) -> Doubles:
        """Each touch's product's share in its level, with that strength."""
        above = share.copy()
        over = self.parent[level] >= 0
        if over.any():
            above[over] = self._shares(counts, self.parent[level[over]], item[over], share[over], strength)
        held = np.asarray(counts[level, item]).reshape(-1)
        sums = np.asarray(counts.sum(axis=1)).reshape(-1)[level]
        return np.asarray((held + strength * above) / (sums + strength))
