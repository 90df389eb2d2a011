"""A question by whoever has a key, and its answer on the way into the log. Pure."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from detak.record import Entry, Meta

Answered = Callable[[bytes | Exception], None]


class Asking(NamedTuple):
    """A question by whoever has the key of ``source``; ``done`` is told, in any thread, what came of it."""

    source: str
    body: bytes
    done: Answered


class Prepared(NamedTuple):
    """An answer, and what the log is to keep of it."""

    answer: bytes
    kept: bytes
    time: int


def entry(asked: Asking, made: Prepared) -> Entry:
    """What goes into the log before the answer is given; the answer is given once it is there."""

    def kept(result: int | Exception) -> None:
        asked.done(result if isinstance(result, Exception) else made.answer)

    return Entry(Meta(asked.source, made.time, decided=True), made.kept, kept)


def _at_once() -> None:
    """Nothing was left."""


class Ledger(NamedTuple):
    """Where decisions are kept, as far as deciding must know."""

    append: Callable[[Sequence[Entry]], None]
    """Keeps records in the log, all of them or none."""
    replayed: Callable[[], None] = _at_once
    """Returns once what a process before this one left in the log is among the facts."""
    caught_up: Callable[[], None] = _at_once
    """Returns once all that is in the log is."""
