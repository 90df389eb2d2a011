"""What of a batch cannot be used, found before it is taken in: for dialects whose answers have to say so at once.

The sink finds the same later, sets it aside and counts it. Whether a purpose covers an event is not looked at here.
"""

from typing import NamedTuple

from detak.errors import RowError
from detak.reading.body import open_batch
from detak.reading.intake import Intake
from detak.reading.wire import Origin, arrive


class Unusable(NamedTuple):
    """A message of a batch, by its place from 0, and what is wrong with it."""

    at: int
    field: str
    reason: str


def unusable(body: bytes, origin: Origin, intake: Intake) -> list[Unusable]:
    """The messages of a Segment batch that cannot be used.

    Raises:
        RowError: it is no batch.
    """
    envelope = open_batch(body)
    found = []
    for at, raw in enumerate(envelope.batch):
        try:
            arrival = arrive(raw, origin, envelope)
            intake.flaws(arrival.event, arrival.loose)
        except RowError as error:
            found.append(Unusable(at, error.field, error.reason))
    return found
