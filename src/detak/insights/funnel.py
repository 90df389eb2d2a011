"""How far people get through steps, how long it takes them, where they turn back, and where they went then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Any, ClassVar, Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from detak.consent import Purpose
from detak.errors import WordedError
from detak.insights import dimensions, few
from detak.insights.base import Facts, Shop
from detak.insights.funnel_report import After, FunnelReport, Level, Step
from detak.insights.steps import Steps, began, reached
from detak.insights.trail import ATTRIBUTES, visits_of

_MOST_STEPS: Final = 10
_AFTER: Final = 5  # places people went to, of each step


@dataclass(frozen=True)
class Funnel:
    """Counts people, each once, by how far they got at best."""

    insight: ClassVar[str] = "funnel"
    purpose: ClassVar[Purpose] = Purpose.ANALYTICS
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {"by": ATTRIBUTES}
    steps: str = "Product Viewed,Product Added,Checkout Started,Order Completed"
    """Names of events, in order, separated by commas."""
    within: float = 7.0
    """Days from the first step."""
    by: str | None = None
    """What to split by, of ``trail.ATTRIBUTES``: as stated in the person's first visit."""

    def __post_init__(self) -> None:
        """See that the parameters make sense.

        Raises:
            UsageError: they do not.
        """
        names = self.path.names
        if not 2 <= len(names) <= _MOST_STEPS or len(set(names)) < len(names):
            raise WordedError("steps", {"most": _MOST_STEPS})
        if not 0 < self.within <= 3_650:
            raise WordedError("within")
        dimensions.check(self.by, ATTRIBUTES)

    @property
    def path(self) -> Steps:
        """The steps, as they are followed."""
        return Steps(tuple(name.strip() for name in self.steps.split(",") if name.strip()), self.within)

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:
        """``people``: one row, ``people_1`` and so on; ``seconds_2``: from the first step, the median of people.

        ``after``: step, onward, people, of those who got no further; few people's way is left out. ``levels``, with a
        dimension: level, small and ``people_1`` and so on.
        """
        start, further = began(facts, self.path), reached(facts, self.path)
        counts = [start.agg(people_1=start.count())]
        counts += [_timed(events, at) for at, events in enumerate(further, 2)]
        sums = {
            "people": reduce(lambda one, other: one.cross_join(other), counts),
            "after": self._after(start, further, shop),
        }
        return {**sums, "levels": self._levels(facts, start, further, shop)} if self.by else sums

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> FunnelReport:
        """The report."""
        row = sums["people"].to_pylist()[0]
        names = self.path.names
        shown, levels = self._told(row, sums, shop)
        steps = [
            Step(step=name, people=people, seconds=None if people is None else row.get(f"seconds_{at}"))
            for at, (name, people) in enumerate(zip(names, shown, strict=True), 1)
        ]
        return FunnelReport(
            within=self.within,
            by=self.by,
            steps=steps,
            after=[after for at in range(len(names) - 1) for after in self._read_after(sums, at, shown, shop)],
            levels=levels,
            withheld=few.note([*shown, *(people for one in levels for people in one.people)], shop),
        )

    def behind(self, facts: Facts, shop: Shop, key: str) -> ir.Table:  # noqa: ARG002 - the contract's
        """``step:2``: who got to the second step; ``drop:2``: no further; ``after:2:Cart Viewed``: and did that then.

        Raises:
            UsageError: there is no such step.
        """
        kind, _, rest = key.partition(":")
        number, _, onward = rest.partition(":")
        last = len(self.path.names)
        if kind not in ("step", "drop", "after") or not number.isdigit() or not 1 <= int(number) <= last:
            raise WordedError("number", {"number": key[:80], "example": f"step:1, step:{last}, drop:1"})
        stayed = _stayed(began(facts, self.path), reached(facts, self.path), drop=kind != "step")[int(number) - 1]
        chosen = stayed.filter(stayed.onward == onward) if kind == "after" else stayed
        return chosen.select("subject").distinct()

    def whole(self, key: str) -> str | None:
        """Who got to a step is a part of who got to the one before; who went on so, of who got no further."""
        kind, _, rest = key.partition(":")
        number, _, _ = rest.partition(":")
        at = int(number) if number.isdigit() else 0
        wholes = {"step": f"step:{at - 1}" if at > 1 else None, "drop": f"step:{at}", "after": f"drop:{at}"}
        return wholes.get(kind)

    def _read_after(
        self, sums: Mapping[str, pa.Table], at: int, shown: Sequence[int | None], shop: Shop
    ) -> list[After]:
        """Where people went after step ``at``: as many ways that too few are not left over."""
        got = shown[at]
        if got is None:
            return []
        rows = [row for row in _sorted(sums) if row["step"] == at + 1]
        further = next((count for count in shown[at + 1 :] if count is not None), 0)
        while rows and few.few(got - further - sum(row["people"] for row in rows), shop.min_group):
            rows.pop()
        return [After(step=self.path.names[at], then=row["onward"], people=row["people"]) for row in rows]

    def _told(
        self, row: Mapping[str, Any], sums: Mapping[str, pa.Table], shop: Shop
    ) -> tuple[list[int | None], list[Level]]:
        """How many got to each step, and of each level."""
        rows, size = sorted(sums["levels"].to_pylist(), key=_largest) if self.by else [], len(self.path.names)
        if not rows:
            return few.steps(_people(row, size), shop.min_group), []
        every, shown = few.split_steps([_people(one, size) for one in rows], shop.min_group)
        names = [dimensions.name(str(self.by), one["level"], one["small"], shop) for one in rows]
        return every, [Level(level=name, people=people) for name, people in zip(names, shown, strict=True)]

    def _after(self, start: ir.Table, further: list[ir.Table], shop: Shop) -> ir.Table:
        counted = []
        for at, people in enumerate(_stayed(start, further, drop=True)[:-1], 1):
            each = people.group_by("onward").agg(people=people.count())
            shown = each.filter(each.people >= shop.min_group)
            counted.append(shown.order_by([shown.people.desc(), shown.onward]).limit(_AFTER).mutate(step=at))
        return reduce(lambda one, other: one.union(other), counted)

    def _levels(self, facts: Facts, start: ir.Table, further: list[ir.Table], shop: Shop) -> ir.Table:
        visits = visits_of(facts)
        stated = visits.group_by("subject").agg(level=visits[str(self.by)].argmin(visits.start))
        each = start.select("subject").left_join(stated, "subject").select("subject", "level")
        for at, events in enumerate(further, 2):
            there = events.select("subject").distinct().mutate(**{f"people_{at}": 1})
            each = each.left_join(there, "subject").drop("subject_right")
        counts = {f"people_{at}": ibis._[f"people_{at}"].count() for at in range(2, len(further) + 2)}
        grouped = each.group_by("level").agg(people_1=ibis._.count(), **counts)
        marked = few.folded(grouped.mutate(people=grouped.people_1), shop.min_group)
        marked = marked.mutate(level=ibis.ifelse(marked.small, ibis.null("string"), marked.level))
        sums = {f"people_{at}": ibis._[f"people_{at}"].sum() for at in range(1, len(further) + 2)}
        return marked.group_by("level", "small").agg(**sums)


