"""What people do before the cart: what they come for, search, are shown, look at and put in the cart."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from detak.simulate.config import Flags, Floats, Ints, sigmoid
from detak.simulate.language import PER_CATEGORY
from detak.simulate.people import UPLIFT
from detak.simulate.visits import Visits
from detak.simulate.world import PAGES, World, liking, utility

ROUND: Final = 100
"""Where in a visit things stand: the home page below ``ROUND``, then each search or list in a hundred of its own."""
LOOK: Final = 0.93
"""How much less each place of a list is looked at than the one before."""
_CLICKS, _LINES = 3, 4  # at most: looked at in one list; put into the cart


@dataclass(frozen=True)
class Showing:
    """What the home page shows each visit. Arrays by visit."""

    slate: Ints
    """Visits x places: products; -1: the place is empty."""
    discount: Floats
    """Part of the price that is promised; 0: none."""
    mark: "pa.Array | str" = ""
    """By visit, what its property lists end with: the decision behind what is shown."""


@dataclass(frozen=True)
class Rounds:
    """Searches and lists. Arrays by round; those of a visit follow one another."""

    visit: Ints
    number: Ints
    category: Ints
    query: Ints
    """-1: a list that was opened without a search."""
    page: Ints
    empty: Flags
    """The search found nothing."""


@dataclass(frozen=True)
class Looks:
    """Products looked at. Arrays by look, by visit and order."""

    visit: Ints
    order: Ints
    position: Ints
    """In the list, from 1."""
    home: Flags
    product: Ints
    gone: Flags
    added: Flags
    quantity: Ints


@dataclass(frozen=True)
class Browsing:
    """All of it."""

    intent: Floats
    """By visit: how much they mean to buy today."""
    rounds: Rounds
    looks: Looks


def browse(world: World, day: int, visits: Visits, showing: Showing, rng: np.random.Generator) -> Browsing:
    """Draw what happens in the visits up to the cart."""
    intent = world.people.intent[visits.person] + 0.5 * rng.standard_normal(len(visits)) + (visits.wanted >= 0) * 0.8
    intent = intent + persuasion(world, visits.person, showing.discount)
    rounds = _rounds(world, visits, intent, rng)
    at_home = _home_looks(world, visits, showing, rng)
    in_lists = _list_looks(world, visits, rounds, rng)
    visit, order, position, product, liked = (np.concatenate(pair) for pair in zip(at_home, in_lists, strict=True))
    turn = np.lexsort((order, visit))
    visit, order, position, product, liked = (one[turn] for one in (visit, order, position, product, liked))
    gone = world.gone(day)[product]
    chance = adding(liked, intent[visit])
    # Of what is out of stock the page knows mostly; else it is found out in the cart.
    added = (rng.random(len(visit)) < chance) & ~(gone & (rng.random(len(visit)) < 0.6))
    added = _sure(visits, visit, added)
    added &= _count_within(visit, added) <= _LINES
    quantity = np.minimum(1 + rng.geometric(0.8, len(visit)) - 1, 6)
    return Browsing(intent, rounds, Looks(visit, order, position, order < ROUND, product, gone, added, quantity))


def persuasion(world: World, person: Ints, discount: Floats) -> Floats:
    """What a promised discount adds to the intent, by how the person responds to being addressed."""
    by_kind = np.array([{"persuadable": 9.0, "do_not_disturb": -6.0}.get(kind, 0.0) for kind in UPLIFT])
    return np.asarray(by_kind[world.people.uplift[person]] * np.minimum(discount, 0.3))


def _rounds(world: World, visits: Visits, intent: Floats, rng: np.random.Generator) -> Rounds:
    n = len(visits)
    count = np.minimum(rng.poisson(0.9 * np.exp(np.clip(0.3 * intent, -1, 1))), 5)
    needed = visits.sure | (visits.wanted >= 0) | ~visits.home
    count = np.maximum(count, needed)
    visit = np.repeat(np.arange(n), count)
    number = np.arange(len(visit)) - np.repeat(np.cumsum(count) - count, count)
    main = np.where(visits.wanted >= 0, visits.wanted, _category(world, visits.person, rng))
    other = _category(world, visits.person[visit], rng)
    category = np.where((number > 0) & (rng.random(len(visit)) < 0.3), other, main[visit])
    query = _queries(world, category, rng)
    searched = rng.random(len(visit)) < 0.55
    empty = searched & (world.queries.results[query] == 0) & ~visits.sure[visit]
    # What a search finds depends on what was typed; a list without one is a page of the category.
    page = np.where(searched, (query * 7 + rng.integers(0, 2, len(visit))) % PAGES, rng.integers(0, PAGES, len(visit)))
    return Rounds(visit, number, category, np.where(searched, query, -1), page, empty)


def _category(world: World, person: Ints, rng: np.random.Generator) -> Ints:
    """A category by each person's taste."""
    bounds = np.cumsum(world.people.taste[person], axis=1)
    return np.asarray(np.minimum((bounds < rng.random(len(person))[:, None]).sum(axis=1), bounds.shape[1] - 1))


