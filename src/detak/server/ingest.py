"""What every way in shares: the body of a request, whose it is, and the wait until its events are on the disk."""

import asyncio
import gzip
import io
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import NotAuthorizedException
from litestar.openapi.datastructures import ResponseSpec

from detak.engine import Engine
from detak.errors import RowError
from detak.misfit import misfit
from detak.server.auth import presented_key

BODY_LIMIT = 500 * 1024  # Segment's: 500 KB a batch
AnyRequest = Request[Any, Any, Any]

_TOLD = {
    400: "The request cannot be used; sending it again will not help.",
    401: "The key is missing or wrong.",
    404: "There is no such thing.",
    429: "The way in is full: send it again after Retry-After seconds.",
    503: "The disk cannot take it: send it again after Retry-After seconds.",
}


class Refused(msgspec.Struct):
    """What every answer says that is no success."""

    code: str
    """The status in words: SDKs look for it."""
    message: str
    """What was wrong, and what to do."""
    success: bool = False
    said: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    """The message by language, where it has words in others than English."""


def answers(*codes: int) -> dict[int, ResponseSpec]:
    """What a route may answer beside a success, for the description in OpenAPI."""
    return {code: ResponseSpec(Refused, description=_TOLD[code], generate_examples=False) for code in codes}


ANSWERS = answers(400, 401, 429, 503)
"""What every way in may answer."""


class _Key(msgspec.Struct, rename="camel"):
    write_key: str | None = None


_peek = msgspec.json.Decoder(_Key)


async def collect(engine: Engine, source: str, body: bytes) -> None:
    """Take a batch body in; on return it is on the disk.

    Raises:
        RowError: it is not a batch.
        BusyError, StoreError: nothing was taken; sending it again may help.
    """
    await durable(lambda done: engine.collect(source, body, done))


async def durable(begin: Callable[[Callable[[Any], None]], None]) -> Any:
    """Wait for what ``begin`` begins: it calls what it is given, in any thread, with a result or with an error.

    Raises:
        Exception: the error.
    """
    loop = asyncio.get_running_loop()
    landed: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any) -> None:
        if landed.cancelled():
            return
        if isinstance(result, Exception):
            landed.set_exception(result)
        else:
            landed.set_result(result)

    def done(result: Any) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result)

    begin(done)
    return await landed


async def read_body(request: AnyRequest, limit: int) -> bytes:
    """The body, unpacked; never more of it than the limit. What it says its type is does not matter.

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


def source_of(request: AnyRequest, engine: Engine, body: bytes) -> str:
    """The source that the write key belongs to: of the Authorization header, ``X-API-Key``, ``?writeKey=`` or the body.

    Raises:
        NotAuthorizedException: there is no such key.
        RowError: the key had to be looked for in the body, and the body is not JSON, or the key in it no text.
    """
    key = presented_key(request) or request.headers.get("x-api-key") or request.query_params.get("writeKey")
    if key is None:
        try:
            key = _peek.decode(body).write_key
        except msgspec.ValidationError as error:
            wrong = misfit(error, _Key)
            raise RowError(wrong.path or "body", wrong.told) from None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise RowError("body", "is not a JSON object") from None
    return known_source(engine, key)


def known_source(engine: Engine, key: str | None) -> str:
    """The source that a write key belongs to.

    Raises:
        NotAuthorizedException: there is no such key.
    """
    source = engine.source_of(key) if key else None
    if source is None:
        raise NotAuthorizedException("the write key is missing or wrong: `detak key NAME` prints one")
    return source


def _unpack(body: bytes, limit: int) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
            unpacked = file.read(limit + 1)
    except (OSError, EOFError, zlib.error):
        raise RowError("body", "is not the gzip it says it is") from None
    if len(unpacked) > limit:
        raise RowError("body", f"is larger than {limit // 1024} KB, unpacked")
    return unpacked
