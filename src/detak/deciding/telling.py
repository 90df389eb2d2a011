"""Telling a slate: its products with why each stands where it stands, and what most of its worth stands on."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from detak.decide import rulebook as rules
from detak.decide.compiled_slates import SHELVES
from detak.decide.exploring import BEST
from detak.decide.offers import HELD_BACK, Choice
from detak.decide.page import Placed, packed
from detak.decide.slate import Slate
from detak.deciding.paging import LIST, Paged
from detak.deciding.pools import Persons, Where
from detak.deciding.posing import Asker, Moment
from detak.deciding.shopfront import View
from detak.decision import Promotion, Reason, Slot

_MOST_REASONS: Final = 3
_encode: Final = msgspec.json.Encoder().encode
_POPULAR: Final = Reason("popular")
_EXPLORED: Final = _encode(Reason("explored"))
_DECISION: Final = (
    b'{"decision_id":"%b","placement":%b,"slate":[%b],"promotion":%b,"variant":"%b","propensity":%b,"reasons":[%b],'
    b'%b,"arm":%b,"arm_propensity":%b}'
)
"""A ``Decision``."""
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


REASONS: Final = [_REASONS[one].code if one in _REASONS else one for one in SHELVES]
"""The code of each shelf's own reason."""


class Slated(NamedTuple):
    """One placement's slate, what it was made by, and how much was left out."""

    slate: Slate
    view: View
    bought: int
    """Products that were bought lately."""
    sensitive: int
    """Touches that were set aside."""


class Telling:
    """Tells the decisions of one question.

    Args:
        asker: to whom it is told.
        moment: when.
        policy: by which.
        choice: what they are offered, in placements that may; None: none may.
    """

    def __init__(self, asker: Asker, moment: Moment, policy: str, choice: Choice | None) -> None:
        self._notes = asker.notes
        self._end = b'"policy":%b,"model":%b,"time":%d' % (_encode(policy), _encode(moment.front.version), moment.now)
        self._choice = choice

    def told(self, decision_id: str, placement: str, made: Slated) -> bytes:
        """The decision that a slate is, as the JSON of a ``Decision``."""
        slate, view, bought, sensitive = made
        choice = self._choice if view.rules.offers else None
        offer = choice.offer if choice else None
        reasons = [slate.reasons] if slate.reasons else []
        reasons += map(_encode, self._notes)
        if bought:
            reasons.append(_encode(Reason("purchased", str(bought))))
        if sensitive:
            reasons.append(_encode(Reason("sensitive", str(sensitive))))
        if slate.variant != BEST:
            reasons.append(_EXPLORED)
        if choice and (choice.arm or choice.reason in HELD_BACK):
            reasons.append(_encode(Reason(choice.reason, offer.name if offer else "")))
        return _DECISION % (
            decision_id.encode(), _encode(placement), slate.slots,
            _encode(Promotion(offer.name, offer.discount, offer.code, offer.ends)) if offer else b"null",
            slate.variant.encode(), _encode(round(slate.propensity, 6)), b",".join(reasons), self._end,
            _encode(choice.arm) if choice else b'""', _encode(round(choice.propensity, 6)) if choice else b"1.0",
        )  # fmt: skip


def slated(page: Paged, asker: Asker) -> Slated:
    """What is told of a page."""
    drawn, persons = page.drawn, page.persons
    placed = drawn.page.slate
    slots, strongest = _slots(placed, persons, asker)
    slate = Slate(
        _listed(slots), _listed(strongest), [one.product for one in placed],
        [one.product for one in placed if one.shelf in rules.PERSONAL], packed(placed),
        drawn.variant, drawn.propensity,
    )  # fmt: skip
    return Slated(slate, page.view, page.bought, persons.sensitive)


def here(where: Where) -> Reason:
    """Why what many turn to there and then stands where it stands."""
    place = where.city or where.province
    return Reason("popular_place", place) if place else _POPULAR


def _listed(some: Sequence[Slot] | Sequence[Reason]) -> bytes:
    """As JSON, without the brackets around them."""
    return _encode(some)[1:-1]


def _slots(slate: Sequence[Placed], persons: Persons, asker: Asker) -> tuple[list[Slot], list[Reason]]:
    """The products of a slate, each with why it stands where it stands; and the reasons that most of the slate's worth
    stands on, no code twice."""
    naming = asker.naming
    said = {**_REASONS, rules.TOGETHER: Reason("together", persons.beside), rules.TRENDING: here(asker.where)}
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
