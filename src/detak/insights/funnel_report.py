"""What the funnel says: steps, where people turn back, where they went then."""

from itertools import pairwise

import msgspec

from detak.insights import render
from detak.insights.base import Report, Shop
from detak.insights.blocks import Bar, Bars, Block, Note, Row, Table, Words
from detak.insights.trail import LEFT
from detak.words import say


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step: who got there."""

    step: str
    people: int
    seconds: float | None
    """From the first step, the median of people; null for the first step, and where nobody got here."""


class After(msgspec.Struct, frozen=True, kw_only=True):
    """What people did next who got to a step and no further."""

    step: str
    then: str
    """The next event in the same visit; empty: they left."""
    people: int


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """The steps among the people of one level."""

    level: str
    people: list[int]


class FunnelReport(Report, frozen=True, kw_only=True):
    """People by how far they got; each counts once, at the furthest step reached within so many days of the first."""

    within: float
    by: str | None
    steps: list[Step]
    after: list[After]
    levels: list[Level]

    def blocks(self, shop: Shop) -> list[Block]:
        """Sentences, a bar a step, where they went, the levels."""
        language = shop.language
        if not self.steps[0].people:
            return [Words([say(language, "funnel.nothing", step=render.event(self.steps[0].step, language))])]
        found: list[Block] = [Words(self._sentences(shop)), self._bars(language)]
        found += [self._after(language)] if self.after else []
        found += [self._levels(language)] if self.levels else []
        return [*found, Note(say(language, "funnel.note", days=_days(self.within, language)))]

    def _sentences(self, shop: Shop) -> list[str]:
        language, first, last = shop.language, self.steps[0], self.steps[-1]
        lead = say(
            language,
            "funnel.lead",
            first=render.whole(first.people, language),
            last=render.whole(last.people, language),
            share=render.percent(last.people / first.people, language),
            begin=render.event(first.step, language),
            end=render.event(last.step, language),
            days=_days(self.within, language),
        )
        pairs = [(one, other) for one, other in pairwise(self.steps) if one.people]
        worst = max(pairs, key=lambda pair: pair[0].people - pair[1].people)
        lost = worst[0].people - worst[1].people
        sentences = [lead]
        if lost:
            sentences.append(
                say(
                    language,
                    "funnel.worst",
                    here=render.event(worst[0].step, language),
                    there=render.event(worst[1].step, language),
                    people=render.whole(lost, language),
                    share=render.percent(lost / worst[0].people, language),
                )
            )
        return [*sentences, *self._quickest(language)]

    def _quickest(self, language: str) -> list[str]:
        last = self.steps[-1]
        if last.seconds is None:
            return []
        return [say(language, "funnel.time", time=duration(last.seconds, language))]

    def _bars(self, language: str) -> Bars:
        total = self.steps[0].people
        bars = [
            Bar(
                render.event(one.step, language),
                one.people,
                f"{render.whole(one.people, language)} · {render.percent(one.people / total, language)}",
                key=f"step:{at}",
            )
            for at, one in enumerate(self.steps, 1)
        ]
        return Bars(say(language, "funnel.title"), bars)

    def _after(self, language: str) -> Table:
        places = {one.step: at for at, one in enumerate(self.steps, 1)}
        heads = [say(language, f"funnel.{key}") for key in ("step", "then", "people")]
        rows = [
            Row(
                [render.event(one.step, language), _then(one.then, language), render.whole(one.people, language)],
                f"after:{places[one.step]}:{one.then}",
            )
            for one in self.after
        ]
        return Table(say(language, "funnel.after"), heads, rows, left=2)

    def _levels(self, language: str) -> Table:
        heads = [say(language, f"report.{self.by}"), *(render.event(one.step, language) for one in self.steps)]
        heads.append(say(language, "funnel.share"))
        rows = [
            Row(
                [
                    one.level,
                    *(render.whole(count, language) for count in one.people),
                    render.percent(one.people[-1] / one.people[0], language),
                ]
            )
            for one in self.levels
        ]
        return Table(say(language, "funnel.levels"), heads, rows)


def duration(seconds: float, language: str) -> str:
    """``3 menit``, ``5 jam``, ``2 hari``."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size or unit == "minutes":
            return say(language, f"duration.{unit}", count=render.whole(seconds / size, language))
    raise AssertionError


def _then(event: str, language: str) -> str:
    return say(language, "funnel.left") if event == LEFT else render.event(event, language)


def _days(within: float, language: str) -> str:
    return render.whole(within, language) if float(within).is_integer() else render.decimal(within, language, 2)
