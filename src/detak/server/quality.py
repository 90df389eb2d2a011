"""The page of data quality, and the health of the sources for programs."""

import asyncio
from typing import Any, cast

import msgspec
from litestar import Request, Response, get
from litestar.exceptions import NotAuthorizedException

from detak.engine import Engine
from detak.health import Health
from detak.insights import quality as insight
from detak.insights.health import sentences
from detak.insights.quality import QualityReport
from detak.questions import Question
from detak.server.figures import Figures
from detak.server.pages import TEMPLATES, ask_in, broken_now, language_of, remember_language
from detak.server.watch import Watch
from detak.words import LANGUAGES

AnyRequest = Request[Any, Any, Any]

PERIODS = (1, 7, 28)
"""Days that the page can look back."""
_DEFAULT = 7


class Sources(msgspec.Struct, frozen=True):
    """How the sources are: ``silent`` where one of them is, else ``ok``."""

    status: str
    silent: list[str]
    sources: list[Health]


@get("/health/sources")
async def sources(engine: Engine, watch: Watch) -> Sources:
    """Which sources beat and which have fallen silent, by their own habit."""
    report = await watch.look(engine)
    silent = [one.source for one in report.silent]
    return Sources("silent" if silent else "ok", silent, report.sources)


@get("/quality", exception_handlers={NotAuthorizedException: ask_in}, include_in_schema=False, name="quality")
async def page(request: AnyRequest, engine: Engine, watch: Watch) -> Response[str]:
    """Data quality, for a person."""
    language = language_of(request, engine.settings.language)
    days = _days(request)
    question = Question("quality", {"days": str(days)}, language)
    report, health = await asyncio.gather(asyncio.to_thread(engine.report, question), watch.look(engine))
    shown = cast("QualityReport", report)
    shop = engine.shop(language)
    text = TEMPLATES.get_template("quality.html").render(
        f=Figures(language),
        shown=shown,
        days=days,
        periods=PERIODS,
        sources=list(zip(health.sources, sentences(health.sources, shop), strict=True)),
        silent=sentences(health.silent, shop),
        broken=broken_now(engine, language),
        zone=engine.settings.timezone,
        others={one: f"/quality?days={days}&lang={one}" for one in LANGUAGES},
        name=insight.name,
        told=insight.told,
        change=insight.change,
    )
    response = Response(text, media_type="text/html", headers={"Cache-Control": "private, no-cache", "Vary": "Cookie"})
    remember_language(request, response, language)
    return response


ROUTES = [sources, page]


def _days(request: AnyRequest) -> int:
    """The period that was asked for; an address that somebody mistyped asks for the usual one."""
    asked = request.query_params.get("days", "")
    return int(asked) if asked in map(str, PERIODS) else _DEFAULT
