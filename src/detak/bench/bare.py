"""A server that does nothing: answers each request with so many bytes, by the web server that Detak runs on. What HTTP
alone allows on a machine, for ``bench decide``.

``python -m detak.bench.bare BYTES`` prints where it answers, as ``detak serve --json`` does.
"""

import asyncio
import socket
import sys
from typing import Any

import msgspec
import uvicorn
import uvloop


class Bare:
    """An ASGI application with one answer.

    Args:
        answer: what it says.
    """

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Read the request, and answer."""
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._answer})


async def _serve(size: int) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        Bare(b"x" * size), log_config=None, access_log=False, server_header=False, date_header=False, lifespan="off"
    )
    told = {"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()
    await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(int(sys.argv[1])))
