"""Candidates for a person: what several models would suggest, and how each of them speaks of every one.

A history touches a few rows of each model; only their entries are looked at, never all products. ``compiled``
does the same in a fraction of the time, where there is a compiled kernel; what it is to answer is written here.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple, Self

import numpy as np

from detak.recommend.base import NOBODY, Floats, Interactions, Ints, Ints32
from detak.recommend.links import DEPTH, Links, fading
from detak.recommend.stack import Entries, Stack

FAR: Final = 200  # the place of what a model says nothing of
_ALONE: Final = ("after", "beside")
"""The models that are also asked about the last touch alone."""
SPOKEN: Final = 4
KNOWN: Final = 6
SMALL: Final = np.float32(1e-3)
_ITEM_BITS: Final = 29
_VALUE_BITS: Final = 31


class Heard(NamedTuple):
    """The candidates of one person, in the order of their numbers, and what was said of each."""

    item: Ints32
    features: Floats
    """Candidates x features."""
    history: Ints32
    asked: "Asked"
    entries: Entries


class Told(NamedTuple):
    """The candidates of some people, one person's after the other's, in the order of their numbers."""

    item: Ints32
    features: Floats
    """Candidates x features: what was said of each."""
    start: Ints
    """Where each person's candidates begin, and the end."""


class _Scratch(threading.local):
    """What a thread works with, always back at nothing between two answers."""

    def __init__(self, slots: int, items: int) -> None:
        self.total = np.zeros(slots * items, np.float32)
        self.place = np.zeros(slots * items, np.int32)
        self.shut = np.zeros(items, np.bool_)
        self.mark = np.zeros(items, np.float32)


class Asked(NamedTuple):
    """Which rows a history of some length is answered from, those of one slot after another."""

    touch: Ints
    """By row: which touch of the history it is of."""
    slot: Ints
    """By row: whose it is."""
    weight: Floats
    first: Ints
    """By row: where the rows of its model begin."""
    shift: Ints
    """By row: where the scores of its slot begin."""
    rows: int
    """How many of the rows are of models, before those about the last touch alone."""
    lengths: Ints
    """By slot: how many rows."""


