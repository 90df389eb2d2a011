"""Whom the discounts go to: a trial in the simulated shop, what is learnt from it, and what the next weeks bring by it.

The world plays visits directly, without messages: what is learnt sees carts and orders alone, by person and visit. Then
the same money is spent on the same visits of the following days in three ways: by uplift within a budget, on the
likeliest buyers (a response model on the same features), and by lot; beside nothing at all, and beside who knows the
truth. Random numbers are the same.
"""

import json
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from detak.decide.knapsack import allocate
from detak.decide.offers_learning import Learnt, learn
from detak.decide.rulebook import Offer, OfferRules
from detak.decide.visits import Visits
from detak.simulate.browsing import Showing, browse
from detak.simulate.checkout import check_out
from detak.simulate.config import WORLDS, stream
from detak.simulate.people import UPLIFT
from detak.simulate.visits import visits_of
from detak.simulate.world import World

_SEEDS: Final = (1, 2, 3)
_OFFER: Final = Offer("hemat", 0.15)
_RULES: Final = OfferRules(offer=(_OFFER,), margin=0.3, margin_floor=0.1)
_SPENT: Final = 0.3
"""Of what an offer to everybody would cost."""
_NORMAL_95: Final = 1.959964


class Day(NamedTuple):
    """What came of a day's visits; Rupiah."""

    person: Any
    adds: Any
    orders: Any
    amount: Any
    discount: Any


def run(_: Path, shoppers: int = 4_000, days: int = 150, after: int = 60) -> dict[str, Any]:
    """Three worlds."""
    began = time.monotonic()
    found = [_world(seed, shoppers, days, after) for seed in _SEEDS]
    more = {name: [one["profit"][name] for one in found] for name in found[0]["profit"]}
    return {
        "shoppers": shoppers,
        "trial_days": days,
        "days_after": after,
        "worlds": found,
        "profit_more_a_visit": more,
        "seconds": round(time.monotonic() - began),
    }


def _world(seed: int, shoppers: int, days: int, after: int) -> dict[str, Any]:
    config = msgspec.structs.replace(
        WORLDS["confounded"], seed=seed, shoppers=shoppers, days=days + after, campaign_every=0
    )
    world = World.make(config)
    rng = np.random.default_rng(seed)
    told: list[tuple[Any, Day]] = []
    for day in range(days):
        treated = rng.random(shoppers) < 0.5
        told.append((treated, _played(world, day, treated)))
    learnt = learn(_visits(told), (_OFFER,), _RULES, shoppers, 1e15, 1)
    book = learnt.book
    persuadable = np.array(UPLIFT)[world.people.uplift] == "persuadable"
    ways = _ways(learnt, shoppers, rng)
    cost = np.zeros(shoppers)
    if book.cost.size:
        cost[book.subjects] = book.cost[:, 0]
    shares = {
        name: round(float((cost * chosen * persuadable).sum() / (cost * chosen).sum()), 3)
        for name, chosen in ways.items()
    }
    ways["truth"] = persuadable
    base = [_played(world, days + day, np.zeros(shoppers, np.bool_)) for day in range(after)]
    profit = {name: _gained(world, days, base, chosen) for name, chosen in ways.items()}
    return {
        "rule": book.rule,
        "p": round(learnt.p, 5),
        "visits": learnt.visits,
        "share_of_the_discounts_to_persuadables": shares,
        "persuadables": round(float(persuadable.mean()), 3),
        "profit": {name: one[0] for name, one in profit.items()},
        "profit_interval": {name: one[1:] for name, one in profit.items()},
    }


def _ways(learnt: Learnt, shoppers: int, rng: np.random.Generator) -> dict[str, Any]:
    """Whom each way gives the offer to. Uplift spends what is worth spending; the others, in their order, as much."""
    book = learnt.book
    cost = book.cost[:, 0] if book.cost.size else np.zeros(0)
    spent = allocate(book.value, book.cost, _SPENT * float(cost.sum()))
    budget = spent.cost
    orders = {"response": -learnt.anyway, "lot": rng.random(len(cost))}
    found = {"uplift": np.zeros(shoppers, np.bool_)}
    found["uplift"][book.subjects[spent.chosen == 0]] = True
    for name, order in orders.items():
        ranked = np.argsort(order, kind="stable")
        kept = ranked[np.cumsum(cost[ranked]) <= budget]
        chosen = np.zeros(shoppers, np.bool_)
        chosen[book.subjects[kept]] = True
        found[name] = chosen
    return found


def _played(world: World, day: int, treated: Any) -> Day:
    """The visits of a day, those of treated people with the offer on the home page."""
    visits = visits_of(world, day)
    home = visits.home
    discount = np.where(treated[visits.person] & home, _OFFER.discount, 0.0)
    showing = Showing(np.tile(world.home(day), (len(visits), 1)), discount)
    rng = stream(world.config, "offers", day)
    browsing = browse(world, day, visits, showing, rng)
    it = check_out(world, visits, browsing, discount, rng)
    adds, orders, amount, off = (np.zeros(len(visits)) for _ in range(4))
    np.add.at(adds, browsing.looks.visit[browsing.looks.added], 1.0)
    bought = it.outcome.bought
    orders[it.visit[bought]] = 1.0
    amount[it.visit[bought]] = it.subtotal[bought]
    off[it.visit[bought]] = it.discount[bought]
    return Day(*(one[home] for one in (visits.person, adds, orders, amount, off)))


def _visits(told: list[tuple[Any, Day]]) -> Visits:
    person = np.concatenate([day.person for _, day in told])
    offer = np.concatenate([np.where(treated[day.person], 0, -1) for treated, day in told])
    order = np.argsort(person, kind="stable")
    columns = [np.concatenate([getattr(day, name) for _, day in told])[order] for name in ("adds", "orders", "amount")]
    return Visits(person[order], offer[order], np.full(len(order), 0.5), *columns)


def _gained(world: World, first: int, base: list[Day], chosen: Any) -> tuple[float, float, float]:
    """Profit a visit beyond that without offers, with a 95% interval over people."""
    more = np.zeros(len(chosen))
    seen = np.zeros(len(chosen))
    for number, plain in enumerate(base):
        day = _played(world, first + number, chosen)
        for one, sign in ((day, 1.0), (plain, -1.0)):
            np.add.at(more, one.person, sign * (_RULES.margin * one.amount - one.discount))
        np.add.at(seen, plain.person, 1.0)
    kept = seen > 0
    mean = more[kept].sum() / seen[kept].sum()
    wide = _NORMAL_95 * float(np.std(more[kept] - mean * seen[kept], ddof=1)) * kept.sum() ** 0.5 / seen[kept].sum()
    return round(float(mean), 1), round(float(mean - wide), 1), round(float(mean + wide), 1)


if __name__ == "__main__":
    print(json.dumps(run(Path()), indent=2))
