"""The Segment HTTP Tracking API: a request is answered when its events are durable in the log."""

import asyncio
import gzip
import io
import zlib
from typing import Any

import msgspec
from litestar import Request, post, put
from litestar.exceptions import NotAuthorizedException
from litestar.openapi.datastructures import ResponseSpec

from detak.engine import Consent, Engine
from detak.errors import RowError
from detak.server.auth import presented_key
from detak.wire import EVENT_LIMIT, with_type

BODY_LIMIT = 500 * 1024  # Segment's: 500 KB a batch

AnyRequest = Request[Any, Any, Any]


class Taken(msgspec.Struct):
    """The answer that SDKs look for."""

    success: bool = True


class _Key(msgspec.Struct, rename="camel"):
    write_key: str | None = None


_peek = msgspec.json.Decoder(_Key)
_ANSWERS = {
    400: ResponseSpec(None, description="The body cannot be used; sending it again will not help."),
    401: ResponseSpec(None, description="The write key is missing or wrong."),
    429: ResponseSpec(None, description="The way in is full: send it again after Retry-After seconds."),
    503: ResponseSpec(None, description="The disk cannot take it: send it again after Retry-After seconds."),
}


@post("/v1/batch", status_code=200, responses=_ANSWERS)
async def batch(request: AnyRequest, engine: Engine) -> Taken:
    """Many messages at once."""
    body = await _body(request, BODY_LIMIT)
    await _collect(engine, _source(request, engine, body), body)
    return Taken()


def _single(kind: str) -> Any:
    @post(f"/v1/{kind}", status_code=200, responses=_ANSWERS, name=kind, operation_id=kind)
    async def single(request: AnyRequest, engine: Engine) -> Taken:
        body = await _body(request, EVENT_LIMIT)
        source = _source(request, engine, body)
        await _collect(engine, source, b'{"batch":[' + with_type(body, kind) + b"]}")
        return Taken()

    single.fn.__doc__ = f"One {kind} message."
    return single


@put("/v1/consent", status_code=200, responses=_ANSWERS)
async def consent(request: AnyRequest, engine: Engine) -> Consent:
    """A person's word on their data; in force when this answers."""
    body = await _body(request, EVENT_LIMIT)
    source = _source(request, engine, body)
    try:
        said = msgspec.json.decode(body, type=Consent)
    except msgspec.MsgspecError as error:
        raise RowError("body", str(error)) from None
    except (UnicodeDecodeError, RecursionError):
        raise RowError("body", "is not well-formed JSON of a sensible depth") from None
    return await asyncio.to_thread(engine.consent, said, source)


ROUTES = [batch, consent, *(_single(kind) for kind in ("track", "identify", "page", "screen", "group", "alias"))]


async def _collect(engine: Engine, source: str, body: bytes) -> None:
    loop = asyncio.get_running_loop()
    landed: asyncio.Future[int] = loop.create_future()

    def settle(result: int | Exception) -> None:
        if landed.cancelled():
            return
        if isinstance(result, Exception):
            landed.set_exception(result)
        else:
            landed.set_result(result)

    def done(result: int | Exception) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result)

    engine.collect(source, body, done)
    await landed


async def _body(request: AnyRequest, limit: int) -> bytes:
    """The body, unpacked; never more of it than the limit.

    Raises:
        RowError: it is too large, or not what its Content-Encoding says.
    """
    stated = request.headers.get("content-length", "0")
    if stated.isdecimal() and int(stated) > limit:
        raise RowError("body", f"is larger than {limit // 1024} KB")
    parts = bytearray()
    async for chunk in request.stream():
        parts += chunk
        if len(parts) > limit:
            raise RowError("body", f"is larger than {limit // 1024} KB")
    body = bytes(parts)
    if request.headers.get("content-encoding", "").lower() == "gzip" or body[:2] == b"\x1f\x8b":
        body = _unpack(body, limit)
    return body


def _unpack(body: bytes, limit: int) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
            unpacked = file.read(limit + 1)
    except (OSError, EOFError, zlib.error):
        raise RowError("body", "is not the gzip it says it is") from None
    if len(unpacked) > limit:
        raise RowError("body", f"is larger than {limit // 1024} KB, unpacked")
    return unpacked


def _source(request: AnyRequest, engine: Engine, body: bytes) -> str:
    """The source that the write key belongs to.

    Raises:
        NotAuthorizedException: there is no such key.
        RowError: the key had to be looked for in the body, and the body is not JSON.
    """
    key = presented_key(request)
    if key is None:
        try:
            key = _peek.decode(body).write_key
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise RowError("body", "is not a JSON object") from None
    source = engine.source_of(key) if key else None
    if source is None:
        raise NotAuthorizedException("the write key is missing or wrong: `detak key NAME` prints one")
    return source
