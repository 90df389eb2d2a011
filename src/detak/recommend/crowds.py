"""Many people heard at once: what ``Voices`` says to each of them, in a fraction of the time.

A call of NumPy costs as much for one person as for many, so some people's rows are added up, sorted and described
together. Nothing else is different: the same candidates, the same features, the same reasons.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np

from detak.recommend.base import NOBODY, Floats, Ints, Ints32
from detak.recommend.candidates import FAR, KNOWN, SMALL, SPOKEN, Voices
from detak.recommend.marks import Places
from detak.recommend.ragged import Ragged, highest, loudest, ordered, ranks, tied, valued
from detak.recommend.stack import Weighed

_CELLS: Final = 4_000_000  # people x products that a thread marks at once
_MOST: Final = 32  # people: as many as a mark has bits; what is said to more no longer lies near the processor
_LEAST: Final = np.float32(1e-30)


class Rows(NamedTuple):
    """The rows that some people are answered from: one slot's after the other's, and of each one person's after the
    other's."""

    row: Ints
    weight: Floats
    touch: Ints
    """By row: which touch it is of, a place in ``Ragged.item``."""
    slot: Ints
    lengths: Ints
    """By slot and person: how many rows."""


class Told(NamedTuple):
    """The candidates of each person, one person's after the other's, in the order of their numbers."""

    item: Ints32
    features: Floats
    """Candidates x features: what was said of each."""
    start: Ints
    """Where each person's candidates begin, and the end."""
    histories: Ragged
    rows: Rows
    """What they were told by."""


class _Said(NamedTuple):
    """What is said of products: entries of one slot after another, of a slot one person's after the other's, in any
    order."""

    item: Ints32
    value: Floats
    begin: Ints
    """By slot and person: where the entries begin, and the end."""
    offset: Ints
    """By slot and person: where the person's products begin among those of all people."""


