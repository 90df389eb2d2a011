"""From what offers did to what they will do: who is moved by one, what that brings, and the price of the budget.

What is known of a person is how they answered before, with an offer and without one. Effects come from the trial, in
which chance decided (``uplift``); where it finds that people do not differ, everybody counts alike, and where the
average brings nothing nobody is offered anything. What an offer brings is its extra orders' margin, less the discount
on orders that would have come anyway.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detak.decide.knapsack import allocate
from detak.decide.offers import AVERAGE, NOTHING, UPLIFT, Book
from detak.decide.rulebook import Offer, OfferRules
from detak.errors import CannotComputeError
from detak.uplift.base import Effects, Trial
from detak.uplift.choose import calibrated, choose
from detak.uplift.outcome import Outcome, fit_outcome

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]
FEATURES: Final = 9
_ADDS, _ORDERS = 0.3, 0.05  # what is expected of a visit before anything is known, and weighs as much as one visit


@dataclass(frozen=True)
class Visits:
    """Decisions with an offer in play and what came of them, row by row; a person's rows by time."""

    subject: Whole
    offer: Whole
    """Which of the offers; -1: none."""
    trial: Mask
    """Whether chance decided."""
    adds: Floats
    orders: Floats
    amount: Floats
    """Of the orders, before discounts, minor units."""
    beside: Mask | None = None
    """(visits, offers): whether each offer was in play on that day. Who went without one on another day cannot be
    compared: who gets an offer on pay-day buys more than on other days, too. None: all were, always."""


class Moved(NamedTuple):
    """What the people's answers come to: a row of features before each visit, and one a person after the last."""

    before: Floats
    subjects: Whole
    after: Floats


def answers(visits: Visits) -> Moved:
    """How people answered so far: visits, orders and what went into carts, with an offer and without, and spending."""
    treated = (visits.offer >= 0).astype(np.float64)
    told = np.column_stack(
        [
            treated, 1 - treated, treated * visits.adds, (1 - treated) * visits.adds,
            treated * visits.orders, (1 - treated) * visits.orders, visits.amount,
        ]
    )  # fmt: skip
    total = np.cumsum(told, axis=0)
    first = np.flatnonzero(np.r_[True, visits.subject[1:] != visits.subject[:-1]]) if len(told) else np.zeros(0, int)
    sizes = np.diff(np.append(first, len(told)))
    base = np.repeat((total - told)[first], sizes, axis=0) if len(told) else told
    last = np.append(first[1:], len(told)) - 1 if len(told) else first
    after = total[last] - base[last] if len(told) else told
    return Moved(_features(total - told - base), visits.subject[first], _features(after))


def _features(sums: Floats) -> Floats:
    """(rows, FEATURES) of the sums of what was seen."""
    treated, plain, adds_t, adds_p, orders_t, orders_p, amount = sums.T
    rate = [(adds_t + _ADDS) / (treated + 1), (adds_p + _ADDS) / (plain + 1)]
    bought = [(orders_t + _ORDERS) / (treated + 1), (orders_p + _ORDERS) / (plain + 1)]
    count = orders_t + orders_p
    spent = np.where(count > 0, np.log1p(amount / np.maximum(count, 1)), 0.0)
    columns = [
        np.log1p(treated + plain), np.log1p(count), *np.log(rate), *np.log(bought),
        np.log(rate[0] / rate[1]), np.log(bought[0] / bought[1]), spent,
    ]  # fmt: skip
    return np.column_stack(columns)


class Learnt(NamedTuple):
    """A book, and what it was made from."""

    book: Book
    p: float
    """Of the test that people differ in what an offer does to them; nan: it could not be made."""
    average: float
    """Extra orders a visit, of the best offer."""
    visits: int
    anyway: Floats
    """By person of the book, the chance of an order on a visit without an offer: what a response model would go by."""


