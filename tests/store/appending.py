"""A record in the log, waited for."""

import threading

from detak.record import Meta
from detak.store.log import Log


def append_wait(log: Log, meta: Meta, body: bytes) -> int:
    """Append and wait until it is durable; the offset behind the record."""
    landed = threading.Event()
    outcome: list[int | Exception] = []

    def done(result: int | Exception) -> None:
        outcome.append(result)
        landed.set()

    log.append(meta, body, done)
    assert landed.wait(60)
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]
