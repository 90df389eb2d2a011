"""A shopper's own page: what is kept of them, what it is used for, and the switches. Opened by a link from the shop.

Only the shop knows who has signed in, so only its own server may ask for a link (a key that is ``private_key``, or the
admin token). A link is sealed, lives half an hour, and names nobody; with a public key there is no way in. A device
that somebody has signed in on opens no page by itself: whoever holds it now may be another person.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from detak.consent import REFUSABLE
from detak.engine import Engine
from detak.errors import DeniedError, UsageError
from detak.own_page import Own, own
from detak.questions import Consent
from detak.server.asking import Named, received
from detak.server.auth import Guard
from detak.server.figures import Figures
from detak.server.forgetting import Done, Forgetting
from detak.server.ingest import ANSWERS, AnyRequest, answers
from detak.server.pages import TEMPLATES, language_of
from detak.server.tickets import MINUTES, Tickets
from detak.subject import Identifier
from detak.words import LANGUAGES

_HEADERS: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_SOURCE: Final = "own-page"
_PATIENCE: Final = 1.5  # seconds that a page waits for what is being forgotten
_LOOK_AGAIN: Final = 3  # seconds


class Whose(Named, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """Whose page is asked for."""


class Link(msgspec.Struct):
    """Where the shopper is to be sent, and until when that opens anything (UTC)."""

    url: str
    expires: datetime


def routes(token: str, tickets: Tickets, often: Guard) -> list[HTTPRouteHandler]:
    """What programs ask, at a server with this admin token. ``often`` says who asks too often."""

    @post("/v1/me", status_code=200, responses=ANSWERS)
    async def link(request: AnyRequest, engine: Engine) -> Link:
        """A link to somebody's own page, for the shop's own server to send them to."""
        asked, who = await received(request, engine, token, Whose)
        if not who.trusted:
            raise NotAuthorizedException("this needs the key of a source with private_key, or the admin token")
        if not asked.identifiers:
            raise UsageError('say whose page: {"userId": ...} or {"anonymousId": ...}')
        whose = asked.identifiers[:1]  # beside a user a device says nothing: it may be another person's
        if engine.settings.shared(whose[0][1]):
            raise UsageError("this identifier is used by many (shared_ids in detak.toml): it is nobody's own")
        await _copy(engine, whose)
        expires = datetime.now(UTC) + timedelta(minutes=MINUTES)
        return Link(f"{str(request.base_url).rstrip('/')}/me/{await asyncio.to_thread(tickets.issue, whose)}", expires)

    @get("/v1/me/{ticket:str}", responses=answers(404, 429), guards=[often])
    async def told(engine: Engine, ticket: str) -> Response[Own]:
        """What is kept of whoever has the link, and what it is used for."""
        return Response(await _own(engine, await _whose(tickets, ticket)), headers=_HEADERS)

    return [link, told]


def pages(tickets: Tickets, forgetting: Forgetting) -> list[HTTPRouteHandler]:
    """What the shopper sees and does."""

    async def opened(ticket: str) -> list[Identifier]:
        return await _whose(tickets, ticket)

    return [_shown(opened, forgetting), _copied(opened), _said(opened), *_forgotten(opened, forgetting)]


Opened = Callable[[str], Awaitable[list[Identifier]]]


def _shown(opened: Opened, forgetting: Forgetting) -> HTTPRouteHandler:
    @get("/me/{ticket:str}", include_in_schema=False)
    async def page(request: AnyRequest, engine: Engine, ticket: str) -> Response[str]:
        """The page."""
        begun = forgetting.of(ticket)
        if begun is not None and not begun.done():
            return _page(request, engine, ticket, again=_again(request, engine, ticket), status=202)
        found = await _own(engine, await opened(ticket))
        return _page(request, engine, ticket, shown=found, said="said" in request.query_params)

    return page


def _copied(opened: Opened) -> HTTPRouteHandler:
    @get("/me/{ticket:str}/copy", include_in_schema=False)
    async def copy(engine: Engine, ticket: str) -> Response[Any]:
        """Everything, as a file."""
        found = await _copy(engine, await opened(ticket), counted=False)
        if found is None:
            raise DeniedError("nothing is kept of you")
        name = {"Content-Disposition": 'attachment; filename="data.json"'}
        return Response(found, headers={**_HEADERS, **name}, media_type="application/json")

    return copy


def _said(opened: Opened) -> HTTPRouteHandler:
    @post("/me/{ticket:str}/consent", include_in_schema=False, status_code=303)
    async def consent(request: AnyRequest, engine: Engine, ticket: str) -> Redirect:
        """The switches: what is not ticked is refused."""
        found = await opened(ticket)
        await _copy(engine, found)
        whose, form = dict(found), await request.form()
        purposes = {one.label: one.label in form for one in REFUSABLE}
        user = whose.get("user")
        said = Consent(user, None if user else whose.get("anonymous"), purposes=purposes)
        await asyncio.to_thread(engine.consent, said, _SOURCE)
        return Redirect(f"/me/{ticket}?said=1&lang={language_of(request, engine.settings.language)}", status_code=303)

    return consent


def _forgotten(opened: Opened, forgetting: Forgetting) -> list[HTTPRouteHandler]:
    @post("/me/{ticket:str}/forget", include_in_schema=False, status_code=200)
    async def forget(request: AnyRequest, engine: Engine, ticket: str) -> Response[str]:
        """Everything is removed; not before the shopper has ticked that it cannot be undone."""
        begun = forgetting.of(ticket)
        if begun is None:
            whose, form = await opened(ticket), await request.form()
            shown = await _own(engine, whose)
            if shown.empty or "sure" not in form:
                return _page(request, engine, ticket, shown=shown, unsure=not shown.empty)
            begun = await asyncio.to_thread(forgetting.wish, ticket, whose)
        await asyncio.wait([asyncio.wrap_future(begun)], timeout=_PATIENCE)
        return _gone(request, engine, ticket, begun)

    @get("/me/{ticket:str}/forgotten", include_in_schema=False)
    async def forgotten(request: AnyRequest, engine: Engine, ticket: str) -> Response[str]:
        """What became of the wish: it is being done, or the receipt."""
        begun = forgetting.of(ticket)
        if begun is None:
            raise DeniedError("nothing was wished with this link, or the server began anew since")
        return _gone(request, engine, ticket, begun)

    return [forget, forgotten]


def _gone(request: AnyRequest, engine: Engine, ticket: str, begun: Done) -> Response[str]:
    if not begun.done():
        return _page(request, engine, ticket, again=_again(request, engine, ticket), status=202)
    receipt = begun.result()
    told = msgspec.json.format(msgspec.json.encode(receipt)).decode() if receipt else ""
    return _page(request, engine, ticket, gone=True, receipt=told)


def _again(request: AnyRequest, engine: Engine, ticket: str) -> str:
    """When the page is to be fetched again, and from where, as ``meta refresh`` has it."""
    language = language_of(request, engine.settings.language)
    return f"{_LOOK_AGAIN}; url=/me/{ticket}/forgotten?lang={language}"


async def _whose(tickets: Tickets, ticket: str) -> list[Identifier]:
    whose = await asyncio.to_thread(tickets.whose, ticket)
    if whose is None:
        raise DeniedError("this link opens nothing, or not any more: ask the shop for a new one")
    return whose


async def _own(engine: Engine, whose: Sequence[Identifier]) -> Own:
    return own(await _copy(engine, whose), engine.settings)


async def _copy(engine: Engine, whose: Sequence[Identifier], *, counted: bool = True) -> dict[str, Any] | None:
    """What is kept of somebody, all of it or as it is counted; None: nobody is known under these identifiers.

    Raises:
        DeniedError: a device is named, and somebody has signed in on it.
    """
    try:
        copy = await asyncio.to_thread(engine.export, whose, counted=counted)
    except DeniedError:
        return None
    if whose[0][0] != "user" and any(one["kind"] == "user" for one in copy["identifiers"]):
        raise DeniedError("somebody has signed in on this device: name their userId, once they have signed in again")
    return copy


_BLANK: Final = {
    **dict.fromkeys(("closed", "said", "unsure", "gone"), False),
    **dict.fromkeys(("receipt", "again"), ""),
    "shown": None,
}


def _page(request: AnyRequest, engine: Engine, ticket: str, *, status: int = 200, **told: Any) -> Response[str]:
    language = language_of(request, engine.settings.language)
    others = {one: f"/me/{ticket}?lang={one}" for one in LANGUAGES}
    context = {**_BLANK, **told, "ticket": ticket, "zone": engine.settings.timezone, "others": others}
    return _rendered(language, context, status)


def closed(language: str) -> Callable[[AnyRequest, DeniedError], Response[str]]:
    """What a browser is told whose link opens nothing, in the shop's language unless it wants another."""

    def told(request: AnyRequest, _: DeniedError) -> Response[str]:
        others = {one: f"?lang={one}" for one in LANGUAGES}
        return _rendered(language_of(request, language), {**_BLANK, "closed": True, "others": others}, 404)

    return told


def _rendered(language: str, context: Mapping[str, Any], status: int = 200) -> Response[str]:
    text = TEMPLATES.get_template("me.html").render(f=Figures(language), **context)
    return Response(text, status_code=status, media_type="text/html", headers=_HEADERS)
