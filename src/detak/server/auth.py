"""Who may ask what. Write keys for collection, the admin token for everything about people, and the machine itself.

Pages and reports show groups, never a person. They open without a token only to a browser on this machine, when the
server listens to this machine alone and no proxy stands in between; every other way in needs the token.
"""

import base64
import binascii
import hmac
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler

Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], None]

COOKIE = "detak_token"
_PROXIED = ("x-forwarded-for", "forwarded", "x-real-ip", "via")


def admin(token: str) -> Guard:
    """A guard that wants the admin token: as Bearer, as cookie, or once as ``?token=``."""

    def guard(connection: Connection, _: BaseRouteHandler) -> None:
        if not _holds(connection, token):
            raise NotAuthorizedException("this needs the admin token: `detak token` prints it")

    return guard


def viewer(token: str, *, local_only: bool) -> Guard:
    """A guard for pages and reports: this machine's own browser, or the admin token."""

    def guard(connection: Connection, _: BaseRouteHandler) -> None:
        if not (local_only and _on_this_machine(connection)) and not _holds(connection, token):
            raise NotAuthorizedException("open the address that `detak serve` printed: it carries the token")

    return guard


def presented_key(connection: Connection) -> str | None:
    """The write key in the Authorization header: Basic ``key:`` or Bearer."""
    kind, _, value = connection.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip() or None
    if kind.lower() != "basic":
        return None
    try:
        return base64.b64decode(value, validate=True).decode().split(":", 1)[0] or None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _holds(connection: Connection, token: str) -> bool:
    offered = (presented_key(connection), connection.cookies.get(COOKIE), connection.query_params.get("token"))
    return any(one and hmac.compare_digest(one.encode(), token.encode()) for one in offered)


def _on_this_machine(connection: Connection) -> bool:
    if any(name in connection.headers for name in _PROXIED):
        return False
    host = connection.headers.get("host", "").rsplit(":", 1)[0].strip("[]")
    return _loopback(connection.client.host if connection.client else "") and _loopback(host)


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
