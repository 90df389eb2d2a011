"""What the funnel says: steps, where people turn back, where they went then."""

from itertools import pairwise

import msgspec

from detak.insights import few, render
from detak.insights.base import Report, Shop
from detak.insights.blocks import Bar, Bars, Block, Note, Row, Table, Words
from detak.insights.trail import LEFT
from detak.insights.unheard import unheard
from detak.words import say


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step: who got there."""

    step: str
    people: int | None
    """Null: withheld (``few``)."""
    seconds: float | None
    """From the first step, the median of people; null for the first step, and where nobody got here or it is withheld.
    """


class After(msgspec.Struct, frozen=True, kw_only=True):
    """What people did next who got to a step and no further."""

    step: str
    then: str
    """The next event in the same visit; empty: they left."""
    people: int


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """The steps among the people of one level."""

    level: str
    people: list[int | None]
    """Null: withheld (``few``)."""


class FunnelReport(Report, frozen=True, kw_only=True):
    """People by how far they got; each counts once, at the furthest step reached within so many days of the first."""

    within: float
    by: str | None
    steps: list[Step]
    after: list[After]
    levels: list[Level]
    withheld: str | None
    """What is to be said of it, where something is."""

    def blocks(self, shop: Shop) -> list[Block]:
        """Sentences, a bar a step, where they went, the levels."""
        language = shop.language
        if not self.steps[0].people:
            key = "funnel.nothing" if self.steps[0].people == 0 else "funnel.few"
            least = render.whole(shop.min_group, language)
            told = say(language, key, step=render.event(self.steps[0].step, language), least=least)
            return [Words([told, *self._unheard(language)])]
        found: list[Block] = [Words(self._sentences(shop)), self._bars(language)]
        found += [self._after(language)] if self.after else []
        found += [self._levels(language)] if self.levels else []
        found.append(Note(say(language, "funnel.note", days=_days(self.within, language))))
        return [*found, *([Note(self.withheld)] if self.withheld else [])]

    def _sentences(self, shop: Shop) -> list[str]:
        """Of the steps that are told; which are not."""
        language, begin, end = (shop.language, *(render.event(self.steps[at].step, shop.language) for at in (0, -1)))
        told = [(one.step, one.people) for one in self.steps if one.people is not None]
        (_, first), (furthest, last) = told[0], told[-1]
        sentences = []
        if len(told) > 1:
            lead = say(
                language,
                "funnel.lead",
                first=render.whole(first, language),
                last=render.whole(last, language),
                share=render.percent(last / first, language),
                begin=begin,
                end=render.event(furthest, language),
                days=_days(self.within, language),
            )
            sentences = [lead, *_worst(told, language)]
        if self.steps[-1].people is None:
            least = render.whole(shop.min_group, language)
            sentences.append(say(language, "funnel.untold", first=render.whole(first, language), end=end, least=least))
        return [*self._unheard(language), *sentences, *self._quickest(language)]

    def _unheard(self, language: str) -> list[str]:
        """Of the first step that nobody got to, if its name is a strange one."""
        none = next((one.step for one in self.steps if one.people == 0), None)
        return [] if none is None else unheard(none, language)

    def _quickest(self, language: str) -> list[str]:
        last = self.steps[-1]
        if last.seconds is None:
            return []
        return [say(language, "funnel.time", time=duration(last.seconds, language))]

    def _bars(self, language: str) -> Bars:
        total = self.steps[0].people or 0
        bars = [
            Bar(render.event(one.step, language), one.people, _shown(one.people, total, language), key=f"step:{at}")
            if one.people is not None
            else Bar(render.event(one.step, language), 0, few.cell(None, language))
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
                    *(few.cell(count, language) for count in one.people),
                    _share(one.people[0], one.people[-1], language),
                ]
            )
            for one in self.levels
        ]
        return Table(say(language, "funnel.levels"), heads, rows)


def _worst(told: list[tuple[str, int]], language: str) -> list[str]:
    """Between which of the steps that are told most turn back."""
    pairs = [(one, other) for one, other in pairwise(told) if one[1]]
    (here, came), (there, went) = max(pairs, key=lambda pair: pair[0][1] - pair[1][1])
    if came == went:
        return []
    said = {"here": render.event(here, language), "there": render.event(there, language)}
    lost = {"people": render.whole(came - went, language), "share": render.percent((came - went) / came, language)}
    return [say(language, "funnel.worst", **said, **lost)]


def _shown(count: int, total: int, language: str) -> str:
    return f"{render.whole(count, language)} · {render.percent(count / total, language)}"


def _share(first: int | None, last: int | None, language: str) -> str:
    return few.cell(None, language) if not first or last is None else render.percent(last / first, language)


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
