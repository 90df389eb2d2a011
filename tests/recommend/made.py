"""Interactions made up for tests, row by row."""

from collections.abc import Sequence

import numpy as np

from detak.recommend.base import History, Interactions
from detak.recommend.content import Details, Items, Kind, Place

HOUR = 3_600_000_000
DAY = 24 * HOUR

Row = tuple[int, int, int, Kind, int]
"""Person, product, microseconds, what, number of the order (-1: none)."""


def made(
    rows: Sequence[Row],
    items: int,
    places: Sequence[Place] = (),
    place: Sequence[int] = (),
    content: Items | None = None,
) -> Interactions:
    """Interactions of these rows, sorted by person and time; as many people as the highest number says."""
    rows = sorted(rows, key=lambda row: (row[0], row[2]))
    people = max((row[0] for row in rows), default=-1) + 1
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    details = Details(
        np.array(columns[3], np.int8),
        np.array(columns[4], np.int64),
        np.array(place or [-1] * people, np.int32),
        tuple(places),
    )
    return Interactions(
        np.array(columns[0], np.int32),
        np.array(columns[1], np.int32),
        np.array(columns[2], np.int64),
        np.ones(len(rows), np.float32),
        np.arange(people, dtype=np.int64),
        tuple(f"p{at}" for at in range(items)),
        details,
        content,
    )


def past(*items: int, time: Sequence[int] = (), kind: Sequence[int] = ()) -> History:
    """A history of these products."""
    return History(
        np.array(items, np.int32),
        np.array(time or [0] * len(items), np.int64),
        np.ones(len(items), np.float32),
        np.array(kind, np.int8) if kind else None,
    )


NONE = np.zeros(0, np.int32)
