"""Links to a shopper's own page: sealed with the store's own key, short-lived, and of no use once they are forgotten.

A link holds whose page it opens, what they are known by, and until when; encrypted and authenticated (AES-256-GCM), so
that nobody can read or make one. Nothing of it is kept here, so it outlives a restart; and whoever is forgotten loses
what they were known by, so that no link of before opens anything, not even when they come back.
"""

import base64
import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from detak.errors import StoreError
from detak.private_files import write_secret
from detak.subject import Identifier

MINUTES: Final = 30
_KEY: Final = 32  # bytes
_NONCE: Final = 12
_LONGEST: Final = 4096  # characters

Known = Callable[[Identifier], Iterable[str]]


class _Sealed(msgspec.Struct, frozen=True, array_like=True):
    whose: list[Identifier]
    mark: str
    """What they were known by; empty: they were not known."""
    until: float


class Tickets:
    """Who may open which page until when. Any thread.

    Args:
        path: of the key; made on first use, readable by its owner only.
        known: what somebody is known by now, the surest first; of the same person it stays the same.
        clock: seconds since 1970.

    Raises:
        StoreError: the file holds no key.
    """

    def __init__(self, path: Path, known: Known, clock: Callable[[], float] = time.time) -> None:
        if not path.exists():
            write_secret(path, os.urandom(_KEY))
        key = path.read_bytes()
        if len(key) != _KEY:
            raise StoreError(f"{path}: is no key of links; delete it, and links given out so far open nothing")
        self._key = AESGCM(key)
        self._known = known
        self._clock = clock

    def issue(self, whose: Sequence[Identifier]) -> str:
        """A ticket for somebody, good for half an hour."""
        mark = next(iter(self._known(whose[0])), "")
        sealed = _Sealed(list(whose), mark, self._clock() + 60 * MINUTES)
        nonce = os.urandom(_NONCE)
        told = nonce + self._key.encrypt(nonce, msgspec.json.encode(sealed), None)
        return base64.urlsafe_b64encode(told).rstrip(b"=").decode()

    def whose(self, ticket: str) -> list[Identifier] | None:
        """Whose page it opens; None: it is none of ours, too old, or whoever it was for is forgotten.

        Was it for nobody that was known, it opens nothing of whoever comes to be known by that name.
        """
        if len(ticket) > _LONGEST:
            return None
        try:
            told = base64.b64decode(ticket + "=" * (-len(ticket) % 4), altchars=b"-_", validate=True)
            found = msgspec.json.decode(self._key.decrypt(told[:_NONCE], told[_NONCE:], None), type=_Sealed)
        except (ValueError, InvalidTag, msgspec.MsgspecError):
            return None
        if found.until <= self._clock() or not found.whose:
            return None
        marks = iter(self._known(found.whose[0]))
        return found.whose if next(marks, "") == found.mark or found.mark in marks else None
