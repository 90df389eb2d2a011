"""Composing the answer to one question: who may be known, what may be put before them, which pages, which offer."""

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from detak.clock import day_of
from detak.consent import Purpose, read_preferences
from detak.decide.asking import Question
from detak.decide.offers import RESTING, Book, Choice, Given, allowed, offered, reckoned
from detak.decide.served import DAY, Served
from detak.deciding.pools import Where
from detak.deciding.posing import Asker, Moment, Posed
from detak.deciding.resuming import Kept, Row, Spent, resumed
from detak.deciding.shopfront import Front
from detak.deciding.slates import Slates
from detak.deciding.stock import Naming, Stock
from detak.deciding.telling import Slated, Telling
from detak.decision import Reason, decision_ids
from detak.money import exponent
from detak.place import city, province
from detak.settings import Settings
from detak.trust.gate import Gate
from detak.trust.passages import STRANGER, Visitor, Who

_PERSONALISATION: Final = int(Purpose.PERSONALISATION)
_NOWHERE: Final = Where()
_NO_OFFERS: Final = Choice(None, "", 1.0, "no_offers")
_RESTING: Final = Choice(None, "", 1.0, RESTING)
_encode: Final = msgspec.json.Encoder().encode


class Composed(NamedTuple):
    """Decisions, not kept yet, and what is learnt from them later."""

    told: bytes
    """``Decision``, as JSON."""
    features: list[bytes]
    products: list[str]
    """Those that the decisions show, where the question asks for their details."""


