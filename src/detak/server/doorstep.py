"""Plain requests of the fast lane, read from the socket before the web server makes anything of them.

Servers that ask again and again write the same head each time. Whoever wrote one that is understood is answered at
once, with one write; the first time, the parser of the web server reads it. Anything else of a connection, and all that
comes over it from then on, is the web server's.
"""

import asyncio
from functools import partial
from typing import Any, Final, NamedTuple, cast

import httptools
from uvicorn import Config
from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn.server import ServerState

from detak.server.fast_lane import HEADERS, KNOWN, PATHS, FastLane, limit_of

_END: Final = b"\r\n\r\n"
_LONGEST: Final = 2_048  # bytes of a head that is remembered
_LINES: Final = [b"%s: %s\r\n" % header for header in HEADERS]
_ANSWER: Final = b"HTTP/1.1 200 OK\r\n" + b"".join(_LINES) + b"content-length: %d\r\n\r\n%b"


class Head(NamedTuple):
    """What the head of a plain request says."""

    path: str
    key: str
    length: int
    """Of the body."""


class Doorstep:
    """Makes a protocol for each connection, as the web server wants them.

    Args:
        lane: takes what is plain.
    """

    def __init__(self, lane: FastLane) -> None:
        self.lane = lane
        self._heads: dict[bytes, Head] = {}

    def __call__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> asyncio.Protocol:
        """The protocol of one connection."""
        make: Any = AutoHTTPProtocol
        inner = make(config=config, server_state=server_state, app_state=app_state, _loop=_loop)
        return Connection(self, inner, server_state.connections, config.timeout_keep_alive)

    def head(self, data: bytes) -> Head | None:
        """What a whole head says; None: it is not plain."""
        known = self._heads.get(data)
        if known is None:
            known = understood(data, self.lane)
            if known is not None and len(data) <= _LONGEST:
                if len(self._heads) >= KNOWN:
                    self._heads.clear()
                self._heads[data] = known
        return known


def understood(data: bytes, lane: FastLane) -> Head | None:
    """What a whole head says that is none of those remembered; None: it is not plain."""
    seen = _Seen()
    parser = httptools.HttpRequestParser(seen)
    try:
        parser.feed_data(data)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    lengths = [value for name, value in seen.headers if name == b"content-length"]
    plain = seen.complete and parser.get_method() == b"POST" and parser.get_http_version() == "1.1"
    if not plain or not parser.should_keep_alive() or len(lengths) != 1 or b"transfer-encoding" in dict(seen.headers):
        return None
    path = seen.url.decode("latin-1")
    key = lane.key(seen.headers) if path in PATHS else None
    length = int(lengths[0]) if lengths[0].isdigit() else -1
    return None if key is None or not 0 < length <= limit_of(path) else Head(path, key, length)


class _Seen:
    """What the parser tells of a head."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.complete = False

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.complete = True


class Connection(asyncio.Protocol):
    """One connection: plain requests one after the other, until something else comes.

    Args:
        door: reads heads.
        inner: the web server's protocol for the same connection.
        connections: of the server, which tells them when it is about to end.
        patience: seconds that a connection may be idle.
    """

    def __init__(self, door: Doorstep, inner: Any, connections: set[Any], patience: float) -> None:
        self._door = door
        self._inner = inner
        self._connections = connections
        self._patience = patience
        self._read = b""  # of a request that is not whole yet, or of those after the one that is being answered
        self._answering = False
        self._ending = False
        self._idle: asyncio.TimerHandle | None = None
        self._answered = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the place of the web server's protocol."""
        self._transport = cast("asyncio.Transport", transport)
        self._loop = asyncio.get_running_loop()
        self._inner.connection_made(transport)
        self._connections.discard(self._inner)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more."""
        self._leave()
        self._inner.connection_lost(exc)

    def shutdown(self) -> None:
        """The server is about to end: answer what was asked, and close."""
        if self._answering:
            self._ending = True
        else:
            self._inner.shutdown()

    def data_received(self, data: bytes) -> None:
        """Answer a plain request; pass on what is none."""
        if self._read:
            data = self._read + data
        if self._answering:
            self._read = data
            self._transport.pause_reading()
            return
        end = data.find(_END) + len(_END)
        head = self._door.head(data[:end]) if end >= len(_END) else None
        if head is None or len(data) > end + head.length:
            self._pass(data)
        elif len(data) < end + head.length:
            self._read = data
        else:
            self._read, self._answering = b"", True
            self._door.lane.take(head.path, head.key, data[end:], partial(self._told, data))

    def _told(self, asked: bytes, answer: bytes | None) -> None:
        """What came of a request; none: the web server is to say why nothing did."""
        self._answering = False
        if self._transport.is_closing():
            return
        more, self._read = self._read, b""
        if more:
            self._transport.resume_reading()
        if answer is None:
            self._pass(asked + more)
            return
        self._transport.write(_ANSWER % (len(answer), answer))
        if self._ending:
            self._transport.close()
            return
        self._answered = self._loop.time()
        if self._idle is None:
            self._idle = self._loop.call_later(self._patience, self._look)
        if more:
            self.data_received(more)

    def _look(self) -> None:
        """Close the connection, if it was idle for long."""
        self._idle = None
        if self._answering or self._read:
            return
        left = self._answered + self._patience - self._loop.time()
        if left > 0:
            self._idle = self._loop.call_later(left, self._look)
        else:
            self._transport.close()

    def _pass(self, data: bytes) -> None:
        """From now on the connection is the web server's."""
        self._leave()
        self._connections.add(self._inner)
        self._transport.set_protocol(self._inner)
        self._inner.data_received(data)
        if self._ending:
            self._inner.shutdown()

    def _leave(self) -> None:
        self._connections.discard(self)
        if self._idle is not None:
            self._idle.cancel()
