"""The contract of a recommender: ``fit`` makes an immutable model; a model scores products for a history, with reasons.

Products are numbers here, positions in ``Interactions.items``; whoever serves turns them into ids. Nothing here reads
the disk or asks for consent: data comes in as values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from detak.recommend.content import Details, Items

Ints = np.ndarray[Any, np.dtype[np.int64]]
Ints32 = np.ndarray[Any, np.dtype[np.int32]]
Floats = np.ndarray[Any, np.dtype[np.float32]]
NOBODY = -1
"""In ``Scored.because``: no product of the history stands behind it."""


@dataclass(frozen=True)
class Interactions:
    """Who touched which product: rows sorted by person, a person's oldest first. Rows a person, never a pair twice
    unless it happened twice.

    ``time`` is microseconds since 1970, UTC; where times are unknown, 0, and the order of rows is the order of events.
    ``weight`` says how much a touch means (a view 1, a purchase more). ``subjects`` are the people's pseudonyms.
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

    @property
    def starts(self) -> Ints:
        """Where each person's rows begin, and the end: ``people + 1`` positions."""
        return np.searchsorted(self.person, np.arange(self.people + 1, dtype=np.int32)).astype(np.int64)


@dataclass(frozen=True)
class History:
    """What one person touched, oldest first. ``time`` and ``weight`` as in ``Interactions``."""

    item: Ints32
    time: Ints
    weight: Floats

    def __len__(self) -> int:
        """How many touches."""
        return len(self.item)


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


class Model(Protocol):
    """A fitted model. Immutable; any thread asks it."""

    def recommend(self, history: History, k: int, exclude: Ints32, situation: Situation) -> Scored:
        """The best ``k`` products for a history. Never one of ``exclude``; those alike in score by their number."""
        ...

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """What it consists of, by name, to be kept on the disk (npz, never a pickle)."""
        ...


class Recommender(Protocol):
    """What every member of this folder is: a frozen dataclass whose fields are its parameters."""

    recommender: ClassVar[str]

    def fit(self, data: Interactions) -> Model:
        """Learn from interactions. The same data give the same model."""
        ...

    def load(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Model:
        """The model that ``Model.arrays`` came from."""
        ...
