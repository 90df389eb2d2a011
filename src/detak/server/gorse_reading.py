"""The reading half of Gorse's REST API: recommendations, and what goes with an item.

What somebody is recommended is about that person: it takes the admin token, or a key of a source whose key the shop's
server alone knows (``private_key``). Gorse's clients hold no device's id, so a key that lies open asks for none.
"""

import asyncio
from typing import Annotated, Any, Final

import msgspec
from litestar import get, post
from litestar.exceptions import NotAuthorizedException
from litestar.params import Parameter

from detak.dialects import gorse
from detak.dialects.body import decoded
from detak.engine import Engine
from detak.errors import RowError
from detak.recommending.asking import BESIDE, FOR_YOU, NEWEST, Ask, Recommended
from detak.server.asking import MOST
from detak.server.gorse import Caller
from detak.server.ingest import BODY_LIMIT, AnyRequest, answers, read_body

_READ: Final = answers(400, 401, 404)
N = Annotated[int, Parameter(ge=0, le=MOST)]
Offset = Annotated[int, Parameter(ge=0, le=10_000)]
Version = Annotated[str, Parameter(header="X-API-Version", max_length=10)]


class Score(msgspec.Struct):
    """An item and its score."""

    id: str = msgspec.field(name="Id")
    score: float = msgspec.field(name="Score")


@get(["/api/recommend/{named:str}", "/api/recommend/{named:str}/{category:str}"], responses=_READ)
async def recommended(  # noqa: PLR0913, PLR0917  as Gorse has them
    engine: Engine, caller: Caller, named: str, version: Version = "1", n: N = 10, offset: Offset = 0,
    category: str | None = None,
) -> list[Any]:  # fmt: skip
    """What a user is recommended: ids, or with ``X-API-Version: 2`` ids and scores."""
    if not (caller.trusted or engine.settings.source(caller.source).private_key):
        raise NotAuthorizedException(
            "this says what a person is shown: X-API-Key must be the admin token, or of a source with private_key"
        )
    found = _page(await _asked(engine, Ask([("user", named)], k=n + offset, category=category)), offset)
    return found if version == "2" else [one.id for one in found]


@get(["/api/latest", "/api/latest/{category:str}"], responses=_READ)
async def latest(
    engine: Engine, caller: Caller, n: N = 10, offset: Offset = 0, category: str | None = None
) -> list[Score]:
    """What the shop listed last."""
    del caller  # whoever has a key may see what every new visitor is shown
    return _page(await _asked(engine, Ask(k=n + offset, shelf=NEWEST, category=category)), offset)


@get(["/api/popular", "/api/popular/{category:str}"], responses=_READ)
async def popular(
    engine: Engine, caller: Caller, n: N = 10, offset: Offset = 0, category: str | None = None
) -> list[Score]:
    """What most people turn to now."""
    del caller
    return _page(await _asked(engine, Ask(k=n + offset, category=category)), offset)


@get(["/api/item/{named:str}/neighbors", "/api/item/{named:str}/neighbors/{category:str}"], responses=_READ)
async def neighbours(
    engine: Engine, caller: Caller, named: str, n: N = 10, offset: Offset = 0, category: str | None = None
) -> list[Score]:
    """What goes beside an item."""
    del caller
    ask = Ask(k=n + offset, shelf=BESIDE, product=named, category=category)
    return _page(await _asked(engine, ask), offset)


@post(["/api/session/recommend", "/api/session/recommend/{category:str}"], status_code=200, responses=_READ)
async def for_session(
    request: AnyRequest, engine: Engine, caller: Caller, n: N = 10, offset: Offset = 0, category: str | None = None
) -> list[Score]:
    """What goes with a session that the request states and nobody stores."""
    del caller
    told = decoded(await read_body(request, BODY_LIMIT))
    if not isinstance(told, list):
        raise RowError("body", "is not a list of feedback")
    ask = Ask(session=gorse.session(told)[-MOST:], k=n + offset, shelf=FOR_YOU, category=category)
    return _page(await _asked(engine, ask), offset)


ROUTES = [recommended, latest, popular, neighbours, for_session]


async def _asked(engine: Engine, ask: Ask) -> Recommended:
    return await asyncio.to_thread(engine.models.recommend, ask)


def _page(found: Recommended, offset: int) -> list[Score]:
    """Scores that fall from first to last, as Gorse's do, whichever recommender spoke."""
    count = len(found.items)
    scores = [Score(one.product_id, (count - place) / count) for place, one in enumerate(found.items)]
    return scores[offset:]
