"""Visits: how many, how long, where they begin and end, which of them lead to an order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from detak.consent import Purpose
from detak.errors import WordedError
from detak.insights import dimensions, few
from detak.insights.base import Facts, Shop
from detak.insights.sessions_report import BANDS, Group, Length, SessionsReport
from detak.insights.trail import ATTRIBUTES, PAUSE, Rules, visits, visits_of
from detak.words import say

_RULES: Final = {"pause": (False, False), "midnight": (True, False), "channel": (False, True)}
_NAMES: Final = ("by", "entry", "exit")


@dataclass(frozen=True)
class Sessions:
    """Visits of known people. Those of nobody cannot be told apart, and are not counted."""

    insight: ClassVar[str] = "sessions"
    purpose: ClassVar[Purpose] = Purpose.ANALYTICS
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {"rule": tuple(_RULES), "by": ATTRIBUTES}
    pause: int = PAUSE
    """Minutes without an event after which a visit is over."""
    rule: str = "pause"
    """``midnight``: a visit ends at midnight too; ``channel``: when the person comes by another channel."""
    by: str | None = None
    """What to split by, of ``trail.ATTRIBUTES``."""
    limit: int = 10
    """Pages to show."""

    def __post_init__(self) -> None:
        """See that the parameters make sense.

        Raises:
            UsageError: they do not.
        """
        if not 1 <= self.pause <= 1_440:
            raise WordedError("pause")
        if not 1 <= self.limit <= 1_000:
            raise WordedError("pages")
        if self.rule not in _RULES:
            raise WordedError("choice", {"name": "rule", "value": self.rule[:40], "known": ", ".join(_RULES)})
        dimensions.check(self.by, ATTRIBUTES)

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:
        """``totals``: one row; ``lengths``: band, visits, ordered; ``entry, exit, by``: level, small, and sums."""
        each = self._visits(facts, shop)
        minutes = (each.end.epoch_seconds() - each.start.epoch_seconds()) / 60
        each = each.mutate(minutes=minutes, band=_band(minutes))
        totals = each.agg(
            visits=each.count(),
            people=each.subject.nunique(),
            bounced=(each.events == 1).sum(),
            ordered=each.ordered.sum(),
            events=each.events.sum(),
            minutes=each.minutes.mean(),
            median=each.minutes.median(),
        )
        lengths = each.group_by("band").agg(visits=each.count(), ordered=each.ordered.sum())
        levels = ("entry", "exit") if self.by is None else (self.by, "entry", "exit")
        sums = {name: self._split(each, name, shop) for name in levels}
        return {
            "totals": totals,
            "lengths": lengths,
            **{"by" if name == self.by else name: sums[name] for name in levels},
        }

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> SessionsReport:
        """The report."""
        row = sums["totals"].to_pylist()[0]
        bands = {one["band"]: one for one in sums["lengths"].to_pylist()}
        lengths = [
            Length(band=name, visits=bands[at]["visits"], ordered=bands[at]["ordered"])
            for at, name in enumerate(BANDS)
            if at in bands
        ]
        groups = {name: self._groups(name, sums[name], shop) for name in _NAMES if name in sums}
        return SessionsReport(
            pause=self.pause,
            rule=self.rule,
            visits=row["visits"],
            people=row["people"],
            bounced=row["bounced"] or 0,
            ordered=row["ordered"] or 0,
            events=row["events"] or 0,
            mean_minutes=row["minutes"],
            median_minutes=row["median"],
            lengths=lengths,
            by=self.by,
            levels=groups.get("by", []),
            entry=groups["entry"],
            exit=groups["exit"],
        )

    def behind(self, facts: Facts, shop: Shop, key: str) -> ir.Table:
        """``all``; ``bounced``; ``ordered``; ``length:2``; ``entry:/cart``; ``exit:/cart``; ``device:mobile``; ...

        Raises:
            UsageError: there is no such number.
        """
        each = self._visits(facts, shop)
        kind, _, value = key.partition(":")
        minutes = (each.end.epoch_seconds() - each.start.epoch_seconds()) / 60
        wanted: dict[str, ir.BooleanValue] = {
            "all": each.events > 0,
            "bounced": each.events == 1,
            "ordered": each.ordered,
            **{name: each[name] == value for name in ("entry", "exit", *ATTRIBUTES)},
        }
        if value.isdigit():
            wanted["length"] = _band(minutes) == int(value)
        if kind not in wanted:
            raise WordedError("number", {"number": key[:80], "example": ", ".join(wanted)})
        return each.filter(wanted[kind]).select("subject").distinct()

    def _visits(self, facts: Facts, shop: Shop) -> ir.Table:
        midnight, channel = _RULES[self.rule]
        rules = Rules(self.pause, channel, midnight)
        return visits_of(facts) if rules == Rules() else visits(facts.events, rules, shop.zone)

    def _split(self, each: ir.Table, name: str, shop: Shop) -> ir.Table:
        """The largest levels; the others, and those of few people, together."""
        known = each.filter(each[name].notnull()) if name in ("entry", "exit") else each
        grouped = known.group_by(level=known[name]).agg(
            visits=known.count(),
            people=known.subject.nunique(),
            bounced=(known.events == 1).sum(),
            ordered=known.ordered.sum(),
            minutes=known.minutes.sum(),
        )
        most = [grouped.visits.desc(), grouped.level]
        limit = self.limit if name in ("entry", "exit") else 1_000
        ranked = grouped.mutate(rank=ibis.row_number().over(order_by=most))
        ranked = few.folded(ranked.mutate(small=ranked["rank"] >= limit), shop.min_group)
        folded = ranked.mutate(level=ibis.ifelse(ranked.small, ibis.null("string"), ranked.level))
        counts = ("visits", "bounced", "ordered", "minutes")
        return folded.group_by("level", "small").agg(**{one: folded[one].sum() for one in counts})

    def _groups(self, name: str, rows: pa.Table, shop: Shop) -> list[Group]:
        ordered = sorted(rows.to_pylist(), key=lambda row: (row["small"], -row["visits"], row["level"] or ""))
        return [self._group(name, row, shop) for row in ordered]

    def _group(self, name: str, row: dict[str, Any], shop: Shop) -> Group:
        kind = str(self.by) if name == "by" else name
        folded = row["small"] and name in ("entry", "exit")  # most of them are only further down the list
        others = say(shop.language, "sessions.other_pages")
        return Group(
            level=others if folded else dimensions.name(kind, row["level"], row["small"], shop),
            key=None if row["level"] is None else f"{kind}:{row['level']}",
            visits=row["visits"],
            bounced=row["bounced"],
            ordered=row["ordered"],
            mean_minutes=row["minutes"] / row["visits"],
        )


def _band(minutes: ir.FloatingValue) -> ir.IntegerValue:
    """The number of the band of ``BANDS``."""
    bounds = (0, 1, 3, 10, 30)
    return ibis.cases(*((minutes <= bound, at) for at, bound in enumerate(bounds)), else_=len(bounds))