@dataclass(frozen=True)
class Voices:
    """The models that are heard: ``names``, how fast histories fade for each (``decays``), and their rows.

    ``count``: how often each product was touched; ``late``: how often as the last one of a person, which tells what
    rises from what is over. ``nominees``: how many candidates each of them names.
    """

    names: tuple[str, ...]
    decays: tuple[float, ...]
    stack: Stack
    count: Floats
    late: Floats
    nominees: int

    @classmethod
    def over(cls, links: Mapping[str, Links], data: Interactions, nominees: int) -> Self:
        """Of models that were fitted on these data."""
        size = len(data.items)
        late = np.bincount(data.item[data.latest], minlength=size).astype(np.float32)
        count = np.bincount(data.item, minlength=size).astype(np.float32)
        stack = Stack.of([one.weight for one in links.values()], size)
        return cls(tuple(links), tuple(one.decay for one in links.values()), stack, count, late, nominees)

    @cached_property
    def _scratch(self) -> _Scratch:
        return _Scratch(len(self.slots), self.stack.items)

    @cached_property
    def slots(self) -> list[tuple[int, Floats]]:
        """Model and what a touch counts, by how many came after it: each model, and then some about the last alone."""
        whole = [(at, fading(decay)) for at, decay in enumerate(self.decays)]
        last = [(self.names.index(name), np.ones(1, np.float32)) for name in _ALONE if name in self.names]
        return whole + last

    @cached_property
    def _by_length(self) -> dict[int, Asked]:
        return {}

    def asked(self, length: int) -> Asked:
        """For a history of so many touches; what counts too little to be heard makes long ones alike."""
        known = self._by_length.get(length)
        if known is None:
            heard = [(at, weight[:length]) for at, weight in self.slots]
            lengths = [len(weight) for _, weight in heard]
            slot = np.repeat(np.arange(len(lengths)), lengths)
            touch = np.concatenate([length - 1 - np.arange(many) for many in lengths])
            first = np.repeat([at for at, _ in heard], lengths) * self.stack.items
            weight = np.concatenate([weight for _, weight in heard])
            rows = sum(lengths[: len(self.names)])
            known = Asked(touch, slot, weight, first, slot * self.stack.items, rows, np.array(lengths, np.int64))
            self._by_length[length] = known
        return known

    @cached_property
    def popular(self) -> Ints32:
        """Products that anybody touched, the most touched first."""
        order = np.lexsort((np.arange(len(self.count)), -self.count))
        return order[: int((self.count > 0).sum())].astype(np.int32)

    @cached_property
    def fame(self) -> Floats:
        """By product: the logarithm of its touches, the square of that, and whether it rises."""
        much = np.log1p(self.count)
        return np.stack([much, much**2, np.log(self.late + 0.5) - much])

    @cached_property
    def places(self) -> Floats:
        """By place: what is said of it."""
        place = np.arange(max(FAR + 1, (len(self.names) + 1) * self.nominees), dtype=np.float32)
        return np.stack([1 / (1 + place), np.log1p(place)])

    def hear(self, history: Ints32, closed: Ints32) -> Heard:
        """The candidates for a history of products that are known here; never one of ``closed``."""
        history = history[-DEPTH:]
        asked, scratch = self.asked(len(history)), self._scratch
        entries = self.stack.entries(history.take(asked.touch) + asked.first, asked.weight)
        key = asked.shift.take(entries.row) + entries.item
        np.add.at(scratch.total, key, entries.told)
        item = self._named(asked, entries, key, closed)
        features = self._features(item, history)
        scratch.total[key] = 0
        return Heard(item, features, history, asked, entries)

    def because(self, heard: Heard, chosen: Ints32) -> Ints32:
        """For each of the chosen the touch that speaks for it most, over all models, each on its own scale."""
        history, asked, models = heard.history, heard.asked, len(self.names)
        if not asked.rows or not len(chosen):
            return np.full(len(chosen), NOBODY, np.int32)
        place, many, wide = self._scratch.place, len(history), len(chosen)
        place[history] = np.arange(many)  # of several touches of a product, the last one stands for it
        touch = place.take(history).take(asked.touch)
        end = heard.entries.ends[asked.rows - 1]
        item = heard.entries.item[:end]
        place[item] = -1
        place[chosen] = np.arange(wide)
        at = place.take(item)
        here = (at >= 0).nonzero()[0]
        row = heard.entries.row.take(here)
        cell = (asked.slot.take(row) * many + touch.take(row)) * wide + at.take(here)
        said = np.bincount(cell, heard.entries.told.take(here), models * many * wide).reshape(models, many * wide)
        total = (said / np.maximum(said.max(axis=1, keepdims=True), 1e-9)).sum(axis=0).reshape(many, wide)
        loudest = total.argmax(axis=0)
        return np.where(total.max(axis=0) > 0, history.take(loudest), NOBODY).astype(np.int32)

    def plain(self, features: Floats) -> Floats:
        """A score without anything learnt: what the models say, each on its own scale, and a little popularity."""
        each = features[:, : len(self.names) * SPOKEN : SPOKEN].sum(axis=1)
        return np.asarray(each + SMALL * features[:, -KNOWN], np.float32)

    def _named(self, asked: Asked, entries: Entries, key: Ints, closed: Ints32) -> Ints32:
        """What each model would suggest, and what is most popular."""
        shut, place = self._scratch.shut, self._scratch.place
        end = int(entries.ends[asked.rows - 1]) if asked.rows else 0
        key, item = key[:end], entries.item[:end]
        # The last entry of a product stands for it: whoever writes last is found again.
        entry = np.arange(end, dtype=np.int32)
        place[key] = entry
        shut[closed] = True
        value = self._scratch.total.take(key)
        stands = ((place.take(key) == entry) & (value > 0) & ~shut.take(item)).nonzero()[0]
        near = self.popular[: self.nominees + len(closed)]
        near = near[~shut.take(near)][: self.nominees]
        shut[closed] = False
        best = self._best(asked.slot.take(entries.row.take(stands)), value.take(stands), item.take(stands))
        named = np.concatenate([best, near])
        named.sort()
        return named[np.concatenate([[True], named[1:] != named[:-1]])] if len(named) else named

    def _best(self, slot: Ints, value: Floats, item: Ints32) -> Ints32:
        """The strongest of each slot, of those alike the lower number. All three fit into one number to be sorted."""
        low = np.int64((1 << _VALUE_BITS) - 1) - value.view(np.int32)  # floats above 0 are in the order of their bits
        packed = (((slot << _VALUE_BITS) | low) << _ITEM_BITS) | item
        packed.sort()
        begin = packed.searchsorted(np.arange(len(self.names), dtype=np.int64) << (_VALUE_BITS + _ITEM_BITS))
        rank = np.arange(len(packed)) - begin.take(packed >> (_VALUE_BITS + _ITEM_BITS))
        return (packed[rank < self.nominees] & ((1 << _ITEM_BITS) - 1)).astype(np.int32)

    def _features(self, item: Ints32, history: Ints32) -> Floats:
        slots = len(self.slots)
        spoken = slots * SPOKEN
        found = np.empty((spoken + KNOWN, len(item)), np.float32)
        value = self._scratch.total.take((np.arange(slots) * self.stack.items)[:, None] + item)
        np.maximum(value, 0, out=value)
        share = value / np.maximum(value.max(axis=1, initial=0, keepdims=True), np.float32(1e-30))
        place = _placed(value)
        found[0:spoken:SPOKEN] = share
        found[1:spoken:SPOKEN], found[2:spoken:SPOKEN] = self.places.take(place, axis=1)
        found[3:spoken:SPOKEN] = np.log(value + SMALL)
        found[spoken : spoken + 3] = self.fame.take(item, axis=1)
        found[spoken + 3] = np.log1p(np.float32(len(history)))
        # How often the person touched each, and how lately.
        mark = self._scratch.mark
        np.add.at(mark, history, np.float32(1))
        np.log1p(mark.take(item), out=found[spoken + 4])
        mark[history] = 1 / np.arange(len(history), 0, -1, dtype=np.float32)  # of several, the last stays
        mark.take(item, out=found[spoken + 5])
        mark[history] = 0
        return found.T


def _placed(value: Floats) -> Ints:
    """The place of each in its row, the highest first, those alike in their order; ``FAR`` for what is 0."""
    rows, width = value.shape
    packed = -value.view(np.int32).astype(np.int64) << 32 | np.arange(width)
    packed.sort(axis=1)
    place: Any = np.empty(rows * width, np.int64)
    place[(packed & 0xFFFFFFFF) + (np.arange(rows) * width)[:, None]] = np.arange(width)
    return np.where(value > 0, place.reshape(rows, width), FAR)
