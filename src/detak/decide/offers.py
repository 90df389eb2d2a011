"""Which offer somebody gets: by what it is expected to bring, within a budget, a floor and a cap; held to the truth.

A part of the people, by chance, gets no offer ever (the holdout); of another part chance decides (the trial); the rest
get what is expected to bring more than it costs at the price of the budget (``knapsack``). It is drawn once a day for
each person: who has an offer keeps it for the day, on every page, and it counts once. The chance of each outcome is
logged. Nobody's sex, age, faith or place has a part in it, and every offer stands on a public page with its code:
who is not offered it can have it all the same.
"""

from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detak.decide.knapsack import NONE, choose
from detak.decide.rulebook import Offer, OfferRules

Floats = NDArray[np.float64]
Subjects = NDArray[np.int64]

HOLDOUT: Final = "holdout"
TRIAL: Final = "trial"
CHOSEN: Final = "chosen"
UPLIFT: Final = "uplift"
AVERAGE: Final = "average"
NOTHING: Final = "nothing"
"""By what the others are treated: person by person; all alike, since nothing tells them apart; not at all, since the
offers bring less than they cost, or nobody knows yet."""
CAPPED: Final = "capped"
BUDGET_SPENT: Final = "budget_spent"
RESTING: Final = "resting"
HELD_BACK: Final = (CAPPED, BUDGET_SPENT, RESTING)
"""Why nobody drew for somebody: limits that the shop has set, or none of its offers holds today."""
_SALT: Final = b"offers"
_ORDERS: Final = 0.05  # of a visit, before anything is known
_LEAST: Final = 1e-9  # minor units: a budget of nothing gives nothing


@dataclass(frozen=True)
class Book:
    """What each known person's offers are expected to bring. Immutable; made by ``offers_learning``.

    ``value`` and ``cost`` are (people, offers), minor units of the shop's currency for one decision; ``average`` and
    ``average_cost`` the same for somebody of whom nothing is known.
    """

    rule: str = NOTHING
    offers: tuple[Offer, ...] = ()
    price: float = 0.0
    subjects: Subjects = field(default_factory=lambda: np.zeros(0, np.int64))
    value: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    cost: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    average: Floats = field(default_factory=lambda: np.zeros(0))
    average_cost: Floats = field(default_factory=lambda: np.zeros(0))
    version: str = "none"
    loses: bool = False
    """Whether each of the offers surely costs more than it brings, given to everybody."""

    def of(self, subject: int) -> tuple[Floats, Floats]:
        """Value and cost of each offer for somebody."""
        at = int(np.searchsorted(self.subjects, subject)) if self.rule == UPLIFT else len(self.subjects)
        if at < len(self.subjects) and self.subjects[at] == subject:
            return self.value[at], self.cost[at]
        return self.average, self.average_cost

    def knows(self, offer: Offer) -> bool:
        """Whether the last lesson was of this offer, too, whenever it holds."""
        return _kind(offer) in map(_kind, self.offers)

    def among(self, offers: tuple[Offer, ...], unlearnt: "Book") -> "Book":
        """The same for the offers that hold now: of one that was not there at the last lesson what is expected before
        anything is learnt of it, so that the trial alone gives it. ``unlearnt``: of all of them."""
        if self.offers == offers and len(self.average_cost):
            return self
        places = {_kind(one): at for at, one in enumerate(self.offers)} if len(self.average_cost) else {}
        found = [(at, places[_kind(one)]) for at, one in enumerate(offers) if _kind(one) in places]
        if not found:
            return unlearnt
        here, there = (list(some) for some in zip(*found, strict=True))
        people = len(self.subjects)
        value, cost = np.zeros((people, len(offers))), np.tile(unlearnt.average_cost, (people, 1))
        average, average_cost = np.zeros(len(offers)), unlearnt.average_cost.copy()
        average[here], average_cost[here] = self.average[there], self.average_cost[there]
        if people:
            value[:, here], cost[:, here] = self.value[:, there], self.cost[:, there]
        return replace(self, offers=offers, value=value, cost=cost, average=average, average_cost=average_cost)


