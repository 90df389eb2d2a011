"""Who is one person, with the admin token: shown with its evidence, united, and taken apart again."""

import asyncio

import msgspec
from litestar import post

from detak.engine import Engine
from detak.server.admin import Person
from detak.trust.passages import Identity


class Pair(msgspec.Struct, forbid_unknown_fields=True):
    """Two who are one person, and how somebody knows."""

    one: Person
    other: Person
    why: str


class Part(msgspec.Struct, forbid_unknown_fields=True):
    """A merge, by its number."""

    merge: int


@post("/v1/admin/identity", status_code=200)
async def shown(engine: Engine, data: Person) -> Identity:
    """Under which identifiers a person is known, and why."""
    return await asyncio.to_thread(engine.identity, data.identifiers)


@post("/v1/admin/identity/unite", status_code=204)
async def unite(engine: Engine, data: Pair) -> None:
    """Take two people for one from now on."""
    await asyncio.to_thread(engine.unite, data.one.identifiers, data.other.identifiers, data.why)


@post("/v1/admin/identity/part", status_code=204)
async def part(engine: Engine, data: Part) -> None:
    """Take a merge back."""
    await asyncio.to_thread(engine.part, data.merge)


ROUTES = [shown, unite, part]