def _timed(events: ir.Table, at: int) -> ir.Table:
    """One row: how many people got to the step, and the median of seconds it took each the first time."""
    each = events.group_by("subject").agg(time=events.time.min(), start=events.start.argmin(events.time))
    seconds = each.time.epoch_seconds() - each.start.epoch_seconds()
    return each.agg(**{f"people_{at}": each.count(), f"seconds_{at}": seconds.median()})


def _stayed(start: ir.Table, further: list[ir.Table], *, drop: bool) -> list[ir.Table]:
    """For each step, ``subject, onward`` of who got there; ``drop``: no further. ``onward``: after the last time."""
    people = [start.select("subject", "onward")]
    for events in further:
        each = events.group_by("subject").agg(onward=events.onward.argmax(events.time))
        people.append(each.select("subject", "onward"))
    if not drop:
        return people
    return [*(one.anti_join(other, "subject") for one, other in pairwise(people)), people[-1]]


def _sorted(sums: Mapping[str, pa.Table]) -> list[dict[str, Any]]:
    return sorted(sums["after"].to_pylist(), key=lambda one: (one["step"], -one["people"], one["onward"]))


def _largest(row: dict[str, Any]) -> tuple[bool, int, str]:
    return row["small"], -row["people_1"], row["level"] or ""


def _people(row: Mapping[str, Any], steps: int) -> list[int]:
    return [row[f"people_{at}"] for at in range(1, steps + 1)]
