"""Metarank's API: events come in by ``/feedback``, lists are ranked and products recommended.

Metarank asks for no key; here every request shows one, as at ``/v1/recommend``, and the same may ask about the same.
"""

import asyncio
import time
from typing import Annotated, Any, Final

import msgspec
from litestar import post
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta

from detak.catalogue import EVENTS, Statement
from detak.dialects import metarank
from detak.dialects.body import decoded
from detak.engine import Engine
from detak.errors import RowError
from detak.product_fields import read_row
from detak.reading.checking import unusable
from detak.reading.wire import Origin
from detak.recommending.asking import FOR_YOU, Ask, Recommended
from detak.server.asking import Count, Id, Named, Texts, asker, named, received
from detak.server.ingest import ANSWERS, BODY_LIMIT, AnyRequest, answers, collect, read_body

_ANSWERS: Final = answers(400, 401, 429, 503)
_MOST: Final = 500


class NotUsed(msgspec.Struct, frozen=True):
    """An event that cannot be used, by its place in the body from 0, and what is wrong with it."""

    index: int
    field: str
    reason: str


class Accepted(msgspec.Struct, rename="camel"):
    """What Metarank's clients look for; and beside it what was not accepted."""

    accepted: int
    took_millis: int
    status: str = "ok"
    updated: int = 0
    rejected: list[NotUsed] = []


class Scored(msgspec.Struct):
    """An item and its score."""

    item: str
    score: float


class Scores(msgspec.Struct):
    """Items, best first; ``took`` is milliseconds."""

    took: float
    items: list[Scored]


class Listed(msgspec.Struct):
    """An item of a list to be ranked."""

    id: Id


class Ranking(Named, kw_only=True):
    """``/rank``."""

    items: Annotated[list[Listed], Meta(min_length=1, max_length=_MOST)]
    user: Id | None = None
    session: Id | None = None


class Wanted(Named, kw_only=True):
    """``/recommend``: ``items`` are what it is about, such as the product of a page, or a cart."""

    count: Count = 10
    user: Id | None = None
    session: Id | None = None
    items: Texts = msgspec.field(default_factory=list)


def routes(token: str) -> list[HTTPRouteHandler]:
    """The routes, at a server with this admin token."""

    @post("/feedback", status_code=200, responses=ANSWERS)
    async def feedback(request: AnyRequest, engine: Engine) -> Accepted:
        """Events, one or a list of them."""
        began = time.perf_counter()
        source = asker(request, engine, token).source
        told = decoded(await read_body(request, BODY_LIMIT))
        events = told if isinstance(told, list) else [told]
        if not all(isinstance(one, dict) for one in events):
            raise RowError("body", "is neither an event nor a list of them")
        rejected = await asyncio.to_thread(_learn, engine, events)
        rejected += await _taken(engine, source, events)
        rejected.sort(key=lambda one: one.index)
        took = round(1000 * (time.perf_counter() - began))
        return Accepted(len(events) - len(rejected), took, rejected=rejected)

    @post("/rank/{model:str}", status_code=200, responses=_ANSWERS)
    async def rank(request: AnyRequest, engine: Engine, model: str) -> Scores:
        """A list in order."""
        began = time.perf_counter()
        asked, who = await received(request, engine, token, Ranking)
        people = named(asked.user, asked.session)
        shelf = await asyncio.to_thread(_shelf, engine, model)
        among = [str(one.id) for one in asked.items]
        ask = Ask(people, shelf=shelf, among=among, trusted=who.trusted)
        return _scores(await asyncio.to_thread(engine.models.rank, ask), began)

    @post("/recommend/{model:str}", status_code=200, responses=_ANSWERS)
    async def recommend(request: AnyRequest, engine: Engine, model: str) -> Scores:
        """Products that go with some, or for a visitor."""
        began = time.perf_counter()
        asked, who = await received(request, engine, token, Wanted)
        people = named(asked.user, asked.session)
        shelf = await asyncio.to_thread(_shelf, engine, model)
        ask = Ask(people, asked.items, k=asked.count, shelf=shelf, trusted=who.trusted)
        return _scores(await asyncio.to_thread(engine.models.recommend, ask), began)

    return [feedback, rank, recommend]


def _shelf(engine: Engine, model: str) -> str:
    """The shelf called as the model; any other name of a model is the shelf for a person."""
    return model if model in engine.models.shelves else FOR_YOU


def _scores(found: Recommended, began: float) -> Scores:
    """Scores that fall from first to last, as Metarank's do, whichever recommender spoke."""
    count = len(found.items)
    scored = [Scored(one.product_id, (count - place) / count) for place, one in enumerate(found.items)]
    return Scores(round(1000 * (time.perf_counter() - began), 3), scored)


def _learn(engine: Engine, told: list[dict[str, Any]]) -> list[NotUsed]:
    """What item events say, as an event would say it: the shop's own word in the catalogue goes before. Which of them
    cannot be used; the others went in."""
    statements, rejected = [], []
    for index, one in enumerate(told):
        if metarank.is_item(one):
            try:
                product, fields = read_row(metarank.item(one), engine.settings.currency)
            except RowError as error:
                rejected.append(NotUsed(index, error.field, error.reason))
            else:
                statements.append(Statement(product, fields, EVENTS, time.time_ns() // 1000))
    if statements:
        engine.catalogue.learn(statements, engine.catalogue.learnt)
    return rejected


async def _taken(engine: Engine, source: str, told: list[dict[str, Any]]) -> list[NotUsed]:
    """Take the other events in. Which of them cannot be used: these are set aside, as whatever comes in."""
    places = [index for index, one in enumerate(told) if not metarank.is_item(one)]
    if not places:
        return []
    body = metarank.events(told[index] for index in places)
    await collect(engine, source, body)
    origin = Origin(source, time.time_ns() // 1000, imported=False, currency=engine.settings.currency)
    found = await asyncio.to_thread(unusable, body, origin, engine.sink.intake)
    named = ((places[one.at], metarank.fault(told[places[one.at]], one.field, one.reason)) for one in found)
    return [NotUsed(index, *fault) for index, fault in named]