def _queries(world: World, category: Ints, rng: np.random.Generator) -> Ints:
    """A query of each category, by how often it is typed."""
    kinds = len(world.queries.share) // PER_CATEGORY
    bounds = np.cumsum(world.queries.share.reshape(kinds, PER_CATEGORY), axis=1) / 1.0000001
    ladder = (bounds + np.arange(kinds)[:, None]).ravel()
    return np.minimum(np.searchsorted(ladder, category + rng.random(len(category))), len(ladder) - 1)


def _home_looks(
    world: World, visits: Visits, showing: Showing, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints, Ints, Floats]:
    """Visit, order, position, product and how much it is liked, of what is clicked on the home page."""
    here = np.flatnonzero(visits.home)
    slate = showing.slate[here]
    shown, liked, chance = tempting(world, visits.person[here], slate)
    row, place = clicks(chance, rng)
    position = place + 1
    return here[row], 10 + 4 * place, position, shown[row, place], liked[row, place]


def tempting(world: World, person: Ints, slate: Ints) -> tuple[Ints, Floats, Floats]:
    """For each place of a home page the product, how much the person likes it, and the chance that they click it once
    they see it."""
    shown = np.maximum(slate, 0)
    liked = liking(world, person, shown)
    return shown, liked, np.where(slate >= 0, sigmoid(0.9 * liked - 2.9), 0.0)


def adding(liked: Floats, intent: Floats) -> Floats:
    """The chance that what was looked at goes into the cart."""
    return sigmoid(liked - 3.5 + 0.8 * intent)


def _list_looks(
    world: World, visits: Visits, rounds: Rounds, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints, Ints, Floats]:
    shown = world.pages[rounds.category, rounds.page]
    liked = utility(world, visits.person[rounds.visit], shown)
    chance = sigmoid(liked - 0.9)
    chance[rounds.empty] = 0.0
    must = visits.sure[rounds.visit] & (rounds.number == 0)
    chance[must, 0] = 1.0
    row, place = clicks(chance, rng, must)
    order = ROUND * (1 + rounds.number[row]) + 10 + 4 * place
    # Within a list everything is of the wanted category: liking it is a matter of the product.
    return rounds.visit[row], order, place + 1, shown[row, place], liked[row, place]


def clicks(chance: Floats, rng: np.random.Generator, must: Flags | None = None) -> tuple[Ints, Ints]:
    """Which places of each list are clicked: seen less the further down (a position-based model), then by liking."""
    seen = LOOK ** np.arange(chance.shape[1])
    clicked = rng.random(chance.shape) < chance * seen
    if must is not None:
        clicked[must, 0] = True
    clicked &= np.cumsum(clicked, axis=1) <= _CLICKS
    row, place = np.nonzero(clicked)
    return row, place


def _sure(visits: Visits, visit: Ints, added: Flags) -> Flags:
    """Who will surely buy puts in the first thing they look at."""
    first = np.ones(len(visit), np.bool_)
    first[1:] = visit[1:] != visit[:-1]
    return np.asarray(added | (first & visits.sure[visit]))


def _count_within(group: Ints, flags: Flags) -> Ints:
    """How many flags are set so far in each run of equal ``group``."""
    total = np.cumsum(flags, dtype=np.int64)
    if not len(group):
        return total
    starts = np.r_[True, group[1:] != group[:-1]]
    before: Ints = (total - flags.astype(np.int64))[starts]
    return np.asarray(total - before[np.cumsum(starts) - 1])
