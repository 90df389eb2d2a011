"""Evaluation by time: models know what was before a moment, and are asked for what each person touched next, in any
order. All products are ranked; equal scores count against us."""

from typing import Final, NamedTuple

import numpy as np

from detak.recommend.base import Floats, Interactions, Ints
from detak.recommend.evaluate import NOT_FOUND, Scores

_CELLS: Final = 8_000_000


class Split(NamedTuple):
    """``told`` is before the moment; ``histories`` are those of the people who come again, ``next`` what they touched
    at their first moment after it, each product once. One row of people, in the same order."""

    told: Interactions
    histories: Interactions
    next: Interactions


def split(data: Interactions, moment: int, again: bool) -> Split:
    """Parted at ``moment`` (microseconds since 1970, UTC). Unless ``again``, products that a person had had are not
    among those that are asked for. People without a past or without such a product are not asked."""
    told, after = data.rows(data.time < moment), data.rows(data.time >= moment)
    first = after.time == after.time[after.starts[after.person]]
    coming = _once(after.rows(first))
    if not again:
        had = np.unique(_keys(told))
        coming = coming.rows(~np.isin(_keys(coming), had))
    people = np.flatnonzero((told.lengths > 0) & (coming.lengths > 0))
    return Split(told, told.only(people), coming.only(people))


def places(model: Scores, parts: Split, again: bool) -> Ints:
    """The place of each row of ``parts.next`` in its person's ranking, from 1."""
    people, size = parts.histories.people, len(parts.histories.items)
    step = max(1, _CELLS // max(1, size))
    found = [np.zeros(0, np.int64)]
    for first in range(0, people, step):
        part = np.arange(first, min(first + step, people))
        histories, coming = parts.histories.only(part), parts.next.only(part)
        scores = model.scores(histories)
        if not again:
            scores[histories.person, histories.item] = 0
        own = scores[coming.person, coming.item]
        ahead = np.array([(scores[row] >= one).sum() for row, one in zip(coming.person, own, strict=True)], np.int64)
        found.append(np.where(own > 0, ahead, NOT_FOUND))
    return np.concatenate(found)


def figures(place: Ints, coming: Interactions, k: int) -> dict[str, Floats]:
    """By person, for lists of ``k``: ``hit`` (anything of it was shown), ``recall`` (the share of it that was), ``mrr``
    and ``ndcg`` (of the best list there could be)."""
    starts, lengths = coming.starts[:-1], coming.lengths
    inside = place <= k
    ideal = np.concatenate([[0], np.cumsum(1 / np.log2(np.arange(2, k + 2)))])[np.minimum(lengths, k)]
    best = np.minimum.reduceat(place, starts)
    won = np.add.reduceat(np.where(inside, 1 / np.log2(place + 1.0), 0), starts)
    return {
        "hit": np.asarray(best <= k, np.float32),
        "recall": np.asarray(np.add.reduceat(inside.astype(np.float64), starts) / lengths, np.float32),
        "mrr": np.where(best <= k, 1 / best, 0).astype(np.float32),
        "ndcg": np.asarray(won / ideal, np.float32),
    }


def _keys(data: Interactions) -> Ints:
    return np.asarray(data.person.astype(np.int64) * len(data.items) + data.item)


def _once(data: Interactions) -> Interactions:
    """Each product once a person."""
    kept = np.zeros(len(data.item), np.bool_)
    kept[np.unique(_keys(data), return_index=True)[1]] = True
    return data.rows(kept)
