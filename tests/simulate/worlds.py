"""Small worlds that tests look at, each made once."""

from functools import cache

import pyarrow as pa

from detak.simulate.config import Config
from detak.simulate.history import Chunk, history
from detak.simulate.world import World


@cache
def world(**given: object) -> World:
    """A world of a fixed seed."""
    return World.make(Config(**{"seed": 7, "shoppers": 6_000, "days": 21, **given}))  # type: ignore[arg-type]


@cache
def told(**given: object) -> tuple[Chunk, ...]:
    """All of its history."""
    return tuple(history(world(**given)))


def truth(name: str, **given: object) -> pa.Table:
    """One table of the truth behind the history."""
    return pa.concat_tables([chunk.truth[name] for chunk in told(**given) if name in chunk.truth])


def events(**given: object) -> pa.Table:
    """All messages, as columns."""
    return pa.concat_tables([chunk.messages.table() for chunk in told(**given) if len(chunk.messages)])
