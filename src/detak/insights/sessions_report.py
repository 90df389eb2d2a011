"""What is said of visits."""

from typing import Final

import msgspec

from detak.insights import render
from detak.insights.base import Report, Shop
from detak.insights.blocks import Bar, Bars, Block, Note, Row, Table, Words
from detak.words import say

BANDS: Final = ("0", "1", "1-3", "3-10", "10-30", "30+")
"""Minutes from the first event to the last: none at all (one event), up to one, and so on."""


class Length(msgspec.Struct, frozen=True, kw_only=True):
    """Visits of about one length."""

    band: str
    """Minutes, of ``BANDS``."""
    visits: int
    ordered: int


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Visits that have something in common."""

    level: str
    key: str | None
    """Opens the number; null where several groups stand together."""
    visits: int
    bounced: int
    """Visits of one event."""
    ordered: int
    """Visits with an order."""
    mean_minutes: float


class SessionsReport(Report, frozen=True, kw_only=True):
    """Visits of known people."""

    pause: int
    rule: str
    visits: int
    people: int
    bounced: int
    ordered: int
    events: int
    mean_minutes: float | None
    """From the first event to the last; null without visits."""
    median_minutes: float | None
    lengths: list[Length]
    by: str | None
    levels: list[Group]
    entry: list[Group]
    """By the first page."""
    exit: list[Group]
    """By the last page."""

    def blocks(self, shop: Shop) -> list[Block]:
        """Sentences, lengths, levels, first and last pages."""
        language = shop.language
        if not self.visits:
            return [Words([say(language, "sessions.nothing")])]
        found: list[Block] = [Words(self._sentences(language)), self._lengths(language)]
        found += [_table(f"report.{self.by}", self.levels, language)] if self.levels else []
        found += [_table("sessions.entry", self.entry, language)] if self.entry else []
        found += [_table("sessions.exit", self.exit, language)] if self.exit else []
        return [*found, Note(say(language, f"sessions.rule_{self.rule}", pause=self.pause))]

    def _sentences(self, language: str) -> list[str]:
        lead = say(
            language,
            "sessions.lead",
            visits=render.whole(self.visits, language),
            people=render.whole(self.people, language),
            each=render.decimal(self.visits / self.people, language, 1),
            minutes=render.decimal(self.median_minutes or 0, language, 1),
        )
        shares = say(
            language,
            "sessions.shares",
            bounced=render.percent(self.bounced / self.visits, language),
            ordered=render.percent(self.ordered / self.visits, language),
        )
        return [lead, shares, *self._worst(language)]

    def _worst(self, language: str) -> list[str]:
        """The page that loses most of those who begin there."""
        usual = self.bounced / self.visits
        able = [
            one for one in self.entry if one.key and one.visits >= self.visits / 50 and one.bounced > usual * one.visits
        ]
        if not able:
            return []
        worst = max(able, key=lambda one: one.bounced - usual * one.visits)
        share = render.percent(worst.bounced / worst.visits, language)
        return [say(language, "sessions.worst", page=worst.level, share=share)]

    def _lengths(self, language: str) -> Bars:
        bars = [
            Bar(
                say(language, f"sessions.band_{BANDS.index(one.band)}"),
                one.visits,
                f"{render.whole(one.visits, language)} · {render.percent(one.visits / self.visits, language)}",
                key=f"length:{BANDS.index(one.band)}",
            )
            for one in self.lengths
        ]
        return Bars(say(language, "sessions.lengths"), bars)


def _table(title: str, groups: list[Group], language: str) -> Table:
    keys = ("visits", "bounced", "ordered", "minutes")
    heads = [say(language, title), *(say(language, f"sessions.{key}") for key in keys)]
    rows = [
        Row(
            [
                one.level,
                render.whole(one.visits, language),
                render.percent(one.bounced / one.visits, language),
                render.percent(one.ordered / one.visits, language),
                render.decimal(one.mean_minutes, language),
            ],
            one.key,
        )
        for one in groups
    ]
    return Table(say(language, title), heads, rows)
