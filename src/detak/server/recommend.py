"""Recommendations over HTTP: products for a shelf, and a list of the shop's brought into order."""

import asyncio
from typing import Annotated, Final

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter
from msgspec import Meta

from detak.engine import Engine
from detak.errors import RowError
from detak.misfit import hint
from detak.recommending.asking import FOR_YOU, Ask
from detak.recommending.everyone import Some
from detak.recommending.explaining import Told
from detak.recommending.models import FitReport
from detak.server.asking import MOST, Asker, Count, Named, Text, Texts, asker, named, received
from detak.server.ingest import AnyRequest, answers

_ANSWERS: Final = answers(400, 401, 429, 503)
_PARAMETERS: Final = ("userId", "anonymousId", "k", "shelf", "product", "category", "placement", "language", "writeKey")
K = Annotated[int, Parameter(ge=1, le=MOST)]
Query = Annotated[str, Parameter(max_length=500)]
Name = Annotated[str | None, Parameter(max_length=500)]


class Wanted(Named, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What a shelf is asked for with."""

    session: Texts = msgspec.field(default_factory=list)
    """Products that the visitor looked at, oldest first; kept nowhere."""
    k: Count = 10
    shelf: Text = FOR_YOU
    product: Text | None = None
    category: Text | None = None
    province: Text | None = None
    city: Text | None = None
    exclude: Texts = msgspec.field(default_factory=list)
    again: bool = False
    placement: Text | None = None
    """Where it is shown: ``rules.toml`` says what holds there."""
    language: Text | None = None


class Ranked(Named, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """A list of the shop's, to be brought into order for somebody."""

    items: Annotated[list[Text], Meta(min_length=1, max_length=MOST)]
    session: Texts = msgspec.field(default_factory=list)
    shelf: Text = FOR_YOU
    product: Text | None = None
    province: Text | None = None
    city: Text | None = None
    language: Text | None = None


def routes(token: str) -> list[HTTPRouteHandler]:
    """The routes, at a server with this admin token."""

    @post("/v1/recommend", status_code=200, responses=_ANSWERS)
    async def recommend(request: AnyRequest, engine: Engine) -> Told:
        """Products for a shelf, for whoever is named."""
        wanted, who = await received(request, engine, token, Wanted)
        return await asyncio.to_thread(engine.models.told, _ask(wanted, who), wanted.language)

    @get("/v1/recommend", responses=_ANSWERS)
    async def recommend_simply(
        request: AnyRequest, engine: Engine, k: K = 10, shelf: Query = FOR_YOU, product: Name = None
    ) -> Told:
        """As the POST, for simple use: ``userId`` and ``anonymousId`` say for whom."""
        who = asker(request, engine, token)
        asked = request.query_params
        for name in asked:
            if name not in _PARAMETERS:
                raise RowError(name[:64], f"there is no such parameter; {hint(name, _PARAMETERS)}")
        people = named(asked.get("userId"), asked.get("anonymousId"))
        ask = Ask(
            people,
            k=k,
            shelf=shelf,
            product=product,
            category=asked.get("category"),
            placement=asked.get("placement"),
            trusted=who.trusted,
        )
        return await asyncio.to_thread(engine.models.told, ask, asked.get("language"))

    @post("/v1/rank", status_code=200, responses=_ANSWERS)
    async def rank(request: AnyRequest, engine: Engine) -> Told:
        """All products of a list, those first that whoever is named is likeliest to want."""
        wanted, who = await received(request, engine, token, Ranked)
        ask = Ask(
            wanted.identifiers,
            wanted.session,
            shelf=wanted.shelf,
            product=wanted.product,
            province=wanted.province,
            city=wanted.city,
            among=wanted.items,
            trusted=who.trusted,
        )
        return await asyncio.to_thread(engine.models.ranked, ask, wanted.language)

    return [recommend, recommend_simply, rank]


def _ask(wanted: Wanted, who: Asker) -> Ask:
    return Ask(
        wanted.identifiers,
        wanted.session,
        k=wanted.k,
        shelf=wanted.shelf,
        product=wanted.product,
        category=wanted.category,
        province=wanted.province,
        city=wanted.city,
        exclude=wanted.exclude,
        trusted=who.trusted,
        again=wanted.again,
        placement=wanted.placement,
    )


@post("/v1/admin/fit", status_code=200)
async def fit(engine: Engine, whole: bool = False) -> FitReport:
    """Fit every recommender on all that personalisation may use now; ``whole``: choose the settings anew, too."""
    return await asyncio.to_thread(engine.models.fit, whole=whole)


class Page(msgspec.Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What everybody who may be written to is to be recommended, some people at a time."""

    k: Count = 10
    shelf: Text = FOR_YOU
    category: Text | None = None
    placement: Text | None = None
    language: Text | None = None
    after: Text = ""
    """The last answer's; empty: from the first."""
    most: Annotated[int, Meta(ge=1, le=2_000)] = 1_000
    """People."""


@post("/v1/admin/recommend", status_code=200)
async def everyone(engine: Engine, data: Page) -> Some:
    """Recommendations for those who agreed to be written to."""
    ask = Ask(k=data.k, shelf=data.shelf, category=data.category, placement=data.placement)
    return await asyncio.to_thread(engine.everyone.some, ask, data.language, after=data.after, most=data.most)


ADMIN = [fit, everyone]
