"""What the gate hands out, as values."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import ibis.expr.types as ir
import msgspec
import numpy as np
import pyarrow as pa

from detak.insights.base import Facts
from detak.subject import Identifier
from detak.trust.touches import NOTHING, Touches

Subjects = np.ndarray[tuple[int], np.dtype[np.int64]]
RunAll = Callable[[str, Callable[[], Mapping[str, ir.Table]]], dict[str, pa.Table]]


class Standpoint(NamedTuple):
    """What the gate looked at for one purpose: enough to tell later whether anybody in it was taken out since."""

    epoch: int
    """How often facts had been changed or removed."""
    refusing: Mapping[int, int]
    since: datetime | None
    """Older facts did not serve the purpose, UTC."""
    who: tuple[Subjects, ...]
    """Of whom there were facts at all, in order."""
    others: bool = False
    """Whether there may have been others of whom there are facts, who were not counted one by one."""


class Granted:
    """What the gate handed out: tables for one purpose, and the means to compute with them while the block lasts.

    Args:
        build: makes the tables, once they are asked for.
        run: computes an expression.
        run_all: computes what a function makes, without calling it where its key is known already.
        standpoint: for ``Gate.stands``; None: what is drawn from the tables must not be given again.
    """

    def __init__(
        self,
        build: Callable[[], Facts],
        run: Callable[[ir.Table], pa.Table],
        run_all: RunAll,
        standpoint: Standpoint | None,
    ) -> None:
        self._build = build
        self.run = run
        self._run_all = run_all
        self.standpoint = standpoint

    @cached_property
    def facts(self) -> Facts:
        """The tables."""
        return self._build()

    def run_all(self, key: str, build: Callable[[Facts], Mapping[str, ir.Table]]) -> dict[str, pa.Table]:
        """Compute what ``build`` makes of the facts. One key must always stand for the same expressions."""
        return self._run_all(key, lambda: build(self.facts))


class Profile(msgspec.Struct, frozen=True):
    """What one purpose may know of one person. Times are UTC."""

    events: int
    orders: int
    first: datetime | None
    last: datetime | None


class Known(msgspec.Struct, frozen=True):
    """An identifier of somebody."""

    kind: str
    value: str


class United(msgspec.Struct, frozen=True):
    """That ``these`` turned out to be ``whose``: the message that showed it, or who said so. Times are UTC."""

    number: int
    these: list[Known]
    whose: list[Known]
    evidence: str
    time: datetime
    undone: datetime | None


class Identity(msgspec.Struct, frozen=True):
    """Under which identifiers a person is known, and every merge that made it so or was taken back."""

    identifiers: list[Known]
    merges: list[United]


class Member(NamedTuple):
    """One person of an audience, reachable under these identifiers."""

    subject: int
    identifiers: list[Identifier]
    traits: dict[str, Any]


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody by their pseudonym, and the identifiers they are known under."""

    pseudonym: str
    identifiers: list[Known]
    told: dict[str, Any] = {}
    """What a report says of this one, where it says something."""


class Removed(NamedTuple):
    """Somebody who was taken out of the facts and the vault: their numbers there, and how many events they had."""

    subjects: frozenset[int]
    events: int
    owed: int
    """The receipt is owed under this number, until it is certified."""
    wish: str | None


class Unfinished(NamedTuple):
    """A removal that a process left: certify it, once those whom the vault still knows are removed."""

    removed: Removed
    known: list[Identifier]


class Who(NamedTuple):
    """Somebody who is asking, and by whose word."""

    identifiers: Sequence[Identifier]
    session: Sequence[str] = ()
    """Products that they looked at by the asker's own word, oldest first: kept nowhere, and set aside for one who
    refuses."""
    trusted: bool = True
    """If not, a user counts only beside a device that is known to be theirs."""
    alone: bool = False
    """Of the device that is named only what that device did, whoever it belongs to."""


class Visitor(NamedTuple):
    """What one purpose may know, right now, of whoever is asking."""

    subject: int | None
    """Their number; None: a stranger, or somebody who is answered as one."""
    touches: Touches
    bought: Touches
    """Purchases alone: they are remembered longer than what was looked at."""
    removed: Mapping[str, int] = MappingProxyType({})
    """Products that they took out of the cart lately, and when: microseconds since 1970, UTC."""
    others: frozenset[int] = frozenset()
    """Other numbers of theirs: a device that they used before they signed in."""


STRANGER: Final = Visitor(None, NOTHING, NOTHING)
