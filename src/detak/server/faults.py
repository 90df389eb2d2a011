"""What went wrong, as an answer: the one table from errors to codes; JSON for a program, a small page for a person."""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, NotAuthorizedException, ValidationException

from detak.errors import (
    BusyError,
    CannotComputeError,
    DeniedError,
    DetakError,
    RowError,
    SettingsError,
    StoreError,
    UsageError,
    said,
    texts,
)
from detak.server.figures import Figures
from detak.server.ingest import Refused
from detak.server.pages import TEMPLATES, ask_in, language_of
from detak.words import LANGUAGES

AnyRequest = Request[Any, Any, Any]
Handler = Callable[..., Response[Any]]

STATUS: Final[dict[type[DetakError], int]] = {
    RowError: 400,
    UsageError: 400,
    SettingsError: 400,
    DeniedError: 404,
    CannotComputeError: 422,
    BusyError: 429,
    StoreError: 503,
}
_SHOPPERS: Final = ("/me", "/why", "/offers")
"""Pages that a shop sends its shoppers to: the first page of this server is not theirs."""
_TOLD: Final = (400, 401, 404, 405, 429, 503)
"""Codes that a page has words of its own for; of others one is told as its hundred is."""
_log = logging.getLogger("detak.server")


def handlers(language: str) -> dict[type[Exception] | int, Handler]:
    """Of every error that leaves a route, for a server whose shop speaks ``language``."""

    def explained(request: AnyRequest, error: DetakError) -> Response[Any]:
        status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
        headers = {"Retry-After": str(error.retry_after)} if isinstance(error, BusyError) else {}
        if status == 503:
            headers = {"Retry-After": "5"}
        if not _by_a_person(request):
            told = _told(status, str(error), texts(error))
            return Response(told, status_code=status, headers=headers)
        return page(request, language, status, said(error, language_of(request, language)), headers)

    def http(request: AnyRequest, error: HTTPException) -> Response[Any]:
        if isinstance(error, NotAuthorizedException) and _by_a_person(request):
            return ask_in(request, error)
        message = _faults(error) or error.detail
        if message == HTTPStatus.NOT_FOUND.phrase:
            message = "there is nothing at this address: /schema/openapi.json lists what there is"
        return _answer(request, language, error.status_code, message, error.headers or {})

    def unforeseen(request: AnyRequest, error: Exception) -> Response[Any]:
        _log.error("unforeseen: %s", type(error).__name__, exc_info=error)
        return _answer(request, language, 500, "something went wrong here; the log says what", {})

    return {DetakError: explained, HTTPException: http, 500: unforeseen}


def _answer(request: AnyRequest, language: str, status: int, message: str, headers: Mapping[str, str]) -> Response[Any]:
    if _by_a_person(request):
        return page(request, language, status, message, headers)
    return Response(_told(status, message), status_code=status, headers=dict(headers))


def page(
    request: AnyRequest, language: str, status: int, message: str = "", headers: Mapping[str, str] | None = None
) -> Response[str]:
    """What a person reads: what happened, in their language and the shop's others, and the way back.

    ``message`` says what exactly does not fit, where they sent something.
    """
    first = language_of(request, language)
    ordered = [first, *(one for one in LANGUAGES if one != first)]
    shoppers = any(request.url.path == one or request.url.path.startswith(f"{one}/") for one in _SHOPPERS)
    text = TEMPLATES.get_template("fault.html").render(
        f=Figures(first),
        several=[Figures(one) for one in ordered],
        status=status,
        kind=status if status in _TOLD else 500 if status >= 500 else 400,
        detail=message if status in (400, 422) else "",
        back="" if shoppers else "/",
        again=request.url.path if request.method == "GET" and status in (429, 503) else "",
    )
    kept = {"Cache-Control": "no-store", "Vary": "Accept", **(headers or {})}
    return Response(text, status_code=status, media_type="text/html", headers=kept)


def _by_a_person(request: AnyRequest) -> bool:
    """Whether a browser shows the answer to somebody; programs and scripts do not ask for a page."""
    return "text/html" in request.headers.get("accept", "")


def _faults(error: HTTPException) -> str:
    """Which parameters do not fit, and why; not the address, where keys may stand."""
    faults = error.extra if isinstance(error, ValidationException) and isinstance(error.extra, list) else []
    return "; ".join(f"{one.get('key', 'body')}: {one.get('message', '')}" for one in faults if isinstance(one, dict))


def _told(status: int, message: str, said: Mapping[str, str] | None = None) -> Refused:
    """SDKs look for ``code``: without it, those of RudderStack and Customer.io send again what was refused for good."""
    return Refused(HTTPStatus(status).name.lower(), message, said=dict(said) if said else msgspec.UNSET)
