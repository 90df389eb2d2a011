"""The contract of a recommender: ``fit`` makes an immutable model; a model scores products for a history, with reasons.

Products are numbers here, positions in ``Interactions.items``; whoever serves turns them into ids. Nothing here reads
the disk or asks for consent: data comes in as values. A recommender keeps to ``Recommender`` and its model to
``Model``. One more is for those who can: ``Scorer`` (every product at once, what a quick evaluation needs).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Final, NamedTuple, Protocol, Self, runtime_checkable

import numpy as np

from detak.recommend.content import Details, Items

Ints = np.ndarray[Any, np.dtype[np.int64]]
Ints32 = np.ndarray[Any, np.dtype[np.int32]]
Floats = np.ndarray[Any, np.dtype[np.float32]]
NOBODY = -1
"""In ``Scored.because``: no product of the history stands behind it."""


@dataclass(frozen=True)
class Interactions:
    """Who touched which product: rows sorted by person, a person's oldest first. Whoever touched a product twice has
    two rows of it. A person may have no row.

    ``person`` is a position in ``subjects``, the people's pseudonyms; ``item`` one in ``items``, the products' ids.
    ``time`` is microseconds since 1970, UTC; where times are unknown, 0, and the order of rows is the order of events.
    ``weight`` says how much a touch means (a view 1, a purchase more).
    """

    person: Ints32
    item: Ints32
    time: Ints
    weight: Floats
    subjects: Ints
    items: tuple[str, ...]
    details: Details | None = None
    """What the touches were; None: not known, and each counts for what the recommender looks at."""
    content: Items | None = None
    """What the products are; None: not known."""

    @property
    def people(self) -> int:
        """How many people."""
        return len(self.subjects)

    @cached_property
    def starts(self) -> Ints:
        """Where each person's rows begin, and the end: ``people + 1`` positions."""
        return np.searchsorted(self.person, np.arange(self.people + 1, dtype=np.int32)).astype(np.int64)

    @property
    def lengths(self) -> Ints:
        """How many rows each person has."""
        return np.diff(self.starts)

    @property
    def latest(self) -> Ints:
        """The last row of each person who has one."""
        return self.starts[1:][self.lengths > 0] - 1

    @property
    def back(self) -> Ints:
        """For each row, how many of the same person come after it: 0 for the last."""
        return self.starts[1:][self.person] - 1 - np.arange(len(self.person))

    def of(self, person: int) -> "History":
        """What one person touched."""
        rows = slice(int(self.starts[person]), int(self.starts[person + 1]))
        kind = self.details.kind[rows] if self.details else None
        return History(self.item[rows], self.time[rows], self.weight[rows], kind)

    def rows(self, kept: np.ndarray[Any, np.dtype[np.bool_]]) -> Self:
        """Only these rows; the people stay, also those left with none."""
        return self._part(self.person[kept], np.flatnonzero(kept), np.arange(self.people))

    def before_last(self, count: int) -> Self:
        """Each person's rows without the last ``count``."""
        return self.rows(self.back >= count)

    def last(self, count: int) -> Self:
        """Each person's last ``count`` rows."""
        return self.rows(self.back < count)

    def only(self, people: Ints) -> Self:
        """These people alone, in this order (positions in ``subjects``, each at most once). The products stay."""
        lengths = self.lengths[people]
        ends = np.cumsum(lengths)
        rows = np.repeat(self.starts[people] - (ends - lengths), lengths) + np.arange(ends[-1] if len(ends) else 0)
        person = np.repeat(np.arange(len(people), dtype=np.int32), lengths)
        return self._part(person, rows, people)

    def without(self, people: Ints) -> Self:
        """Everybody but these. The products stay, so that a model's numbers keep their meaning."""
        return self.only(np.setdiff1d(np.arange(self.people), people))

    def _part(self, person: Ints32, rows: Ints, people: Ints) -> Self:
        return replace(
            self,
            person=person,
            item=self.item[rows],
            time=self.time[rows],
            weight=self.weight[rows],
            subjects=self.subjects[people],
            details=self.details.part(rows, people) if self.details else None,
        )


def plain(person: Ints32, item: Ints32, subjects: Ints, items: tuple[str, ...]) -> Interactions:
    """Touches of which nothing else is known: without times, each weighs 1. Neither takes memory."""
    time, weight = np.broadcast_to(np.int64(0), item.shape), np.broadcast_to(np.float32(1), item.shape)
    return Interactions(person, item, time, weight, subjects, items)


