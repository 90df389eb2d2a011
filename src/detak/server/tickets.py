"""Links to a shopper's own page: random, short-lived, and known to this process alone. Nobody's name is in one."""

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from detak.subject import Identifier

MINUTES: Final = 30
_MOST: Final = 10_000


class Tickets:
    """Who may open which page until when. Any thread.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[str, tuple[float, list[Identifier]]] = {}

    def issue(self, whose: Sequence[Identifier]) -> str:
        """A ticket for somebody: 192 random bits. Of too many the oldest are let go."""
        ticket = secrets.token_urlsafe(24)
        with self._lock:
            now = self._clock()
            self._open = {one: held for one, held in self._open.items() if held[0] > now}
            while len(self._open) >= _MOST:
                del self._open[next(iter(self._open))]
            self._open[ticket] = (now + 60 * MINUTES, list(whose))
        return ticket

    def whose(self, ticket: str) -> list[Identifier] | None:
        """Whose page it opens; None: there is no such ticket, or it is too old."""
        with self._lock:
            until, whose = self._open.get(ticket, (0.0, []))
            return whose if until > self._clock() else None

    def spend(self, ticket: str) -> None:
        """It opens nothing from now on."""
        with self._lock:
            self._open.pop(ticket, None)
