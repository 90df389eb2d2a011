"""The short way for what comes most: batches, events and questions of servers that know their key.

A request for one of these paths, with a known key in its Authorization header and a plain body, goes straight to the
log. Everything else, whatever is odd in any way, takes the long way through the application (``collect.py``), which
answers it in words. Both ways end in ``Engine.collect``; this one saves two thirds of the work on a request,
and more where ``doorstep`` reads it.
"""

import asyncio
import base64
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

from detak.deciding.prepared import Asking
from detak.engine import Engine
from detak.errors import BusyError, RowError, StoreError
from detak.reading.body import with_type
from detak.reading.wire import EVENT_LIMIT
from detak.server.collect import KINDS
from detak.server.gathering import Gathering
from detak.server.ingest import BODY_LIMIT

App = Callable[[Any, Any, Any], Awaitable[None]]
Told = Callable[[bytes | None], None]

_DECIDE: Final = "/v1/decide"
PATHS: Final = {"/v1/batch": "", _DECIDE: "decide", **{f"/v1/{kind}": kind for kind in KINDS}}
"""What may be taken, by path: the kind of message that a body is; none: it is a batch."""
KNOWN: Final = 1024
"""So many heads and keys are remembered as they were written."""
HEADERS: Final = [
    (b"content-type", b"application/json"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]
"""Of each answer, beside its length."""
_LONG_WAY: Final = frozenset({b"content-encoding", b"origin", b"expect"})
_GZIP: Final = b"\x1f\x8b"
_TAKEN: Final = b'{"success":true}'


class FastLane:
    """An ASGI application before another one.

    Args:
        app: takes what this does not.
        engine: where events go.
        count: told of each answer: its route and status.
    """

    def __init__(self, app: App, engine: Engine, count: Callable[[str, int], None]) -> None:
        self._app = app
        self._engine = engine
        self._count = count
        self._keys: dict[bytes, str] = {}
        self._landed: deque[tuple[Told, str, bytes | Exception]] = deque()
        self._settling = False  # the loop knows that there is something in it
        self._questions = Gathering(self._decide)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take a request, or pass it on."""
        path = scope["path"] if scope["type"] == "http" and scope["method"] == "POST" else ""
        key = None if path not in PATHS or scope["query_string"] else self.key(scope["headers"])
        if key is None:
            await self._app(scope, receive, send)
            return
        limit = limit_of(path)
        parts = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return  # the client is gone
            parts.append(message["body"])
            size += len(message["body"])
            if size > limit or not message.get("more_body"):
                break
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        taken = None if size > limit else await self._taken(path, key, body)
        if taken is None:
            await self._app(scope, _again(body, message, receive), send)
            return
        scope["path_template"] = path  # for the log of requests
        length = (b"content-length", str(len(taken)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS, length]})
        await send({"type": "http.response.body", "body": taken})

    async def _taken(self, path: str, key: str, body: bytes) -> bytes | None:
        """The answer, once the events or the decisions are on the disk; None: the long way says why not."""
        landed: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()

        def told(result: bytes | None) -> None:
            if not landed.done():
                landed.set_result(result)

        self.take(path, key, body, told)
        return await landed

    def take(self, path: str, key: str, body: bytes, told: Told) -> None:
        """Take a body whole; ``told`` gets the answer, in the loop, once it is on the disk. None: the long way says why
        not.

        Args:
            path: one of ``PATHS``.
            key: as ``key`` found it.
            body: not longer than ``limit_of`` the path.
            told: called once, maybe before this returns.
        """
        source = self._engine.source_of(key)
        if source is None or body[:2] == _GZIP:
            told(None)
            return
        loop = asyncio.get_running_loop()

        def landed(result: Any) -> None:
            self._landed.append((told, path, _TAKEN if isinstance(result, int) else result))
            if not self._settling and not loop.is_closed():
                self._settling = True
                loop.call_soon_threadsafe(self._settle)

        kind = PATHS[path]
        try:
            if path == _DECIDE:
                self._questions.add(Asking(source, body, landed))
            else:
                whole = b'{"batch":[' + with_type(body, kind) + b"]}" if kind else body
                self._engine.collect(source, whole, landed)
        except (RowError, BusyError, StoreError):
            told(None)

    def _decide(self, asked: Sequence[Asking]) -> None:
        self._engine.decisions.decide_all(asked)

    def _settle(self) -> None:
        """Those whose events went to the disk together hear of it together."""
        self._settling = False
        while self._landed:
            told, path, result = self._landed.popleft()
            if path == _DECIDE:
                self._questions.landed()
            if isinstance(result, Exception):
                told(None)
                continue
            self._count(path, 200)
            told(result)

    def key(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """The key that the headers of a plain request show, if it is one of the shop's; None: they say something else
        too, or nothing."""
        given = None
        for name, value in headers:
            if name == b"authorization":
                given = value
            elif name in _LONG_WAY:
                return None
        if given is None:
            return None
        key = self._keys.get(given)
        if key is None:
            key = _key(given)
            if self._engine.source_of(key) is None:
                return None
            if len(self._keys) >= KNOWN:
                self._keys.clear()
            self._keys[given] = key
        return key


def limit_of(path: str) -> int:
    """The most bytes that a body may have."""
    return EVENT_LIMIT if PATHS[path] else BODY_LIMIT  # of a question too


def _key(header: bytes) -> str:
    kind, _, value = header.decode("latin-1").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    try:
        return base64.b64decode(value.strip(), validate=True).decode().split(":", 1)[0]
    except ValueError:
        return ""


def _again(body: bytes, last: Any, receive: Any) -> Callable[[], Awaitable[Any]]:
    """What was received, to be received by somebody else."""
    waiting = [{"type": "http.request", "body": body, "more_body": bool(last.get("more_body"))}]

    async def replay() -> Any:
        return waiting.pop() if waiting else await receive()

    return replay
