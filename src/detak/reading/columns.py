"""From the arrivals that the gate let in to the columns of facts. Pure."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from detak.amounts import Mask
from detak.event import EVENTS, ITEMS, VOLUMES

_MINUTE = 60_000_000

Subjects = np.ndarray[Any, np.dtype[np.int64]]
"""A pseudonym for each event; 0: nobody is known behind it."""
Bits = np.ndarray[Any, np.dtype[np.int16]]
Tally = tuple[int, str, str, str, str, int]
"""(received, source, event, outcome, detail, count)"""


def events_table(arrivals: pa.Table, subjects: Subjects, purposes: Bits, kept: Mask) -> pa.Table:
    """``event.EVENTS`` of the arrivals (``arrivals.ARRIVALS``) that are kept."""
    columns = _admitted(arrivals, subjects, purposes)
    whole = pa.Table.from_arrays([columns[field.name] for field in EVENTS], schema=EVENTS)
    return whole if kept.all() else whole.filter(pa.array(kept))


def items_table(pieces: pa.Table, arrivals: pa.Table, subjects: Subjects, purposes: Bits, kept: Mask) -> pa.Table:
    """``event.ITEMS`` of the products (``arrivals.PIECES``) of those arrivals."""
    parents = pieces["parent"].to_numpy()
    if not kept.all():
        stays = kept[parents]
        pieces, parents = pieces.filter(pa.array(stays)), parents[stays]
    columns = _admitted(pieces, subjects[parents], purposes[parents])
    columns["event_id"] = arrivals["id"].take(pa.array(parents))
    return pa.Table.from_arrays([columns[field.name] for field in ITEMS], schema=ITEMS)


def _admitted(rows: pa.Table, subjects: Subjects, purposes: Bits) -> dict[str, Any]:
    return {
        **{name: rows[name] for name in rows.column_names},
        "subject": pa.array(subjects, mask=subjects == 0),
        "purposes": pa.array(purposes, pa.int16()),
    }


def volumes_table(counted: Iterable[Tally]) -> pa.Table:
    """``event.VOLUMES``: what was counted, by the minute."""
    totals: dict[tuple[int, str, str, str, str], int] = {}
    for received, source, event, outcome, detail, count in counted:
        key = (received - received % _MINUTE, source, event, outcome, detail)
        totals[key] = totals.get(key, 0) + count
    if not totals:
        return VOLUMES.empty_table()
    columns = list(zip(*((*key, count) for key, count in totals.items()), strict=True))
    arrays = [pa.array(values, field.type) for values, field in zip(columns, VOLUMES, strict=True)]
    return pa.Table.from_arrays(arrays, schema=VOLUMES)
