"""Deciding: one question, one answer, kept in the log before it is given. From memory alone.

What is decided for a person goes by what personalisation may know of them (``Gate.recent``); of one who refuses, of a
child and of a stranger that is nothing, and the page is the one that every new visitor gets. A key that browsers hold
learns of a device only what that very device did, so that nobody is looked up with a public key.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from detak.clock import from_micros
from detak.consent import Purpose, read_preferences
from detak.decide import rulebook as rules
from detak.decide.asking import Asked, Question, read
from detak.decide.exploring import BEST, Drawn, draw
from detak.decide.learning import Learnt as Order
from detak.decide.learning import learn as learn_order
from detak.decide.offers import Book, Choice, Given, allowed, offered
from detak.decide.offers_learning import Learnt
from detak.decide.offers_learning import learn as learn_offers
from detak.decide.page import Layout, Page, Placed, Pool, Weights, compose, packed
from detak.decide.rulebook import Rulebook, read_rulebook
from detak.decide.served import DAY, Served
from detak.decision import Decided, Decision, Promotion, Reason, Slot, decision_ids
from detak.decision_learning import taught
from detak.errors import SettingsError
from detak.gate import Gate
from detak.models import Models
from detak.money import exponent
from detak.place import city, province
from detak.record import Meta
from detak.remembering import STRANGER, Visitor
from detak.settings import Settings
from detak.shopfront import Front, Persons, View, Where

_FRONT_SECONDS: Final = 60  # after which what is popular and new is looked up again
_LOOK_SECONDS: Final = 5
_MOST_REASONS: Final = 3
_LIST: Final = "list"
_NOWHERE: Final = Where()
_encode: Final = msgspec.json.Encoder().encode
_REASON: Final = {
    rules.CONTINUE: "continue",
    rules.FOR_YOU: "for_you",
    rules.NEW: "new",
    rules.OFFERS: "price_cut",
    _LIST: "fits",
}

_log = logging.getLogger("detak.deciding")

Append = Callable[[Meta, bytes, Callable[[int | Exception], None]], None]
Answered = Callable[[bytes | Exception], None]


class Prepared(NamedTuple):
    """An answer, and what the log is to keep of it."""

    answer: bytes
    kept: bytes
    time: int


class _Asker(NamedTuple):
    """Who is asking, as far as it may be known, and in which situation."""

    visitor: Visitor
    where: Where
    minor: bool
    shut: frozenset[str]
    notes: tuple[Reason, ...]
    """What guardrails kept away."""


class Lesson(NamedTuple):
    """What was learnt."""

    order: Order
    offers: Learnt | None


class _Made(NamedTuple):
    """One placement's page, before it is told."""

    decision_id: str
    placement: str
    drawn: Drawn
    persons: Persons


