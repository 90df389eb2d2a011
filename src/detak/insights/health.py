"""Which sources beat and which have fallen silent, by their own habit of the last four weeks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detak.consent import Purpose
from detak.errors import WordedError
from detak.health import MINUTES, WINDOW_DAYS, Beat, Health, judge
from detak.insights import render
from detak.insights.base import Facts, Report, Shop
from detak.insights.blocks import Block, Words
from detak.insights.volumes import MESSAGES, as_of, this_minute
from detak.words import say

_MINUTE = 60_000_000
_ORDER = ("silent", "beating", "unknown")


class HealthReport(Report, frozen=True, kw_only=True):
    """Every source of the last four weeks, the silent ones first."""

    until: datetime
    sources: list[Health]

    @property
    def silent(self) -> list[Health]:
        """The sources that somebody should look after."""
        return [one for one in self.sources if one.state == "silent"]

    def blocks(self, shop: Shop) -> list[Block]:
        """A sentence for each source."""
        lines = sentences(self.sources, shop)
        for at in range(len(self.silent)):  # they come first
            lines[at] = f"{say(shop.language, 'health.alarm')}: {lines[at]}"
        return [Words(lines or [say(shop.language, "health.nothing")])]


@dataclass(frozen=True)
class SourceHealth:
    """Looks at counts of messages alone: nobody is in them, so it needs nobody's consent."""

    insight: ClassVar[str] = "health"
    purpose: ClassVar[Purpose] = Purpose.ESSENTIAL
    until: datetime = field(default_factory=this_minute)
    """The moment to judge; without a zone it is UTC."""
    minutes: int = MINUTES
    """Minutes of silence before which nobody is called."""

    def __post_init__(self) -> None:
        """See that the parameters make sense.

        Raises:
            UsageError: they do not.
        """
        if self.minutes < 1:
            raise WordedError("minutes")

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:  # noqa: ARG002 - the contract's
        """``beats``: source, received (the minute, UTC), count. A row for each minute that brought something."""
        volumes = facts.volumes
        end = as_of(self.until)
        recent = volumes.filter(
            volumes.outcome.isin(MESSAGES),
            volumes.received > end - timedelta(days=WINDOW_DAYS),
            volumes.received <= end,
        )
        return {"beats": recent.group_by("source", "received").agg(count=ibis._["count"].sum())}

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> HealthReport:  # noqa: ARG002 - the contract's
        """The report, the silent first, then by name."""
        until = as_of(self.until).replace(tzinfo=UTC)
        judged = [judge(name, beat, until, self.minutes) for name, beat in _beats(sums["beats"]).items()]
        sources = sorted((one for one in judged if one), key=lambda one: (_ORDER.index(one.state), one.source))
        return HealthReport(until=until, sources=sources)


def sentences(sources: list[Health], shop: Shop) -> list[str]:
    """What is said of each source, in the shop's language and zone."""
    language = shop.language
    return [
        say(
            language,
            f"health.{one.state}",
            source=one.source,
            last=render.moment(one.last.astimezone(shop.zone), language),
            gap=_span(one.minutes, language),
            expected=render.whole(one.expected, language),
        )
        for one in sources
    ]


def _span(minutes: int, language: str) -> str:
    """A length of time in the unit that fits it."""
    for unit, length in (("days", 2_880), ("hours", 120)):
        if minutes >= length:
            return say(language, f"health.{unit}", count=render.whole(minutes // (length // 2), language))
    return say(language, "health.minutes", count=render.whole(minutes, language))


def _beats(rows: pa.Table) -> dict[str, Beat]:
    found = {}
    for name in sorted(pc.unique(rows["source"]).to_pylist()):
        theirs = rows.filter(pc.equal(rows["source"], name))
        minutes = theirs["received"].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy() // _MINUTE
        found[name] = Beat(minutes, theirs["count"].to_numpy().astype(np.int64))
    return found
