"""Deciding: one question, one answer, kept in the log before it is given. From memory alone.

What is decided for a person goes by what personalisation may know of them (``Gate.recent``); of one who refuses, of a
child and of a stranger that is nothing, and the page is the one that every new visitor gets. A key that browsers hold
learns of a device only what that very device did, so that nobody is looked up with a public key.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from detak.catalogue import Product
from detak.clock import day_of, from_micros
from detak.consent import Purpose
from detak.decide.appeal import likings
from detak.decide.asking import Asked, Question, read
from detak.decide.learning import Learnt as Order
from detak.decide.learning import learn as learn_order
from detak.decide.offers import Book, allowed
from detak.decide.offers_learning import Learnt
from detak.decide.offers_learning import learn as learn_offers
from detak.decide.page import Weights
from detak.decide.rulebook import Offer, Rulebook
from detak.deciding.composing import Composed, Composing
from detak.deciding.decision_learning import taught
from detak.deciding.offering import Standing, dates, standing, troubled
from detak.deciding.posing import Moment, Posed
from detak.deciding.prepared import Answered, Asking, Ledger, Prepared, entry
from detak.deciding.resuming import answered_before, read_kept, write_kept
from detak.deciding.shopfront import Front
from detak.deciding.stock import Stock
from detak.deciding.tastes import Tastes
from detak.decision import Decided, Decision, decided_at
from detak.decision_words import Explanation, explained
from detak.errors import DetakError, RowError
from detak.money import exponent
from detak.questions import Consent
from detak.recommending.models import Models
from detak.record import Entry
from detak.settings import Settings
from detak.subject import Identifier
from detak.trust.gate import Gate

_FRONT_SECONDS: Final = 60  # after which what is popular and new is looked up again
_LOOK_SECONDS: Final = 5
_FRESH: Final = 3_600_000_000  # microseconds within which a decision may still be on its way to the facts
_encode: Final = msgspec.json.Encoder().encode


class Seen(NamedTuple):
    """A decision that was not made, and the products as the catalogue has them."""

    decision: Decision
    products: Mapping[str, Product]


class Lesson(NamedTuple):
    """What was learnt."""

    order: Order
    offers: Learnt | None


class Deciding:
    """Decisions of one shop. Any thread may ask.

    Args:
        gate: the only door to people.
        models: of the shop, and its rules.
        settings: the shop's.
        ledger: where decisions are kept.
        folder: where what is learnt and spent is kept.
    """

    def __init__(self, gate: Gate, models: Models, settings: Settings, ledger: Ledger, folder: Path) -> None:
        self._gate = gate
        self._models = models
        self._settings = settings
        self._ledger = ledger
        self._rules = models.rules
        self._kept = folder / "decide.json"
        self._resumed = False
        self._composing = Composing(gate, settings)
        self._deciding = threading.Lock()
        self._front: Front | None = None
        self._tastes: Tastes | None = None
        self._rulebook, self._looked = Rulebook(), 0
        self._offers: Learnt | None = None
        self._drops = 0  # how often people were forgotten
        self._learnt = -inf  # what offers bring is not kept: it is learnt again soon after a start
        self._taught: tuple[Offer, ...] = ()  # the last lesson's
        self.weights = Weights()
        """What the chance of a click is told by."""
        self.liked: Mapping[str, float] = {}
        """How much products are liked by whoever sees them (``appeal``). Not kept: learnt again soon after a start."""
        self.clock: Callable[[], int] = _micros
        """Now, in microseconds since 1970, UTC."""

    @property
    def rulebook(self) -> Rulebook:
        """``rules.toml`` as it stands, what holds of it now."""
        return self._rules.standing(self.clock())

    def decide(self, source: str, body: bytes, done: Answered) -> None:
        """Answer a question; ``done`` gets the answer once it is on the disk, or what went wrong."""
        self.decide_all([Asking(source, body, done)])

    def decide_all(self, asked: Sequence[Asking]) -> None:
        """Answer questions that wait together, at much less than what each costs alone.

        Each one's ``done`` gets its answer once that is on the disk, or what went wrong: ``RowError`` where it is no
        question, ``BusyError`` or ``StoreError`` where the log does not take it.
        """
        entries = []
        for one, made in zip(asked, self._prepared([(one.source, one.body) for one in asked]), strict=True):
            if isinstance(made, Exception):
                one.done(made)
            else:
                entries.append(entry(one, made))
        if entries:
            self._keep(entries)

    def _keep(self, entries: Sequence[Entry]) -> None:
        try:
            self._ledger.append(entries)
        except DetakError as error:
            for one in entries:
                one.done(error)

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

    def warm(self) -> None:
        """Get ready, so that the first who asks need not wait for it."""
        with self._turn():
            now = self._resume()
            self._shop(now)

    def prepare(self, source: str, body: bytes) -> Prepared:
        """The answer to a question, not kept yet.

        Raises:
            RowError: it is no question.
        """
        (made,) = self._prepared([(source, body)])
        if isinstance(made, Exception):
            raise made
        return made

    def why(self, decision_id: str, language: str | None = None) -> Explanation:
        """What was shown under a number, and why, in words.

        Raises:
            DeniedError: there is no such decision, or not any more.
        """
        self._settled(decision_id)
        row = self._gate.decided.decision(decision_id)
        off = self._gate.decided.objected(row["subject"])
        return explained(row, self._models.answering.catalogue.products, language or self._settings.language, off=off)

    def _settled(self, decision_id: str) -> None:
        """See to it that a decision that was just made is among the facts."""
        made = decided_at(decision_id)
        if made is not None and abs(self.clock() - made) < _FRESH:
            self._ledger.caught_up()

    def lately(self, identifiers: Sequence[Identifier], most: int) -> list[str]:
        """The numbers of the last decisions for somebody, the latest first.

        Raises:
            DeniedError: nobody is known under these identifiers.
        """
        self._ledger.caught_up()
        return self._gate.decided.lately(identifiers, most)

    def object_to(self, decision_id: str, state: Callable[[Consent, str], Consent]) -> None:
        """Turn personalisation off for whoever a decision was made for, by what ``state`` puts into force.

        Raises:
            DeniedError: there is no such decision, or not any more.
        """
        self._settled(decision_id)
        whom = dict(self._gate.decided.whom(decision_id))
        if whom:
            device = None if "user" in whom else whom.get("anonymous")
            state(Consent(whom.get("user"), device, purposes={Purpose.PERSONALISATION.label: False}), "why")

    def preview(self, identifiers: Sequence[Identifier], placement: str, k: int) -> Seen:
        """What somebody would be shown now. Nothing is kept and nothing is counted."""
        ids = dict(identifiers)
        question = Question([Asked(placement, k)], ids.get("user"), ids.get("anonymous"))
        with self._turn():
            now = self._resume()
            front = self._shop(now)
            moment = Moment(front, now, server=True, preview=True)
            (made,) = self._composing.compose([Posed(question, moment, question.identifiers)])
        (decision,) = msgspec.json.decode(made.told, type=list[Decision])
        return Seen(decision, front.answering.catalogue.products)

    def learn(self, seed: int = 0) -> Lesson:
        """Learn an order and what offers bring from what was shown, and go by it where it is better."""
        with self._turn():
            rules_ = self._shop(self._resume()).stock.offers
            drops = self._drops
        offers = self._taught = allowed(rules_)
        now = from_micros(self.clock()).astimezone(self._settings.timezone)
        told = taught(self._gate, tuple(one.name for one in offers), now, rules_.holdout)
        name = f"w{len(told.logged.clicked)}"
        found = likings(told.exposed, self._categories(told.exposed.product))
        order = learn_order(told.logged, self.weights, name)
        bought: Learnt | None = None
        if offers:
            budget = rules_.budget * 10 ** exponent(self._settings.currency)
            bought = learn_offers(told.visits, offers, rules_, told.daily, budget, seed)
        with self._deciding:
            if self._drops == drops:  # else it holds somebody who was forgotten meanwhile: the next beat learns again
                self.weights = order.weights
                self._like(found)
                if bought is not None:
                    self._composing.book = bought.book
                self._offers = bought
        return Lesson(order, bought)

    def offering(self, language: str = "en") -> Standing:
        """How the shop's offers stand: what the last lesson found, and what is spent of today's budget."""
        with self._turn():
            now = self._resume()
            self._reread()
            spent = self._composing.spent.on(day_of(now, self._settings.timezone))
            stock = self._shop(now).stock
            dated = dates(self._rulebook, now)
        known = self._settings.currency, stock.usual_price
        return troubled(standing(stock.offers, self._offers, spent, known, dated), self._rules, language)

    def renew(self) -> None:
        """Learn, where it is time to: as often as models are fitted again, and where offers are others than they were.
        What is learnt and spent is kept."""
        self.keep()
        minutes = self._settings.refit_minutes
        if minutes and (time.monotonic() - self._learnt > minutes * 60 or self._holding() != self._taught):
            self._learnt = time.monotonic()
            self.learn()

    def _holding(self) -> tuple[Offer, ...]:
        with self._turn():
            return allowed(self._shop(self._resume()).stock.offers)

    def keep(self) -> None:
        """Write down what a restart must not forget and the facts do not say."""
        with self._deciding:
            if self._resumed:
                write_kept(self._kept, self.weights, self._composing.spent, self.clock())

    def draw_from(self, seed: int) -> None:
        """What chance decides from now on follows from the seed."""
        self._composing.draw_from(seed)

    def drop(self, subjects: set[int]) -> None:
        """Forget people; what was learnt is let go, and learnt again without them with the next beat."""
        with self._deciding:
            self._drops += 1
            self._composing.drop(subjects)
            self._like({})
            self._composing.book, self._offers = Book(), None
            self.weights = Weights()
            self._learnt = -inf
            kept = read_kept(self._kept)
            if self._resumed:
                write_kept(self._kept, self.weights, self._composing.spent, self.clock())
            elif kept is not None:
                write_kept(self._kept, self.weights, kept.spent, kept.until)

    def _prepared(self, asked: Sequence[tuple[str, bytes]]) -> list[Prepared | Exception]:
        """The answer to each, or what is wrong with it."""
        read_ = [_understood(body) for _, body in asked]
        sound = [(source, one) for (source, _), one in zip(asked, read_, strict=True) if isinstance(one, Question)]
        try:
            made = iter(self._together(sound))
        except Exception:
            if len(asked) == 1:
                raise
            # Nobody foresaw it; whoever's question it is, the others get their answers.
            return [self._alone(source, body) for source, body in asked]
        return [next(made) if isinstance(one, Question) else one for one in read_]

    def _alone(self, source: str, body: bytes) -> Prepared | Exception:
        try:
            return self.prepare(source, body)
        except Exception as error:  # whoever asked is told
            return error

    def _together(self, asked: Sequence[tuple[str, Question]]) -> list[Prepared]:
        if not asked:
            return []
        with self._turn():
            now = self._resume()
            front = self._shop(now)
            posed = [Posed(one, self._moment(source, one, front, now), one.identifiers) for source, one in asked]
            made = self._composing.compose(posed)
            return [self._prepare(one, composed) for one, composed in zip(posed, made, strict=True)]

    def _moment(self, source: str, question: Question, front: Front, now: int) -> Moment:
        return Moment(front, now, self._settings.source(source).private_key, self._composing.said(question)[1])

    def _prepare(self, posed: Posed, made: Composed) -> Prepared:
        question, moment, identifiers = posed
        named = {} if question.context.minor else dict(identifiers)  # a child's page is nobody's, as it was made
        user, device = named.get("user") if moment.server else None, named.get("anonymous")
        kept = Decided(user, device, *self._composing.said(question), msgspec.Raw(made.told), made.features)
        details = b',"products":' + _encode(moment.front.details(made.products)) if question.details else b""
        return Prepared(b'{"decisions":' + made.told + details + b"}", _encode(kept), moment.now)

    def _turn(self) -> threading.Lock:
        """The lock, once models wait for the sink no more: the sink waits for the lock, where somebody is forgotten."""
        _ = self._models.shown
        return self._deciding

    def _shop(self, now: int) -> Front:
        """The shop as it stands; made anew when something changed, or a minute passed."""
        if now - self._looked > _LOOK_SECONDS * 1_000_000 or self._front is None:
            self._looked = now
            self._reread()
        answering = self._models.shown
        tastes = self._tastes
        if tastes is None or tastes.stock.answering is not answering or tastes.stock.rulebook is not self._rulebook:
            stock = Stock(answering, self._rulebook, self._settings.currency)
            tastes = self._tastes = Tastes(stock, self.liked)
        front = self._front
        if (
            front is None
            or front.tastes is not tastes
            or front.weights is not self.weights
            or now - front.made > _FRONT_SECONDS * 1_000_000
        ):
            front = self._front = Front(tastes, self.weights, now)
        return front

    def _like(self, found: Mapping[str, float]) -> None:
        """Go by how much each product is liked."""
        self.liked = found
        if self._tastes is not None:
            self._tastes = Tastes(self._tastes.stock, found)

    def _categories(self, products: Sequence[str]) -> list[str | None]:
        """The narrowest category of each product."""
        known = self._models.answering.catalogue.products
        paths = (known[one].category if one in known else None for one in products)
        return [path[-1] if path else None for path in paths]

    def _resume(self) -> int:
        """The moment; before the first answer go on where the process before this one stopped."""
        now = self.clock()
        if self._resumed:
            return now
        self._ledger.replayed()
        self._reread()
        kept = read_kept(self._kept)
        if kept is not None and self.weights.version == Weights().version:
            self.weights = kept.learnt
        shown, offers = self._rulebook.guardrails.shown_days, self._rulebook.offers.days
        rows = answered_before(self._gate, max(shown, offers, 1), now)
        self._composing.resume(rows, kept, shown, now)
        self._resumed = True
        return now

    def _reread(self) -> None:
        self._rulebook = self._rules.standing(self.clock())


def _understood(body: bytes) -> Question | RowError:
    try:
        return read(body)
    except RowError as error:
        return error


def _micros() -> int:
    return time.time_ns() // 1000
