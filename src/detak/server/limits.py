"""How often something may be asked for: so many at once, and again as time passes. In memory alone."""

import math
import threading
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

from litestar.exceptions import TooManyRequestsException
from litestar.handlers import BaseRouteHandler

from detak.server.auth import Connection, Guard

_MOST: Final = 10_000  # keys that are remembered


class Limit:
    """A bucket for each key. Any thread.

    Args:
        burst: how many are had at once.
        a_second: how many come back in a second.
        clock: seconds.
    """

    def __init__(self, burst: int, a_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._a_second = a_second
        self._clock = clock
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}

    def wait(self, key: str) -> float:
        """Take one; 0, or after how many seconds there is one again."""
        with self._lock:
            now = self._clock()
            left, since = self._left.pop(key, (float(self._burst), now))
            left = min(left + (now - since) * self._a_second, float(self._burst))
            taken = left >= 1
            self._left[key] = (left - 1 if taken else left, now)
            if len(self._left) > _MOST:
                del self._left[next(iter(self._left))]  # whoever asked longest ago
            return 0.0 if taken else (1 - left) / self._a_second


def guard(links: Limit, addresses: Limit) -> Guard:
    """A guard of pages that a link opens: per link (``ticket`` of the path), and per address that asks."""

    def often(connection: Connection, _: BaseRouteHandler) -> None:
        ticket = str(connection.path_params.get("ticket", ""))
        wait = max(addresses.wait(address_of(connection)), links.wait(ticket))
        if wait:
            seconds = math.ceil(wait)
            told = {"Retry-After": str(seconds)}
            raise TooManyRequestsException(f"asked too often: try again in {seconds} s", headers=told)

    return often


def address_of(connection: Connection) -> str:
    """Where it came from; behind a proxy of this machine or network, where that one says that it came from.

    What a stranger puts into the header counts for nothing.
    """
    client = connection.client.host if connection.client else ""
    told = connection.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    try:
        return told if told and ip_address(client).is_private else client
    except ValueError:
        return client
