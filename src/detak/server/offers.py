"""What the shop's offers do, for whoever answers for the shop: as a page and as JSON."""

import asyncio
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotAuthorizedException

from detak.deciding.offering import Standing, sentences
from detak.engine import Engine
from detak.insights.blocks import Words
from detak.server.pages import TEMPLATES, ask_in, language_of
from detak.server.report_pages import common, rendered_page

AnyRequest = Request[Any, Any, Any]
_NAME, _ADDRESS = "offers", "/behaviour/offers"


@get("/v1/offers")
async def standing(engine: Engine) -> Standing:
    """How the shop's offers stand: what the trial found, by which rule people are treated, what is spent today."""
    return await asyncio.to_thread(engine.decisions.offering)


@get(_ADDRESS, exception_handlers={NotAuthorizedException: ask_in}, include_in_schema=False)
async def page(request: AnyRequest, engine: Engine) -> Response[str]:
    """The same in words."""
    language = language_of(request, engine.settings.language)
    found = await asyncio.to_thread(engine.decisions.offering, language)
    text = TEMPLATES.get_template("offers_now.html").render(
        **common(_NAME, language, _ADDRESS, {}),
        blocks=[Words(sentences(found, engine.shop(language)))],
        opens=lambda _: "",
    )
    return rendered_page(request, language, text)


ROUTES = [standing]
PAGES = [page]
