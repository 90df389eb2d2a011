"""The log of requests: which route, how it was answered, how long it took. No address, no query, nobody."""

import logging
import time

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from detak.structured_logs import ACCESS

_log = logging.getLogger(ACCESS)


def logged(app: ASGIApp) -> ASGIApp:
    """The application, each of its answers logged when it is complete."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, watched)
        finally:
            route = scope.get("path_template") or "other"
            spent = round((time.perf_counter() - began) * 1000, 1)
            fields = {"method": scope["method"], "route": route, "status": status, "milliseconds": spent}
            _log.info("request", extra={"fields": fields})

    return wrapped
