"""What is asked of a page: from which shelves, how it is laid out, what must not be on it, and what is tried."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from detak.decide.exploring import Exploration
from detak.decide.page import Layout
from detak.decide.ruling import Ruling


class Order(NamedTuple):
    """One placement's page. Shelves and pins are numbers of shelves and rows in the ``Rows`` it is made from."""

    k: int
    shelves: Sequence[int]
    theirs: Collection[int]
    """What is there for the visitor."""
    shut: Collection[int]
    """What must not be shown."""
    pins: Sequence[tuple[int, int]]
    """The place, from 0, and the row of what the shop has put there."""
    layout: Callable[[int], Layout]
    """Of so many products."""
    exploration: Exploration
    lot: float | None
    """Uniform on [0, 1); None: nothing is tried."""
    ruling: Ruling | None = None
    """By which the shop has products chosen beside one another."""
    now: int = 0
    """Microseconds since 1970, UTC."""
