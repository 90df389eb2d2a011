"""Pages of other origins may send events, and ask what their visitor is shown; nothing else: no report, no right of a
person, no admin.

Who may send is a matter of the write key, which a page shows to everybody; an origin proves nothing. No cookie opens a
collection path, so an answer may also be shared with a request that carried one (``sendBeacon`` always does).

Source: Fetch standard, section "CORS protocol".
"""

from typing import Final

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Scope

from detak.server import browser, collect, consent, decide, ga4

_OPEN: Final = frozenset(
    path
    for route in (*collect.ROUTES, *consent.ROUTES, decide.decide, browser.metrics, ga4.collected)
    for path in route.paths
) | {"/v1/recommend", "/v1/rank"}
_SETTINGS: Final = "/v1/projects/"
_DAY: Final = "86400"


def share(headers: MutableScopeHeaders, scope: Scope) -> None:
    """Let the page that asked read the answer, if it asked a collection path. A server sends no Origin: no work."""
    origin = _header(scope, b"origin")
    if origin is None or not _open(scope["path"]):
        return
    headers["Access-Control-Allow-Origin"] = origin.decode("latin-1")
    headers["Access-Control-Allow-Credentials"] = "true"
    headers["Access-Control-Expose-Headers"] = "Retry-After"
    headers.extend_header_value("Vary", "Origin")
    if scope.get("method") == "OPTIONS":
        wanted = _header(scope, b"access-control-request-headers") or b"Authorization, Content-Type"
        headers["Access-Control-Allow-Headers"] = wanted.decode("latin-1")
        headers["Access-Control-Allow-Methods"] = "GET, POST, PUT"
        headers["Access-Control-Max-Age"] = _DAY


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    """A plain loop, and nothing finer: it runs for every request."""
    for name, value in scope["headers"]:
        if name == wanted:
            return value
    return None


def _open(path: str) -> bool:
    return path in _OPEN or path.startswith(_SETTINGS)
