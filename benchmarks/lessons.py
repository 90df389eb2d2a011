"""What the lesson of offers finds in shops whose answer is known by construction: one in which an offer moves nobody,
and one in which it moves a quarter of the people; learnt from the trial alone, from all that chance decided, and with
carts. And how large the simulated shop of ``loop`` has to be for a lesson to know, by calculation alone.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from scipy.stats import binom, norm

from benchmarks.offers import _played
from detak.decide.offers import AVERAGE, UPLIFT
from detak.decide.offers_learning import Learnt, learn
from detak.decide.rulebook import Offer, OfferRules
from detak.decide.visits import Visits
from detak.simulate.config import WORLDS
from detak.simulate.people import UPLIFT_SHARES
from detak.simulate.world import World

_OFFER: Final = Offer("hemat", 0.15)
_RULES: Final = OfferRules(offer=(_OFFER,), margin=0.3, margin_floor=0.1, holdout=0.1, trial=0.4)
_PEOPLE: Final = 700
_KINDS: Final = np.array(UPLIFT_SHARES)
_HOME: Final = 0.65  # of visits
_GIVEN: Final = _RULES.trial / 2 / (1 - _RULES.holdout)


def run(_: Path, nothing: int = 200, moved: int = 40) -> dict[str, Any]:
    """Shops of each kind, numbered from 0."""
    none = [_learnt(_shop(seed, 6, 0.0)) for seed in range(nothing)]
    shops = [_shop(seed, 12, 0.25) for seed in range(moved)]
    ways = {
        "trial_alone_without_carts": [_trial(_cartless(one)) for one in shops],
        "all_without_carts": [_cartless(one) for one in shops],
        "trial_alone": [_trial(one) for one in shops],
        "all": shops,
    }
    return {
        "shops_where_nobody_is_moved": nothing,
        "people_held_to_differ": _share([one.book.rule == UPLIFT for one in none]),
        "orders_held_to_be_more": _share([one.average > 0 for one in none]),
        "offered_to_everybody": _share([one.book.rule == AVERAGE for one in none]),
        "shops_where_a_quarter_is_moved": moved,
        "power": {
            f"{shoppers} shoppers, {days} days": power(shoppers, days)
            for shoppers in (1_600, 4_000)
            for days in (42, 84, 150)
        },
        "found": {name: _share([_learnt(one).book.rule == UPLIFT for one in some]) for name, some in ways.items()},
    }


def _shop(seed: int, days: int, moved: float) -> Visits:
    """People of whom some buy more than others, and some put three times as much into carts with an offer."""
    rng = np.random.default_rng(seed)
    subject = np.repeat(np.arange(_PEOPLE), rng.poisson(days, _PEOPLE))
    n = len(subject)
    keen = np.exp(0.6 * rng.standard_normal(_PEOPLE))[subject]
    held = (rng.random(_PEOPLE) < _RULES.holdout)[subject]
    given = ~held & (rng.random(n) < _GIVEN)
    lifted = given & (rng.random(_PEOPLE) < moved)[subject]
    adds = rng.poisson(0.3 * keen * (1 + 2 * lifted)).astype(np.float64)
    orders = (rng.random(n) < np.minimum(0.25 * adds, 0.9)).astype(np.float64)
    chance = np.where(held, np.nan, _GIVEN)
    return Visits(subject, np.where(given, 0, -1), chance, adds, orders, orders * rng.lognormal(11.5, 0.7, n))


def _trial(shop: Visits) -> Visits:
    """The visits of the trial alone: of those without an offer as many as with one."""
    lot = np.random.default_rng(len(shop.offer)).random(len(shop.offer)) < _GIVEN / (1 - _GIVEN)
    drawn = ~np.isnan(shop.chance) & ((shop.offer >= 0) | lot)
    return replace(shop, chance=np.where(drawn, 0.5, np.nan))


def _cartless(shop: Visits) -> Visits:
    return replace(shop, adds=np.zeros(len(shop.adds)))


def _learnt(shop: Visits) -> Learnt:
    return learn(shop, (_OFFER,), _RULES, _PEOPLE, 1e15, 1)


def _share(found: list[bool]) -> float:
    return round(float(np.mean(found)), 3)


def power(shoppers: int, days: int) -> float:
    """The chance that a lesson finds people to differ at the end of so many days of the simulated shop.

    Visits are known to differ by as much as a person's carts with an offer so far tell which kind they are; a fifth of
    the visits only teaches. Kinds differ as in the world of seed 4, with the shop's own pages.
    """
    filled, ordered = _rates()
    moved = ordered[1] - ordered[0]
    rate = np.minimum(np.random.default_rng(1).gamma(0.8, 0.15, 4_000) + 0.01, 1.5) * _HOME
    told = np.average([_told(rate, days * part, filled[1], moved) for part in (0.1, 0.3, 0.5, 0.7, 0.9)])
    with_it, without = _KINDS @ ordered[1], _KINDS @ ordered[0]
    noise = with_it * (1 - with_it) / _GIVEN + without * (1 - without) / (1 - _GIVEN)
    visits = shoppers * (1 - _RULES.holdout) * rate.mean() * days * 0.8
    return round(float(norm.cdf((told * visits / noise) ** 0.5 - norm.ppf(1 - 0.05 / 2))), 3)


def _told(rate: Any, days: float, filled: Any, moved: Any) -> float:
    """The variance, over visits, of the effect that is expected of a person after so many days."""
    many = np.round(rate * days * _GIVEN).astype(int)
    found = 0.0
    for one in np.unique(many):
        carts = np.arange(one + 1)
        likely = binom.pmf(carts[None, :], one, filled[:, None]) * _KINDS[:, None]
        expected = moved @ (likely / likely.sum(axis=0))
        found += rate[many == one].sum() * float(likely.sum(axis=0) @ expected**2 - (_KINDS @ moved) ** 2)
    return found / float(rate.sum())


def _rates(shoppers: int = 4_000, days: int = 30) -> tuple[Any, Any]:
    """(without and with an offer, kinds): how often a visit fills a cart, and ends in an order."""
    config = msgspec.structs.replace(WORLDS["confounded"], seed=4, shoppers=shoppers, days=days, campaign_every=0)
    world = World.make(config)
    sums = np.zeros((3, 2, len(_KINDS)))
    for day in range(days):
        for treated in (0, 1):
            played = _played(world, day, np.full(shoppers, bool(treated)))
            kind = world.people.uplift[played.person]
            for at, what in enumerate((np.ones(len(kind)), played.adds > 0, played.orders)):
                sums[at, treated] += np.bincount(kind, what, len(_KINDS))
    return sums[1] / sums[0], sums[2] / sums[0]
