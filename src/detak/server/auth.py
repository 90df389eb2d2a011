"""Who may ask what. Write keys for collection, the admin token for everything about people, and the machine itself.

Pages and reports show groups, never a person. They open without a token only to a browser on this machine, when the
server listens to this machine alone, no proxy stands in between, and no other site's page is asking. Every other way in
needs the token; the cookie of a browser that signed in is derived from it and opens pages and reports alone.
"""

import base64
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler

from detak.admin_token import same, viewer_value

Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], None]

COOKIE = "detak_viewer"
_PROXIED = ("x-forwarded-for", "forwarded", "x-real-ip", "via")
_OWN_SITE = (None, "none", "same-origin")


def admin(token: str) -> Guard:
    """A guard that wants the admin token as Bearer: nothing that a browser sends by itself will do."""

    def guard(connection: Connection, _: BaseRouteHandler) -> None:
        if not _bears(connection, token):
            raise NotAuthorizedException("this needs the admin token: `detak token` prints it")

    return guard


def viewer(token: str, *, local_only: bool) -> Guard:
    """A guard for pages and reports: this machine's own browser, one that signed in, or the admin token as Bearer."""

    def guard(connection: Connection, _: BaseRouteHandler) -> None:
        signed_in = same(connection.cookies.get(COOKIE, ""), viewer_value(token))
        if not (signed_in or _bears(connection, token) or (local_only and _on_this_machine(connection))):
            raise NotAuthorizedException("open the address that `detak serve` printed: it carries the token")

    return guard


def signing_in(token: str, otherwise: Guard) -> Guard:
    """A guard for the first page alone: ``?token=`` opens it too, so that the page can sign the browser in."""

    def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        if not same(connection.query_params.get("token", ""), token):
            otherwise(connection, handler)

    return guard


def presented_key(connection: Connection) -> str | None:
    """The write key in the Authorization header: Basic ``key:`` or Bearer."""
    kind, value = _authorization(connection)
    if kind == "bearer":
        return value or None
    if kind != "basic":
        return None
    try:
        return base64.b64decode(value, validate=True).decode().split(":", 1)[0] or None
    except ValueError:  # not base64, or not UTF-8 in it
        return None


def _authorization(connection: Connection) -> tuple[str, str]:
    kind, _, value = connection.headers.get("authorization", "").partition(" ")
    return kind.lower(), value.strip()


def _bears(connection: Connection, token: str) -> bool:
    kind, value = _authorization(connection)
    return kind == "bearer" and same(value, token)


def _on_this_machine(connection: Connection) -> bool:
    headers = connection.headers
    if any(name in headers for name in _PROXIED) or headers.get("sec-fetch-site") not in _OWN_SITE:
        return False
    client = connection.client.host if connection.client else ""
    return is_loopback(client) and is_loopback(_host_name(headers.get("host", "")))


def _host_name(host: str) -> str:
    """The Host header without its port; an IPv6 address without its brackets."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def is_loopback(host: str) -> bool:
    """Whether a name or address is this machine's own."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
