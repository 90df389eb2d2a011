"""Rows that belong together: visits, told by pauses, and orders."""

from typing import Final, NamedTuple

import numpy as np

from detak.recommend.base import Interactions, Ints
from detak.recommend.content import Kind

MINUTE: Final = 60 * 1_000_000
PAUSE: Final = 30 * MINUTE
"""Microseconds without a touch that end a visit, as web analytics has it."""


class Groups(NamedTuple):
    """Some rows of ``Interactions``, and for each of them the number of its group, from 0, never falling."""

    row: Ints
    group: Ints


def visits(data: Interactions, pause: int = PAUSE) -> Ints:
    """For each row the number of its visit. Where times are unknown, all of a person is one visit."""
    new = np.ones(len(data.person), np.bool_)
    new[1:] = (np.diff(data.person) != 0) | (np.diff(data.time) > pause)
    return np.cumsum(new, dtype=np.int64) - 1


def orders(data: Interactions) -> Groups:
    """The rows that were bought, by order.

    A purchase that names no order belongs to its visit. Where it is not known what the touches were, all are taken for
    purchases.
    """
    visit = visits(data)
    if data.details is None:
        return Groups(np.arange(len(visit)), visit)
    row = np.flatnonzero(data.details.kind == Kind.BUY)
    named = data.details.order[row]
    keys = np.stack([data.person[row], np.where(named >= 0, named, visit[row]), named >= 0], axis=1)
    _, group = np.unique(keys, axis=0, return_inverse=True)
    group = group.reshape(-1).astype(np.int64)
    order = np.argsort(group, kind="stable")
    return Groups(row[order], group[order])