class Deciding:
    """Decisions of one shop. Any thread may ask.

    Args:
        gate: the only door to people.
        models: of the shop.
        settings: the shop's.
        append: keeps a record in the log.
        folder: where ``rules.toml`` lies, if there is one.
        seed: of what chance decides; None: another one each time.
    """

    def __init__(
        self, gate: Gate, models: Models, settings: Settings, append: Append, folder: Path, seed: int | None = None
    ) -> None:
        self._gate = gate
        self._models = models
        self._settings = settings
        self._append = append
        self._path = folder / "rules.toml"
        self._chance = random.Random(seed)  # noqa: S311  which page is tried, not secrets
        self._deciding = threading.Lock()
        self._front: Front | None = None
        self._rulebook, self._stamp, self._looked = Rulebook(), 0.0, 0
        self._served = Served()
        self._spent: tuple[int, float] = (0, 0.0)
        self.weights = Weights()
        """What the chance of a click is told by."""
        self.book = Book()
        """What offers are expected to bring."""
        self.trouble = ""
        """What is wrong with ``rules.toml``; empty: nothing."""
        self.clock: Callable[[], int] = _micros
        """Now, in microseconds since 1970, UTC."""

    @property
    def rulebook(self) -> Rulebook:
        """``rules.toml`` as it stands.

        Raises:
            SettingsError: it says something that is no rule.
        """
        stamp = self._path.stat().st_mtime if self._path.exists() else 0.0
        if stamp != self._stamp:
            self._rulebook = read_rulebook(self._path.read_text(encoding="utf-8")) if stamp else Rulebook()
            self._stamp, self._front = stamp, None
        return self._rulebook

    def decide(self, source: str, body: bytes, done: Answered) -> None:
        """Answer a question; ``done`` gets the answer once it is on the disk, or what went wrong.

        Raises:
            RowError: it is no question.
            BusyError, StoreError: the log does not take it.
        """
        made = self.prepare(source, body)

        def kept(result: int | Exception) -> None:
            done(result if isinstance(result, Exception) else made.answer)

        self._append(Meta(source, made.time, decided=True), made.kept, kept)

    def answer(self, source: str, body: bytes) -> bytes:
        """Answer a question, and wait until it is on the disk.

        Raises:
            RowError: it is no question.
            BusyError, StoreError: the log does not take it.
        """
        landed = threading.Event()
        found: list[bytes | Exception] = []

        def done(result: bytes | Exception) -> None:
            found.append(result)
            landed.set()

        self.decide(source, body, done)
        landed.wait()
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]

    def prepare(self, source: str, body: bytes) -> Prepared:
        """The answer to a question, not kept yet.

        Raises:
            RowError: it is no question.
        """
        question = read(body)
        with self._deciding:
            now = self.clock()
            return self._prepare(source, question, now, self._shop(now))

    def learn(self, seed: int = 0) -> Lesson:
        """Learn an order and what offers bring from what was shown, and go by it where it is better."""
        offers = allowed(self.rulebook.offers)
        told = taught(self._gate, tuple(one.name for one in offers), from_micros(self.clock()))
        name = f"w{len(told.logged.clicked)}"
        order = learn_order(told.logged, self.weights, name)
        bought: Learnt | None = None
        if offers:
            rules_ = self.rulebook.offers
            budget = rules_.budget * 10 ** exponent(self._settings.currency)
            bought = learn_offers(told.visits, offers, rules_, told.daily, budget, seed)
        with self._deciding:
            self.weights = order.weights
            if bought is not None:
                self.book = bought.book
        return Lesson(order, bought)

    def draw_from(self, seed: int) -> None:
        """What chance decides from now on follows from the seed."""
        self._chance = random.Random(seed)  # noqa: S311

    def drop(self, subjects: set[int]) -> None:
        """Forget people."""
        with self._deciding:
            self._served.drop(subjects)

    def _prepare(self, source: str, question: Question, now: int, front: Front) -> Prepared:
        said = self._said(question)
        server = self._settings.source(source).private_key
        asker = self._asker(question, said, front, now, server=server)
        persons: dict[str | None, Persons] = {}
        shelves: dict[tuple[str | None, View], list[list[Placed]]] = {}
        ids = decision_ids(now, len(question.placements))
        shown: set[str] = set()
        decisions, features = [], []
        choice: Choice | None = None
        for one, asked in zip(ids, question.placements, strict=True):
            view = front.view(asked.name)
            if asked.product not in persons:
                persons[asked.product] = front.persons(asker.visitor, asker.shut, asker.where, now, asked.product)
            if (asked.product, view) not in shelves:
                shelves[asked.product, view] = view.shelves(persons[asked.product], asker.where, now)
            shut = {*shown, *asked.exclude, *asker.shut}
            if asked.products is None:
                drawn = self._drawn(asked, view, shelves[asked.product, view], shut)
                shown.update(one.product for one in drawn.page.slate)
            else:
                drawn = _reranked(asked, asked.products, view, persons[asked.product])
            if choice is None and view.rules.offers:
                choice = self._choice(asker, now)
            made = _Made(one, asked.name, drawn, persons[asked.product])
            decision = self._told(made, asker, choice, now)
            decisions.append(decision)
            features.append(packed(drawn.page.slate))
        self._note(asker, decisions, choice, now)
        told = _encode(decisions)
        user, device = (dict(question.identifiers).get(kind) for kind in ("user", "anonymous"))
        kept = Decided(user if server else None, device, *said, msgspec.Raw(told), features)
        details = b',"products":' + _encode(front.details(decisions)) if question.details else b""
        return Prepared(b'{"decisions":' + told + details + b"}", _encode(kept), now)

    def _said(self, question: Question) -> tuple[int, int]:
        consent = question.context.consent
        if consent is None or not consent.category_preferences:
            return 0, 0
        return read_preferences(consent.category_preferences, self._settings.categories)

    def _asker(self, question: Question, said: tuple[int, int], front: Front, now: int, *, server: bool) -> _Asker:
        context = question.context
        location = context.location
        where = Where(province(location.region), city(location.city)) if location else _NOWHERE
        refused = bool(said[1] & Purpose.PERSONALISATION)
        if context.minor or refused:
            return _Asker(
                STRANGER, where, context.minor, frozenset(), (Reason("minor" if context.minor else "refused"),)
            )
        visitor = self._gate.recent(Purpose.PERSONALISATION, question.identifiers, question.session, alone=not server)
        return self._guarded(visitor, where, front, now)

    def _guarded(self, visitor: Visitor, where: Where, front: Front, now: int) -> _Asker:
        """What is not to be put before the visitor again, and why."""
        if visitor.subject is None:
            return _Asker(visitor, where, False, frozenset(), ())
        limits = front.rulebook.guardrails
        since = now - limits.removed_days * DAY
        removed = [one for one, at in visitor.removed.items() if at > since]
        self._served.clicked(visitor.subject, visitor.touches.product)
        tired = self._served.tired(visitor.subject, limits.shown_most, limits.shown_days, now)
        notes = [Reason(code, str(len(some))) for code, some in (("removed", removed), ("shown_often", tired)) if some]
        return _Asker(visitor, where, False, frozenset((*removed, *tired)), tuple(notes))

    def _drawn(self, asked: Asked, view: View, shelves: list[list[Placed]], shut: set[str]) -> Drawn:
        """The page of one placement, without what is ``shut``."""
        if asked.product is not None:
            shut.add(asked.product)
        page = compose(shelves, view.layout(asked.k), shut)
        return draw(page, view.exploration, self._chance.random())

    def _choice(self, asker: _Asker, now: int) -> Choice:
        """What the visitor is offered; nothing to whom nothing may be known of."""
        if asker.visitor.subject is None:
            return Choice(None, "", 1.0, "minor" if asker.minor else "stranger")
        rules_ = self._rulebook.offers
        day = now // DAY
        if self._spent[0] != day:
            self._spent = (day, 0.0)
        subject = asker.visitor.subject
        left = rules_.budget * 10 ** exponent(self._settings.currency) - self._spent[1]
        given = Given(self._served.given(subject, rules_.days, now), left)
        return offered(subject, day, self.book, rules_, given)

    def _told(self, made: "_Made", asker: _Asker, choice: Choice | None, now: int) -> Decision:
        drawn, persons = made.drawn, made.persons
        slots = [Slot(one.product, one.shelf, _reason(one, persons, asker.where)) for one in drawn.page.slate]
        notes = list(asker.notes)
        if persons.sensitive:
            notes.append(Reason("sensitive", str(persons.sensitive)))
        if drawn.variant != BEST:
            notes.append(Reason("explored"))
        offer = choice.offer if choice else None
        if choice and choice.arm:
            notes.append(Reason(choice.reason, offer.name if offer else ""))
        front = self._front
        return Decision(
            made.decision_id, made.placement, slots,
            Promotion(offer.name, offer.discount, offer.code) if offer else None,
            drawn.variant, round(drawn.propensity, 6), [*_strongest(drawn.page, slots), *notes],
            f"{self.weights.version}/{self.book.version}", front.version if front else "", now,
            choice.arm if choice else "", round(choice.propensity, 6) if choice else 1.0,
        )  # fmt: skip

    def _note(self, asker: _Asker, decisions: Sequence[Decision], choice: Choice | None, now: int) -> None:
        """Remember what was put before a known person."""
        subject = asker.visitor.subject
        if subject is None:
            return
        products = [slot.product_id for one in decisions for slot in one.slate if slot.shelf in rules.PERSONAL]
        self._served.show(subject, products, now, self._rulebook.guardrails.shown_days)
        if choice is not None and choice.offer is not None:
            self._served.give(subject, now)
            self._spent = (self._spent[0], self._spent[1] + choice.cost)

    def _shop(self, now: int) -> Front:
        """The shop as it stands; made anew when something changed, or a minute passed."""
        if now - self._looked > _LOOK_SECONDS * 1_000_000 or self._front is None:
            self._looked = now
            self._reread()
        answering = self._models.answering
        front = self._front
        if (
            front is None
            or front.answering is not answering
            or front.weights is not self.weights
            or now - front.made > _FRONT_SECONDS * 1_000_000
        ):
            front = self._front = Front(answering, self._rulebook, self.weights, self._settings.currency, now)
        return front

    def _reread(self) -> None:
        """The rules as they stand; while they cannot be read, those before."""
        try:
            _ = self.rulebook
            self.trouble = ""
        except SettingsError as error:
            if not self.trouble:
                _log.error("%s; the rules before stand", error)
            self.trouble = str(error)


