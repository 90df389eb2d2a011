"""The writing half of Gorse's REST API. Its ``X-API-Key`` is a write key, or the admin token.

A write key may lie open in a page: it adds what people did, and says of a product what an event could say. What reads
people, removes anything, or goes before what the shop itself says of a product takes the admin token.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

import msgspec
from litestar import delete, get, patch, post, put
from litestar.exceptions import NotAuthorizedException, NotFoundException
from litestar.params import Parameter

from detak.admin_token import same
from detak.catalogue import API, EVENTS, Statement
from detak.dialects import gorse
from detak.dialects.body import decoded
from detak.engine import Engine
from detak.errors import DeniedError, RowError
from detak.product_fields import read_row
from detak.server.ingest import ANSWERS, BODY_LIMIT, AnyRequest, answers, collect, known_source, read_body

_OWN: Final = "gorse"  # the source of what comes in under the admin token
_MOST: Final = 1_000
_READ: Final = answers(400, 401, 404)

Count = Annotated[int, Parameter(ge=1, le=_MOST)]


class Caller(msgspec.Struct, frozen=True):
    """Who asks: the source of the write key, and whether it was the admin token instead."""

    source: str
    trusted: bool

    def must_be_trusted(self) -> None:
        """Raises NotAuthorizedException under a write key."""
        if not self.trusted:
            raise NotAuthorizedException("this reads or removes what is kept: X-API-Key must be the admin token")


class Written(msgspec.Struct):
    """What Gorse's clients look for."""

    affected: int = msgspec.field(name="RowAffected")


class Items(msgspec.Struct):
    """A page of items."""

    cursor: str = msgspec.field(name="Cursor")
    items: list[dict[str, Any]] = msgspec.field(name="Items")


def caller(token: str) -> Callable[[AnyRequest, Engine], Caller]:
    """Tells who asks, at a server with this admin token.

    Raises (what it returns): NotAuthorizedException where the key is neither a write key nor the token.
    """

    def tell(request: AnyRequest, engine: Engine) -> Caller:
        key = request.headers.get("x-api-key", "")
        return Caller(_OWN, True) if same(key, token) else Caller(known_source(engine, key), False)

    return tell


@post("/api/feedback", status_code=200, responses=ANSWERS)
async def feedback(request: AnyRequest, engine: Engine, caller: Caller) -> Written:
    """Feedback; what was said before of the same type, user and item stays."""
    told = await _told(request)
    await collect(engine, caller.source, gorse.feedback(told, overwrite=False))
    return Written(len(told))


@put("/api/feedback", status_code=200, responses=ANSWERS)
async def overwritten_feedback(request: AnyRequest, engine: Engine, caller: Caller) -> Written:
    """Feedback; said again with another time or value, it counts again."""
    told = await _told(request)
    await collect(engine, caller.source, gorse.feedback(told, overwrite=True))
    return Written(len(told))


@post(["/api/user", "/api/users"], status_code=200, responses=ANSWERS)
async def users(request: AnyRequest, engine: Engine, caller: Caller) -> Written:
    """A user, or a list of them; the labels are traits."""
    return await _identify(engine, caller, await _told(request))


@patch("/api/user/{named:str}", status_code=200, responses=ANSWERS)
async def changed_user(request: AnyRequest, engine: Engine, caller: Caller, named: str) -> Written:
    """What changed of a user."""
    return await _identify(engine, caller, await _told_of(request, "UserId", named))


@get("/api/user/{named:str}", responses=_READ)
async def user(engine: Engine, caller: Caller, named: str) -> dict[str, Any]:
    """A user and their labels."""
    caller.must_be_trusted()
    export = await asyncio.to_thread(engine.export, [("user", named)])
    return gorse.user(named, export["traits"])


@get(["/api/user/{named:str}/feedback", "/api/user/{named:str}/feedback/{kind:str}"], responses=_READ)
async def feedback_of_user(engine: Engine, caller: Caller, named: str, kind: str | None = None) -> list[dict[str, Any]]:
    """A user's feedback, of one type or all."""
    caller.must_be_trusted()
    export = await asyncio.to_thread(engine.export, [("user", named)])
    return [one for one in gorse.reactions(named, export) if kind in (None, one["FeedbackType"])]