def sequences(lists: Iterable[Sequence[int]], items: tuple[str, ...]) -> Interactions:
    """Interactions from each person's products, oldest first: times unknown, each touch weighs 1."""
    rows = [np.asarray(row, np.int32) for row in lists]
    item = np.concatenate(rows) if rows else np.zeros(0, np.int32)
    person = np.repeat(np.arange(len(rows), dtype=np.int32), [len(row) for row in rows])
    return plain(person, item, np.arange(len(rows), dtype=np.int64), items)


@dataclass(frozen=True)
class History:
    """What one person touched, oldest first. ``time`` and ``weight`` as in ``Interactions``, ``kind`` as in
    ``Details``: None where it is not known."""

    item: Ints32
    time: Ints
    weight: Floats
    kind: np.ndarray[Any, np.dtype[np.int8]] | None = None

    def __len__(self) -> int:
        """How many touches."""
        return len(self.item)

    def alone(self, items: tuple[str, ...]) -> Interactions:
        """The interactions of this one person."""
        nobody = np.zeros(1, np.int64)
        return Interactions(np.zeros(len(self), np.int32), self.item, self.time, self.weight, nobody, items)


@dataclass(frozen=True)
class Situation:
    """When and where a recommendation is asked for; what is not known is None. Times are microseconds, UTC."""

    now: int = 0
    province: str | None = None
    city: str | None = None
    category: str | None = None
    """Of the page or list it stands on."""
    product: int | None = None
    """The product whose page it stands on."""
    extra: Mapping[str, str] = field(default_factory=dict)


class Scored(NamedTuple):
    """Products, best first: ``item``, ``score``, and for each the product of the history that speaks for it most
    (``NOBODY``: none). All of one length, at most the ``k`` that was asked for."""

    item: Ints32
    score: Floats
    because: Ints32


def _nothing() -> Scored:
    """No product."""
    return Scored(np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.int32))


NOTHING: Final = _nothing()


@dataclass(frozen=True)
class Crowd:
    """People who are answered at once: what each of them touched, and must not be shown (``exclude``, one for each).
    ``closed`` must be shown to nobody."""

    histories: Sequence[History]
    exclude: Sequence[Ints32]
    closed: Ints32 = field(default_factory=lambda: np.zeros(0, np.int32))


class Model(Protocol):
    """A fitted model. Immutable; any thread asks it."""

    def recommend(self, history: History, k: int, exclude: Ints32, situation: Situation) -> Scored:
        """The best ``k`` products for a history. Never one of ``exclude``; those alike in score by their number.

        Products of the history are not left out by themselves: whoever asks puts them into ``exclude`` or does not.
        Products of the history that the model does not know (a number past its own) are passed over.
        """
        ...

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """What it consists of, by name, to be kept on the disk (npz, never a pickle)."""
        ...


@runtime_checkable
class Many(Model, Protocol):
    """A model that answers many people in less time than one after the other."""

    def recommend_many(self, crowd: Crowd, k: int, situation: Situation) -> list[Scored]:
        """For each of the people what ``recommend`` answers, to the precision of floats; one situation for all."""
        ...


@runtime_checkable
class Scorer(Model, Protocol):
    """A model that can score every product for many people at once."""

    def scores(self, histories: Interactions) -> Floats:
        """For each person's history a score of each product: people x items. What it says nothing of is 0."""
        ...


@runtime_checkable
class Recommender(Protocol):
    """What every member of this folder is: a frozen dataclass whose fields are its parameters."""

    recommender: ClassVar[str]

    def fit(self, data: Interactions) -> Model:
        """Learn from interactions. The same data give the same model."""
        ...

    def load(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Model:
        """The model that ``Model.arrays`` came from."""
        ...


@runtime_checkable
class Chooser(Recommender, Protocol):
    """A recommender that chooses its settings by how well they foretell: what takes most of its time, and need not be
    done again for each new touch."""

    def choose(self, data: Interactions) -> Model:
        """A model that knows what is best on these data; it may have been told only a part of them."""
        ...

    def refit(self, data: Interactions, chosen: Any) -> Model:
        """Fitted on these data, as the model ``chosen`` of the same recommender was set on others."""
        ...
