"""Composing the answer to one question: who may be known, what may be put before them, which pages, which offer."""

import random
from collections.abc import Sequence
from typing import Final, NamedTuple

from detak.consent import Purpose, read_preferences
from detak.decide import rulebook as rules
from detak.decide.asking import Asked, Question
from detak.decide.exploring import BEST, Drawn, draw
from detak.decide.offers import Book, Choice, Given, offered
from detak.decide.page import Layout, Placed, Pool, compose, packed, pinned
from detak.decide.served import DAY, Served
from detak.decision import Decision, Promotion, Reason, Slot, decision_ids
from detak.gate import Gate
from detak.money import exponent
from detak.place import city, province
from detak.pools import Persons, Where
from detak.remembering import STRANGER, Visitor
from detak.resuming import Kept, Row, Spent, resumed
from detak.settings import Settings
from detak.shopfront import Front, View

_MOST_REASONS: Final = 3
_LIST: Final = "list"
_NOWHERE: Final = Where()
_OWN: Final = frozenset((rules.FOR_YOU, _LIST))
"""Shelves on which a product's own reason counts."""
_REASONS: Final = {
    rules.CONTINUE: Reason("continue"),
    rules.FOR_YOU: Reason("for_you"),
    rules.NEW: Reason("new"),
    rules.OFFERS: Reason("price_cut"),
    _LIST: Reason("fits"),
    rules.PINNED: Reason("pinned"),
}


class Asker(NamedTuple):
    """Who is asking, as far as it may be known, and in which situation."""

    visitor: Visitor
    where: Where
    minor: bool
    shut: frozenset[str]
    notes: tuple[Reason, ...]
    """What guardrails kept away."""


class Moment(NamedTuple):
    """When, from what, and by whose word a question is answered."""

    front: Front
    now: int
    """Microseconds since 1970, UTC."""
    server: bool
    """Whether the shop's own server asks: then for whomever it names."""
    refused: int = 0
    """Purposes that were refused with the question itself; bits."""
    preview: bool = False
    """Nothing is tried."""


class Composed(NamedTuple):
    """Decisions, not kept yet, and what is learnt from them later."""

    asker: Asker
    decisions: list[Decision]
    features: list[bytes]
    choice: Choice | None


