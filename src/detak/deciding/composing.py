"""Composing the answer to one question: who may be known, what may be put before them, which pages, which offer."""

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from detak.consent import Purpose, read_preferences
from detak.decide import rulebook as rules
from detak.decide.asking import Asked, Question
from detak.decide.exploring import BEST, Drawn, draw
from detak.decide.offers import Book, Choice, Given, offered
from detak.decide.page import Layout, Page, Placed, compose, packed, pinned
from detak.decide.scoring import Pool
from detak.decide.served import DAY, Served
from detak.deciding.pools import Persons, Wanted, Where
from detak.deciding.resuming import Kept, Row, Spent, resumed
from detak.deciding.shopfront import Front, View
from detak.deciding.stock import Naming
from detak.decision import Decision, Promotion, Reason, Slot, decision_ids
from detak.money import exponent
from detak.place import city, province
from detak.settings import Settings
from detak.trust.gate import Gate
from detak.trust.passages import STRANGER, Visitor

_MOST_REASONS: Final = 3
_LIST: Final = "list"
_PERSONALISATION: Final = int(Purpose.PERSONALISATION)
_POPULAR: Final = Reason("popular")
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
    shut: frozenset[int]
    notes: tuple[Reason, ...]
    """What guardrails kept away."""
    naming: Naming


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
    """Nothing is tried, and nothing remembered."""


class Posed(NamedTuple):
    """A question, and when and by whose word it is answered."""

    question: Question
    moment: Moment


class Composed(NamedTuple):
    """Decisions, not kept yet, and what is learnt from them later."""

    decisions: list[Decision]
    features: list[bytes]


class _Page(NamedTuple):
    """What the placements of a question that have a page and its rules in common share."""

    persons: Persons
    shelves: list[list[Placed]]


class _Made(NamedTuple):
    """One placement's page, before it is told."""

    decision_id: str
    placement: str
    drawn: Drawn
    persons: Persons
    bought: int
    """Products left out because they were bought lately."""


_Sight = tuple[str | None, View]
"""The product on whose page placements stand, and the rules that they go by."""


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

    def compose(self, posed: Sequence[Posed]) -> Iterator[Composed]:
        """Decisions for each of some questions of one moment, and what was shown is remembered.

        What is known of the people, and what fits them, is looked up for all at once; each answer is then made, and
        counted, before the next: no budget and no cap on offers is passed because people came together.
        """
        askers = [self._asker(one.question, one.moment) for one in posed]
        pages = _pages(posed, askers)
        for one, asker, theirs in zip(posed, askers, pages, strict=True):
            yield self._composed(one, asker, theirs)

    def _composed(self, posed: Posed, asker: Asker, pages: Mapping[_Sight, _Page]) -> Composed:
        question, moment = posed
        naming, now = asker.naming, moment.now
        shown: set[int] = set()
        decisions, features = [], []
        choice: Choice | None = None
        for one, asked in zip(decision_ids(now, len(question.placements)), question.placements, strict=True):
            view = moment.front.view(asked.name)
            page = pages[asked.product, view]
            if asked.products is None:
                lately = [naming.number(product) for product in view.lately(asker.visitor.bought, now)]
                shut = shown.union(asker.shut, lately, map(naming.number, asked.exclude))
                if asked.product is not None:
                    shut.add(naming.number(asked.product))
                drawn = self._drawn(asked.k, view, page.shelves, shut, moment)
                shown.update([placed[0] for placed in drawn.page.slate])
                _clear(page.shelves, drawn.page, shown)
            else:
                lately = []
                drawn = _reranked(asked, asked.products, view, page.persons, naming)
            if choice is None and view.rules.offers:
                choice = self._choice(asker, moment)
            made = _Made(one, asked.name, drawn, page.persons, len(lately))
            decisions.append(self._told(made, asker, choice, moment))
            features.append(packed(drawn.page.slate))
        if not moment.preview:
            self._note(asker, decisions, choice, moment)
        return Composed(decisions, features)

    def _asker(self, question: Question, moment: Moment) -> Asker:
        context, naming = question.context, Naming(moment.front.stock)
        location = context.location
        where = Where(province(location.region), city(location.city)) if location else _NOWHERE
        if context.minor or moment.refused & _PERSONALISATION:
            note = Reason("minor" if context.minor else "refused")
            return Asker(STRANGER, where, context.minor, frozenset(), (note,), naming)
        visitor = self._gate.recent(
            Purpose.PERSONALISATION, question.identifiers, question.session, alone=not moment.server
        )
        return self._guarded(Asker(visitor, where, False, frozenset(), (), naming), moment.front, moment.now)

    def _guarded(self, asker: Asker, front: Front, now: int) -> Asker:
        """With what is not to be put before the visitor again, and why."""
        visitor = asker.visitor
        if visitor.subject is None:
            return asker
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

    def _drawn(self, k: int, view: View, shelves: list[list[Placed]], shut: set[int], moment: Moment) -> Drawn:
        """The page of one placement, without what is ``shut``; nothing is tried in a preview."""
        pins = view.pins(k, shut)
        layout = view.layout(k - len(pins))
        if view.ruling is not None:
            shelves = view.ruling.chosen(shelves, k, shut, moment.now)
            layout = replace(layout, category_share=1.0)
        shut.update([one.product for _, one in pins])
        page = compose(shelves, layout, shut)
        drawn = Drawn(page, BEST, 1.0) if moment.preview else draw(page, view.exploration, self._chance.random())
        return drawn._replace(page=pinned(drawn.page, pins)) if pins else drawn

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
        slots, strongest = _slots(slate, persons, asker)
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
            drawn.variant, round(drawn.propensity, 6), [*strongest, *notes],
            f"{front.weights.version}/{self.book.version}", front.version, moment.now,
            choice.arm if choice else "", round(choice.propensity, 6) if choice else 1.0,
        )  # fmt: skip

    def _note(self, asker: Asker, decisions: Sequence[Decision], choice: Choice | None, moment: Moment) -> None:
        """Remember what was put before a known person."""
        subject, now = asker.visitor.subject, moment.now
        if subject is None:
            return
        products = [slot.product_id for one in decisions for slot in one.slate if slot.shelf in rules.PERSONAL]
        self._served.show(subject, products, now, moment.front.rulebook.guardrails.shown_days)
        if choice is not None and choice.offer is not None:
            self._served.give(subject, now)
            self.spent = self.spent.more(choice.cost)


