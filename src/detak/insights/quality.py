"""How good the data is: per event and source how much came, what could not be used, and what it lacked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from detak.consent import Purpose
from detak.errors import WordedError
from detak.insights import render
from detak.insights.base import Facts, Report, Shop
from detak.insights.blocks import Block, Row, Table, Words
from detak.insights.problems import problem
from detak.insights.volumes import FLAGS, MESSAGES, as_of, this_minute
from detak.words import say

_FAULTS: Final = 10  # shown of an event
_COLUMNS: Final = ("duplicate", "rejected", "withheld", "late", "missing", "unfit", "bot")


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages came, what became of them (four figures that add up to all), and what was found in them."""

    messages: int = 0
    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0
    withheld: int = 0
    """Covered by no purpose: not kept."""
    late: int = 0
    ahead: int = 0
    bot: int = 0
    missing: int = 0
    """Fields that were expected and not there; a message may lack several."""
    unfit: int = 0
    """Fields that are not what the plan says."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, and how often."""

    outcome: str
    """``rejected``, ``missing``, ``unfit`` or ``bot``."""
    detail: str
    """The reason, the field, the field and its problem, the rule."""
    count: int


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """One event of one source; or a source, or all of them, where ``event`` and ``source`` are null."""

    source: str | None
    event: str | None
    """Empty: the message did not say."""
    volume: Volume
    share: float | None
    """Of all messages; null where there are none."""
    before: int
    """Messages of the equal period before."""
    trend: float | None
    """Change against it: 0.5 is half as much again; null where nothing came then."""
    first: datetime | None
    """The minute (UTC) that brought the first ever."""
    last: datetime | None
    """The minute (UTC) that brought the last."""
    faults: list[Fault] = []


class QualityReport(Report, frozen=True, kw_only=True):
    """Of ``days`` up to ``until``: everything together, each source, each event of each source."""

    until: datetime
    days: int
    total: Quality
    sources: list[Quality]
    events: list[Quality]
    """The most frequent first."""
    more: int
    """Events that are not shown."""

    def blocks(self, shop: Shop) -> list[Block]:
        """The sums, a row an event, and what is wrong most often."""
        language = shop.language
        title = say(language, "quality.title", days=render.whole(self.days, language))
        if not self.total.volume.messages:
            return [Words([title, say(language, "quality.nothing")])]
        heads = [say(language, f"quality.{head}") for head in ("source", "event", "messages", "trend", *_COLUMNS)]
        rows = [Row(_row(one, language)) for one in self.events]
        events = Table(say(language, "quality.by_event"), heads, rows, left=2, more=self.more)
        wrong = self._wrong(language)
        return [Words([title, totals(self.total.volume, language)]), events, *([wrong] if wrong.rows else [])]

    def _wrong(self, language: str) -> Table:
        found = [(one, fault) for one in self.events for fault in one.faults]
        found.sort(key=lambda pair: -pair[1].count)
        rows = [
            Row(
                [
                    str(one.source),
                    name(one.event, language),
                    *told(fault, language),
                    render.whole(fault.count, language),
                ]
            )
            for one, fault in found
        ]
        heads = [say(language, f"quality.{head}") for head in ("source", "event", "kind", "what", "count")]
        return Table(say(language, "quality.wrong"), heads, rows, left=4)


