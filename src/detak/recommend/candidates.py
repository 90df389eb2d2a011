"""Candidates for a person: what several models would suggest, and how each of them speaks of every one.

One definition serves learning a ranker and answering with it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self

import numpy as np
from scipy import sparse

from detak.recommend.base import Floats, Interactions, Ints, Ints32
from detak.recommend.links import Links

_CELLS: Final = 4_000_000  # of a table people x products that is held at once
_FAR: Final = np.float32(200)  # the place of what a model says nothing of


class Candidates(NamedTuple):
    """For each person a list, one after the other; ``start`` has each list's first row, and the end."""

    item: Ints32
    features: Floats
    start: Ints

    @property
    def person(self) -> Ints:
        """The position of each row's person."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


@dataclass(frozen=True)
class Voices:
    """The models that are heard. ``count``: how often each product was touched; ``late``: how often as the last one of
    a person, which tells what rises from what is over. ``nominees``: how many each of them names."""

    links: Mapping[str, Links]
    count: Floats
    late: Floats
    nominees: int

    @classmethod
    def over(cls, links: Mapping[str, Links], data: Interactions, nominees: int) -> Self:
        """Of models that were fitted on these data."""
        size = len(data.items)
        late = np.bincount(data.item[data.back == 0], minlength=size)
        count = np.bincount(data.item, minlength=size)
        return cls(links, count.astype(np.float32), late.astype(np.float32), nominees)

    def chunks(self, people: int) -> Iterator[Ints]:
        """The people in portions that fit into memory."""
        step = min(1_000, max(1, _CELLS // max(1, len(self.count))))
        for first in range(0, people, step):
            yield np.arange(first, min(first + step, people))

    def candidates(self, histories: Interactions, closed: list[Ints32]) -> Candidates:
        """Of each person, never one of ``closed``, a list a person. Give it no more people than ``chunks`` does."""
        told = [one.told(histories) for one in self.links.values()]
        lists = self._lists(told, closed)
        start = np.concatenate([[0], np.cumsum([len(one) for one in lists])]).astype(np.int64)
        item = np.concatenate([*lists, np.zeros(0, np.int32)]).astype(np.int32)
        found = Candidates(item, np.zeros((0, 0), np.float32), start)
        alone = [one for name, one in self.links.items() if name in _ALONE]
        heard = told + [Links(one.weight, 0.0).told(histories.last(1)) for one in alone]
        columns = [column for one in heard for column in _spoken(one, found)]
        columns += self._known(histories, found)
        return found._replace(features=np.stack(columns, axis=1).astype(np.float32))

    def plain(self, features: Floats) -> Floats:
        """A score without anything learnt: what the models say, each on its own scale, and a little popularity."""
        width = _SPOKEN
        each = sum(features[:, width * at] for at in range(len(self.links)))
        return np.asarray(each + 1e-3 * features[:, -_KNOWN], np.float32)

    def _lists(self, told: list[sparse.csr_array], closed: list[Ints32]) -> list[Ints32]:
        shut = np.zeros(len(self.count), np.bool_)
        popular = np.lexsort((np.arange(len(self.count)), -self.count))[: int((self.count > 0).sum())]
        lists = []
        for person, out in enumerate(closed):
            shut[out] = True
            named = [_strongest(one, person, shut, self.nominees) for one in told]
            near = popular[: self.nominees + len(out)]
            named.append(near[~shut[near]][: self.nominees].astype(np.int32))
            lists.append(np.unique(np.concatenate(named)))
            shut[out] = False
        return lists

    def _known(self, histories: Interactions, found: Candidates) -> list[Floats]:
        """What is known of the candidates and the person beside what the models say."""
        person, item = found.person, found.item
        much = np.log1p(self.count[item])
        rising = np.log(self.late[item] + 0.5) - much
        long = np.log1p(histories.lengths[person])
        touches = sparse.csr_array(
            (np.ones(len(histories.item)), (histories.person, histories.item)),
            shape=(histories.people, len(self.count)),
        ).toarray()
        recent = np.zeros(touches.shape, np.float32)
        recent[histories.person, histories.item] = 1 / (1 + histories.back)  # of several, the last row stays
        return [much, much**2, rising, long, np.log1p(touches[person, item]), recent[person, item]]


_ALONE: Final = ("after", "beside")
"""The models that are also asked about the last touch alone."""
_SPOKEN: Final = 4
_KNOWN: Final = 6


def _strongest(told: sparse.csr_array, person: int, shut: Any, most: int) -> Ints32:
    """The products of one row with the highest positive scores."""
    part = slice(told.indptr[person], told.indptr[person + 1])
    item, value = told.indices[part], told.data[part]
    kept = (value > 0) & ~shut[item]
    item, value = item[kept], value[kept]
    if len(item) > most:
        order = np.lexsort((item, -value)) if len(item) < 64 else np.argpartition(-value, most)
        item = item[order[:most]]
    return np.asarray(item, np.int32)


def _spoken(told: sparse.csr_array, found: Candidates) -> list[Floats]:
    """How a model speaks of each candidate: against its best, its place twice, and the logarithm of the score."""
    person = found.person
    value = np.maximum(told.toarray()[person, found.item], 0)
    begin = found.start[:-1][np.diff(found.start) > 0]
    highest = (
        np.repeat(np.maximum.reduceat(value, begin), np.diff(np.append(begin, len(value)))) if len(value) else value
    )
    share = np.divide(value, highest, out=np.zeros_like(value), where=highest > 0)
    order = np.lexsort((found.item, person - share.astype(np.float64)))
    order = order[np.argsort(person[order], kind="stable")]
    place = np.zeros(len(value), np.float32)
    place[order] = np.arange(len(value)) - np.repeat(found.start[:-1], np.diff(found.start))
    place = np.where(value > 0, place, _FAR)
    return [share, 1 / (1 + place), np.log1p(place), np.log(value + 1e-3)]