@delete("/api/user/{named:str}", status_code=200, responses=_READ)
async def forgotten_user(engine: Engine, caller: Caller, named: str) -> Written:
    """Remove a user and everything known of them, as ``/v1/admin/forget`` does."""
    caller.must_be_trusted()
    try:
        await asyncio.to_thread(engine.forget, [("user", named)])
    except DeniedError:
        return Written(0)
    return Written(1)


@post(["/api/item", "/api/items"], status_code=200, responses=ANSWERS)
async def items(request: AnyRequest, engine: Engine, caller: Caller) -> Written:
    """An item, or a list of them, into the catalogue."""
    return Written(await asyncio.to_thread(_put, engine, await _told(request), caller.trusted))


@patch("/api/item/{named:str}", status_code=200, responses=ANSWERS)
async def changed_item(request: AnyRequest, engine: Engine, caller: Caller, named: str) -> Written:
    """What changed of an item."""
    return Written(await asyncio.to_thread(_put, engine, await _told_of(request, "ItemId", named), caller.trusted))


@delete("/api/item/{named:str}", status_code=200, responses=_READ)
async def removed_item(engine: Engine, caller: Caller, named: str) -> Written:
    """Take an item out of the catalogue."""
    caller.must_be_trusted()
    return Written(await asyncio.to_thread(engine.catalogue.delete, [named]))


@get("/api/item/{named:str}", responses=_READ)
async def item(engine: Engine, caller: Caller, named: str) -> dict[str, Any]:
    """An item of the catalogue."""
    del caller  # whoever has a key may see what the shop shows
    found = await asyncio.to_thread(engine.catalogue.get, named)
    if found is None:
        raise NotFoundException("there is no such item")
    return gorse.item(found.product)


@get("/api/items", responses=_READ)
async def listed_items(engine: Engine, caller: Caller, n: Count = 10, cursor: str = "") -> Items:
    """A page of the catalogue."""
    del caller
    page = await asyncio.to_thread(engine.catalogue.page, cursor or None, n)
    return Items(page.cursor or "", [gorse.item(entry.product) for entry in page.entries])


ROUTES = [
    feedback,
    overwritten_feedback,
    users,
    changed_user,
    user,
    feedback_of_user,
    forgotten_user,
    items,
    changed_item,
    removed_item,
    item,
    listed_items,
]


async def _identify(engine: Engine, caller: Caller, told: Sequence[object]) -> Written:
    await collect(engine, caller.source, gorse.users(told, time.time_ns() // 1000))
    return Written(len(told))


def _put(engine: Engine, told: Sequence[object], trusted: bool) -> int:
    """Items into the catalogue: under the admin token as the shop's own word, else as an event would say it.

    Raises:
        RowError: one of them cannot be; none went in.
    """
    statements = [_statement(engine, number, one) for number, one in enumerate(told)]
    if trusted:
        return engine.catalogue.put([gorse.row(one) for one in told], API).upserted
    engine.catalogue.learn(statements, engine.catalogue.learnt)
    return len(statements)


def _statement(engine: Engine, number: int, one: object) -> Statement:
    try:
        named, fields = read_row(gorse.row(one), engine.settings.currency)
    except RowError as error:
        raise RowError(f"[{number}].{error.field}".rstrip("."), error.reason) from None
    return Statement(named, fields, EVENTS, time.time_ns() // 1000)


async def _told(request: AnyRequest) -> list[Any]:
    """The body as a list, whether it is one or a single object."""
    told = decoded(await read_body(request, BODY_LIMIT))
    if isinstance(told, dict):
        return [told]
    if not isinstance(told, list):
        raise RowError("body", "is neither an object nor a list of them")
    return told


async def _told_of(request: AnyRequest, field: str, named: str) -> list[Any]:
    """The body of a change, about whom or what the path names."""
    told = decoded(await read_body(request, BODY_LIMIT))
    if not isinstance(told, dict):
        raise RowError("body", "is not an object")
    return [{**told, field: named}]
