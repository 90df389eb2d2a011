"""The people behind a number: how many, where, on which devices, at which stage. Groups, never a person."""

from collections.abc import Mapping
from typing import Final

import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from detak.insights import few, render
from detak.insights.base import Facts, Report, Shop
from detak.insights.blocks import Block, Note, Row, Table, Words
from detak.insights.stages import Pace, placed, stage
from detak.insights.trail import latest_of
from detak.words import knows, say

SPLITS: Final = ("province", "device", "stage")
NOWHERE: Final = "none"  # who never ordered
_REST: Final = "rest"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Those of the people who have something in common."""

    level: str | None
    """Null: unknown."""
    people: int
    small: bool = False
    """Several groups, each too small to be shown alone."""


class PeopleReport(Report, frozen=True, kw_only=True):
    """How many people stand behind one number of a report, and who they are in groups."""

    report: str
    key: str
    people: int | None
    """Null: fewer than the shop shows, or so few are left of those they are among; and no split either."""
    split: dict[str, list[Group]]

    def blocks(self, shop: Shop) -> list[Block]:
        """A table a split."""
        language = shop.language
        if self.people is None:
            return [Note(say(language, "people.hidden", least=render.whole(shop.min_group, language)))]
        lead = Words([say(language, "people.lead", people=render.whole(self.people, language))])
        if not self.people:
            return [lead]
        heads = [say(language, "people.people"), say(language, "people.share")]
        tables: list[Block] = [
            Table(
                title=say(language, f"people.by_{name}"),
                heads=[say(language, f"people.{name}"), *heads],
                rows=[Row(_cells(group, self.people, language)) for group in groups],
            )
            for name, groups in self.split.items()
        ]
        return [lead, *tables, Note(say(language, "people.united"))]


def reduce_people(people: ir.Table, facts: Facts, whole: ir.Table | None = None) -> dict[str, ir.Table]:
    """``people`` (one column ``subject``): a table a split, of ``level, people``; null is unknown. ``rest``: how many
    of the ``whole`` are not among them.

    Province and device are those that a person's events stated last.
    """
    events = facts.events.semi_join(people, "subject")
    last = events.group_by("subject").agg(
        province=events.province.argmax(events.received, where=events.province.notnull()),
        device=events.device.argmax(events.received, where=events.device.notnull()),
    )
    standing = stage(placed(facts), latest_of(facts), Pace())
    each = people.left_join(last, "subject").left_join(standing, "subject")
    each = each.select("subject", "province", "device", stage=each.stage.fill_null(NOWHERE))
    found = {name: each.group_by(level=each[name]).agg(people=each.subject.nunique()) for name in SPLITS}
    return found if whole is None else {**found, _REST: _others(whole, people)}


def people_report(name: str, key: str, sums: Mapping[str, pa.Table], shop: Shop) -> PeopleReport:
    """What may be said of them: nothing where they are too few."""
    counts = {split: {row["level"]: row["people"] for row in sums[split].to_pylist()} for split in SPLITS}
    total = sum(counts[SPLITS[0]].values())
    rest = sums[_REST]["people"][0].as_py() if _REST in sums else 0
    if few.few(total, shop.min_group) or few.few(rest, shop.min_group):
        return PeopleReport(report=name, key=key, people=None, split={})
    split = {one: grouped(found, shop.min_group) for one, found in counts.items()}
    return PeopleReport(report=name, key=key, people=total, split=split)


def grouped(counts: Mapping[str | None, int], least: int) -> list[Group]:
    """The groups, the largest first; those smaller than ``least`` together, with larger ones until that is enough.

    What is folded is never smaller than ``least`` unless everything is: else it followed from the total.
    """
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0] or ""))
    shown = [one for one in ordered if one[1] >= least]
    folded = sum(count for _, count in ordered[len(shown) :])
    while 0 < folded < least and shown:
        folded += shown.pop()[1]
    groups = [Group(level=level, people=count) for level, count in shown]
    return [*groups, Group(level=None, people=folded, small=True)] if folded else groups


def _others(whole: ir.Table, people: ir.Table) -> ir.Table:
    others = whole.anti_join(people, "subject")
    return others.agg(people=others.subject.nunique())


def _cells(group: Group, total: int, language: str) -> list[str]:
    key = "report.small_groups" if group.small else "report.unknown"
    named = group.level if group.level is not None else say(language, key)
    stage_key = f"stage.{named}"
    label = say(language, stage_key) if knows(language, stage_key) else named
    return [label, render.whole(group.people, language), render.percent(group.people / total, language)]
