"""What deciding goes on with after a restart: who was shown what, from the facts; what was learnt and spent, from a
file.

The file, ``STORE/decide.json``, names nobody: weights, and what of the day's budget is spent. It is written with every
beat and on closing; offers that were given after that are counted from the facts, at the day's mean cost.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, timedelta, tzinfo
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Final, NamedTuple

import ibis
import ibis.expr.types as ir
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detak.clock import day_of, from_micros
from detak.consent import Purpose
from detak.decide.page import FEATURES, Weights
from detak.decide.rulebook import PERSONAL
from detak.decide.served import Served
from detak.insights.base import Facts
from detak.private_files import write_secret
from detak.trust.gate import Gate

_MOST: Final = 300_000  # decisions, the latest
_AT_ONCE: Final = 20_000
_FORMAT: Final = 1


class Spent(NamedTuple):
    """Of a day's budget."""

    day: int = 0
    """Since 1970, by the shop's clock."""
    amount: float = 0.0
    """Minor units, as expected when the offers were given."""
    offers: int = 0
    """How many were given."""

    def on(self, day: int) -> "Spent":
        """The same, or nothing where another day began."""
        return self if self.day == day else Spent(day)

    def more(self, cost: float) -> "Spent":
        """With one offer more."""
        return Spent(self.day, self.amount + cost, self.offers + 1)


class Kept(msgspec.Struct, frozen=True):
    """What the file holds. ``until`` is the moment up to which offers are counted in ``spent``, microseconds UTC."""

    weights: list[float]
    intercept: float
    version: str
    spent: Spent = Spent()
    until: int = 0
    features: tuple[str, ...] = FEATURES
    format: int = _FORMAT

    @property
    def learnt(self) -> Weights:
        """As weights."""
        return Weights(tuple(self.weights), self.intercept, self.version)


class Row(NamedTuple):
    """One question that was answered before."""

    subject: int
    time: int
    """Microseconds since 1970, UTC."""
    products: list[str]
    """Those that were put before the person because of what is known of them."""
    offered: bool


def read_kept(path: Path) -> Kept | None:
    """What was kept; None: nothing, or nothing that this version goes by."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Kept)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    fits = found.format == _FORMAT and found.features == FEATURES and len(found.weights) == len(FEATURES)
    return found if fits else None


def write_kept(path: Path, weights: Weights, spent: Spent, until: int) -> None:
    """Keep it, durably.

    Raises:
        OSError: the disk does not take it.
    """
    kept = Kept(list(weights.weights), weights.intercept, weights.version, spent, until)
    write_secret(path, msgspec.json.encode(kept))


def answered_before(gate: Gate, days: int, now: int) -> Iterator[Row]:
    """What was decided within so many days for people who allow personalisation, oldest first: the latest questions, as
    many as may be remembered, some at a time, for all of them together take more memory than there may be."""
    moment = from_micros(now)
    with gate.events(Purpose.PERSONALISATION, before=moment + timedelta(seconds=1), why="go on with limits") as granted:
        if not granted.run_all("any decisions", _any)["any"]["some"][0].as_py():
            return  # nothing is compiled for a shop that asks for none
        since = moment.astimezone(UTC).replace(tzinfo=None) - timedelta(days=days)
        shown = granted.facts.decisions
        shown = shown.filter(shown.received >= since, shown.subject.notnull())
        latest = granted.run(shown.select("received").order_by(ibis.desc("received")).limit(_MOST))["received"]
        edges = sorted({*latest[::_AT_ONCE].to_pylist(), *latest[-1:].to_pylist()})
        for begin, end in zip_longest(edges, edges[1:]):
            some = shown.filter(shown.received >= begin)
            some = some if end is None else some.filter(some.received < end)
            yield from _rows(granted.run(some.select("subject", "time", "slate", "shelves", "offer").order_by("time")))


def _any(facts: Facts) -> dict[str, ir.Table]:
    return {"any": facts.decisions.aggregate(some=facts.decisions.count() > 0)}


def _rows(decisions: pa.Table) -> Iterator[Row]:
    """The questions that decisions answered, in their order: the placements of one were decided together."""
    shelves, slates = (decisions[name].combine_chunks() for name in ("shelves", "slate"))
    own = pc.is_in(shelves.flatten(), value_set=pa.array(sorted(PERSONAL)))
    products = slates.flatten().filter(own).to_pylist()
    many = np.bincount(pc.list_parent_indices(shelves).filter(own), minlength=len(decisions))
    times, offered = decisions["time"].cast(pa.int64()).to_pylist(), decisions["offer"].is_valid().to_pylist()
    each = zip(decisions["subject"].to_pylist(), times, pairwise([0, *many.cumsum().tolist()]), offered, strict=True)
    questions: dict[tuple[int, int], Row] = {}
    for subject, time, (first, end), offer in each:
        one = questions.get((subject, time)) or Row(subject, time, [], offered=False)
        one.products.extend(products[first:end])
        questions[subject, time] = one._replace(offered=one.offered or offer)  # not each placement may have one
    yield from questions.values()


def resumed(rows: Iterable[Row], kept: Kept | None, served: Served, days: int, moment: tuple[int, tzinfo]) -> Spent:
    """Tell ``served`` of it; what of today's budget is spent.

    Args:
        rows: oldest first.
        kept: from the file.
        served: told of it.
        days: of the limit on what is shown.
        moment: now, microseconds since 1970, and the shop's zone.
    """
    now, zone = moment
    today = day_of(now, zone)
    spent = (kept.spent if kept else Spent()).on(today)
    each = spent.amount / spent.offers if spent.offers else 0.0
    for row in rows:
        served.show(row.subject, row.products, row.time, days)
        if row.offered:
            day = day_of(row.time, zone)
            first = served.give(row.subject, day)
            if first and row.time > (kept.until if kept else 0) and day == today:
                spent = spent.more(each)
    return spent
