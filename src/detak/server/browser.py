"""What analytics.js asks for beside the tracking calls: its settings, its own metrics; and events as a picture.

Source of the formats: @segment/analytics-next (``loadCDNSettings``, ``RemoteMetrics``); Segment's pixel tracking API.
"""

import base64
import binascii
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import Parameter

from detak.engine import Engine
from detak.errors import RowError
from detak.reading.body import with_type
from detak.reading.wire import EVENT_LIMIT
from detak.server.collect import KINDS, Taken
from detak.server.ingest import BODY_LIMIT, AnyRequest, answers, collect, known_source, read_body

_ALLOWED: Final = {"__default": {"enabled": True, "integrations": {}}}
_GIF: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")

Encoded = Annotated[str, Parameter(query="data")]


class _Key(msgspec.Struct, rename="camel"):
    write_key: str | None = None


@get("/v1/projects/{key:str}/settings", responses=answers(400, 404))
async def settings(request: AnyRequest, engine: Engine, key: str) -> Response[dict[str, Any]]:
    """What analytics.js loads first. It sends its events to where it found this, under the same key."""
    if engine.source_of(key) is None:
        raise NotFoundException("there is no such write key: `detak key NAME` prints one")
    host = f"{request.headers.get('host', '')}/v1"
    protocol = request.headers.get("x-forwarded-proto", request.url.scheme)
    segment: dict[str, Any] = {
        "apiKey": key,
        "apiHost": host,
        "protocol": "https" if protocol == "https" else "http",
        "addBundledMetadata": True,
        "unbundledIntegrations": [],
        "maybeBundledConfigIds": {},
    }
    answer = {
        "integrations": {"Segment.io": segment},
        "plan": {"track": _ALLOWED, "identify": _ALLOWED, "group": _ALLOWED},
        "analyticsNextEnabled": True,
        "edgeFunction": {},
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0, "host": host},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }
    return Response(answer, headers={"Cache-Control": "private, max-age=300", "Vary": "Host"})


@post("/v1/m", status_code=200, responses=answers(400))
async def metrics(request: AnyRequest) -> Taken:
    """What analytics.js says of itself: taken politely, kept nowhere."""
    await read_body(request, BODY_LIMIT)
    return Taken()


@get("/v1/pixel/{kind:str}", responses=answers(400, 401, 404, 429, 503), media_type="image/gif")
async def pixel(engine: Engine, kind: str, encoded: Encoded) -> Response[bytes]:
    """One message as a picture, where no script runs: ``data`` is its JSON in base64, write key included."""
    if kind not in KINDS:
        raise NotFoundException(f"there is no such call; there are: {', '.join(KINDS)}")
    body = _decoded(encoded)
    try:
        key = msgspec.json.decode(body, type=_Key).write_key
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise RowError("data", "is not a JSON object") from None
    source = known_source(engine, key)
    await collect(engine, source, b'{"batch":[' + with_type(body, kind) + b"]}")
    shown = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "cross-origin"}
    return Response(_GIF, media_type="image/gif", headers=shown)


def _decoded(encoded: str) -> bytes:
    """Base64, the plain and the URL's alphabet, with or without its padding."""
    plain = encoded.strip().rstrip("=").replace(" ", "+").replace("-", "+").replace("_", "/")
    try:
        body = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise RowError("data", "is not base64") from None
    if len(body) > EVENT_LIMIT:
        raise RowError("data", f"is larger than {EVENT_LIMIT // 1024} KB")
    return body


ROUTES = [settings, metrics, pixel]
