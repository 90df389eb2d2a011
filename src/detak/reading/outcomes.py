"""What became of each message, and how much of what there was. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from detak.amounts import Mask
from detak.reading.columns import Tally
from detak.reading.decode import Decoded
from detak.record import Meta

ACCEPTED, DUPLICATE, REJECTED, WITHHELD = "accepted", "duplicate", "rejected", "withheld"
BOT: Final = "bot"
_NAMES: Final = (ACCEPTED, DUPLICATE, WITHHELD)
_SECOND: Final = 1_000_000
_DETAIL: Final = 80  # characters


class Outcome(NamedTuple):
    """What became of one message; ``field`` and ``reason`` say why it was rejected."""

    what: str
    field: str = ""
    reason: str = ""


def _codes(fresh: Mask, kept: Mask) -> "np.ndarray[tuple[int], np.dtype[np.int8]]":
    """For each arrival which of ``_NAMES`` it is; ``kept`` speaks of the fresh ones."""
    codes = np.ones(len(fresh), dtype=np.int8)
    codes[fresh] = np.where(kept, 0, 2)
    return codes


def outcomes_of(decoded: Decoded, fresh: Mask, kept: Mask) -> list[Outcome]:
    """What became of every message of a chunk, in order."""
    found: list[Outcome] = [Outcome(ACCEPTED)] * sum(decoded.messages)
    told = [Outcome(name) for name in _NAMES]
    for at, code in zip(decoded.events["at"].to_pylist(), _codes(fresh, kept).tolist(), strict=True):
        found[at] = told[code]
    for one in decoded.refused:
        found[one.at] = Outcome(REJECTED, one.refusal.field, one.refusal.reason)
    return found


def tally(
    decoded: Decoded, metas: Sequence[Meta], fresh: Mask, kept: Mask, *, imported: bool = True
) -> Iterator[Tally]:
    """How many messages of each event came in each second, and what became of them; then what was found in those
    accepted: late, ahead, bots, and what the tracking plan says.

    Args:
        decoded: a chunk.
        metas: of its records.
        fresh: of its arrivals, those not known yet.
        kept: of the fresh ones, those that the gate let in.
        imported: whether imports count too.
    """
    events = decoded.events["event"].combine_chunks().dictionary_encode()
    names = events.dictionary.to_pylist()
    # By the second and source, not by the record: with one event a request there are as many records as events.
    when = [(meta.received // _SECOND * _SECOND, meta.source, meta.imported) for meta in metas]
    moments = {moment: number for number, moment in enumerate(dict.fromkeys(when))}
    of_record = np.array([moments[one] for one in when], dtype=np.int64)
    codes = _codes(fresh, kept)
    place = of_record[decoded.events["record"].to_numpy()]
    combined = (place * len(names) + events.indices.to_numpy()) * len(_NAMES) + codes
    told = list(moments)
    for code, count in zip(*(some.tolist() for some in np.unique(combined, return_counts=True)), strict=True):
        rest, outcome = divmod(code, len(_NAMES))
        at, name = divmod(rest, len(names))
        received, source, own = told[at]
        if imported or not own:
            yield received, source, names[name], _NAMES[outcome], "", count
    for one in decoded.refused:
        meta = metas[one.record]
        if imported or not meta.imported:
            detail = f"{one.refusal.field}: {one.refusal.reason}".removeprefix(": ")[:_DETAIL]
            yield meta.received, meta.source, one.refusal.event, REJECTED, detail, 1
    if imported:
        yield from _findings(decoded, metas, codes == 0)


def _findings(decoded: Decoded, metas: Sequence[Meta], accepted: Mask) -> Iterator[Tally]:
    for name in ("flag", "bot", "flaws"):
        column = decoded.events[name]
        if column.null_count == len(column):
            continue
        rows = np.flatnonzero(accepted & ~column.is_null().to_numpy())
        found = decoded.events.select([name, "event", "record"]).take(rows).to_pylist()
        for one in found:
            meta = metas[one["record"]]
            for finding in one[name].splitlines():
                outcome, _, detail = (BOT, "", finding) if name == "bot" else finding.partition(":")
                yield meta.received, meta.source, one["event"], outcome, detail[:_DETAIL], 1
