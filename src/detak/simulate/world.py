"""A world: people, goods, queries, and what stands on the shop's pages. Made from a configuration alone."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detak.simulate.calendar import intensity
from detak.simulate.config import DAY_MS, Config, Floats, Ints, checked, stream
from detak.simulate.goods import Goods, make_goods
from detak.simulate.language import Queries, make_queries
from detak.simulate.people import PAYMENTS, People, make_people

LIST: Final = 8
"""Products on a page of a list."""
PAGES: Final = 256
"""Different pages of each category."""
HOME: Final = 12
"""Products on the home page."""


@dataclass(frozen=True, eq=False)
class World:
    """Everything that is fixed before the first visit."""

    config: Config
    people: People
    goods: Goods
    queries: Queries
    pages: Ints
    """Categories x PAGES x LIST: what a list shows."""
    outages: Ints
    """Rows of a payment method, beginning and end (milliseconds, UTC) while its provider is down."""

    @classmethod
    def make(cls, config: Config) -> "World":
        """The world of the configuration.

        Raises:
            UsageError: a figure lies outside its bounds.
        """
        config = checked(config)
        goods = make_goods(config)
        return cls(config, make_people(config), goods, make_queries(config), _pages(config, goods), _outages(config))

    def home(self, day: int) -> Ints:
        """What the shop itself shows on its home page that day: its own shelf, a little of it moved every day."""
        shelf = self.goods.shelf
        turned = np.concatenate([shelf[:6], np.roll(shelf[6 : 6 + 60], -6 * day)])
        return np.asarray(turned[:HOME])

    def gone(self, day: int) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """By product: whether it is out of stock that day. Beyond the last day it stays as it was."""
        return np.asarray(self.goods.gone[min(max(day, 0), len(self.goods.gone) - 1)])

    def intensity(self, day: int) -> float:
        """How much more people shop that day than on a plain one."""
        return intensity(self.config.day(day))


def utility(world: World, person: Ints, product: Ints) -> Floats:
    """How much each person likes each product (same shapes, or person of one dimension less), without its category.

    Around -0.3, with a deviation of about 1.3: tastes, what everyone likes, and the price against what they can pay.
    """
    people, goods = world.people, world.goods
    who = people.latent[person]
    who = who if product.ndim == person.ndim else who[:, None, :]
    fit = (who * goods.latent[product]).sum(axis=-1) * (0.9 / np.sqrt(who.shape[-1]))
    spare = people.income[person]
    thrift = people.thrift[person]
    if product.ndim != person.ndim:
        spare, thrift = spare[:, None], thrift[:, None]
    dear = np.log(goods.price[product] / 70_000.0) - spare
    return np.asarray(fit + goods.appeal[product] - 0.3 * thrift * dear)


def liking(world: World, person: Ints, product: Ints) -> Floats:
    """``utility``, and how much the person likes the product's category."""
    taste = world.people.taste
    who = person if product.ndim == person.ndim else person[:, None]
    share = np.log(taste.shape[1] * taste[who, world.goods.category[product]])
    return np.asarray(utility(world, person, product) + 0.8 * np.clip(share, -2.5, 2.0))


def liking_of_all(world: World, person: Ints) -> Floats:
    """``liking`` of every product, people x products: the same sum, as one product of two matrices."""
    people, goods = world.people, world.goods
    thrift, taste = people.thrift[person], people.taste[person]
    share = 0.8 * np.clip(np.log(taste.shape[1] * taste), -2.5, 2.0)
    plain = np.stack([np.ones_like(thrift), -0.3 * thrift, 0.3 * thrift * people.income[person]], axis=1)
    theirs = np.hstack([people.latent[person] * (0.9 / np.sqrt(people.latent.shape[1])), plain, share])
    price = np.log(goods.price / 70_000.0)
    kinds = np.eye(taste.shape[1])[goods.category]
    of_goods = np.hstack([goods.latent, np.stack([goods.appeal, price, np.ones_like(price)], axis=1), kinds])
    return np.asarray(theirs @ of_goods.T)


def _pages(config: Config, goods: Goods) -> Ints:
    """Pages of each category: products of its own, the popular ones more often."""
    rng = stream(config, "pages")
    pages = []
    for first, last in zip(goods.first[:-1], goods.first[1:], strict=True):
        drawn = np.log(goods.popularity[first:last]) + rng.gumbel(size=(PAGES, last - first))
        best = np.argsort(-drawn, axis=1, kind="stable")[:, :LIST]
        pages.append(first + np.resize(best.T, (LIST, PAGES)).T)
    return np.stack(pages)


def _outages(config: Config) -> Ints:
    """About every ten days the provider of some payment method is down for an hour or three."""
    rng = stream(config, "outages")
    n = int(rng.poisson(config.days / 10))
    begin = config.midnight(0) + (rng.random(n) * config.days * DAY_MS).astype(np.int64)
    length = (rng.uniform(1, 3, n) * 3_600_000).astype(np.int64)
    return np.stack([rng.integers(1, len(PAYMENTS), n), begin, begin + length], axis=1).reshape(n, 3)
