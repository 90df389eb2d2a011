"""The rows of a chunk while they become columns, and which of them are odd. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from detak.amounts import Mask
from detak.reading.intake import Intake

_NONE: Final = type(None)
ID: Final[frozenset[type]] = frozenset({str, int, _NONE})
TEXT: Final[frozenset[type]] = frozenset({str, _NONE})
NUMBER: Final[frozenset[type]] = frozenset({int, float, _NONE})
COUNT: Final[frozenset[type]] = frozenset({int, _NONE})
LIST: Final[frozenset[type]] = frozenset({list, _NONE})
OBJECT: Final[frozenset[type]] = frozenset({dict})


class Rows:
    """The rows so far, and which of them are odd."""

    def __init__(self, rows: int, intake: Intake) -> None:
        self.odd = np.zeros(rows, dtype=np.bool_)
        self.intake = intake

    def typed(self, values: list[Any], allowed: frozenset[type], parents: Sequence[int] | None = None) -> list[Any]:
        """The values; rows with one of another type are odd, and have none."""
        if allowed.issuperset(map(type, values)):
            return values
        wrong = [row for row, value in enumerate(values) if type(value) not in allowed]
        self.odd[wrong if parents is None else [parents[row] for row in wrong]] = True
        for row in wrong:
            values[row] = None
        return values

    def mark_where(self, wrong: Iterable[bool]) -> None:
        """Rows that are odd, one answer a row."""
        self.odd |= np.fromiter(wrong, dtype=np.bool_, count=len(self.odd))

    def mark(self, wrong: Mask, parents: Any = None) -> None:
        """Rows that are odd."""
        if wrong.any():
            self.odd[wrong if parents is None else parents[wrong]] = True


def first(values: list[Any] | None, others: list[Any]) -> list[Any]:
    """Each value, or where there is none the other."""
    return others if values is None else [value or other for value, other in zip(values, others, strict=True)]


def as_text(values: list[Any]) -> list[str | None]:
    """Identifiers that clients may send as numbers, as texts."""
    if TEXT.issuperset(map(type, values)):
        return values
    return [value if value is None else str(value) for value in values]