@dataclass(frozen=True)
class Crowds:
    """Asks ``voices``."""

    voices: Voices

    @property
    def most(self) -> int:
        """How many people are heard at once at most."""
        return min(max(1, _CELLS // max(1, self._items)), _MOST)

    def hear(self, histories: Ragged, own: Ragged, closed: Ints32, *, again: bool = False) -> Told:
        """The candidates for histories of products that are known here, of ``most`` people at most.

        Args:
            histories: by person at most ``links.DEPTH`` touches, the last one last.
            own: by person, products that are no candidates.
            closed: products that are nobody's candidates.
            again: whether products of a history are candidates.
        """
        people, size = histories.count, self._items
        place = self._places.of(people * size)
        rows = self._rows(histories)
        said, key = self._candidates(rows, own if again else _both(own, histories), closed)
        start = key.searchsorted(np.arange(people + 1) * size)
        many = start[1:] - start[:-1]
        item = (key - (np.arange(people) * size).repeat(many)).astype(np.int32)
        place[key] = np.arange(1, len(key) + 1, dtype=np.int32)
        features = np.empty((len(self.voices.slots) * SPOKEN + KNOWN, len(key)), np.float32)
        self._say(said, Ragged(item, start), place, features)
        features[-KNOWN : 3 - KNOWN] = self.voices.fame.take(item, axis=1)
        features[3 - KNOWN] = np.log1p(histories.lengths.astype(np.float32)).repeat(many)
        features[-2:] = 0
        if again:
            self._touched(histories, place.take(histories.owner * size + histories.item), features)
        place[key] = 0
        return Told(item, features.T, start, histories, rows)

    def _candidates(self, rows: Rows, own: Ragged, closed: Ints32) -> tuple[_Said, Ints]:
        """What is said, and the keys of the candidates: person times products and the product, in order."""
        place = self._places.of(own.count * self._items)
        said, near = self._entries(rows, own.count, closed, own.longest)
        shut = own.owner * self._items + own.item
        place[shut] = -1
        key = np.concatenate([self._best(said, place, own.longest), self._near(near, place, own.count)])
        place[shut] = 0
        key.sort()
        return said, key[np.concatenate([[True], key[1:] != key[:-1]])] if len(key) else key

    def because(self, told: Told, chosen: Ragged) -> Ints32:
        """For each of the chosen the touch that speaks for it most, over all models, each on its own scale; ``NOBODY``
        where none does."""
        histories, wide = told.histories, chosen.longest
        if not len(histories.item) or not wide:
            return np.full(len(chosen.item), NOBODY, np.int32)
        rank = ranks(chosen.start, chosen.lengths)
        total = _on_one_scale(self._spoken(told, chosen, rank), histories, wide)
        touch, most = loudest(total, histories)
        by = (chosen.owner, rank)
        return np.where(most[by] > 0, histories.item.take(touch[by]), NOBODY).astype(np.int32)

    def _spoken(self, told: Told, chosen: Ragged, rank: Ints) -> Any:
        """What each model says of the chosen, by model, and by touch and ``rank`` of the chosen."""
        size, stack, histories = self._items, self.voices.stack, told.histories
        same, place = self._same(histories), self._places.of(histories.count * size)
        models = int(told.rows.slot.searchsorted(len(self.voices.names)))
        weight, touch, slot = told.rows.weight[:models], told.rows.touch[:models], told.rows.slot[:models]
        at, length = stack.where(told.rows.row[:models])
        person = histories.owner.take(touch)
        here = self._among(chosen, stack.item.take(at), length, person)
        row = np.arange(len(length)).repeat(np.diff(here.searchsorted(np.concatenate([[0], length.cumsum()]))))
        shown = chosen.owner * size + chosen.item
        place[shown] = rank
        column = place.take((person * size).take(row) + stack.item.take(at.take(here)))
        place[shown] = 0
        value = stack.value.take(at.take(here)) * weight.take(row)
        cell = (slot * len(histories.item) + same.take(touch)).take(row)
        cell = cell * chosen.longest + column
        cells = (len(self.voices.names), len(histories.item) * chosen.longest)
        said = np.bincount(cell, value, cells[0] * cells[1])  # whole numbers, where there is nothing to count
        return said.astype(np.float64, copy=False).reshape(cells)

    def _entries(self, rows: Rows, people: int, closed: Ints32, more: int) -> tuple[_Said, Ints32]:
        """What the models say, and the best known products: as many as there may be nominees, and ``more``."""
        nominees = self.voices.nominees
        sums = self.voices.stack.sums(
            Weighed(rows.row, rows.weight, np.concatenate([np.zeros(1, np.int64), rows.lengths.cumsum()]))
        )
        near = self.voices.popular[: nominees + more + len(closed)]
        if len(closed):
            shut = np.zeros(self._items, np.bool_)
            shut[closed] = True
            sums.told[shut.take(sums.item)] = 0
            near = near[~shut.take(near)][: nominees + more]
        offset = np.tile(np.arange(people) * self._items, len(self.voices.slots))
        return _Said(sums.item, sums.told, sums.begin, offset), near

    def _near(self, near: Ints32, place: Ints32, people: int) -> Ints:
        """The keys of each person's best known products."""
        key = (np.arange(people) * self._items)[:, None] + near
        open_ = place.take(key) >= 0
        return key[open_ & (open_.cumsum(axis=1) <= self.voices.nominees)]

    def _best(self, told: _Said, place: Ints32, more: int) -> Ints:
        """The keys of what each model speaks for most, of those alike the lower numbers; ``more`` may be shut."""
        people, nominees = len(told.offset) // len(self.voices.slots), self.voices.nominees
        parts = [np.zeros(0, np.int64)]
        for slot in range(len(self.voices.names)):  # one by one, for models say much of different length
            begin = told.begin[slot * people : (slot + 1) * people + 1]
            parts.append(highest(told.value[begin[0] : begin[-1]], begin - begin[0], nominees + more) + begin[0])
        at = np.concatenate(parts)
        many = np.diff(at.searchsorted(told.begin))
        item = told.item.take(at)
        open_ = (place.take(told.offset.repeat(many) + item) >= 0).nonzero()[0]
        slot_ = np.arange(len(many)).repeat(many).take(open_)
        packed = ordered(slot_, told.value.take(at.take(open_)).view(np.int32), item.take(open_), self._items)
        start = slot_.searchsorted(np.arange(len(many) + 1))
        first = (np.arange(len(slot_)) < (start[:-1] + nominees).repeat(start[1:] - start[:-1])).nonzero()[0]
        return told.offset.take(slot_.take(first)) + tied(packed[0].take(first), packed[1])

    def _say(self, told: _Said, candidates: Ragged, place: Ints32, features: Floats) -> None:
        """What each slot says of every candidate: its share of the highest, its place, and the value itself."""
        slots, wide = len(self.voices.slots), features.shape[1]
        features[: slots * SPOKEN].reshape(slots, SPOKEN, wide)[:] = self._silence[:, None]
        person = np.tile(np.arange(candidates.count), slots)
        at = self._among(candidates, told.item, told.begin[1:] - told.begin[:-1], person)
        at = at[told.value.take(at) > 0]
        start = at.searchsorted(told.begin)
        many = start[1:] - start[:-1]
        pos = place.take(told.offset.repeat(many) + told.item.take(at))
        slot = np.arange(len(many)).repeat(many)
        packed = ordered(slot, told.value.take(at).view(np.int32), pos, wide)
        value, cell = valued(*packed).view(np.float32), tied(*packed)
        cell += (np.arange(len(many)) // (len(many) // slots) * (SPOKEN * wide)).repeat(many) - 1
        rank, speaking = ranks(start, many), many.nonzero()[0]
        highest = np.maximum(value.take(start.take(speaking)), _LEAST).repeat(many.take(speaking))
        said = (value / highest, *self.voices.places.take(rank, axis=1), np.log(value + SMALL))
        flat = features.reshape(-1)
        for at_feature, feature in enumerate(said):
            flat[cell + at_feature * wide] = feature

    def _among(self, some: Ragged, item: Ints32, many: Ints, person: Ints) -> Ints:
        """Which of the items are among the person's of ``some``; so ``many`` of the items are ``person``'s, in turn.

        A bit for each person: of the items of most people none is, and a small table lies near the processor.
        """
        mark = self._marks.of(self._items)
        bit = np.left_shift(np.uint32(1), np.arange(some.count, dtype=np.uint32))
        np.bitwise_or.at(mark, some.item, bit.take(some.owner))
        found = (mark.take(item) & bit.take(person).repeat(many)).nonzero()[0]
        mark[some.item] = 0
        return np.asarray(found)

    def _touched(self, histories: Ragged, pos: Ints32, features: Floats) -> None:
        """How often the person touched each candidate, and how lately."""
        at = pos.nonzero()[0]
        pos = pos.take(at) - 1
        np.add.at(features[-2], pos, np.float32(1))
        np.log1p(features[-2], out=features[-2])
        back = histories.start[1:].repeat(histories.lengths).take(at) - at
        features[-1, pos] = 1 / back.astype(np.float32)  # of several, the last stays

    def _same(self, histories: Ragged) -> Ints32:
        """By touch: of several of one product, the last one, which stands for it."""
        place = self._places.of(histories.count * self._items)
        key = histories.owner * self._items + histories.item
        place[key] = np.arange(len(key), dtype=np.int32)
        same: Ints32 = place.take(key)
        place[key] = 0
        return same

    def _rows(self, histories: Ragged) -> Rows:
        asked = [self.voices.asked(length) for length in histories.lengths.tolist()]
        touch, slot, weight, first, lengths = (np.concatenate([one[at] for one in asked]) for at in (0, 1, 2, 3, -1))
        touch = touch + histories.start[:-1].repeat([len(one.touch) for one in asked])
        order = slot.argsort(kind="stable")
        touch, slot, weight, first = (one.take(order) for one in (touch, slot, weight, first))
        by_slot = lengths.reshape(histories.count, -1).T.reshape(-1)
        return Rows(histories.item.take(touch) + first, weight, touch, slot, by_slot)

    @property
    def _items(self) -> int:
        return self.voices.stack.items

    @cached_property
    def _places(self) -> Places:
        return Places(np.int32)

    @cached_property
    def _marks(self) -> Places:
        return Places(np.uint32)

    @cached_property
    def _silence(self) -> Floats:
        """What a slot is taken to say of what it says nothing of."""
        return np.array([0, *self.voices.places[:, FAR], np.log(SMALL)], np.float32)


def _both(one: Ragged, other: Ragged) -> Ragged:
    """Each person's products of both."""
    item, owner = np.concatenate([one.item, other.item]), np.concatenate([one.owner, other.owner])
    return Ragged(item.take(owner.argsort(kind="stable")), one.start + other.start)


def _on_one_scale(said: Any, histories: Ragged, wide: int) -> Any:
    """Touches x chosen: what all models say (models x touches times chosen), each beside the most that it says to the
    person."""
    speaking = histories.lengths.nonzero()[0]
    most = np.maximum.reduceat(said, histories.start.take(speaking) * wide, axis=1)
    np.maximum(most, 1e-9, out=most)
    said /= most if len(speaking) == 1 else most.repeat(histories.lengths.take(speaking) * wide, axis=1)
    return said.sum(axis=0).reshape(-1, wide)
