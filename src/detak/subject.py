"""A person, as far as anything but the vault knows them: a random number, and what leads to it."""

import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

_SUBJECTS = 2**62 - 1
_AT_ONCE = 256

Identifier = tuple[str, str]
"""``(kind, value)``: ``("user", "42")`` or ``("anonymous", "5f0c...")``."""


class Merge(NamedTuple):
    """A subject turned out to be a person's: a device, or what somebody was called before."""

    subject: int
    person: int
    evidence: str
    """The message that showed it, or who said so."""
    time: int  # microseconds since 1970, UTC


def pseudonyms() -> Iterator[int]:
    """Fresh random subjects without end: 62 bits each, never zero, saying nothing of the person."""
    while True:
        drawn = os.urandom(8 * _AT_ONCE)  # one call of the system for many: each costs as much as weighing an event
        for number in struct.unpack(f"<{_AT_ONCE}Q", drawn):
            yield number % _SUBJECTS + 1
