"""What shoppers touch in a shop of any size, by the simulated shop's tastes: people with tastes over categories and a
latent space open lists, and click by how much they like what they see.

The simulated shop itself names each product and tells each visit as messages; here are products and people as numbers
alone, a hundred million touches within minutes. Who likes what, and what is clicked, are the simulator's own functions.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from detak.recommend.windows import Touched
from detak.simulate.browsing import clicks
from detak.simulate.config import Config, Floats, Ints, sigmoid, stream
from detak.simulate.goods import LATENT, Goods, categories
from detak.simulate.language import make_queries
from detak.simulate.people import make_people
from detak.simulate.world import LIST, World, utility

Ints32 = np.ndarray[Any, np.dtype[np.int32]]

EACH: Final = 20
"""Touches of a person, on average."""
_PER_LIST: Final = 1.6  # clicks
_SPARE: Final = 1.15  # people more than needed: how many touches they come to is drawn
_BLOCK: Final = 8_192  # people
_MOST: Final = 250  # lists of a person
_SHOWN: Final = 4  # times that a product stands on pages, on average
_ANOTHER: Final = 0.5  # of lists: the next page of the same search, or else another search; of searches: another visit


@dataclass(frozen=True)
class _Pages:
    products: Ints32
    """Pages x LIST, those of a category following one another."""
    first: Ints
    """By category: where its pages begin, and the end."""


def touches(items: int, count: int, seed: int) -> Touched:
    """``count`` touches in a shop of about ``items`` products. The same figures give the same touches."""
    config = Config(seed=seed, shoppers=max(50, int(count / EACH * _SPARE)), days=1)
    goods, nothing = _goods(items, config), np.zeros((0, 3), np.int64)
    world = World(config, make_people(config), goods, make_queries(config), nothing, nothing)
    pages = _pages(goods, config)
    item, lengths = np.empty(count, np.int32), []
    done = 0
    for found, each in _blocks(world, pages):
        part = found[: count - done]
        item[done : done + len(part)] = part
        done += len(part)
        lengths.append(each)
        if done == count:
            break
    starts = np.minimum(np.concatenate([[0], np.cumsum(np.concatenate(lengths))]), done)
    people = int(np.searchsorted(starts, done)) + 1
    return Touched(item[:done], starts[:people], len(goods.category))


def _goods(items: int, config: Config) -> Goods:
    """Products as the simulated shop draws them, without names and stock."""
    rng = stream(config, "tastes of goods")
    kinds = categories()
    share = np.array([kind.share for kind in kinds])
    sizes = np.maximum(2 * LIST, np.round(items * share / share.sum()).astype(np.int64))
    category = np.repeat(np.arange(len(kinds)), sizes)
    n = len(category)
    price = np.log([kind.price for kind in kinds])[category]
    price = np.exp(price + np.array([kind.spread for kind in kinds])[category] * rng.standard_normal(n))
    first = np.concatenate([[0], np.cumsum(sizes)])
    weight = rng.pareto(1.4, n) + 0.3
    nothing: tuple[str, ...] = ()
    none, unknown = np.zeros(0, np.int64), np.zeros(0)
    return Goods(
        nothing, nothing, nothing, nothing, category, first,
        price=np.maximum(price, 1_000).astype(np.int64),
        appeal=0.5 * rng.standard_normal(n),
        popularity=weight / np.repeat(np.add.reduceat(weight, first[:-1]), sizes),
        latent=rng.standard_normal((n, LATENT)),
        rival=unknown, shelf=none, gone=np.zeros((1, 0), np.bool_), stock=none,
    )  # fmt: skip


def _pages(goods: Goods, config: Config) -> _Pages:
    """What lists show: every product once, and the popular ones again and again."""
    rng = stream(config, "pages of tastes")
    products, counts = [], []
    for begin, end in zip(goods.first[:-1].tolist(), goods.first[1:].tolist(), strict=True):
        size = (end - begin) * _SHOWN // LIST * LIST
        bounds = np.cumsum(goods.popularity[begin:end])
        more = np.searchsorted(bounds / bounds[-1], rng.random(size - (end - begin)), side="right")
        shown = rng.permutation(np.concatenate([np.arange(end - begin), more])) + begin
        products.append(shown.reshape(-1, LIST).astype(np.int32))
        counts.append(size // LIST)
    return _Pages(np.concatenate(products), np.concatenate([[0], np.cumsum(counts)]))


def _blocks(world: World, pages: _Pages) -> Iterator[tuple[Ints32, Ints]]:
    """Touches of some people at a time, and how many each of them has."""
    people = len(world.people.rate)
    firsts = range(0, people, _BLOCK)
    with ThreadPoolExecutor(2) as pool:
        for begin in range(0, len(firsts), 16):  # not all at once: what is finished waits in memory
            yield from pool.map(lambda first: _browse(world, pages, first), firsts[begin : begin + 16])


def _browse(world: World, pages: _Pages, first: int) -> tuple[Ints32, Ints]:
    rng = stream(world.config, "lists", first)
    rate = world.people.rate[first : first + _BLOCK]
    lists = np.clip(rng.poisson(rate / world.people.rate.mean() * EACH / _PER_LIST), 1, _MOST)
    who = np.repeat(np.arange(first, first + len(rate)), lists)
    begins = np.zeros(len(who), np.bool_)
    begins[np.cumsum(lists) - lists] = True
    search = begins | (rng.random(len(who)) < _ANOTHER)
    visit = begins | (search & (rng.random(len(who)) < _ANOTHER))
    category = _category(world, who, rng)[_latest(visit)]
    latest = _latest(search)
    count = np.diff(pages.first)[category]
    page = ((rng.random(len(who))[latest] * count).astype(np.int64) + np.arange(len(who)) - latest) % count
    shown = pages.products[pages.first[category] + page].astype(np.int64)
    row, place = clicks(sigmoid(utility(world, who, shown) - 0.9), rng)
    return shown[row, place].astype(np.int32), np.bincount(who[row] - first, minlength=len(rate)).astype(np.int64)


def _latest(flags: "np.ndarray[Any, np.dtype[np.bool_]]") -> Ints:
    """For each place, the last one up to it that is flagged; the first one is."""
    return np.maximum.accumulate(np.where(flags, np.arange(len(flags)), 0))


def _category(world: World, who: Ints, rng: np.random.Generator) -> Ints:
    """A category by each person's taste."""
    bounds: Floats = np.cumsum(world.people.taste[who], axis=1)
    found = (bounds < rng.random(len(who))[:, None]).sum(axis=1)
    return np.asarray(np.minimum(found, bounds.shape[1] - 1))
