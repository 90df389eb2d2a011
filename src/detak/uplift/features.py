"""From the columns of a table to features that are comparable: numbers, and categories one by one.

A number becomes its standardised self, its logarithm where it is skewed, and hinges at its quartiles, so that a linear
model can bend; a category a column for each of its frequent values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detak.uplift.base import Floats

_FEW = 12  # different numbers; with fewer there is nothing to bend
_RARE = 30  # people; a category's value with fewer has no column
_MOST = 40  # values of one category
_HINGES = (0.25, 0.5, 0.75)


class Column(msgspec.Struct, frozen=True):
    """One feature: how it comes from a column of the table, and what makes it comparable."""

    source: str
    value: str | None = None
    """Of a category; None: a number."""
    hinge: float | None = None
    """The number above which it grows; None: it is the number itself."""
    log: bool = False
    centre: float = 0.0
    spread: float = 1.0

    @property
    def name(self) -> str:
        """As a person reads it."""
        if self.value is not None:
            return f"{self.source}={self.value}"
        if self.hinge is not None:
            return f"{self.source}>{self.hinge:g}"
        return f"log {self.source}" if self.log else self.source


@dataclass(frozen=True)
class Encoder:
    """How tables of one kind become features. Made from the people that a model learns from, and kept with it."""

    columns: tuple[Column, ...]

    @classmethod
    def fit(cls, table: pa.Table, names: Sequence[str], *, bend: bool = False) -> "Encoder":
        """Features of these columns. What is the same for everybody tells nothing, and is left out.

        Args:
            table: a row a person.
            names: which columns count.
            bend: whether numbers get hinges.
        """
        found = [one for name in names for one in _columns(name, table[name], bend=bend)]
        scaled = []
        for one in found:
            raw = _raw(one, table)
            if raw.std() > 0:
                scaled.append(msgspec.structs.replace(one, centre=float(raw.mean()), spread=float(raw.std())))
        return cls(tuple(scaled))

    def encode(self, table: pa.Table) -> Floats:
        """(rows, features). A number that is missing is an average one; a value never seen is none of those known."""
        if not self.columns:
            return np.zeros((table.num_rows, 0))
        return np.column_stack([(_raw(one, table) - one.centre) / one.spread for one in self.columns])

    def row(self, values: Mapping[str, float | str | None]) -> Floats:
        """(1, features): one person's, from values by name."""
        sources = {one.source for one in self.columns}
        return self.encode(pa.table({name: [values.get(name)] for name in sources}))


def _columns(name: str, column: pa.ChunkedArray, *, bend: bool) -> list[Column]:
    if not numeric(column.type):
        counts = sorted(pc.value_counts(column.cast(pa.string())).to_pylist(), key=lambda one: -one["counts"])
        often = [one["values"] for one in counts if one["counts"] >= _RARE and one["values"] is not None]
        return [Column(name, value=value) for value in sorted(often[:_MOST])]
    known = column.cast(pa.float64()).drop_null().to_numpy()
    if not len(known):
        return []
    found = [Column(name)]
    if len(np.unique(known)) >= _FEW:
        skewed = bool(known.min() >= 0 and np.mean(known) > 1.2 * np.median(known))
        found += [Column(name, log=True)] if skewed else []
        found += [Column(name, hinge=float(at)) for at in np.unique(np.quantile(known, _HINGES))] if bend else []
    return found


def numeric(kind: pa.DataType) -> bool:
    """Whether a column of this type is a number."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def _raw(one: Column, table: pa.Table) -> Floats:
    column = table[one.source]
    if one.value is not None:
        same = pc.fill_null(pc.equal(column.cast(pa.string()), one.value), False)
        return np.asarray(same.cast(pa.float64()).to_numpy(), dtype=np.float64)
    number = column.cast(pa.float64(), safe=False).to_numpy().astype(np.float64)
    if one.log:
        number = np.log1p(np.maximum(number, 0.0))
    if one.hinge is not None:
        number = np.maximum(number - one.hinge, 0.0)
    gap = np.isnan(number)
    if gap.any():  # centre is 0 until it is known: then the mean of what is there
        number = np.where(gap, one.centre if one.centre or gap.all() else np.nanmean(number), number)
    return np.asarray(number, dtype=np.float64)
