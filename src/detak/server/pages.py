"""The dashboard's pages: one that shows the shop, and one that says how to get in."""

import logging
import shlex
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Request, Response, get
from litestar.datastructures import Cookie
from litestar.exceptions import NotAuthorizedException
from litestar.response import Redirect, Stream
from litestar.static_files import create_static_files_router

from detak import __version__
from detak.admin_token import same, viewer_value
from detak.engine import Engine
from detak.errors import DetakError
from detak.insights.alarms import sentences as alarms
from detak.insights.cancellation_words import risk_sentences
from detak.insights.dimensions import DIMENSIONS
from detak.insights.health import sentences
from detak.server import charts
from detak.server.auth import COOKIE
from detak.server.dashboard import Dashboard, Recent, gather
from detak.server.figures import Figures, together
from detak.server.watch import Watch
from detak.words import LANGUAGES, keys, say

AnyRequest = Request[Any, Any, Any]
AnyResponse = Response[Any]

LANGUAGE_COOKIE = "detak_lang"
_log = logging.getLogger("detak.server")
_A_YEAR = 365 * 24 * 3600
_PRECAUTIONS = ("hide", "bury")  # rules that may well wait for products to come
_STATIC = Path(__file__).parent / "static"
_EVENTS = "event."

TEMPLATES = Environment(
    loader=PackageLoader("detak.server"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.globals.update(version=__version__, languages=LANGUAGES, charts=charts)
TEMPLATES.filters["together"] = together


@dataclass(frozen=True)
class View:
    """How somebody looks at the page."""

    f: Figures
    by: str | None
    address: str
    """Where this server is reached."""


def static() -> Any:
    """The style sheet and the script, from this package."""
    return create_static_files_router("/static", directories=[_STATIC], include_in_schema=False)


def routes(token: str) -> list[Any]:
    """The pages.

    Args:
        token: the admin token; an address that carries it signs its browser in.
    """
    recent = Recent()

    @get("/", exception_handlers={NotAuthorizedException: ask_in}, name="home")
    async def home(request: AnyRequest, engine: Engine, watch: Watch) -> AnyResponse:
        """The first page."""
        if "token" in request.query_params:
            return _signed_in(request, token)
        view = View(
            Figures(language_of(request, engine.settings.language)),
            _dimension(request),
            str(request.base_url).rstrip("/"),
        )
        headers = {"Cache-Control": "private, no-cache", "Vary": "Cookie"}
        response = Stream(_parts(engine, recent, watch, view), media_type="text/html", headers=headers)
        remember_language(request, response, view.f.language)
        return response

    return [home]


def _signed_in(request: AnyRequest, token: str) -> AnyResponse:
    """Off to the same address without the token, which would stay in the browser's history."""
    offered = request.query_params["token"]
    rest = [(key, value) for key, value in request.query_params.multi_items() if key != "token"]
    response = Redirect("/" + (f"?{urlencode(rest)}" if rest else ""), status_code=303)
    if same(offered, token):
        response.set_cookie(_cookie(request, COOKIE, viewer_value(token), samesite="lax"))
    return response


def ask_in(request: AnyRequest, error: NotAuthorizedException) -> AnyResponse:
    """What to do about it, in words for a browser and as JSON for a program."""
    if "text/html" not in request.headers.get("accept", ""):
        return Response({"success": False, "message": error.detail}, status_code=401, headers=error.headers)
    language = language_of(request, LANGUAGES[0])
    ordered = [language, *(one for one in LANGUAGES if one != language)]
    template = TEMPLATES.get_template("sign_in.html")
    text = template.render(f=Figures(language), several=[Figures(one) for one in ordered])
    return Response(text, status_code=401, media_type="text/html", headers=error.headers)


def language_of(request: AnyRequest, default: str) -> str:
    """What the address asks for, else what this browser chose before, else the shop's own."""
    asked = (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE))
    return next((one for one in asked if one in LANGUAGES), default)


def remember_language(request: AnyRequest, response: AnyResponse, language: str) -> None:
    """Where the address asked for the language: have the browser keep it."""
    if request.query_params.get("lang") == language:
        response.set_cookie(_cookie(request, LANGUAGE_COOKIE, language, max_age=_A_YEAR))


def _dimension(request: AnyRequest) -> str | None:
    """What to split the orders by; an address that somebody mistyped splits them by nothing."""
    asked = request.query_params.get("by")
    return asked if asked in DIMENSIONS else None


def broken_now(engine: Engine, language: str) -> list[str]:
    """What is broken at this moment, in sentences."""
    standing = engine.models.rules
    key = "alerts.rules" if standing.known else "alerts.rules_at_start"
    rules = [say(language, key, trouble=standing.told(language))] if standing.trouble else []
    if wanting := [one for one in standing.idle if not one.rpartition(".")[2].startswith(_PRECAUTIONS)]:
        rules.append(say(language, "alerts.rules_idle", rules=", ".join(wanting)))
    return [*alarms(engine.alerts(), engine.shop(language), datetime.now(UTC)), *rules]


async def _parts(engine: Engine, recent: Recent, watch: Watch, view: View) -> AsyncIterator[str]:
    """The page down to its pulse at once; the rest when the reports are there."""
    yield TEMPLATES.get_template("top.html").render(_top(engine, view))
    shown, failed = None, None
    silent: list[str] = []
    broken = broken_now(engine, view.f.language)
    try:
        shown = await gather(engine, recent, view.f.language, view.by)
        silent = sentences((await watch.look(engine)).silent, engine.shop(view.f.language))
    except DetakError as error:
        failed = str(error)
    except Exception as error:  # the answer has begun: it can only be ended in words
        _log.error("the page could not be finished: %s", type(error).__name__, exc_info=error)
        failed = view.f.t("page.failed")
    details = _details(shown, view) if shown else {}
    rest = TEMPLATES.get_template("rest.html")
    store = shlex.quote(str(engine.folder))
    yield rest.render(
        f=view.f,
        shown=shown,
        failed=failed,
        silent=silent,
        broken=broken,
        see=True,
        address=view.address,
        store=store,
        **details,
    )


def _top(engine: Engine, view: View) -> dict[str, object]:
    by = {"by": view.by} if view.by else {}
    events = sorted(key for key in keys(view.f.language) if key.startswith(_EVENTS))
    return {
        "f": view.f,
        "pulse": engine.pulse(),
        "now": datetime.now(UTC),
        "zone": engine.settings.timezone,
        "others": {one: "/?" + urlencode({**by, "lang": one}) for one in LANGUAGES},
        "event_names": {key.removeprefix(_EVENTS): view.f.t(key) for key in events},
        "rejects": engine.folder / "rejects" / "live.jsonl",
    }


def _details(shown: Dashboard, view: View) -> dict[str, object]:
    gone = shown.cancellations
    days, hours = charts.both(shown.timing.cells)
    risks = risk_sentences(gone.factors, view.f.language) if gone.cancelled else []
    return {
        "by": view.by,
        "dimensions": DIMENSIONS,
        "best_day": charts.busiest(days),
        "best_hour": charts.busiest(hours),
        "lead": gone.words[: len(gone.words) - len(risks)],
        "risks": risks,
        "forest": charts.forest(charts.surest(gone.factors)),
    }


def _cookie(
    request: AnyRequest,
    name: str,
    value: str,
    max_age: int | None = None,
    samesite: Literal["lax", "strict"] = "strict",
) -> Cookie:
    return Cookie(
        name,
        value=value,
        path="/",
        max_age=max_age,
        httponly=True,
        secure=request.url.scheme == "https",
        samesite=samesite,
    )
