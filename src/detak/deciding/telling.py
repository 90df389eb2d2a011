"""Telling a page: its products with why each stands where it stands, and what most of its worth stands on."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from detak.decide import rulebook as rules
from detak.decide.exploring import BEST
from detak.decide.offers import HELD_BACK, Choice
from detak.decide.page import Placed
from detak.deciding.paging import LIST, Paged
from detak.deciding.pools import Persons
from detak.deciding.posing import Asker, Moment
from detak.decision import Decision, Promotion, Reason, Slot

_MOST_REASONS: Final = 3
_POPULAR: Final = Reason("popular")
_OWN: Final = frozenset((rules.FOR_YOU, LIST))
"""Shelves on which a product's own reason counts."""
_REASONS: Final = {
    rules.CONTINUE: Reason("continue"),
    rules.FOR_YOU: Reason("for_you"),
    rules.NEW: Reason("new"),
    rules.OFFERS: Reason("price_cut"),
    LIST: Reason("fits"),
    rules.PINNED: Reason("pinned"),
}


class Telling(NamedTuple):
    """To whom it is told, when, by which policy, and what they are offered."""

    asker: Asker
    moment: Moment
    policy: str
    choice: Choice | None


def told(decision_id: str, placement: str, page: Paged, telling: Telling) -> Decision:
    """The decision that a page is."""
    asker, moment, policy, choice = telling
    drawn, persons = page.drawn, page.persons
    slate = drawn.page.slate
    slots, strongest = _slots(slate, persons, asker)
    notes = list(asker.notes)
    if page.bought:
        notes.append(Reason("purchased", str(page.bought)))
    if persons.sensitive:
        notes.append(Reason("sensitive", str(persons.sensitive)))
    if drawn.variant != BEST:
        notes.append(Reason("explored"))
    offer = choice.offer if choice else None
    if choice and (choice.arm or choice.reason in HELD_BACK):
        notes.append(Reason(choice.reason, offer.name if offer else ""))
    return Decision(
        decision_id, placement, slots,
        Promotion(offer.name, offer.discount, offer.code) if offer else None,
        drawn.variant, round(drawn.propensity, 6), [*strongest, *notes],
        policy, moment.front.version, moment.now,
        choice.arm if choice else "", round(choice.propensity, 6) if choice else 1.0,
    )  # fmt: skip


def _slots(slate: Sequence[Placed], persons: Persons, asker: Asker) -> tuple[list[Slot], list[Reason]]:
    """The products of a slate, each with why it stands where it stands; and the reasons that most of the slate's worth
    stands on, no code twice."""
    where, naming = asker.where, asker.naming
    place = where.city or where.province
    here = Reason("popular_place", place) if place else _POPULAR
    said = {**_REASONS, rules.TOGETHER: Reason("together", persons.beside), rules.TRENDING: here}
    slots: list[Slot] = []
    worth: dict[str, float] = {}
    first: dict[str, Reason] = {}
    for (product, shelf, score, _, _), name in zip(slate, naming.names([one[0] for one in slate]), strict=True):
        reason = (persons.reason(product, naming) if shelf in _OWN else None) or said[shelf]
        slots.append(Slot(name, shelf, reason))
        code = reason.code
        if code in worth:
            worth[code] += score
        else:
            worth[code], first[code] = score, reason
    return slots, [first[code] for code in sorted(worth, key=worth.__getitem__, reverse=True)[:_MOST_REASONS]]
