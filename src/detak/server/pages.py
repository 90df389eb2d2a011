"""The dashboard's pages: one that shows the shop, and one that says how to get in."""

import hmac
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Request, Response, get
from litestar.datastructures import Cookie
from litestar.exceptions import NotAuthorizedException
from litestar.response import Redirect
from litestar.static_files import create_static_files_router

from detak import __version__
from detak.engine import Engine
from detak.insights.cancellation_words import risk_sentences
from detak.insights.dimensions import DIMENSIONS
from detak.server import charts
from detak.server.auth import COOKIE
from detak.server.dashboard import Dashboard, Recent, gather
from detak.server.figures import Figures
from detak.settings import LANGUAGES
from detak.words import keys, say

AnyRequest = Request[Any, Any, Any]
AnyResponse = Response[Any]

LANGUAGE_COOKIE = "detak_lang"
_A_YEAR = 365 * 24 * 3600
_STATIC = Path(__file__).parent / "static"
_EVENTS = "page_event."

_templates = Environment(
    loader=PackageLoader("detak.server"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals.update(version=__version__, languages=LANGUAGES, charts=charts)


def static() -> Any:
    """The style sheet and the script, from this package."""
    return create_static_files_router("/static", directories=[_STATIC], include_in_schema=False)


def routes(token: str) -> list[Any]:
    """The pages.

    Args:
        token: the admin token; an address that carries it signs its browser in.
    """
    recent = Recent()

    @get("/", exception_handlers={NotAuthorizedException: _ask_in}, name="home")
    async def home(request: AnyRequest, engine: Engine) -> AnyResponse:
        """The first page."""
        if "token" in request.query_params:
            return _signed_in(request, token)
        language = _language(request, engine.settings.language)
        by = request.query_params.get("by")
        by = by if by in DIMENSIONS else None
        shown = await gather(engine, recent, language, by)
        response = _html(_render_home(request, engine, shown, language))
        if request.query_params.get("lang") == language:
            response.set_cookie(_cookie(request, LANGUAGE_COOKIE, language, max_age=_A_YEAR))
        return response

    return [home]


def _signed_in(request: AnyRequest, token: str) -> AnyResponse:
    """Off to the same address without the token, which would stay in the browser's history."""
    offered = request.query_params["token"]
    rest = [(key, value) for key, value in request.query_params.multi_items() if key != "token"]
    response = Redirect("/" + (f"?{urlencode(rest)}" if rest else ""), status_code=303)
    if hmac.compare_digest(offered.encode(), token.encode()):
        response.set_cookie(_cookie(request, COOKIE, token))
    return response


def _ask_in(request: AnyRequest, error: NotAuthorizedException) -> AnyResponse:
    """What to do about it, in words for a browser and as JSON for a program."""
    if "text/html" not in request.headers.get("accept", ""):
        return Response({"success": False, "message": error.detail}, status_code=401, headers=error.headers)
    language = _language(request, LANGUAGES[0])
    ordered = [language, *(one for one in LANGUAGES if one != language)]
    template = _templates.get_template("sign_in.html")
    return _html(template.render(f=Figures(language), several=[Figures(one) for one in ordered]), status=401)


def _language(request: AnyRequest, default: str) -> str:
    """What the address asks for, else what this browser chose before, else the shop's own."""
    asked = (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE))
    return next((one for one in asked if one in LANGUAGES), default)


def _render_home(request: AnyRequest, engine: Engine, shown: Dashboard, language: str) -> str:
    days, hours = charts.both(shown.timing.cells)
    factors = shown.cancellations.factors
    risks = risk_sentences(factors, language) if shown.cancellations.cancelled else []
    surest = charts.surest(factors)
    by = shown.split.by if shown.split else None
    return _templates.get_template("empty.html" if shown.empty else "home.html").render(
        f=Figures(language),
        shown=shown,
        zone=engine.settings.timezone,
        now=datetime.now(UTC),
        dimensions=DIMENSIONS,
        by=by,
        others={one: "?" + urlencode({"lang": one, **({"by": by} if by else {})}) for one in LANGUAGES},
        best_day=charts.busiest(days),
        best_hour=charts.busiest(hours),
        lead=shown.cancellations.words[: len(shown.cancellations.words) - len(risks)],
        risks=risks,
        forest=charts.forest(surest),
        event_names={key.removeprefix(_EVENTS): say(language, key) for key in sorted(keys(language)) if key.startswith(_EVENTS)},
        address=str(request.base_url).rstrip("/"),
        store=shlex.quote(str(engine.folder)),
        rejects=engine.folder / "rejects" / "live.jsonl",
    )


def _html(text: str, status: int = 200) -> AnyResponse:
    headers = {"Cache-Control": "private, no-cache", "Vary": "Cookie"}
    return Response(text, status_code=status, media_type="text/html", headers=headers)


def _cookie(request: AnyRequest, name: str, value: str, max_age: int | None = None) -> Cookie:
    return Cookie(
        name,
        value=value,
        path="/",
        max_age=max_age,
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="strict",
    )
