"""From what offers did to what they will do: who is moved by one, what that brings, and the price of the budget.

What is known of a person is how they answered before, with an offer and without one. Effects come from where chance
decided (``uplift``): the trial, and whoever chance left out of it, by the chances that were logged. Where people are
not found to differ, everybody counts alike, and where an offer to everybody does not surely pay for itself nobody is
offered anything. What an offer brings is the margin of what is bought with it, less the discount, beyond what comes
without it.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detak.decide.knapsack import allocate
from detak.decide.offers import AVERAGE, NOTHING, UPLIFT, Book, trial_share
from detak.decide.offers_worth import Brought, brought
from detak.decide.rulebook import Offer, OfferRules
from detak.decide.visits import Visits
from detak.errors import CannotComputeError
from detak.uplift.base import Trial
from detak.uplift.choose import Chosen, calibrated, choose, likeliest
from detak.uplift.outcome import fit_outcome
from detak.uplift.scores import scores

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]
_WEIGHT: Final = 4.0  # visits that what is usual weighs, until more is known of somebody
_SELDOM: Final = 1e-3  # of what is usual: nothing is rarer
_SURE: Final = 1.96
_CARTS: Final = 4  # products put into the cart on one day: more count as so many
_USUAL: Final = 0.99  # of orders are no larger than what the largest count as: a few do not decide alone


class Moved(NamedTuple):
    """What the people's answers come to: a row of features before each visit, and one a person after the last."""

    before: Floats
    subjects: Whole
    after: Floats


def answers(visits: Visits) -> Moved:
    """How people answered so far: what went into carts and orders, with an offer and without."""
    treated = (visits.offer >= 0).astype(np.float64)
    told = np.column_stack(
        [
            treated, 1 - treated, treated * visits.adds, (1 - treated) * visits.adds,
            treated * visits.orders, (1 - treated) * visits.orders,
        ]
    )  # fmt: skip
    total = np.cumsum(told, axis=0)
    first = np.flatnonzero(np.r_[True, visits.subject[1:] != visits.subject[:-1]]) if len(told) else np.zeros(0, int)
    sizes = np.diff(np.append(first, len(told)))
    base = np.repeat((total - told)[first], sizes, axis=0) if len(told) else told
    last = np.append(first[1:], len(told)) - 1 if len(told) else first
    after = total[last] - base[last] if len(told) else told
    usual = [max(float(one.sum()) / max(len(told), 1), _SELDOM) for one in (visits.adds, visits.orders)]
    return Moved(_features(total - told - base, *usual), visits.subject[first], _features(after, *usual))


def _features(sums: Floats, adds: float, orders: float) -> Floats:
    """(rows, features) of the sums of what was seen; ``adds`` and ``orders`` of a usual visit.

    Of somebody of whom little is known what is usual is expected (as the mean of a gamma prior).
    """
    treated, plain, adds_t, adds_p, orders_t, orders_p = sums.T
    sides = ((treated, adds_t, orders_t), (plain, adds_p, orders_p))
    of_carts = [np.log((many + _WEIGHT * adds) / (seen + _WEIGHT)) for seen, many, _ in sides]
    of_orders = [np.log((many + _WEIGHT * orders) / (seen + _WEIGHT)) for seen, _, many in sides]
    beyond = [(many - adds * seen) / np.sqrt(seen + _WEIGHT) for seen, many, _ in sides]
    return np.column_stack([*of_carts, *of_orders, *beyond])


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
    brought: Sequence[Brought] = ()
    """What offers did so far."""


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
    seen, so_far = len(visits.offer), brought(visits, offers, rules.margin)
    unknown = Book(NOTHING, tuple(offers), version="too-little")
    nothing = Learnt(unknown, float("nan"), float("nan"), seen, np.zeros(0), so_far)
    if not seen:
        return nothing
    moved = answers(visits)
    centre, wide = moved.before.mean(axis=0), moved.before.std(axis=0) + 1e-9
    before, after = (moved.before - centre) / wide, (moved.after - centre) / wide
    control = ~np.isnan(visits.chance) & (visits.offer < 0)
    if not control.any():
        return nothing
    plain = fit_outcome(before[control], (visits.orders[control] > 0).astype(np.float64), binary=True)
    known = _Known(visits, before, after, np.clip(plain.expected(after), 0.0, 1.0))
    tried = [_tried(known, at, (offer.discount, rules.margin), seed) for at, offer in enumerate(offers)]
    found = [one for one in tried if one.known]
    if not found:
        return nothing
    value, cost = np.column_stack([one.value for one in tried]), np.column_stack([one.cost for one in tried])
    rule = UPLIFT if any(one.differ for one in found) else AVERAGE if any(one.pays for one in found) else NOTHING
    loses = all(one.loses for one in tried)
    chance = trial_share(rules, loses=loses), rules.holdout
    price = _priced(value, cost, chance, (daily, budget))
    # Of whom nothing is known only what surely pays with everybody.
    average = [one.value.mean() if one.pays else min(one.value.mean(), 0.0) for one in tried]
    version = f"{rule}-{seen}"
    means = np.array(average), cost.mean(axis=0)
    book = Book(rule, tuple(offers), price, moved.subjects, value, cost, *means, version, loses)
    p, least = min(one.p for one in found), max(one.least for one in found)
    return Learnt(book, p, least, seen, known.anyway, so_far)


