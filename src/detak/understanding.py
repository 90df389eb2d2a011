"""What the facts say: reports, the period before beside them, and the people behind their numbers."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from functools import cache, partial
from typing import Final, NamedTuple, get_type_hints

import ibis.expr.types as ir
import msgspec

from detak import __version__
from detak.answer_files import Told
from detak.beat import Ended, never
from detak.consent import Purpose
from detak.counting import Counting
from detak.errors import CannotComputeError, UsageError, WordedError
from detak.estimates.usual_hours import UsualHours
from detak.insights import filters, own_hours
from detak.insights.base import Each, Facts, Insight, Opens, Parts, Report, Shop
from detak.insights.compare import Compared, differences
from detak.insights.filters import Filters
from detak.insights.people import PeopleReport, people_report, reduce_people
from detak.insights.period import Period
from detak.questions import Answer, Question, asked, report_names
from detak.settings import Settings
from detak.told import Given
from detak.trust.gate import Gate
from detak.trust.passages import Granted, Person
from detak.words import LANGUAGES

_AT_ONCE: Final = 20.0  # seconds
_PATIENCE: Final = 0.7  # seconds that somebody before a page waits


class Soon(NamedTuple):
    """What can be said at once."""

    told: Told | None
    """Null: nothing yet."""
    counting: bool
    """Whether it is being made, or made anew: whoever asks again finds it."""


class Understanding:
    """The reports of one shop, through its gate.

    Args:
        gate: the only door to the facts.
        settings: of the shop.
        ready: waits until what came in before is among the facts.
        given: what took long and may be given again.
    """

    def __init__(self, gate: Gate, settings: Settings, ready: Callable[[], None], given: Given) -> None:
        self._gate = gate
        self._settings = settings
        self._ready = ready
        self._counting: Counting[Told] = Counting()
        self.given = given

    def close(self) -> None:
        """Wait for reports that nobody waits for any more; begin none."""
        self._counting.close()

    def shop(self, language: str | None = None) -> Shop:
        """What an insight must know of the shop.

        Raises:
            UsageError: there is no such language.
        """
        chosen = language or self._settings.language
        if chosen not in LANGUAGES:
            raise UsageError(f"there is no language {chosen!r}; there are: {', '.join(LANGUAGES)}")
        return Shop(self._settings.timezone, self._settings.currency, self._settings.min_group, chosen)

    def report(self, question: Question) -> Report:
        """A report on everything that its purpose may see, or who is behind one of its numbers: see ``told``."""
        return self.told(question).report

    def told(self, question: Question) -> Told:
        """Compute a report on what its purpose may see now. Where that takes long and it was answered before, that
        answer again, unless somebody who was in it refuses or was removed since.

        Raises:
            UsageError: there is no such report, parameter, filter or number.
        """
        insight, narrow = asked(question)
        periods = self._periods(question, narrow)
        return _together(periods, [self._reported(question, insight, narrow, one) for one in periods])

    def soon(self, question: Question) -> Soon:
        """The same without waiting: what can be said in a moment, or was answered before, however long ago; and
        it goes on being made behind that. Where no answer is given again, it is waited for.

        Raises:
            UsageError: there is no such report, parameter, filter or number.
            BusyError: too many reports are being made.
        """
        insight, narrow = asked(question)
        if not self._gate.repeats or insight.purpose is Purpose.ESSENTIAL:
            return Soon(self.told(question), counting=False)
        periods, now = self._periods(question, narrow), datetime.now(UTC)
        found = [self._before(question, self._key(question, insight, narrow, one), insight) for one in periods]
        there = [told for told in found if told is not None]
        shown = _together(periods, there) if len(there) == len(found) else None
        key = msgspec.json.encode(msgspec.structs.replace(question, anew=False))
        if shown is not None and not question.anew and all(self.given.fresh(told, now) for told in there):
            return Soon(shown, self._counting.busy(key))
        patience = _PATIENCE if question.anew or shown is None else 0
        made = self._counting.ask(key, lambda: self.told(question), patience)
        return Soon(made or shown, made is None)

    def answer(self, question: Question) -> Answer:
        """A report as JSON and as text."""
        told = self.told(question)
        raw = msgspec.Raw(msgspec.json.encode(told.report))
        return Answer(raw, told.report.text(self.shop(question.language)), told.at)

    def renew(self, seconds: float = _AT_ONCE, ended: Ended = never) -> None:
        """Make the plain reports that take long before somebody asks for them; stop once that took so many seconds, or
        all is at an end.

        Those that somebody was taken out of since are made anew, too. Where nothing is kept beforehand no answer is
        given again, and nothing is made here.
        """
        self.given.thin_out()
        until = time.monotonic() + seconds
        for name in report_names() if self._gate.keeps and not ended() else ():
            insight, narrow = asked(Question(name))
            key, kind = self._key(Question(name), insight, narrow, None), _kind(type(insight))
            holds = partial(self._gate.holds, insight.purpose)
            if insight.purpose is not Purpose.ESSENTIAL and self.given.due(key, kind, datetime.now(UTC), holds):
                with self.given.making(key), suppress(CannotComputeError):
                    self._make(key, Question(name), insight, narrow, None)
            if time.monotonic() > until or ended():
                return

    def names(self, question: Question, limit: int) -> list[Person]:
        """The people behind a number themselves, ``limit`` at most: for whoever may see a person's data.

        Where no number is named, what the report says of single things, and whose they are.

        Raises:
            UsageError: there is no such report or number, or its numbers do not open.
        """
        if question.people is None:
            return self._each(question, limit)
        (insight, narrow), shop = asked(question), self.shop(question.language)
        with self._granted(question, insight, f"people behind {question.name}") as granted:
            behind = _behind(question, insight, self._left(granted, narrow, shop), shop, question.people)
            found = granted.run(behind.order_by("subject").limit(limit))["subject"].to_pylist()
        return self._gate.people(insight.purpose, found, why=f"people behind {question.name}")

    def _each(self, question: Question, limit: int) -> list[Person]:
        insight, narrow = asked(question)
        if not isinstance(insight, Each):
            raise UsageError(f"{question.name} says nothing of single people: name the number whose people you want")
        shop, why = self.shop(question.language), f"each of {question.name}"
        with self._granted(question, insight, why) as granted:
            made = insight.each(self._left(granted, narrow, shop), shop, limit)
            found = insight.conclude_each({name: granted.run(table) for name, table in made.items()}, shop)
        people = self._gate.people(insight.purpose, [subject for subject, _ in found], why=why)
        whose = {one.pseudonym: one for one in people}
        return [msgspec.structs.replace(whose[str(subject)], told=told) for subject, told in found]

    def usual_hours(self, purpose: Purpose, subjects: Sequence[int], *, why: str) -> UsualHours:
        """At which hours these people usually come, in this order, by their own clocks.

        Who refuses the purpose is not there for it, and gets the hours of everybody.
        """
        self._ready()
        with self._gate.events(purpose, before=datetime.now(UTC), why=why) as granted:
            asked_of = own_hours.reduce(granted.facts, self.shop(), subjects)
            sums = {name: granted.run(table) for name, table in asked_of.items()}
        return own_hours.conclude(sums, subjects)

    def _periods(self, question: Question, narrow: Filters) -> list[Period | None]:
        """The one that is asked about, and the one that it is compared with."""
        period = narrow.period(datetime.now(self.shop(question.language).zone).date())
        if not question.compare or question.people is not None:
            return [period]
        previous = period.before() if period else None
        if previous is None:
            raise WordedError("compare")
        return [period, previous]

    def _reported(self, question: Question, insight: Insight, narrow: Filters, period: Period | None) -> Told:
        key = self._key(question, insight, narrow, period)
        with self.given.making(key):
            told = None if question.anew else self._before(question, key, insight)
            if told is not None and self.given.fresh(told, datetime.now(UTC)):
                return told
            return self._make(key, question, insight, narrow, period)

    def _before(self, question: Question, key: str, insight: Insight) -> Told | None:
        """What was answered before, if it may be given again."""
        self._ready()  # whoever refused before a crash is left out
        told = self.given.find(key, _kind(type(insight)) if question.people is None else PeopleReport)
        if told is None or told.standpoint is None:
            return None
        if self._gate.stands(insight.purpose, told.standpoint, why=_why(question)):
            return told
        self.given.drop(key)
        return None

    def _make(self, key: str, question: Question, insight: Insight, narrow: Filters, period: Period | None) -> Told:
        began, at = time.monotonic(), datetime.now(UTC)
        with self._granted(question, insight, _why(question)) as granted:
            if question.people is None:
                report = self._computed(granted, question, insight, narrow, period)
            else:
                report = self._people(granted, question, question.people)
        point = None if insight.purpose is Purpose.ESSENTIAL else granted.standpoint  # how the service runs is of now
        told = Told(report, at, time.monotonic() - began, point)
        self.given.put(key, told, partial(self._gate.holds, insight.purpose))
        return told

    def _computed(
        self, granted: Granted, question: Question, insight: Insight, narrow: Filters, period: Period | None
    ) -> Report:
        shop = self.shop(question.language)

        def build(facts: Facts) -> dict[str, ir.Table]:
            kept = filters.narrowed(facts, narrow, period, shop)
            return insight.reduce(kept, shop) | filters.counted(facts, kept, narrow, period, shop)

        sums = granted.run_all(f"report {insight} {narrow} {period} {shop.zone.key} {shop.min_group}", build)
        filters.check(narrow, sums, shop.min_group)
        return insight.conclude(sums, shop)

    def _people(self, granted: Granted, question: Question, key: str) -> PeopleReport:
        shop = self.shop(question.language)
        insight, narrow = asked(question)
        kept = self._left(granted, narrow, shop)
        among = insight.whole(key) if isinstance(insight, Parts) else None
        whole = None if among is None else _behind(question, insight, kept, shop, among)
        behind = reduce_people(_behind(question, insight, kept, shop, key), granted.facts, whole)
        period = narrow.period(datetime.now(shop.zone).date())
        told = behind | filters.counted(granted.facts, kept, narrow, period, shop)
        sums = {name: granted.run(table) for name, table in told.items()}
        filters.check(narrow, sums, shop.min_group)
        return people_report(question.name, key, sums, shop)

    @staticmethod
    def _left(granted: Granted, narrow: Filters, shop: Shop) -> Facts:
        return filters.narrowed(granted.facts, narrow, narrow.period(datetime.now(shop.zone).date()), shop)

    def _key(self, question: Question, insight: Insight, narrow: Filters, period: Period | None) -> str:
        """What tells answers apart, those of another version of this program and of other settings too."""
        shop = self.shop(question.language)
        of_shop = f"{__version__} {shop.zone.key} {shop.currency} {shop.min_group} {shop.language}"
        return f"{insight} {narrow} {period} {question.bots} {question.people!r} {of_shop}"

    def _granted(self, question: Question, insight: Insight, why: str) -> AbstractContextManager[Granted]:
        self._ready()
        now = datetime.now(UTC)
        return self._gate.events(insight.purpose, before=now, why=why, bots=question.bots)


def _behind(question: Question, insight: Insight, kept: Facts, shop: Shop, key: str) -> ir.Table:
    if not isinstance(insight, Opens):
        raise WordedError("closed", {"report": question.name})
    return insight.behind(kept, shop, key)


@cache
def _kind(insight: type[Insight]) -> type[Report]:
    """What the insight concludes."""
    found: type[Report] = get_type_hints(insight.conclude)["return"]
    return found


def _why(question: Question) -> str:
    return f"report {question.name}" if question.people is None else f"people behind {question.name}"


def _together(periods: Sequence[Period | None], told: Sequence[Told]) -> Told:
    """The answer for a period, with that for the one before beside it."""
    if len(told) == 1 or periods[0] is None or periods[1] is None:
        return told[0]
    now, before = told
    both = Compared(
        period=periods[0],
        previous=periods[1],
        now=now.report,
        before=before.report,
        differences=differences(now.report, before.report),
    )
    return Told(both, min(now.at, before.at), now.seconds + before.seconds, None)
