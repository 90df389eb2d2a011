"""A person, as far as anything but the vault knows them: a random number, and what leads to it."""

import os
from typing import NamedTuple

_SUBJECTS = 2**62 - 1

Identifier = tuple[str, str]
"""``(kind, value)``: ``("user", "42")`` or ``("anonymous", "5f0c...")``."""


class Merge(NamedTuple):
    """A subject turned out to be a person's: a device, or what somebody was called before."""

    subject: int
    person: int
    evidence: str
    """The message that showed it, or who said so."""
    time: int  # microseconds since 1970, UTC


def pseudonym() -> int:
    """A fresh random subject: 62 bits, never zero, saying nothing of the person."""
    return int.from_bytes(os.urandom(8), "little") % _SUBJECTS + 1
