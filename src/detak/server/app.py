"""The application: routes and guards. Errors become answers in ``faults``."""

import asyncio
import logging
from typing import Annotated, Any

from litestar import Litestar, Router, get
from litestar.datastructures import MutableScopeHeaders, State
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.params import Parameter
from litestar.types import Message, Scope

from detak import __version__
from detak.admin_token import proof
from detak.engine import Engine
from detak.errors import DeniedError
from detak.server import (
    admin,
    auth,
    browser,
    catalogue,
    collect,
    consent,
    cors,
    decide,
    faults,
    ga4,
    gorse,
    gorse_reading,
    identity,
    limits,
    me,
    metarank,
    metrics,
    offers,
    pages,
    quality,
    recommend,
    report_pages,
    reports,
    upkeep,
    upload,
    view_as,
    why,
)
from detak.server.forgetting import Forgetting
from detak.server.ingest import answers
from detak.server.tickets import Tickets
from detak.server.watch import Watch

_log = logging.getLogger("detak.server")

_IMPORT_LIMIT = 64 * 1024 * 1024

Nonce = Annotated[str | None, Parameter(max_length=128)]


def build(engine: Engine, token: str, *, local_only: bool, stopping: asyncio.Event | None = None) -> Litestar:
    """The application over an open engine.

    Args:
        engine: kept open by the caller.
        token: the admin token.
        local_only: the server listens to this machine alone, so its own browser needs no token.
        stopping: set when the server is about to end, so that open streams end first.
    """
    upload.sweep(engine.folder)
    ending = stopping or asyncio.Event()
    viewer = auth.viewer(token, local_only=local_only)
    answered, watch, tickets = metrics.Requests(), Watch(), Tickets(engine.folder / "links.key", engine.marks)
    forgetting = Forgetting(engine.folder / "wishes", engine.forget)
    forgetting.resume()
    often = limits.guard(limits.Limit(60, 1.0), limits.Limit(240, 4.0))
    _describe_refusals()
    return Litestar(
        route_handlers=[
            _health(token),
            Router(
                "/", route_handlers=[*collect.ROUTES, *consent.ROUTES, *browser.ROUTES, *ga4.ROUTES], tags=["collect"]
            ),
            Router("/", route_handlers=recommend.routes(token), tags=["recommend"]),
            Router("/", route_handlers=metarank.routes(token), tags=["metarank"]),
            Router("/", route_handlers=[*decide.ROUTES, *why.ROUTES], tags=["decide"]),
            Router("/", route_handlers=why.PAGES, include_in_schema=False),
            Router(
                "/",
                route_handlers=me.pages(tickets, forgetting),
                guards=[often],
                exception_handlers={DeniedError: me.closed(engine.settings.language)},
                include_in_schema=False,
            ),
            Router("/", route_handlers=me.routes(token, tickets, often), tags=["rights"]),
            Router(
                "/",
                route_handlers=view_as.ROUTES,  # about a person: never without a token or its cookie
                guards=[auth.viewer(token, local_only=False)],
                include_in_schema=False,
            ),
            Router(
                "/",
                route_handlers=[*gorse.ROUTES, *gorse_reading.ROUTES],
                dependencies={"caller": Provide(gorse.caller(token), sync_to_thread=False)},
                tags=["gorse"],
            ),
            Router(
                "/",
                route_handlers=[*reports.ROUTES, *offers.ROUTES, *quality.ROUTES, metrics.metrics],
                guards=[viewer],
                tags=["reports"],
            ),
            Router(
                "/",
                route_handlers=[*pages.routes(token), *report_pages.ROUTES, *offers.PAGES],
                guards=[auth.signing_in(token, viewer)],
                include_in_schema=False,
            ),
            Router(
                "/",
                route_handlers=[
                    *admin.ROUTES,
                    *identity.ROUTES,
                    *why.ADMIN,
                    *catalogue.ROUTES,
                    *upkeep.ROUTES,
                    *recommend.ADMIN,
                ],
                guards=[auth.admin(token)],
                tags=["admin"],
                request_max_body_size=_IMPORT_LIMIT,
            ),
            Router(
                "/",
                route_handlers=upload.routes(),
                guards=[auth.admin(token)],
                tags=["admin"],
                request_max_body_size=None,  # upload_bytes bounds it
            ),
            pages.static(),
        ],
        dependencies={
            "engine": Provide(lambda: engine, sync_to_thread=False),
            "stopping": Provide(lambda: ending, sync_to_thread=False),
            "answered": Provide(lambda: answered, sync_to_thread=False),
            "watch": Provide(lambda: watch, sync_to_thread=False),
        },
        state=State({"answered": answered}),
        exception_handlers=faults.handlers(engine.settings.language),
        openapi_config=OpenAPIConfig("Detak", __version__, path="/schema", render_plugins=[JsonRenderPlugin()]),
        logging_config=None,
        on_shutdown=[forgetting.close],
        before_send=[_harden, answered.count],
    )


def _describe_refusals() -> None:
    """What every route with a guard may answer, into its description."""
    guarded: list[Any] = [
        *admin.ROUTES,
        *identity.ROUTES,
        *why.ADMIN,
        *catalogue.ROUTES,
        *upkeep.ROUTES,
        *recommend.ADMIN,
        *reports.ROUTES,
        *offers.ROUTES,
    ]
    for route in (*guarded, *quality.ROUTES, metrics.metrics):
        route.responses = {**answers(400, 401, 404, 503), **(route.responses or {})}


def _health(token: str) -> HTTPRouteHandler:
    @get("/health")
    async def health(engine: Engine, nonce: Nonce = None) -> dict[str, str | int]:
        """Whether the engine is up, and how far behind the sink is, in bytes. To a nonce, proof of the admin token."""
        proven = {"proof": proof(token, nonce)} if nonce else {}
        return {"status": "ok", "version": __version__, "behind": engine.pulse().behind, **proven}

    return health


async def _harden(message: Message, scope: Scope) -> None:
    """Every answer, errors too."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "no-referrer")
        headers.setdefault("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
        cors.share(headers, scope)
