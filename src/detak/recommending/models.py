"""The models of one shop as they live: fitted from the facts, kept on the disk, fitted again, unlearnt, asked.

One thread fits, another takes in what changed in the catalogue, also while a fit goes on; answers wait for neither.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

import msgspec

from detak.catalogue import Snapshot
from detak.clock import from_micros, to_micros
from detak.consent import Purpose
from detak.errors import StoreError, UsageError
from detak.recommend.base import sequences
from detak.recommend.content import items_of
from detak.recommend.reasons import Reason
from detak.recommending.answering import Answering, answering_of, guarded
from detak.recommending.arranging import Arranging
from detak.recommending.asking import Ask, Recommended
from detak.recommending.explaining import Told, reasons_of, told
from detak.recommending.fitted import Fitted, fit_all, fit_first, load
from detak.recommending.fitting import interactions
from detak.recommending.standing_rules import StandingRules
from detak.settings import Settings
from detak.snapshot import read, remove, write
from detak.subject import Identifier
from detak.trust.gate import Gate
from detak.trust.passages import Visitor, Who
from detak.words import LANGUAGES

_LOOK_SECONDS: Final = 5.0  # between two looks at the catalogue
_REST: Final = 20  # of the time that renewing takes, so much passes before the next look,
_LONGEST_REST: Final = 30.0  # but no more seconds than this: what is new is to be shown within a minute
_LEAVE: Final = 1.0  # seconds that a thread has to end by itself
_log = logging.getLogger("detak.recommending.models")


class Shelf(Protocol):
    """The catalogue, as far as models need it."""

    @property
    def version(self) -> int:
        """Another one after each change of a product."""
        ...

    def snapshot(self) -> Snapshot:
        """All products."""
        ...


class FitReport(msgspec.Struct, frozen=True):
    """What came of fitting."""

    version: str
    people: int
    items: int
    touches: int
    seconds: float
    main: str
    """The recommender that answers for a person."""
    chosen: datetime
    """By the touches before then settings were chosen, UTC."""


class Models:
    """Recommendation for one shop. Any thread may call it.

    Args:
        gate: the only door to people.
        catalogue: of the shop.
        settings: the shop's.
        path: where the models are kept; the file is made when they are fitted.
        quietly: runs something where nothing is appended to the facts meanwhile.
        reached: the offset in the log that the facts have reached.
    """

    def __init__(
        self,
        gate: Gate,
        catalogue: Shelf,
        settings: Settings,
        path: Path,
        quietly: Callable[[Callable[[], None]], None],
        reached: Callable[[], int],
    ) -> None:
        self._gate = gate
        self._catalogue = catalogue
        self._settings = settings
        self._path = path
        self._quietly = quietly
        self._reached = reached
        self._changing = threading.RLock()  # held while something is fitted, or unlearnt
        self._answering: Answering | None = None
        self._doubtful = False
        self._gone: set[int] = set()  # who was forgotten while this process ran
        self._writing = threading.Lock()
        self._held: Fitted | None = None  # what was on the disk when somebody in it was forgotten
        self._rest = _LOOK_SECONDS
        self.rules = StandingRules(path.with_name("rules.toml"), settings.timezone)
        """What the shop laid down for its pages and shelves."""
        self._arranging: Arranging | None = None
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self._putting = threading.Lock()

    def warm(self) -> None:
        """Get ready to answer: read the models that are kept, and fill the memory of what people touched last."""
        if self._answering is None:
            with self._changing:
                if self._answering is None:
                    self._show(self._kept() or self._none())
        # Without the lock: what runs where nothing is appended may itself wait for models.
        if not self._gate.remembers:
            self._quietly(self._recall)

    @property
    def ready(self) -> bool:
        """Whether an answer needs nothing but memory."""
        return self._answering is not None and self._gate.remembers

    @property
    def shelves(self) -> list[str]:
        """What can be asked for."""
        return self._asked().shelves

    @property
    def version(self) -> str:
        """Of the models that answer; empty before the first answer."""
        return self._answering.version if self._answering else ""

    def live(self, warmed: Callable[[], None] = lambda: None) -> None:
        """Get ready, and keep up from now on, in threads of its own: with the catalogue, and with the facts.

        ``warmed`` is called once answers need nothing but memory.
        """
        for name, look, begun in (("detak-models", self._refit, warmed), ("detak-shelves", self.renew, None)):
            thread = threading.Thread(target=self._keep_up, args=(look, begun), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Stop keeping up. A fit may take minutes: it is not waited for, and what it comes to is neither kept nor
        shown; the models of before stay on the disk."""
        with self._writing:
            self._ended.set()
        for thread in self._threads:
            thread.join(_LEAVE)

    @property
    def left_working(self) -> bool:
        """Whether a fit goes on after ``close``; nothing comes of it, and the process may end at any moment."""
        return self._ended.is_set() and any(thread.is_alive() for thread in self._threads)

    @property
    def answering(self) -> Answering:
        """What answers are made from now."""
        return self._asked()

    @property
    def shown(self) -> Answering:
        """The same for whoever looks at the rules themselves: what answers were made from last."""
        found = self._answering
        return found if found is not None and self._gate.remembers else self._asked()

    def recommend(self, ask: Ask, *, now: int | None = None) -> Recommended:
        """The best products for whoever asks. From memory; a click that became a fact counts in the next answer.

        ``now`` is the moment it is asked for (microseconds since 1970, UTC); None: this one.

        Raises:
            UsageError: there is no such shelf.
        """
        return self._arranged(self._asked(), ask, _now() if now is None else now)

    def told(self, ask: Ask, language: str | None = None) -> Told:
        """As ``recommend``, each product with its reason in words.

        Raises:
            UsageError: there is no such shelf, or language.
        """
        answering, now = self._asked(), _now()
        found = self._arranged(answering, ask, now)
        return told(answering, ask, found, now, self._language(language))

    def told_many(self, ask: Ask, people: Sequence[Sequence[Identifier]], language: str | None = None) -> list[Told]:
        """What ``told`` answers to each of these people, in less time than one after the other.

        Raises:
            UsageError: there is no such shelf, or language.
        """
        answering, now, language = self._asked(), _now(), self._language(language)
        visitors = self._visitors(ask, people)
        if ask.placement is None:
            found = answering.recommend_many(ask, visitors, now)
        else:
            found = self._rules_over(answering, now).recommend_many(ask, ask.placement, visitors, now)
        return [told(answering, ask, one, now, language) for one in found]

    @property
    def people(self) -> list[int]:
        """The pseudonyms of those whom the models learnt from, in order."""
        return self._asked().people

    def reasons(self, ask: Ask, found: Recommended) -> list[Reason]:
        """Why each product of an answer to ``ask`` is there."""
        return reasons_of(self._asked(), ask, found, _now())

    def rank(self, ask: Ask) -> Recommended:
        """The products ``ask.among``, all of them, those first that whoever asks is likeliest to want.

        Products that nothing is known of come last, as they were sent; so do those that are hidden or sold out.
        """
        return self._asked().rank(ask, self._visitor(ask), _now())

    def ranked(self, ask: Ask, language: str | None = None) -> Told:
        """As ``rank``, each product with its reason in words.

        Raises:
            UsageError: there is no such shelf, or language.
        """
        answering, now = self._asked(), _now()
        return told(answering, ask, answering.rank(ask, self._visitor(ask), now), now, self._language(language))

    def fit(self, *, whole: bool = False) -> FitReport:
        """Fit every recommender on all that personalisation may use now; keep the models, and answer with them.

        Settings that were chosen lately stay as far as they hold (``fitted.holds``), unless ``whole``.
        """
        with self._changing:
            now, began, reached = datetime.now(UTC), time.monotonic(), self._reached()
            data = interactions(self._gate, self._catalogue.snapshot(), self._settings.currency, now)
            standing = self._answering.fitted if self._answering else self._kept()
            made, zone = to_micros(now), self._settings.zone
            if standing is None or standing.provisional:
                self._show(fit_first(data, zone=zone, made=made, reached=reached))
            fitted = fit_all(data, zone=zone, made=made, reached=reached, last=None if whole else standing)
            fitted = replace(fitted, seconds=time.monotonic() - began)
            self._keep(fitted)
            self._show(fitted)
            self._doubtful = False
        seconds, chosen = round(fitted.seconds, 3), from_micros(fitted.chosen)
        return FitReport(fitted.version, data.people, len(data.items), len(data.item), seconds, fitted.main, chosen)

    def disown(self, subjects: Iterable[int]) -> None:
        """Let go at once of what is kept on the disk: these people are in it. ``unlearn`` comes after."""
        with self._writing:
            self._gone.update(subjects)
            if self._answering is None:
                self._held = self._kept()
            remove(self._path)

    def unlearn(self, subjects: Iterable[int]) -> None:
        """Make the models what they would be if these people had never been, in memory and on the disk."""
        with self._changing:
            fitted = self._answering.fitted if self._answering else self._held
            self._held = None
            if fitted is None:
                return
            if self._doubtful:
                self.fit()
                return
            content = items_of(self._catalogue.snapshot().products, fitted.data.items, self._settings.currency)
            left = fitted.described(content).without(subjects)
            self._keep(left)
            if self._answering is not None and left.data.people < fitted.data.people:
                self._show(left)

    def _arranged(self, answering: Answering, ask: Ask, now: int) -> Recommended:
        if ask.placement is None:
            return answering.recommend(ask, self._visitor(ask), now)
        return self._rules_over(answering, now).recommend(ask, ask.placement, self._visitor(ask), now)

    def _rules_over(self, answering: Answering, now: int) -> Arranging:
        rules, arranging = self.rules.standing(now).shelves, self._arranging
        if arranging is None or arranging.answering is not answering or arranging.rules is not rules:
            arranging = self._arranging = Arranging(answering, rules, self._settings.currency)
        return arranging

    def _recall(self) -> None:
        if not self._gate.remembers:
            self._gate.recall()

    def doubt(self) -> None:
        """Who is one person has changed: models are fitted again soon, and before anybody is forgotten."""
        self._doubtful = True

    def _asked(self) -> Answering:
        if not self.ready:
            self.warm()
        answering, categories = self._answering, self.rules.standing().guardrails.sensitive
        assert answering is not None  # noqa: S101 - warm has seen to it
        if answering.guarded == categories:
            return answering
        with self._putting:
            assert self._answering is not None  # noqa: S101
            self._answering = guarded(self._answering, categories)
            return self._answering

    def _visitor(self, ask: Ask) -> Visitor:
        return self._visitors(ask, [ask.identifiers])[0]

    def _visitors(self, ask: Ask, people: Sequence[Sequence[Identifier]]) -> list[Visitor]:
        return self._gate.recent(Purpose.PERSONALISATION, [Who(one, ask.session, ask.trusted) for one in people])

    def _language(self, language: str | None) -> str:
        if language is not None and language not in LANGUAGES:
            raise UsageError(f"there is no language {language!r}; there are: {', '.join(LANGUAGES)}")
        return language or self._settings.language

    def renew(self) -> None:
        """Take in what changed in the catalogue: what came in, is sold out, or is hidden."""
        answering = self._answering
        if answering is not None and answering.catalogue.version != self._catalogue.version:
            self._show(answering.fitted, answering)
        if self._answering is not None:
            self.rules.hold_to(self._answering.content, self._settings.currency)

    def _keep_up(self, look: Callable[[], None], warmed: Callable[[], None] | None) -> None:
        try:
            self.warm()
        except Exception:
            if self._ended.is_set():  # the store was closed under it
                return
            raise
        if warmed is not None:
            warmed()
        while True:
            try:
                look()
            except Exception as error:  # the next look tries again
                if not self._ended.is_set():
                    _log.error("models were not renewed: %s", error)
            if self._ended.wait(self._rest):
                return

    def _refit(self) -> None:
        answering = self._answering
        if answering is None or self._due(answering.fitted):
            self.fit()

    def _due(self, fitted: Fitted) -> bool:
        """Whether facts came in since, and it is time."""
        age = time.time() - fitted.made / 1e6
        least = 0.0 if fitted.provisional else max(self._settings.refit_minutes * 60.0, 10 * fitted.seconds)
        changed = self._doubtful or self._reached() != fitted.reached
        return bool(self._settings.refit_minutes) and changed and age >= least

    def _show(self, fitted: Fitted, before: Answering | None = None) -> None:
        """Answer with these from now on; ``before``: only if answers were made with that until now."""
        began = time.monotonic()
        categories = self.rules.standing().guardrails.sensitive
        made = answering_of(fitted, self._catalogue.snapshot(), self._settings.currency, categories)
        with self._putting:
            if before is None or self._answering is before:
                self._answering = made
        self._rest = min(max(_LOOK_SECONDS, _REST * (time.monotonic() - began)), _LONGEST_REST)

    def _keep(self, fitted: Fitted) -> None:
        with self._writing:
            if self._ended.is_set():  # the store may be another process's by now
                return
            if self._gone.isdisjoint(fitted.data.subjects.tolist()):  # else what is there is about to be unlearnt
                remove(self._path)  # should writing fail, nothing of before stays
                write(self._path, fitted.arrays())

    def _kept(self) -> Fitted | None:
        try:
            arrays = read(self._path)
            return None if arrays is None else load(arrays)
        except StoreError as error:
            _log.warning("%s", error)
            return None

    def _none(self) -> Fitted:
        """Models that were told of nobody."""
        return fit_all(sequences([], ()), zone=self._settings.zone, made=0, reached=-1)


def _now() -> int:
    return to_micros(datetime.now(UTC))
