"""Why something was shown, for the shopper: who holds a decision's number sees what stood behind it, and may object.

A decision's number is 80 random bits, known to the page it was answered to alone: it is the key to its explanation.
"""

import asyncio
from contextlib import suppress
from itertools import groupby
from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Redirect

from detak.decision_words import Explained, Explanation
from detak.engine import Engine
from detak.errors import DeniedError
from detak.server.admin import Person
from detak.server.figures import Figures
from detak.server.ingest import answers
from detak.server.pages import TEMPLATES, language_of
from detak.words import LANGUAGES

AnyRequest = Request[Any, Any, Any]
_LATELY = 20
_KEPT = 300  # seconds that the page of offers may be kept, unless one begins or ends before


@get("/v1/decisions/{decision_id:str}", responses=answers(400, 404))
async def told(request: AnyRequest, engine: Engine, decision_id: str) -> Explanation:
    """What was shown under a number, and why, in words (``?lang=``)."""
    language = language_of(request, engine.settings.language)
    return await asyncio.to_thread(engine.decisions.why, decision_id, language)


@post("/v1/decisions/{decision_id:str}/object", status_code=204, responses=answers(400, 404, 503))
async def objected(engine: Engine, decision_id: str) -> None:
    """Turn personalisation off for whoever the decision was made for. In force when this answers."""
    await asyncio.to_thread(engine.decisions.object_to, decision_id, engine.consent)


@get("/why/{decision_id:str}", include_in_schema=False)
async def page(request: AnyRequest, engine: Engine, decision_id: str) -> Response[str]:
    """The same as a page, with the switch."""
    language = language_of(request, engine.settings.language)
    shown: Explanation | None = None
    with suppress(DeniedError):
        shown = await asyncio.to_thread(engine.decisions.why, decision_id, language)
    text = TEMPLATES.get_template("decision.html").render(
        f=Figures(language),
        shown=shown,
        shelves=_shelves(shown),
        off="off" in request.query_params or bool(shown and shown.off),
        zone=engine.settings.timezone,
        others={one: f"/why/{decision_id}?lang={one}" for one in LANGUAGES},
    )
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(text, status_code=200 if shown else 404, media_type="text/html", headers=headers)


def _shelves(shown: Explanation | None) -> list[tuple[str, list[Explained]]]:
    """The products by shelf, in the order in which they stood."""
    products = shown.products if shown else []
    return [(shelf, list(some)) for shelf, some in groupby(products, key=lambda one: one.shelf)]


@post("/why/{decision_id:str}/off", include_in_schema=False, status_code=303)
async def off(request: AnyRequest, engine: Engine, decision_id: str) -> Redirect:
    """The switch."""
    await asyncio.to_thread(engine.decisions.object_to, decision_id, engine.consent)
    language = language_of(request, engine.settings.language)
    return Redirect(f"/why/{decision_id}?off=1&lang={language}", status_code=303)


@get("/offers", include_in_schema=False)
async def offers(request: AnyRequest, engine: Engine) -> Response[str]:
    """Every offer that holds now, and the rule by which it is shown: anybody may have any of them."""
    language = language_of(request, engine.settings.language)
    now = engine.decisions.clock()
    left = (engine.models.rules.changes(now) - now) / 1_000_000
    text = TEMPLATES.get_template("offers.html").render(
        f=Figures(language),
        rules=engine.decisions.rulebook.offers,
        zone=engine.settings.timezone,
        others={one: f"/offers?lang={one}" for one in LANGUAGES},
    )
    return Response(text, media_type="text/html", headers={"Cache-Control": f"public, max-age={int(min(_KEPT, left))}"})


@post("/v1/admin/decisions", status_code=200)
async def lately(engine: Engine, data: Person) -> list[str]:
    """The numbers of the last decisions for a person, the latest first."""
    return await asyncio.to_thread(engine.decisions.lately, data.identifiers, _LATELY)


ROUTES = [told, objected]
PAGES = [page, off, offers]
ADMIN = [lately]