@dataclass(frozen=True)
class DataQuality:
    """Looks at counts of messages alone: nobody is in them, so it needs nobody's consent."""

    insight: ClassVar[str] = "quality"
    purpose: ClassVar[Purpose] = Purpose.ESSENTIAL
    days: int = 7
    """How far back to look; the trend compares with as many days before."""
    source: str | None = None
    """Only this one."""
    limit: int = 50
    """Events to show."""
    until: datetime = field(default_factory=this_minute)
    """The moment to look back from; without a zone it is UTC."""

    def __post_init__(self) -> None:
        """See that the parameters make sense.

        Raises:
            UsageError: they do not.
        """
        for parameter, most in (("days", 3_650), ("limit", 1_000)):
            if not 1 <= getattr(self, parameter) <= most:
                raise WordedError("between", {"name": parameter, "most": f"{most}"})

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:  # noqa: ARG002 - the contract's
        """``events`` and ``sources``: a row each, with ``MESSAGES``, ``FLAGS``, messages, before, first, last.

        ``faults``: source, event, outcome, detail, count. ``shown``: how many events there are.
        """
        volumes = self._counted(facts.volumes)
        events = _sums(volumes, ["source", "event"])
        order = [events.messages.desc(), events.source, events.event]
        wrong = volumes.filter(volumes.current, volumes.detail != "")
        faults = wrong.group_by("source", "event", "outcome", "detail").agg(count=wrong["count"].sum())
        most = [faults["count"].desc(), faults.source, faults.event, faults.outcome, faults.detail]
        return {
            "events": events.order_by(order).limit(self.limit),
            "sources": _sums(volumes, ["source"]),
            "faults": faults.order_by(most).limit(self.limit * _FAULTS),
            "shown": events.agg(events=events.count()),
        }

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> QualityReport:  # noqa: ARG002 - the contract's
        """The report."""
        sources = sums["sources"].to_pylist()
        messages = sum(row["messages"] for row in sources)
        faults: dict[tuple[str, str], list[Fault]] = {}
        for row in sums["faults"].to_pylist():
            fault = Fault(outcome=row["outcome"], detail=row["detail"], count=row["count"])
            faults.setdefault((row["source"], row["event"]), []).append(fault)
        events = [_quality(row, messages, faults) for row in sums["events"].to_pylist()]
        return QualityReport(
            until=as_of(self.until).replace(tzinfo=UTC),
            days=self.days,
            total=_quality(_together(sources), messages, {}),
            sources=sorted((_quality(row, messages, {}) for row in sources), key=_by_volume),
            events=sorted(events, key=_by_volume),
            more=max(0, sums["shown"].to_pylist()[0]["events"] - len(events)),
        )

    def _counted(self, volumes: ir.Table) -> ir.Table:
        """The volumes up to the moment, with ``current`` and ``earlier``: in which of the two periods."""
        end = as_of(self.until)
        start = end - timedelta(days=self.days)
        known = volumes.filter(volumes.received <= end)
        if self.source is not None:
            known = known.filter(known.source == self.source)
        return known.mutate(
            current=known.received > start,
            earlier=(known.received <= start) & (known.received > start - timedelta(days=self.days)),
        )


def totals(volume: Volume, language: str) -> str:
    """One sentence on all messages."""
    figures = {key: render.whole(getattr(volume, key), language) for key in ("messages", *MESSAGES)}
    return say(language, "quality.totals", **figures)


def name(event: str | None, language: str) -> str:
    """An event's name; what is said where a message had none."""
    return event or say(language, "quality.unnamed")


def told(fault: Fault, language: str) -> tuple[str, str]:
    """The kind of a fault, and what it is, in words."""
    return say(language, f"quality.{fault.outcome}"), problem(fault.detail, language)


def change(trend: float | None, language: str) -> str:
    """``+12,5%``; a dash where there is nothing to compare with."""
    return "–" if trend is None else ("+" if trend > 0 else "") + render.percent(trend, language)


def _sums(volumes: ir.Table, by: list[str]) -> ir.Table:
    count, outcome = volumes["count"], volumes.outcome
    message = outcome.isin(MESSAGES)

    def among(rows: ir.BooleanValue) -> ir.IntegerValue:
        return count.sum(where=rows).fill_null(0).cast("int64")

    grouped = volumes.group_by(by).agg(
        **{one: among(volumes.current & (outcome == one)) for one in (*MESSAGES, *FLAGS)},
        messages=among(volumes.current & message),
        before=among(volumes.earlier & message),
        first=volumes.received.min(where=message),
        last=volumes.received.max(where=message),
    )
    return grouped.filter((grouped.messages > 0) | (grouped.before > 0))


def _together(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    rows = list(rows)
    summed = {key: sum(row[key] for row in rows) for key in (*MESSAGES, *FLAGS, "messages", "before")}
    firsts, lasts = ([row[key] for row in rows if row[key]] for key in ("first", "last"))
    return {**summed, "first": min(firsts, default=None), "last": max(lasts, default=None)}


def _quality(row: Mapping[str, Any], messages: int, faults: Mapping[tuple[str, str], list[Fault]]) -> Quality:
    source, event = row.get("source"), row.get("event")
    return Quality(
        source=source,
        event=event,
        volume=Volume(messages=row["messages"], **{key: row[key] for key in (*MESSAGES, *FLAGS)}),
        share=row["messages"] / messages if messages else None,
        before=row["before"],
        trend=row["messages"] / row["before"] - 1 if row["before"] else None,
        first=_utc(row["first"]),
        last=_utc(row["last"]),
        faults=faults.get((str(source), str(event)), [])[:_FAULTS],
    )


def _by_volume(one: Quality) -> tuple[int, str, str]:
    return -one.volume.messages, one.source or "", one.event or ""


def _row(one: Quality, language: str) -> list[str]:
    counts = [render.whole(getattr(one.volume, key), language) for key in ("messages", *_COLUMNS)]
    return [str(one.source), name(one.event, language), counts[0], change(one.trend, language), *counts[1:]]


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None
