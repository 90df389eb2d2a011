"""A world's history, day by day, in blocks of bounded size. A block depends on the world and its own number alone."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

import pyarrow as pa

from detak.simulate import campaigns
from detak.simulate.aftermath import Aftermath, Orders, orders_of
from detak.simulate.bots import bots_of
from detak.simulate.notices import notices_of
from detak.simulate.scene import carts_truth, play, visits_truth
from detak.simulate.shelf import Shelf, make_shelf
from detak.simulate.timeline import Messages
from detak.simulate.visits import Visits, visits_of
from detak.simulate.world import World

BLOCK: Final = 2_048
"""Visits of a block: some 20,000 messages, which a processor's caches still like."""


class Unit(NamedTuple):
    """A block of a day."""

    day: int
    kind: str
    """``v`` visits, ``r`` programs, ``n`` notices; ``a`` is what follows from earlier orders."""
    number: int = 0


class Chunk(NamedTuple):
    """A block of history: messages in order of time, the truth behind them, and the orders in them."""

    unit: Unit
    messages: Messages
    truth: Mapping[str, pa.Table]
    """By name: ``carts``, ``visits``, ``campaigns``, ``reviews``, ``posts``."""
    orders: tuple[Orders, ...] = ()


def history(world: World, days: range | None = None) -> Iterator[Chunk]:
    """What happened in the world, block by block: all of a day before the next day.

    Args:
        world: the world.
        days: which of its days, counted from 0 and following one another; None: all of them.
    """
    shelf = make_shelf(world)
    later = Aftermath(world, shelf)
    for day in days if days is not None else range(world.config.days):
        orders: list[Orders] = []
        for unit in units(world, day):
            chunk = perform(world, shelf, unit)
            orders.extend(chunk.orders)
            yield chunk
        yield follow(later, day, orders)


def units(world: World, day: int) -> list[Unit]:
    """The blocks of a day that can be made in any order."""
    blocks = -(-len(_visits(world, day)) // BLOCK)
    return [*(Unit(day, "v", number) for number in range(blocks)), Unit(day, "r"), Unit(day, "n")]


def perform(world: World, shelf: Shelf, unit: Unit) -> Chunk:
    """One block."""
    visits = _visits(world, unit.day)
    if unit.kind == "r":
        messages, who = bots_of(world, shelf, unit.day, len(visits))
        return Chunk(unit, messages, {"visits": who})
    if unit.kind == "n":
        return Chunk(unit, notices_of(world, shelf, unit.day), {"campaigns": campaigns.truth(world, unit.day)})
    block = visits.only(slice(unit.number * BLOCK, (unit.number + 1) * BLOCK))
    scene = play(world, shelf, unit.day, block, (unit.number,))
    truth = {"carts": carts_truth(scene), "visits": visits_truth(scene)}
    return Chunk(unit, scene.messages, truth, (orders_of(scene),))


def follow(later: Aftermath, day: int, orders: list[Orders]) -> Chunk:
    """The last block of a day: what follows from the orders of the days before, and of this one."""
    later.note(day, orders)
    told = later.tell(day)
    return Chunk(Unit(day, "a"), told.messages, {"reviews": told.reviews, "posts": told.posts})


@lru_cache(maxsize=1)
def _visits(world: World, day: int) -> Visits:
    return visits_of(world, day)
