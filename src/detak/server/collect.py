"""The Segment HTTP Tracking API: a request is answered when its events are durable in the log."""

from typing import Any

import msgspec
from litestar import post

from detak.engine import Engine
from detak.reading.body import with_type
from detak.reading.wire import EVENT_LIMIT
from detak.server.ingest import ANSWERS, BODY_LIMIT, AnyRequest, collect, read_body, source_of

KINDS = ("track", "identify", "page", "screen", "group", "alias")
"""The calls of one message. Servers write the word out in the path, analytics.js its first letter."""


class Taken(msgspec.Struct):
    """The answer that SDKs look for."""

    success: bool = True


@post(["/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch"], status_code=200, responses=ANSWERS)
async def batch(request: AnyRequest, engine: Engine) -> Taken:
    """Many messages at once: from servers, analytics.js, Segment's older libraries, RudderStack's beacons."""
    body = await read_body(request, BODY_LIMIT)
    await collect(engine, source_of(request, engine, body), body)
    return Taken()


def _single(kind: str) -> Any:
    @post([f"/v1/{kind}", f"/v1/{kind[0]}"], status_code=200, responses=ANSWERS, name=kind)
    async def single(request: AnyRequest, engine: Engine) -> Taken:
        body = await read_body(request, EVENT_LIMIT)
        source = source_of(request, engine, body)
        await collect(engine, source, b'{"batch":[' + with_type(body, kind) + b"]}")
        return Taken()

    single.fn.__doc__ = f"One {kind} message."
    return single


ROUTES = [batch, *map(_single, KINDS)]