def _kind(offer: Offer) -> tuple[str, float]:
    """What is learnt goes by: the dates may change."""
    return offer.name, offer.discount


def reckoned(book: Book, rules: OfferRules, usual_price: float) -> bool:
    """Whether anything is known of what an offer costs: from the last lesson, or from the prices of the catalogue.

    Where nothing is, no budget holds, so nothing is offered.
    """
    return usual_price > 0 or (book.offers == allowed(rules) and bool(book.average_cost.any()))


class Choice(NamedTuple):
    """What somebody is offered, in which arm, and the chance of it over all arms."""

    offer: Offer | None
    arm: str
    propensity: float
    reason: str
    """A key of the texts: why this, or why nothing."""
    cost: float = 0.0
    """Minor units that it is expected to cost."""


class Given(NamedTuple):
    """What was given so far."""

    theirs: int
    """Days before this one, within those of the cap, on which the person got an offer."""
    left: float
    """Of today's budget, minor units."""
    today: bool = False
    """Whether the person got an offer today: then it is paid for."""


def allowed(rules: OfferRules) -> tuple[Offer, ...]:
    """The offers that leave the floor of the margin."""
    return tuple(one for one in rules.offer if rules.margin - one.discount >= rules.margin_floor - 1e-9)


def unlearnt(offers: tuple[Offer, ...], usual_price: float) -> Book:
    """Before anything is learnt an offer counts as its discount on one order in twenty at the usual price: did it
    count as nothing, no budget would hold the trial."""
    cost = np.array([round(_ORDERS * one.discount * usual_price, 6) for one in offers])  # a sum of them is exact
    return Book(offers=offers, average_cost=cost)


def trial_share(rules: OfferRules, *, loses: bool) -> float:
    """The share of people whose offer chance decides: where offers lose on average, who is moved is looked for at less
    cost. ``loses``: as ``Book.loses``."""
    return rules.trial * (rules.losing if loses else 1.0)


def offered(subject: int, day: int, book: Book, rules: OfferRules, given: Given) -> Choice:
    """The offer for somebody, for a day.

    Args:
        subject: the person.
        book: expectations, with a cost for each offer.
        rules: of the shop.
        day: the arms but the holdout are drawn anew each day, a number that goes up.
        given: what was given so far.
    """
    offers = allowed(rules)
    trial = trial_share(rules, loses=book.loses)
    each = trial / (len(offers) + 1) if offers else 0.0
    if not offers:
        return Choice(None, "", 1.0, "no_offers")
    value, cost = book.of(subject)
    # Before anything is drawn: else those who drew an offer and did not get it would pass for those who drew none.
    if given.theirs >= rules.most:
        return Choice(None, "", 1.0, CAPPED)
    if not given.today and given.left < max(float(cost.max(initial=0.0)), _LEAST):
        return Choice(None, "", 1.0, BUDGET_SPENT)
    best = choose(value, cost, book.price) if book.rule != NOTHING and len(value) else NONE
    sure = 1.0 - rules.holdout - trial
    chances = [each + sure * (at == best) for at in range(len(offers))]
    nothing = 1.0 - sum(chances)
    if drawn(subject) < rules.holdout:
        return Choice(None, HOLDOUT, nothing, "held_out")
    lot = drawn(subject, day) * (1.0 - rules.holdout)
    if lot < trial:
        at = int(lot / trial * (len(offers) + 1)) - 1
        arm = TRIAL
    else:
        at, arm = best, CHOSEN
    if at < 0:
        return Choice(None, arm, nothing, "by_chance" if arm == TRIAL else f"not_offered_{book.rule}")
    told = "by_chance" if arm == TRIAL else f"offered_{book.rule}"
    return Choice(offers[at], arm, chances[at], told, float(cost[at]))


def drawn(subject: int, day: int = 0) -> float:
    """A person's lot of the day, uniform on [0, 1), always the same."""
    digest = blake2b(subject.to_bytes(8, "little") + day.to_bytes(4, "little"), digest_size=8, key=_SALT).digest()
    return int.from_bytes(digest, "little") / 2**64