def _pages(posed: Sequence[Posed], askers: Sequence[Asker]) -> list[dict[_Sight, _Page]]:
    """For each question what its placements share, all looked up and scored together. There is a question."""
    front, now = posed[0].moment.front, posed[0].moment.now
    wanted = [
        (at, product)
        for at, one in enumerate(posed)
        for product in dict.fromkeys([asked.product for asked in one.question.placements])
    ]
    persons = dict(
        zip(wanted, front.pools.of([_wanted(askers[at], product) for at, product in wanted], now), strict=True)
    )
    seen: dict[View, list[tuple[int, str | None]]] = {}
    for at, one in enumerate(posed):
        for asked in one.question.placements:
            seen.setdefault(front.view(asked.name), []).append((at, asked.product))
    found: list[dict[_Sight, _Page]] = [{} for _ in posed]
    for view, some in seen.items():
        keys = list(dict.fromkeys(some))
        pools = [view.personal(persons[key]) for key in keys]
        scored = iter(view.scoring.scored([pool for theirs in pools for pool in theirs]))
        for key, theirs in zip(keys, pools, strict=True):
            mine = persons[key]
            shelves = view.shelves([next(scored) for _ in theirs], mine.all, askers[key[0]].where, now)
            found[key[0]][key[1], view] = _Page(mine, shelves)
    return found


def _clear(shelves: list[list[Placed]], page: Page, shown: Collection[int]) -> None:
    """Take off the shelves what stands on a page, so that the next page need not pass over it."""
    used = {row[0].shelf for row in page.shelves}
    for at, shelf in enumerate(shelves):
        if shelf and shelf[0].shelf in used:
            shelves[at] = [one for one in shelf if one[0] not in shown]


def _wanted(asker: Asker, product: str | None) -> Wanted:
    number = None if product is None else asker.naming.number(product)
    return Wanted(asker.visitor, asker.shut, asker.where, asker.naming, number)


def _reranked(asked: Asked, products: Sequence[str], view: View, persons: Persons, naming: Naming) -> Drawn:
    """The shop's own list, brought into order."""
    listed = list(map(naming.number, products))
    scored = view.scoring.scored([Pool(_LIST, listed, persons.fit(listed), leans=persons.leans)])
    shut = {naming.number(one) for one in asked.exclude}
    return Drawn(compose(scored, Layout(asked.k, asked.k, 1.0), shut), BEST, 1.0)


def _slots(slate: Sequence[Placed], persons: Persons, asker: Asker) -> tuple[list[Slot], list[Reason]]:
    """The products of a slate, each with why it stands where it stands; and the reasons that most of the slate's worth
    stands on, no code twice."""
    where, naming = asker.where, asker.naming
    place = where.city or where.province
    here = Reason("popular_place", place) if place else _POPULAR
    said = {**_REASONS, rules.TOGETHER: Reason("together", persons.beside), rules.TRENDING: here}
    slots, name = [], naming.name
    worth: dict[str, float] = {}
    first: dict[str, Reason] = {}
    for product, shelf, score, _, _ in slate:
        reason = (persons.reason(product, naming) if shelf in _OWN else None) or said[shelf]
        slots.append(Slot(name(product), shelf, reason))
        code = reason.code
        if code in worth:
            worth[code] += score
        else:
            worth[code], first[code] = score, reason
    return slots, [first[code] for code in sorted(worth, key=worth.__getitem__, reverse=True)[:_MOST_REASONS]]
