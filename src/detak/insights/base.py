"""The contract of an insight: Ibis tables in, small sums out, and a conclusion drawn from the sums in Python.

An insight is a frozen dataclass with an ``insight`` name; its fields are its parameters. ``reduce`` builds expressions
and touches no data, so that any engine runs it; ``conclude`` sees only the sums, so it is tested without an engine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from detak.consent import Purpose
from detak.errors import WordedError
from detak.insights import terminal
from detak.insights.blocks import Block

if TYPE_CHECKING:
    from detak.insights.trail import Kept


@dataclass(frozen=True)
class Facts:
    """What the gate hands out for one purpose: ``event.EVENTS`` and ``event.ITEMS`` as Ibis tables.

    ``volumes`` (``event.VOLUMES``) counts what came in; nobody is in it, so it is the same for every purpose.
    ``decisions`` (``decision.DECISIONS``) is what was shown; events name the decision they answer. ``kept`` is what can
    be made from the events and was made before: ask ``trail.py`` for it.
    """

    events: ir.Table
    items: ir.Table
    volumes: ir.Table
    decisions: ir.Table
    kept: "Kept | None" = None


@dataclass(frozen=True)
class Shop:
    """What an insight must know of the shop."""

    zone: ZoneInfo
    currency: str
    min_group: int
    language: str  # of labels and sentences in the report: "id" or "en"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A report is a struct that is its own JSON answer, and can say itself in text for a terminal."""

    def blocks(self, shop: Shop) -> list[Block]:  # noqa: ARG002  for those who draw themselves
        """What the report says, block by block, in the shop's language. None: it has a page and a text of its own."""
        return []

    def text(self, shop: Shop) -> str:
        """The report as a person reads it in a terminal, in the shop's language."""
        return terminal.text(self.blocks(shop), shop.language)


class Insight(Protocol):
    """What every member of this folder is."""

    insight: ClassVar[str]
    purpose: ClassVar[Purpose]

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:
        """Named expressions whose results are small: counts, sums, a row a group."""
        ...

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> Report:
        """The report, from the results of ``reduce`` under the same names."""
        ...


@runtime_checkable
class Opens(Protocol):
    """An insight whose numbers open into the people behind them."""

    def behind(self, facts: Facts, shop: Shop, key: str) -> ir.Table:
        """The people behind the number with this key (``blocks.Row.key``): one column ``subject``, each once.

        Raises:
            UsageError: the report has no such number.
        """
        ...


@runtime_checkable
class Parts(Protocol):
    """An insight some of whose numbers are parts of others: few people left beside one tell as much as few in it."""

    def whole(self, key: str) -> str | None:
        """The key of the people that those behind ``key`` are among; None: of nobody else's that is told."""
        ...


@runtime_checkable
class Each(Protocol):
    """An insight that says of single things what it says of all: for whoever may see a person's data."""

    def each(self, facts: Facts, shop: Shop, limit: int) -> dict[str, ir.Table]:
        """Named expressions, as of ``reduce``, with ``limit`` single things at most among their rows."""
        ...

    def conclude_each(self, sums: Mapping[str, pa.Table], shop: Shop) -> list[tuple[int, dict[str, Any]]]:
        """Of each thing whose it is (``subject``), and what is said of it."""
        ...


def check_limit(limit: int) -> None:
    """See that something is asked for.

    Raises:
        UsageError: nothing is.
    """
    if limit < 1:
        raise WordedError("limit")


def local(column: ir.TimestampColumn, zone: ZoneInfo) -> ir.TimestampColumn:
    """A UTC column as wall-clock time of the zone, summer time included, in arithmetic that every engine shares."""
    changes = _offsets(zone)
    if len(changes) == 1:
        return column if not changes[0][1] else column + ibis.interval(seconds=changes[0][1])
    branches = [
        (column < until.replace(tzinfo=None), column + ibis.interval(seconds=offset))
        for (_, offset), (until, _) in pairwise(changes)
    ]
    return ibis.cases(*branches, else_=column + ibis.interval(seconds=changes[-1][1]))


@cache
def _offsets(zone: ZoneInfo) -> tuple[tuple[datetime, int], ...]:
    """When the zone's offset (seconds east) changes, from 1990 to 2050: ``((from, offset), ...)``."""
    hour = 3600
    stamp = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp())
    end = int(datetime(2050, 1, 1, tzinfo=UTC).timestamp())

    def offset(at: int) -> int:
        delta = datetime.fromtimestamp(at, zone).utcoffset()
        return int(delta.total_seconds()) if delta else 0

    found = [(datetime.fromtimestamp(stamp, UTC), offset(stamp))]
    step = 7 * 24 * hour
    while stamp < end:
        if offset(stamp + step) != found[-1][1]:
            low, high = stamp, stamp + step
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if offset(middle) != found[-1][1] else (middle, high)
            found.append((datetime.fromtimestamp(high, UTC), offset(high)))
        stamp += step
    return tuple(found)