class _Made(NamedTuple):
    """One placement's page, before it is told."""

    decision_id: str
    placement: str
    drawn: Drawn
    persons: Persons
    bought: int
    """Products left out because they were bought lately."""


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
        self.spent = Spent()
        """Of today's budget."""
        self.book = Book()
        """What offers are expected to bring."""

    def draw_from(self, seed: int) -> None:
        """What chance decides from now on follows from the seed."""
        self._chance = random.Random(seed)  # noqa: S311

    def resume(self, rows: list[Row], kept: Kept | None, days: int, now: int) -> None:
        """Go on where the process before this one stopped; nothing was decided yet."""
        self.spent = resumed(rows, kept, self._served, days, now)

    def drop(self, subjects: set[int]) -> None:
        """Forget people."""
        self._served.drop(subjects)

    def said(self, question: Question) -> tuple[int, int]:
        """What was allowed and refused with the question itself; bits of purposes."""
        consent = question.context.consent
        if consent is None or not consent.category_preferences:
            return 0, 0
        return read_preferences(consent.category_preferences, self._settings.categories)

    def compose(self, question: Question, moment: Moment) -> Composed:
        """Decisions. Nothing is counted yet."""
        front, now = moment.front, moment.now
        asker = self._asker(question, moment)
        persons: dict[str | None, Persons] = {}
        shelves: dict[tuple[str | None, View], list[list[Placed]]] = {}
        ids = decision_ids(now, len(question.placements))
        shown: set[str] = set()
        decisions, features = [], []
        choice: Choice | None = None
        for one, asked in zip(ids, question.placements, strict=True):
            view = front.view(asked.name)
            if asked.product not in persons:
                persons[asked.product] = front.pools.of(asker.visitor, asker.shut, asker.where, now, asked.product)
            if (asked.product, view) not in shelves:
                shelves[asked.product, view] = view.shelves(persons[asked.product], asker.where, now)
            lately = view.lately(asker.visitor.bought, now)
            shut = {*shown, *asked.exclude, *asker.shut, *lately}
            if asked.products is None:
                drawn = self._drawn(asked, view, shelves[asked.product, view], shut, best=moment.preview)
                shown.update([one[0] for one in drawn.page.slate])
            else:
                drawn = _reranked(asked, asked.products, view, persons[asked.product])
            if choice is None and view.rules.offers:
                choice = self._choice(asker, moment)
            made = _Made(one, asked.name, drawn, persons[asked.product], len(lately) if asked.products is None else 0)
            decisions.append(self._told(made, asker, choice, moment))
            features.append(packed(drawn.page.slate))
        return Composed(asker, decisions, features, choice)

    def _asker(self, question: Question, moment: Moment) -> Asker:
        context = question.context
        location = context.location
        where = Where(province(location.region), city(location.city)) if location else _NOWHERE
        refused = bool(moment.refused & Purpose.PERSONALISATION)
        if context.minor or refused:
            return Asker(
                STRANGER, where, context.minor, frozenset(), (Reason("minor" if context.minor else "refused"),)
            )
        visitor = self._gate.recent(
            Purpose.PERSONALISATION, question.identifiers, question.session, alone=not moment.server
        )
        return self._guarded(visitor, where, moment.front, moment.now)

    def _guarded(self, visitor: Visitor, where: Where, front: Front, now: int) -> Asker:
        """What is not to be put before the visitor again, and why."""
        if visitor.subject is None:
            return Asker(visitor, where, False, frozenset(), ())
        limits = front.rulebook.guardrails
        since = now - limits.removed_days * DAY
        removed = [one for one, at in visitor.removed.items() if at > since]
        self._served.clicked(visitor.subject, visitor.touches.product)
        tired = self._served.tired(visitor.subject, limits.shown_most, limits.shown_days, now)
        notes = [Reason(code, str(len(some))) for code, some in (("removed", removed), ("shown_often", tired)) if some]
        return Asker(visitor, where, False, frozenset((*removed, *tired)), tuple(notes))

    def _drawn(self, asked: Asked, view: View, shelves: list[list[Placed]], shut: set[str], *, best: bool) -> Drawn:
        """The page of one placement, without what is ``shut``; nothing is tried where only the ``best`` will do."""
        if asked.product is not None:
            shut.add(asked.product)
        pins = view.pins(asked.k, shut)
        shut.update([one.product for _, one in pins])
        page = compose(shelves, view.layout(asked.k - len(pins)), shut)
        drawn = Drawn(page, BEST, 1.0) if best else draw(page, view.exploration, self._chance.random())
        return drawn._replace(page=pinned(drawn.page, pins))

    def _choice(self, asker: Asker, moment: Moment) -> Choice:
        """What the visitor is offered; nothing to whom nothing may be known of."""
        if asker.visitor.subject is None:
            return Choice(None, "", 1.0, "minor" if asker.minor else "stranger")
        rules_, now = moment.front.rulebook.offers, moment.now
        day = now // DAY
        self.spent = self.spent.on(day)
        subject = asker.visitor.subject
        left = rules_.budget * 10 ** exponent(self._settings.currency) - self.spent.amount
        given = Given(self._served.given(subject, rules_.days, now), left)
        return offered(subject, day, self.book, rules_, given)

    def _told(self, made: _Made, asker: Asker, choice: Choice | None, moment: Moment) -> Decision:
        drawn, persons = made.drawn, made.persons
        slate = drawn.page.slate
        slots = _slots(slate, persons, asker.where)
        notes = list(asker.notes)
        if made.bought:
            notes.append(Reason("purchased", str(made.bought)))
        if persons.sensitive:
            notes.append(Reason("sensitive", str(persons.sensitive)))
        if drawn.variant != BEST:
            notes.append(Reason("explored"))
        offer = choice.offer if choice else None
        if choice and choice.arm:
            notes.append(Reason(choice.reason, offer.name if offer else ""))
        front = moment.front
        return Decision(
            made.decision_id, made.placement, slots,
            Promotion(offer.name, offer.discount, offer.code) if offer else None,
            drawn.variant, round(drawn.propensity, 6), [*_strongest(slate, slots), *notes],
            f"{front.weights.version}/{self.book.version}", front.version, moment.now,
            choice.arm if choice else "", round(choice.propensity, 6) if choice else 1.0,
        )  # fmt: skip

    def note(self, made: Composed, moment: Moment) -> None:
        """Remember what was put before a known person."""
        subject, now, choice = made.asker.visitor.subject, moment.now, made.choice
        if subject is None:
            return
        products = [slot.product_id for one in made.decisions for slot in one.slate if slot.shelf in rules.PERSONAL]
        self._served.show(subject, products, now, moment.front.rulebook.guardrails.shown_days)
        if choice is not None and choice.offer is not None:
            self._served.give(subject, now)
            self.spent = self.spent.more(choice.cost)


def _reranked(asked: Asked, products: Sequence[str], view: View, persons: Persons) -> Drawn:
    """The shop's own list, brought into order."""
    scored = view.scoring.scored(Pool(_LIST, products), persons.relevance)
    return Drawn(compose([scored], Layout(asked.k, asked.k, 1.0), asked.exclude), BEST, 1.0)


def _strongest(slate: Sequence[Placed], slots: Sequence[Slot]) -> list[Reason]:
    """The reasons that most of the page's worth stands on, no code twice."""
    worth: dict[str, float] = {}
    first: dict[str, Reason] = {}
    for placed, slot in zip(slate, slots, strict=True):
        reason = slot.reason
        if reason is not None:
            code = reason.code
            if code in worth:
                worth[code] += placed[2]
            else:
                worth[code], first[code] = placed[2], reason
    return [first[code] for code in sorted(worth, key=lambda code: -worth[code])[:_MOST_REASONS]]


def _slots(slate: Sequence[Placed], persons: Persons, where: Where) -> list[Slot]:
    """The products of a slate, each with why it stands where it stands."""
    place = where.city or where.province
    here = Reason("popular_place", place) if place else Reason("popular")
    said = {**_REASONS, rules.TOGETHER: Reason("together", persons.beside), rules.TRENDING: here}
    own = persons.reasons
    return [
        Slot(product, shelf, (own.get(product) if shelf in _OWN else None) or said[shelf])
        for product, shelf, _, _, _ in slate
    ]