class Composing:
    """Makes decisions of one shop, and remembers what was put before whom. One thread at a time.

    Args:
        gate: the only door to people.
        settings: the shop's.
    """

    def __init__(self, gate: Gate, settings: Settings) -> None:
        self._gate = gate
        self._settings = settings
        self._chance = random.Random()  # noqa: S311  which page is tried, not secrets
        self._served = Served()
        self._slates = Slates()
        self.spent = Spent()
        """Of today's budget."""
        self.book = Book()
        """What offers are expected to bring."""
        self._among: tuple[Book, Stock, Book] | None = None

    def draw_from(self, seed: int) -> None:
        """What chance decides from now on follows from the seed."""
        self._chance = random.Random(seed)  # noqa: S311

    def resume(self, rows: Iterable[Row], kept: Kept | None, days: int, now: int) -> None:
        """Go on where the process before this one stopped; nothing was decided yet."""
        self.spent = resumed(rows, kept, self._served, days, (now, self._settings.timezone))

    def drop(self, subjects: set[int]) -> None:
        """Forget people."""
        self._served.drop(subjects)

    def said(self, question: Question) -> tuple[int, int]:
        """What was allowed and refused with the question itself; bits of purposes."""
        consent = question.context.consent
        if consent is None or not consent.category_preferences:
            return 0, 0
        return read_preferences(consent.category_preferences, self._settings.categories)

    def compose(self, posed: Sequence[Posed]) -> Iterator[Composed]:
        """Decisions for each of some questions of one moment, and what was shown is remembered.

        What is known of the people, and what fits them, is looked up for all at once; each answer is then made, and
        counted, before the next: no budget and no cap on offers is passed because people came together.
        """
        askers = self._askers(posed)
        made = self._slates.of(posed, askers, self._chance.random)
        ids = iter(decision_ids(posed[0].moment.now, sum(map(len, made))))
        for one, asker, theirs in zip(posed, askers, made, strict=True):
            yield self._composed(one, asker, theirs, ids)

    def _composed(self, posed: Posed, asker: Asker, made: Sequence[Slated], ids: Iterator[str]) -> Composed:
        question, moment, _ = posed
        choice = self._choice(asker, moment) if any(one.view.rules.offers for one in made) else None
        telling = Telling(asker, moment, f"{moment.front.weights.version}/{self.book.version}", choice)
        told = [telling.told(next(ids), asked.name, one) for asked, one in zip(question.placements, made, strict=True)]
        if not moment.preview:
            self._note(asker, [product for one in made for product in one.slate.personal], choice, moment)
        products = [product for one in made for product in one.slate.products] if question.details else []
        features = [one.slate.features for one in made]
        return Composed(b"[%b]" % b",".join(told), features, asker.naming.names(products))

    def _askers(self, posed: Sequence[Posed]) -> list[Asker]:
        known = iter(self._gate.recent(
            Purpose.PERSONALISATION,
            [
                Who(one.identifiers, one.question.session, alone=not one.moment.server)
                for one in posed if not _stays_unknown(one)
            ],
        ))  # fmt: skip
        return [self._asker(one, STRANGER if _stays_unknown(one) else next(known)) for one in posed]

    def _asker(self, posed: Posed, visitor: Visitor) -> Asker:
        question, moment, _ = posed
        minor, location, naming = question.context.minor, question.context.location, Naming(moment.front.stock)
        where = Where(province(location.region), city(location.city)) if location else _NOWHERE
        if _stays_unknown(posed):
            return Asker(visitor, where, minor, frozenset(), (Reason("minor" if minor else "refused"),), naming)
        return self._guarded(Asker(visitor, where, False, frozenset(), (), naming), moment.front, moment.now)

    def _guarded(self, asker: Asker, front: Front, now: int) -> Asker:
        """With what is not to be put before the visitor again, and why."""
        visitor = asker.visitor
        if visitor.subject is None:
            return asker
        if visitor.others:
            self._served.adopt(visitor.subject, visitor.others)
        limits = front.rulebook.guardrails
        since = now - limits.removed_days * DAY
        removed = [one for one, at in visitor.removed.items() if at > since]
        self._served.clicked(visitor.subject, visitor.touches.product)
        tired = self._served.tired(visitor.subject, limits.shown_most, limits.shown_days, now)
        if not removed and not tired:
            return asker
        notes = [Reason(code, str(len(some))) for code, some in (("removed", removed), ("shown_often", tired)) if some]
        shut = frozenset(map(asker.naming.number, (*removed, *tired)))
        return asker._replace(shut=shut, notes=tuple(notes))

    def _choice(self, asker: Asker, moment: Moment) -> Choice:
        """What the visitor is offered; nothing to whom nothing may be known of."""
        if asker.visitor.subject is None:
            return Choice(None, "", 1.0, "minor" if asker.minor else "stranger")
        rules_, subject = moment.front.stock.offers, asker.visitor.subject
        if not rules_.offer:
            return _RESTING if moment.front.rulebook.resting else _NO_OFFERS
        day = day_of(moment.now, self._settings.timezone)
        found = self._served.settled(subject, day, rules_)
        if found is not None:
            return found
        self.spent = self.spent.on(day)
        usual = moment.front.stock.usual_price
        if not reckoned(self.book, rules_, usual):
            return Choice(None, "", 1.0, "unpriced")
        days = self._served.given(subject, rules_.days, day)
        left = rules_.budget * 10 ** exponent(self._settings.currency) - self.spent.amount
        given = Given(len(days) - (day in days), left, day in days and rules_.budget > 0)
        choice = offered(subject, day, self._book(moment.front), rules_, given)
        if choice.arm and not moment.preview:
            self._served.settle(subject, day, rules_, choice)
        return choice

    def _book(self, front: Front) -> Book:
        """What is expected of the offers that hold now."""
        now = self.book, front.stock
        if self._among is None or self._among[0] is not now[0] or self._among[1] is not now[1]:
            self._among = *now, self.book.among(allowed(front.stock.offers), front.stock.unlearnt)
        return self._among[2]

    def _note(self, asker: Asker, personal: Sequence[int], choice: Choice | None, moment: Moment) -> None:
        """Remember what was put before a known person; ``personal``: what was chosen by what is known of them."""
        subject, now = asker.visitor.subject, moment.now
        if subject is None:
            return
        products = asker.naming.names(personal)
        self._served.show(subject, products, now, moment.front.rulebook.guardrails.shown_days)
        if choice is not None and choice.offer is not None:
            day = day_of(now, self._settings.timezone)
            if self._served.give(subject, day):
                self.spent = self.spent.on(day).more(choice.cost)


def _stays_unknown(posed: Posed) -> bool:
    """Whether nothing may be known of whoever asks, by the question itself: a child, or one who refuses with it."""
    return posed.question.context.minor or bool(posed.moment.refused & _PERSONALISATION)