def _reranked(asked: Asked, products: Sequence[str], view: View, persons: Persons) -> Drawn:
    """The shop's own list, brought into order."""
    scored = view.scoring.scored(Pool(_LIST, products), persons.relevance)
    return Drawn(compose([scored], Layout(asked.k, asked.k, 1.0), asked.exclude), BEST, 1.0)


def _strongest(page: Page, slots: Sequence[Slot]) -> list[Reason]:
    """The reasons that most of the page's worth stands on, no code twice."""
    worth: dict[str, float] = {}
    first: dict[str, Reason] = {}
    for placed, slot in zip(page.slate, slots, strict=True):
        if slot.reason is not None:
            worth[slot.reason.code] = worth.get(slot.reason.code, 0.0) + placed.score
            first.setdefault(slot.reason.code, slot.reason)
    return [first[code] for code in sorted(worth, key=lambda code: -worth[code])[:_MOST_REASONS]]


def _reason(placed: Placed, persons: Persons, where: Where) -> Reason:
    """Why a product stands where it stands."""
    if placed.shelf == rules.TOGETHER:
        return Reason("together", persons.beside)
    if placed.shelf == rules.TRENDING:
        place = where.city or where.province
        return Reason("popular_place", place) if place else Reason("popular")
    told = persons.reasons.get(placed.product)
    if told is not None and placed.shelf in (rules.FOR_YOU, _LIST):
        return told
    return Reason(_REASON[placed.shelf])


def _micros() -> int:
    return time.time_ns() // 1000
