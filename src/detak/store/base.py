"""The contract of a store of facts: four tables, appended in order, sealed, erased, read through Ibis."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, Protocol

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from detak.beat import Ended, never
from detak.decision import DECISIONS
from detak.event import EVENTS, ITEMS, VOLUMES
from detak.store.kept import Look

TABLES = {"events": EVENTS, "items": ITEMS, "volumes": VOLUMES, "decisions": DECISIONS}
PERSONS = pa.schema([("subject", pa.int64()), ("person", pa.int64())])
_NONE = DECISIONS.empty_table()
KEY = {"events": "id", "items": "event_id"}


class Batch(NamedTuple):
    """What the sink appends at once. The offset it reached in the log goes with it, or none of it does."""

    events: pa.Table
    items: pa.Table
    volumes: pa.Table
    offset: int
    decisions: pa.Table = _NONE


class Sealing(NamedTuple):
    """A hot tail that is being sealed: its tables, and the offset in the log behind it."""

    tails: dict[str, pa.Table]
    offset: int


class Sealed(NamedTuple):
    """What it was written to, in the store's own terms."""

    parts: tuple[Any, ...]
    keys: tuple[str, ...]


class Reader(Protocol):
    """One consistent view of the facts, valid inside its ``with`` block, for one thread."""

    def table(self, name: str) -> ir.Table:
        """``events``, ``items``, ``volumes`` or ``decisions``; ``persons``: subjects that are another's, and whose; or
        a ``frame``."""
        ...

    def frame(self, name: str, data: pa.Table) -> None:
        """Have a small table of the caller's among the tables, to join with: the people who refused, an audience."""
        ...

    def ready(self, name: str) -> ir.Table:
        """What is kept beforehand under a name."""
        ...

    def run(self, expression: ir.Table) -> pa.Table:
        """Compute an expression."""
        ...

    def run_all(self, key: str, build: Callable[[], Mapping[str, ir.Table]]) -> dict[str, pa.Table]:
        """Compute what ``build`` makes; under a key that was there before, without building and compiling it again."""
        ...

    @property
    def kept(self) -> Look:
        """What was made beforehand, and who did something since."""
        ...

    def keep(
        self,
        key: str,
        build: Callable[[], Mapping[str, ir.Table]],
        orders: Mapping[str, str],
        made: object,
        ended: Ended = never,
    ) -> bool:
        """Make tables that later readers find ``ready``, in these orders; whether they count. Once it has ``ended``
        they do not: what was kept before stays. Under a key that was there before nothing is built and compiled."""
        ...


class Store(Protocol):
    """Facts of one shop. One thread appends, seals, compacts and erases; any thread reads."""

    @property
    def offset(self) -> int:
        """The offset in the log behind the last append."""
        ...

    @property
    def sealed(self) -> int:
        """The offset up to which everything is in sealed files: what the log may forget."""
        ...

    @property
    def rows(self) -> int:
        """Events in sealed files."""
        ...

    @property
    def unsealed_rows(self) -> int:
        """Rows of events, items and decisions that only the hot tail and the log hold."""
        ...

    def known(self, keys: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """For each message key, whether it is among the facts."""
        ...

    def append(self, batch: Batch) -> None:
        """Make a batch part of the hot tail, visible to readers that begin after it."""
        ...

    @property
    def related(self) -> bool:
        """Whether any subject is another's."""
        ...

    def relate(self, persons: Mapping[int, int], *, afresh: bool = False) -> None:
        """Subjects that turned out to be another's. ``afresh``: and no others are. Not kept on the disk."""
        ...

    def begin_seal(self) -> Sealing | None:
        """What is in the hot tail now, to be written; none, if everything is sealed."""
        ...

    def write_seal(self, sealing: Sealing) -> Sealed:
        """Write it where nobody sees it yet. May run in another thread while facts are appended; nothing else may."""
        ...

    def end_seal(self, sealing: Sealing, sealed: Sealed) -> None:
        """Show what was written instead of the tail, and remember the offset: both or neither."""
        ...

    def seal(self) -> None:
        """Move the hot tail into sealed files and remember the offset, both or neither."""
        ...

    def compact(self) -> None:
        """Merge small sealed files."""
        ...

    def outlive(self, received: datetime) -> None:
        """Forget the keys of messages that came in before then (UTC): one of those sent again would count again."""
        ...

    def erase(self, subjects: Iterable[int]) -> int:
        """Remove people from every file; the number of events removed. No byte of them stays in the store's files."""
        ...

    def rewrite(self, rewritten: Mapping[str, Callable[[pa.Table], pa.Table | None]]) -> None:
        """Replace sealed rows, table by table in the order given; None: they stay. The tail is sealed first."""
        ...

    def reader(
        self, *, before: datetime | None = None, since: datetime | None = None
    ) -> AbstractContextManager[Reader]:
        """A view for one question. ``before``, ``since``: what happened (or came in, without a time) only then, UTC."""
        ...

    def look(self) -> Look:
        """What was made beforehand, and who did something since: without opening a view."""
        ...

    def close(self) -> None:
        """Let go of everything; the facts appended but not sealed are still in the log."""
        ...


@cache
def empty(name: str) -> pa.Table:
    """A table of facts without rows."""
    return TABLES[name].empty_table()
