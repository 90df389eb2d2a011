"""The server that does nothing: it reads all of a request and answers so many bytes."""

import asyncio
from typing import Any

from detak.bench.bare import Bare


def test_it_reads_the_whole_request_and_says_the_same_to_all() -> None:
    waiting = [{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.request", "body": b"b"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Bare(b"xyz")({"type": "http"}, receive, send))
    assert waiting == []
    assert [one.get("status", one.get("body")) for one in sent] == [200, b"xyz"]
    assert (b"content-length", b"3") in sent[0]["headers"]
