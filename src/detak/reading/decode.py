"""From records of the log to columns: what the sink applies. Pure, so that another process can run it.

Nearly all events of a shop are plain: every value has the type that the spec gives it. They become columns together,
thousands at once (``plain.py``). Whatever is odd in any way goes through ``wire.arrive`` alone, which mends or refuses
it. Both ways give the same columns; ``tests/reading/test_decode.py`` holds them against each other.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detak.errors import RowError
from detak.reading.arrivals import ARRIVALS, PIECES, arrivals_table, pieces_table
from detak.reading.body import Envelope, misspelt, open_batch, open_plain, together
from detak.reading.decided import Told, decided
from detak.reading.intake import Intake
from detak.reading.plain import Plain, plain_tables
from detak.reading.wire import Arrival, Origin, Refusal, arrive, event_of
from detak.record import Meta, Record

_BROKEN: Final = (pa.ArrowException, OverflowError, ValueError, TypeError)


class Head(NamedTuple):
    """A record without its body."""

    end: int
    meta: Meta


class Refused(NamedTuple):
    """A message that cannot be used: where it stands in the chunk, why, and what was sent."""

    at: int
    record: int
    refusal: Refusal
    raw: bytes = b""
    sent_at: str | None = None
    context: bytes = b"null"
    """What its batch said for all of its messages."""


class Decoded(NamedTuple):
    """A chunk of records, in the order in which they came."""

    events: pa.Table
    """``arrivals.ARRIVALS``"""
    items: pa.Table
    """``arrivals.PIECES``"""
    refused: list[Refused]
    messages: list[int]
    """How many messages each record holds."""
    decided: Told
    """Decisions, in the same order."""


class _Odd(NamedTuple):
    """A message that is read alone."""

    at: int
    record: int
    raw: msgspec.Raw
    envelope: Envelope


def decode(records: Sequence[Record], intake: Intake) -> Decoded:
    """What the records hold, in columns, and what of it cannot be used. Never raises for what a client sent."""
    plain = Plain([], [], [])
    odd: list[_Odd] = []
    refused: list[Refused] = []
    messages: list[int] = []
    decisions: list[Record] = []
    at = 0
    for number, record in enumerate(records):
        if record.meta.decided:
            decisions.append(record)
            messages.append(0)
            continue
        opened = open_plain(record.body)
        if opened is not None:
            count = len(opened)
            plain.add(opened, at, number)
        else:
            count = _open_odd(record, at, number, odd, refused)
        messages.append(count)
        at += count
    if len(decisions) == len(records):
        nothing = ARRIVALS.empty_table(), PIECES.empty_table()
        return Decoded(*nothing, refused, messages, decided(decisions))
    metas = [record.meta for record in records]
    try:
        tables, left = plain_tables(plain, metas, intake)
    except _BROKEN:  # a value that no column holds, in one of thousands: each is looked at alone
        tables, left = (ARRIVALS.empty_table(), PIECES.empty_table()), list(range(len(plain.messages)))
    odd += _again(plain, left, records, messages)
    read = _read_odd(odd, metas, intake, refused)
    events, items = _joined(tables, read, intake)
    return Decoded(events, items, sorted(refused, key=lambda one: one.at), messages, decided(decisions))


def heads(records: Sequence[Record]) -> list[Head]:
    """The records without their bodies."""
    return [Head(record.end, record.meta) for record in records]


def _open_odd(record: Record, at: int, number: int, odd: list[_Odd], refused: list[Refused]) -> int:
    try:
        envelope = open_batch(record.body)
    except RowError as error:
        refused.append(Refused(at, number, Refusal("", error.field, error.reason)))
        return 1
    odd += [_Odd(at + place, number, raw, envelope) for place, raw in enumerate(envelope.batch)]
    return len(envelope.batch)


def _again(plain: Plain, left: Sequence[int], records: Sequence[Record], messages: Sequence[int]) -> list[_Odd]:
    """Messages that turned out odd after they were decoded together, raw."""
    opened: dict[int, Envelope] = {}
    first = np.cumsum([0, *messages])
    found = []
    for one in left:
        at, number = plain.at[one], plain.record[one]
        if number not in opened:
            opened[number] = open_batch(records[number].body)
        found.append(_Odd(at, number, opened[number].batch[at - int(first[number])], opened[number]))
    return found


def _read_odd(
    odd: Sequence[_Odd], metas: Sequence[Meta], intake: Intake, refused: list[Refused]
) -> list[tuple[int, int, Arrival]]:
    read = []
    for one in odd:
        try:
            arrival = arrive(one.raw, _origin(metas[one.record], intake), one.envelope)
            read.append((one.at, one.record, _checked(arrival, intake)))
        except RowError as error:
            refusal = Refusal(event_of(one.raw), error.field, error.reason)
            shared = one.envelope.sent_at, bytes(one.envelope.context)
            refused.append(Refused(one.at, one.record, refusal, bytes(one.raw), *shared))
    return read


def _checked(arrival: Arrival, intake: Intake) -> Arrival:
    if arrival.imported:
        return arrival
    flaws = together(intake.flaws(arrival.event, arrival.loose), misspelt(arrival.message))
    return arrival._replace(flaws=flaws) if flaws else arrival


def _joined(
    plain: tuple[pa.Table, pa.Table], read: list[tuple[int, int, Arrival]], intake: Intake
) -> tuple[pa.Table, pa.Table]:
    """The two kinds together, in the order in which they came."""
    if not read:
        return plain
    odd = arrivals_table(read, intake)
    events = pa.concat_tables([plain[0], odd])
    pieces = pieces_table([arrival for *_, arrival in read], odd, plain[0].num_rows)
    items = pa.concat_tables([plain[1], pieces])
    order = np.argsort(events["at"].to_numpy(), kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    parents = place[items["parent"].to_numpy()].astype(np.int32)
    items = items.set_column(PIECES.get_field_index("parent"), PIECES.field("parent"), pa.array(parents, pa.int32()))
    return events.take(pa.array(order)), items.take(pc.sort_indices(items["parent"]))


def _origin(meta: Meta, intake: Intake) -> Origin:
    return Origin(meta.source, meta.received, meta.imported, intake.currency, intake.late, intake.ahead)