def learn(visits: Visits, offers: Sequence[Offer], rules: OfferRules, daily: float, budget: float, seed: int) -> Learnt:
    """What offers are expected to bring from now on.

    Args:
        visits: decisions so far.
        offers: those that may be given.
        rules: of the shop.
        daily: visits a day of known people, as decisions came in.
        budget: of a day, minor units.
        seed: of the cross-validation.
    """
    nothing = Learnt(
        Book(NOTHING, tuple(offers), version="too-little"), float("nan"), float("nan"), len(visits.offer), np.zeros(0)
    )
    if not len(visits.offer):
        return nothing
    moved = answers(visits)
    basket = float(visits.amount.sum() / max(visits.orders.sum(), 1.0))
    centre, wide = moved.before.mean(axis=0), moved.before.std(axis=0) + 1e-9
    before, after = (moved.before - centre) / wide, (moved.after - centre) / wide
    control = visits.trial & (visits.offer < 0)
    tried = [_tried(visits, before, control, at, seed) for at in range(len(offers))]
    found = [one for one in tried if one is not None]
    if not found:
        return nothing
    plain = fit_outcome(before[control], (visits.orders[control] > 0).astype(np.float64), binary=True)
    made = [
        _worth(one and one[0], plain, after, basket, rules.margin, offer)
        for one, offer in zip(tried, offers, strict=True)
    ]
    value, cost = (np.column_stack([one[part] for one in made]) for part in (0, 1))
    differ = any(one[1] for one in found)
    rule = (
        UPLIFT if differ else AVERAGE if value.mean(axis=0).max() > 0 and any(one[2] > 0 for one in found) else NOTHING
    )
    # Whoever was here comes again as often as before: a day's visits share a day's budget.
    share = daily / max(len(after), 1)
    spent = allocate(value * share, cost * share, budget * (1.0 - rules.trial))
    version = f"{rule}-{len(visits.offer)}"
    book = Book(
        rule, tuple(offers), spent.price, moved.subjects, value, cost, value.mean(axis=0), cost.mean(axis=0), version
    )
    return Learnt(
        book, min(one[3] for one in found), max(one[2] for one in found), len(visits.offer), plain.expected(after)
    )


def _tried(
    visits: Visits, before: Floats, control: Mask, at: int, seed: int
) -> tuple[Effects, bool, float, float] | None:
    """As ``_effects``, with those alone who could have had the offer; None: too few visits."""
    try:
        return _effects(visits, before, control if visits.beside is None else control & visits.beside[:, at], at, seed)
    except CannotComputeError:
        return None


def _effects(visits: Visits, before: Floats, control: Mask, at: int, seed: int) -> tuple[Effects, bool, float, float]:
    """Effects of one offer on the chance of an order; whether people differ, the least average effect, and the p-value.

    Raises:
        CannotComputeError: too few visits.
    """
    kept = visits.trial & ((visits.offer == at) | control)
    treated = visits.offer[kept] == at
    bought = (visits.orders[kept] > 0).astype(np.float64)
    trial = Trial(before[kept], treated, bought, np.full(len(treated), 0.5))
    chosen = choose(trial, seed, repeats=1)
    effects = calibrated(chosen.learner.fit(trial, seed), trial, seed)
    least = chosen.average.effect - 1.96 * chosen.average.se
    return effects, chosen.heterogeneity.found, least, chosen.heterogeneity.p


def _worth(
    effects: Effects | None, plain: Outcome, after: Floats, basket: float, margin: float, offer: Offer
) -> tuple[Floats, Floats]:
    """Value and cost of an offer to each person, minor units a visit; of one whose effects are not known yet what it
    costs on orders that come anyway, so that the trial alone gives it."""
    anyway = np.clip(plain.expected(after), 0.0, 1.0)
    discount = offer.discount * basket
    if effects is None:
        return -anyway * discount, anyway * discount
    bought = np.clip(anyway + effects.effect(after), 0.0, 1.0)
    return (bought - anyway) * margin * basket - bought * discount, bought * discount
