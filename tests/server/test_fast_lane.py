"""The short way in: taken for what is plain, the same answers as the long way for all else."""

import asyncio
import base64
import gzip
from pathlib import Path
from typing import Any

import pytest
from tests.server.serving import COUNTED

from detak.engine import Engine
from detak.errors import BusyError, StoreError
from detak.server.collect import KINDS
from detak.server.fast_lane import FastLane
from detak.settings import Settings

BATCH = b'{"batch":[{"type":"track","event":"Order Completed","messageId":"1","properties":{"order_id":"O1"}}]}'


class House:
    """A fast lane before an application that only notes what it was given."""

    def __init__(self, folder: Path) -> None:
        self.engine = Engine(folder, Settings(sources={"web": COUNTED}))
        self.key = self.engine.write_key("web")
        self.counted: list[tuple[str, int]] = []
        self.passed: list[bytes] = []
        self.lane = FastLane(self._app, self.engine, lambda route, status: self.counted.append((route, status)))

    async def _app(self, _: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.passed.append(body)
        await send({"type": "http.response.start", "status": 599, "headers": []})

    def post(
        self, path: str, *parts: bytes, headers: dict[bytes, bytes] | None = None, query: bytes = b""
    ) -> int | None:
        """The status of the answer; None: there was none."""
        told: list[dict[str, Any]] = []
        queue = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
        if queue:
            queue[-1]["more_body"] = False
        given = headers if headers is not None else {b"authorization": b"Bearer " + self.key.encode()}

        async def receive() -> dict[str, Any]:
            return queue.pop(0) if queue else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            told.append(message)

        scope = {"type": "http", "method": "POST", "path": path, "query_string": query, "headers": list(given.items())}
        asyncio.run(self.lane(scope, receive, send))
        return told[0]["status"] if told else None


@pytest.fixture
def house(tmp_path: Path) -> Any:
    one = House(tmp_path)
    yield one
    one.engine.close()


def test_plain_requests_are_taken_and_counted(house: House) -> None:
    basic = b"Basic " + base64.b64encode(f"{house.key}:".encode())
    assert house.post("/v1/batch", BATCH) == 200
    assert house.post("/v1/batch", BATCH[:40], BATCH[40:], headers={b"authorization": basic}) == 200
    for kind in KINDS:
        assert house.post(f"/v1/{kind}", b'{"event":"x","userId":"u"}') == 200
    assert house.passed == []
    assert house.counted == [("/v1/batch", 200)] * 2 + [(f"/v1/{kind}", 200) for kind in KINDS]
    house.engine.settle()
    outcomes = house.engine.pulse().outcomes
    assert outcomes["duplicate"] == 1
    assert sum(outcomes.values()) == 2 + len(KINDS)


@pytest.mark.parametrize(
    ("path", "headers", "query"),
    [
        ("/v1/batch", {}, b""),
        ("/v1/batch", {b"authorization": b"Bearer wrong"}, b""),
        ("/v1/batch", {b"authorization": b"Basic \xff"}, b""),
        ("/v1/batch", None, b"writeKey=x"),
        ("/v1/other", None, b""),
    ],
)
def test_what_is_odd_is_passed_on_whole(
    house: House, path: str, headers: dict[bytes, bytes] | None, query: bytes
) -> None:
    assert house.post(path, BATCH[:9], BATCH[9:], headers=headers, query=query) == 599
    assert house.passed == [BATCH]
    assert house.counted == []


@pytest.mark.parametrize("name", [b"content-encoding", b"origin", b"expect"])
def test_so_is_what_a_header_makes_special(house: House, name: bytes) -> None:
    key = b"Bearer " + house.key.encode()
    assert house.post("/v1/batch", BATCH, headers={b"authorization": key, name: b"x"}) == 599


@pytest.mark.parametrize("body", [b"{bad", gzip.compress(BATCH), b" " * 600_000])
def test_a_body_that_cannot_be_taken_is_answered_by_the_long_way(house: House, body: bytes) -> None:
    assert house.post("/v1/batch", body) == 599
    assert house.passed == [body]


@pytest.mark.parametrize("error", [BusyError("full"), StoreError("no space")])
def test_so_is_a_full_queue_and_a_full_disk(house: House, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def collect(*_: Any) -> None:
        raise error

    monkeypatch.setattr(house.engine, "collect", collect)
    assert house.post("/v1/batch", BATCH) == 599
    assert house.passed == [BATCH]


def test_so_is_a_disk_that_refuses_later(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.engine, "collect", lambda _, __, done: done(StoreError("no space")))
    assert house.post("/v1/batch", BATCH) == 599


def test_who_leaves_is_not_answered(house: House) -> None:
    assert house.post("/v1/batch") is None
    assert house.counted == []
