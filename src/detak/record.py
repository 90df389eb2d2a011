"""One body as it came in, and what is known of it beside its bytes."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec


class Meta(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a body beside it."""

    source: str
    received: int  # microseconds since 1970, UTC
    imported: bool = False  # the shop's own export: a message without a time is untimed, not "now"
    ticket: int = 0  # lets the process that appended it recognise what became of it
    decided: bool = False  # the body is no batch but ``decision.Decided``: what this engine itself decided


class Record(NamedTuple):
    """A body in the log. ``end`` is the offset behind it: where a reader goes on."""

    end: int
    meta: Meta
    body: bytes


class Entry(NamedTuple):
    """A body on its way into the log. ``done`` is called once, in any thread, with the offset behind its record when
    that is durable, or with what went wrong."""

    meta: Meta
    body: bytes
    done: Callable[[int | Exception], None]
