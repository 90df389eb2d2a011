"""Serving: one process, one store, until it is told to stop."""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

import uvicorn

from detak.admin_token import kept_token
from detak.engine import Engine
from detak.errors import UsageError
from detak.server.access import logged
from detak.server.app import build
from detak.server.auth import is_loopback
from detak.server.fast_lane import FastLane
from detak.structured_logs import ACCESS

_BACKLOG = 2048


def serve(
    engine: Engine,
    *,
    host: str,
    port: int,
    sign_in: bool,
    ready: Callable[[str, str], None],
    stop: Callable[[Callable[[], None]], None] | None = None,
) -> None:
    """Serve an open engine until SIGINT or SIGTERM.

    Args:
        engine: kept open by the caller.
        host: the address to listen at.
        port: 0 takes a free one.
        sign_in: ask for the token even of this machine's own browser (behind a reverse proxy, say).
        ready: called with the address and the admin token once connections are taken.
        stop: called at once with what stops the server from another thread.

    Raises:
        UsageError: the address cannot be listened at.
    """
    token = kept_token(engine.folder)
    listener = _listen(host, port)
    local_only = not sign_in and is_loopback(host)
    stopping = asyncio.Event()
    application = build(engine, token, local_only=local_only, stopping=stopping)
    app = FastLane(application, engine, application.state.answered.posted)
    _calm()
    listed = logging.getLogger(ACCESS).isEnabledFor(logging.INFO)
    config = uvicorn.Config(
        logged(app) if listed else app,
        http="auto" if listed else _protocol(app),
        log_config=None,  # structured_logs has seen to it
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=5,
    )
    engine.models.live(lambda: _warmed(engine))
    url = f"http://{_shown(host)}:{listener.getsockname()[1]}"
    engine.announce(_reachable(url, host), token)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    server = _Server(config, lambda: ready(url if local_only else f"{url}/?token={token}", token), stopping)
    if stop is not None:
        stop(lambda: setattr(server, "should_exit", True))
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the caller closes the engine
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def _protocol(app: FastLane) -> Any:
    """What reads requests; without the parser in C, which not every platform has, it is the web server's alone."""
    try:
        from detak.server.doorstep import Doorstep  # noqa: PLC0415
    except ImportError:
        return "auto"
    return Doorstep(app)


def _warmed(engine: Engine) -> None:
    """What stays in memory now is not looked at for cycles again: with a million people that would take as long as an
    answer may."""
    engine.decisions.warm()
    _calm()


def _calm() -> None:
    """Let go of what start-up leaves; then look for cycles among few objects at a time, since answers wait meanwhile,
    and among all hardly ever, since what comes in makes none. Switch threads sooner than by default, since an answer
    must not wait for a sink that computes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 1, 10_000)
    sys.setswitchinterval(0.001)


class _Server(uvicorn.Server):
    """A server that says when it takes connections, and when it is about to end: open streams must end first."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._ready = ready
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.set()
        await super().shutdown(sockets)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise UsageError(f"cannot listen at {host}:{port}: {error.strerror}; choose another --port") from None
    listener.listen(_BACKLOG)
    listener.set_inheritable(True)
    return listener


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _reachable(url: str, host: str) -> str:
    """An address that listens at every interface is reached from this machine over loopback."""
    return url.replace(_shown(host), "[::1]" if host == "::" else "127.0.0.1", 1) if host in ("0.0.0.0", "::") else url  # noqa: S104
