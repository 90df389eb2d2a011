"""What deciding goes on with after a restart: who was shown what, from the facts; what was learnt and spent, from a
file.

The file, ``STORE/decide.json``, names nobody: weights, and what of the day's budget is spent. It is written with every
beat and on closing; offers that were given after that are counted from the facts, at the day's mean cost.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final, NamedTuple

import ibis
import msgspec

from detak.clock import day_of, from_micros
from detak.consent import Purpose
from detak.decide.page import FEATURES, Weights
from detak.decide.rulebook import PERSONAL
from detak.decide.served import Served
from detak.private_files import write_secret
from detak.trust.gate import Gate

_MOST: Final = 300_000  # decisions, the latest
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


def answered_before(gate: Gate, days: int, now: int) -> list[Row]:
    """What was decided within so many days for people who allow personalisation, oldest first."""
    moment = from_micros(now)
    with gate.events(Purpose.PERSONALISATION, before=moment + timedelta(seconds=1), why="go on with limits") as granted:
        shown = granted.facts.decisions
        since = moment.astimezone(UTC).replace(tzinfo=None) - timedelta(days=days)
        latest = shown.filter(shown.received >= since, shown.subject.notnull())
        latest = latest.order_by(ibis.desc("received"), "id").limit(_MOST)
        rows = granted.run(latest.select("subject", "time", "slate", "shelves", "offer").order_by("time")).to_pylist()
    questions: dict[tuple[int, datetime], Row] = {}
    for row in rows:  # the placements of one question were decided together
        key = row["subject"], row["time"]
        one = questions.get(key) or Row(key[0], _micros(key[1]), [], offered=False)
        questions[key] = one._replace(offered=one.offered or row["offer"] is not None)  # not each may have one
        stood = zip(row["slate"] or (), row["shelves"] or (), strict=True)
        one.products.extend(product for product, shelf in stood if shelf in PERSONAL)
    return list(questions.values())


def resumed(rows: list[Row], kept: Kept | None, served: Served, days: int, moment: tuple[int, tzinfo]) -> Spent:
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


def _micros(naive: datetime) -> int:
    return int(naive.replace(tzinfo=UTC).timestamp() * 1_000_000)
