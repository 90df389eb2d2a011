"""Plain requests read from the socket: the same answers as by the web server, whatever way the bytes come."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from tests.server.serving import Running, served

from detak.server.doorstep import Connection, Head

EVENT = b'{"event":"x","userId":"u"}'


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A served shop, for all tests of this file."""
    with served(tmp_path_factory.mktemp("doorstep")) as running:
        yield running


class Client:
    """A connection on which bytes are sent as they are."""

    def __init__(self, shop: Running) -> None:
        host, port = shop.url.removeprefix("http://").rsplit(":", 1)
        self._shop = shop
        self.link = socket.create_connection((host, int(port)), 20)
        self._read = b""

    def request(self, path: str = "/v1/track", body: bytes = EVENT, key: str = "", more: str = "") -> bytes:
        """A request as bytes."""
        head = f"POST {path} HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {key or self._shop.key}\r\n{more}"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.link.sendall(data)

    def answer(self) -> tuple[int, bytes, bytes]:
        """The next answer: status, head in small letters, body."""
        while b"\r\n\r\n" not in self._read:
            self._more()
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        while len(self._read) < length:
            self._more()
        body, self._read = self._read[:length], self._read[length:]
        return int(head[9:12]), head.lower(), body

    def ended(self) -> bool:
        """Whether the server closes the connection."""
        return not self._read and self.link.recv(1) == b""

    def _more(self) -> None:
        read = self.link.recv(65_536)
        assert read, "the server closed the connection"
        self._read += read


@pytest.fixture
def client(shop: Running) -> Iterator[Client]:
    """A fresh connection."""
    found = Client(shop)
    yield found
    found.link.close()


def test_one_after_the_other_is_answered(client: Client) -> None:
    for _ in range(3):
        client.send(client.request())
        status, head, body = client.answer()
        assert (status, body) == (200, b'{"success":true}')
        assert b"x-content-type-options: nosniff" in head


def test_it_does_not_matter_in_which_pieces_it_comes(client: Client) -> None:
    whole = client.request()
    head = whole.index(b"\r\n\r\n") + 4
    client.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for pieces in ((whole[:head], whole[head:]), (whole[:head], whole[head : head + 5], whole[head + 5 :])):
        for piece in pieces:
            client.send(piece)
        assert client.answer()[0] == 200
    for piece in (whole[:9], whole[9:]):  # a head in pieces is the web server's
        client.send(piece)
    assert client.answer()[0] == 200


def test_two_at_once_are_answered_in_their_order(client: Client) -> None:
    client.send(client.request() + client.request("/v1/nowhere") + client.request())
    assert [client.answer()[0] for _ in range(3)] == [200, 404, 200]


def test_who_asks_before_the_answer_waits(client: Client) -> None:
    for number in range(20):
        client.send(client.request(body=b'{"event":"x%d","userId":"u"}' % number))
    assert [client.answer()[0] for _ in range(20)] == [200] * 20


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        ("/v1/track", "Origin: https://shop.test\r\n", 200),
        ("/v1/track", "Connection: close\r\n", 200),
        ("/v1/track?writeKey=x", "", 200),
        ("/v1/nowhere", "", 404),
        ("/health", "", 405),
        ("/v1/track", "Content-Length: 3\r\n", 400),
    ],
)
def test_what_is_odd_is_the_web_servers(client: Client, path: str, more: str, status: int) -> None:
    client.send(client.request(path, more=more))
    assert client.answer()[0] == status


def test_a_body_in_chunks_is_the_web_servers(client: Client) -> None:
    head = client.request(body=b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    client.send(head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(EVENT), EVENT))
    assert client.answer()[0] == 200


def test_what_cannot_be_taken_is_answered_in_words(client: Client) -> None:
    client.send(client.request(body=b"{bad"))
    status, _, body = client.answer()
    assert status == 400
    assert "JSON" in json.loads(body)["message"]
    client.send(client.request())
    assert client.answer()[0] == 200


def test_a_question_is_answered(client: Client) -> None:
    body = b'{"anonymousId":"d","placements":[{"name":"home"}]}'
    for _ in range(2):
        client.send(client.request("/v1/decide", body))
        status, _, told = client.answer()
        assert (status, json.loads(told)["decisions"][0]["placement"]) == (200, "home")


def test_a_key_that_was_taken_back_is_refused_on_an_open_connection(shop: Running, client: Client) -> None:
    key = shop.engine.write_key("app")
    client.send(client.request(key=key))
    assert client.answer()[0] == 200
    shop.engine.revoke_key("app")
    client.send(client.request(key=key))
    assert client.answer()[0] == 401


def test_each_answer_is_counted(shop: Running, client: Client) -> None:
    def counted() -> int:
        name = 'detak_requests_total{method="POST",route="/v1/identify",status="200"}'
        lines = shop.http.get("/metrics").text.splitlines()
        return sum(int(float(line.split()[-1])) for line in lines if line.startswith(name))

    before = counted()
    client.send(client.request("/v1/identify"))
    assert client.answer()[0] == 200
    assert counted() == before + 1


class Line(asyncio.Transport):
    """A connection that notes what is done with it."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.closed = False

    def write(self, data: Any) -> None:
        """Note it."""
        self.sent.append(data)

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self.closed

    def close(self) -> None:
        """Note it."""
        self.closed = True


class Told:
    """A connection whose questions wait until they are told their answers."""

    def __init__(self, patience: float) -> None:
        self.waiting: list[Callable[[bytes | None], None]] = []
        self.line, self.known = Line(), set[Any]()
        inner = asyncio.Protocol()
        lane = SimpleNamespace(take=lambda _path, _key, _body, told: self.waiting.append(told))
        door: Any = SimpleNamespace(head=lambda _: Head("/v1/track", "k", 2), lane=lane)
        self.connection = Connection(door, inner, self.known, patience)
        self.connection.connection_made(self.line)

    def ask(self) -> None:
        """A plain request comes in."""
        self.connection.data_received(b"POST /v1/track HTTP/1.1\r\n\r\n{}")


def test_who_waits_for_an_answer_gets_it_before_the_server_ends() -> None:
    async def run() -> None:
        told = Told(patience=60)
        assert told.known == {told.connection}
        told.ask()
        told.connection.shutdown()
        assert not told.line.closed
        told.waiting[0](b"[]")
        assert told.line.sent[0].endswith(b"\r\n\r\n[]")
        assert told.line.closed
        told.connection.connection_lost(None)
        assert told.known == set()

    asyncio.run(run())


def test_a_connection_that_is_idle_is_closed_but_not_one_that_waits() -> None:
    async def run() -> None:
        told = Told(patience=0)
        told.ask()
        told.waiting[0](b"[]")
        told.ask()
        for _ in range(5):
            await asyncio.sleep(0)
        assert not told.line.closed
        told.waiting[1](b"[]")
        while not told.line.closed:
            await asyncio.sleep(0)
        assert len(told.line.sent) == 2

    asyncio.run(run())
