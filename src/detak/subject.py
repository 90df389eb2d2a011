"""A person, as far as anything but the vault knows them: a random number, and what leads to it."""

import secrets

Identifier = tuple[str, str]
"""``(kind, value)``: ``("user", "42")`` or ``("anonymous", "5f0c...")``."""


def pseudonym() -> int:
    """A fresh random subject: 62 bits, never zero, saying nothing of the person."""
    return secrets.randbelow(2**62 - 1) + 1