def _priced(value: Floats, cost: Floats, chance: tuple[float, float], day: tuple[float, float]) -> float:
    """The price of the budget for those whom nobody drew for: what the trial spends is not theirs.

    Whoever was here comes again as often as before: a day's visits share a day's budget. ``chance``: the shares of the
    trial and the holdout.
    """
    (trial, holdout), (daily, budget) = chance, day
    each = daily / max(len(value), 1)
    spent = trial / (cost.shape[1] + 1) * each * float(cost.sum())
    share = each * (1.0 - trial - holdout)
    return allocate(value * share, cost * share, max(budget - spent, 0.0)).price


class _Known(NamedTuple):
    """What is known before each visit, and of each person after the last; the chance then of an order without one."""

    visits: Visits
    before: Floats
    after: Floats
    anyway: Floats


class _Found(NamedTuple):
    """What one offer does."""

    value: Floats
    """By person what it brings, minor units a visit: margin less discounts, beyond that without an offer."""
    cost: Floats
    """By person the discounts, minor units a visit."""
    differ: bool = False
    """Whether people differ in whether it has them order."""
    p: float = float("nan")
    least: float = float("nan")
    """Of the average effect on the chance of an order."""
    pays: bool = False
    """Whether it surely brings money, given to everybody."""
    loses: bool = False
    """Whether it surely costs some."""

    @property
    def known(self) -> bool:
        """Whether there was enough to learn from."""
        return not np.isnan(self.p)


def _tried(known: _Known, at: int, terms: tuple[float, float], seed: int) -> _Found:
    """Effects of one offer; where too little is known of it, what it costs on orders that come anyway, so that the
    trial alone gives it. ``terms``: its discount, and what the shop keeps of a price."""
    visits = known.visits
    there = True if visits.beside is None else visits.beside[:, at]
    kept = ~np.isnan(visits.chance) & ((visits.offer == at) | ((visits.offer < 0) & there))
    try:
        return _effects(known, kept, terms, seed)
    except CannotComputeError:
        cost = known.anyway * terms[0] * float(visits.amount.sum() / max(visits.orders.sum(), 1.0))
        return _Found(-cost, cost)


def _effects(known: _Known, kept: Mask, terms: tuple[float, float], seed: int) -> _Found:
    """As ``_tried``, of the visits ``kept``: those with the offer, and those that could have had it and went without.

    Who is moved is learnt from what goes into carts, of which there is more than of orders, in two ways: whether there
    is anything in them, and what such carts usually bring in, which also knows what an offer takes off orders that
    come anyway. What these two say is averaged: each errs where the other does not. Whether people differ is judged by
    orders, and how far apart they are by the money that came in, larger baskets too.

    Raises:
        CannotComputeError: too few visits.
    """
    visits, (discount, margin) = known.visits, terms
    treated, some = visits.offer[kept] >= 0, visits.orders[kept] > 0
    filled = (some | (visits.adds[kept] > 0)).astype(np.float64)
    trial = Trial(known.before[kept], treated, some.astype(np.float64), visits.chance[kept], filled)
    chosen = choose(trial, seed, repeats=1)
    amount = visits.amount[kept]
    amount = np.minimum(amount, np.quantile(amount[some], _USUAL))
    money = replace(trial, outcome=visits.earned(discount, margin)[kept] * amount)
    orders = calibrated(chosen.learner, trial, seed, early=chosen.early)
    score = scores(money, seed).score
    mean, sure = float(score.mean()), _SURE * float(score.std(ddof=1)) / sqrt(len(score))
    pays = mean > sure
    value = np.full(len(known.after), mean if pays else min(mean, 0.0))
    differ = chosen.heterogeneity.found
    if differ:
        carts = visits.adds[kept] if visits.adds[kept].any() else visits.orders[kept]
        value = _worth(money, carts, chosen, known.after, seed)
    bought = np.clip(known.anyway + orders.effect(known.after), 0.0, 1.0)
    least = chosen.average.effect - _SURE * chosen.average.se
    cost = bought * discount * float(amount[some].mean())
    return _Found(value, cost, differ, chosen.heterogeneity.p, least, pays, mean < -sure)


def _worth(money: Trial, carts: Floats, chosen: Chosen, after: Floats, seed: int) -> Floats:
    """What an offer brings of each, minor units a visit: the mean of what is learnt in two ways from carts, each as far
    as the money that came in bears it out. ``money`` knows early whether a cart was filled."""
    index = _usual(money.outcome, carts, money.treated)
    by_index = likeliest(replace(money, outcome=index, early=None), seed)
    filled = calibrated(chosen.learner, money, seed, early=chosen.early)
    usual = calibrated(by_index, replace(money, early=index), seed, early=True)
    found: Floats = (filled.effect(after) + usual.effect(after)) / 2
    return found


def _usual(earned: Floats, carts: Floats, treated: Mask) -> Floats:
    """By visit what those with as much in their carts bring in on average, with the offer or without.

    A surrogate index (Athey, Chetty, Imbens, Kang 2019): whether a cart is ordered and how dear it is hangs on chance
    far more than whether it was filled, and hides whom an offer moves.
    """
    kind = np.minimum(carts, _CARTS).astype(np.int64) + (_CARTS + 1) * treated
    many = np.bincount(kind, minlength=2 * (_CARTS + 1))
    found: Floats = (np.bincount(kind, earned, len(many)) / np.maximum(many, 1))[kind]
    return found
