"""Products made up for tests of shelves."""

import numpy as np

from detak.catalogue import UNKNOWN
from detak.recommend.content import Items


def goods(*rows: tuple[str, str, str], labels: dict[int, str] | None = None, price: list[int] | None = None) -> Items:
    """Products from ``(name, category, brand)``; ids p0, p1, ...; categories as paths ``A > B``."""
    return Items(
        ids=tuple(f"p{at}" for at in range(len(rows))),
        name=tuple(row[0] for row in rows),
        category=tuple(tuple(row[1].split(" > ")) if row[1] else () for row in rows),
        brand=tuple(row[2] for row in rows),
        price=np.array(price or [UNKNOWN] * len(rows), np.int64),
        added=np.full(len(rows), UNKNOWN, np.int64),
        labels=tuple(frozenset({labels[at]}) if labels and at in labels else frozenset() for at in range(len(rows))),
    )
