"""Batches of facts by hand, and what a store holds of them."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from detak.decision import DECISIONS
from detak.event import EVENTS, ITEMS, VOLUMES
from detak.store.base import Batch, Store

DAY = 86_400_000_000
START = 20_000 * DAY

_BLANK: dict[Any, Any] = {
    pa.float64(): 1.0,
    pa.int64(): 0,
    pa.int32(): 0,
    pa.int16(): 2,
    pa.string(): "x",
    pa.timestamp("us"): START,
}


def _row(schema: pa.Schema, told: dict[str, Any]) -> dict[str, Any]:
    return {field.name: told.get(field.name, None if field.nullable else _BLANK[field.type]) for field in schema}


def table(schema: pa.Schema, rows: Iterable[dict[str, Any]]) -> pa.Table:
    """Rows of a table of facts; what is not said is null, or blank where it cannot be."""
    return pa.Table.from_pylist([_row(schema, one) for one in rows], schema=schema)


def batch(offset: int, keys: Sequence[int], *, subject: int | None = 1, **told: Any) -> Batch:
    """One event for each key, each with one item, a day apart; every fifth without a time."""
    rows = [
        {"id": key, "event_id": key, "subject": subject, "time": START + key * DAY if key % 5 else None, **told}
        for key in keys
    ]
    volumes = [{"count": len(rows)}] if rows else []
    decisions = [{**one, "id": f"d{one['id']}", "time": one["time"] or START, "slate": ["P1", "P2"]} for one in rows]
    return Batch(table(EVENTS, rows), table(ITEMS, rows), table(VOLUMES, volumes), offset, table(DECISIONS, decisions))


def keys_in(store: Store, name: str = "events") -> list[int]:
    """The keys of every row the store shows, sorted."""
    with store.reader() as reader:
        found = reader.run(reader.table(name))
    return sorted(found["id" if name == "events" else "event_id"].to_pylist())


def knows(store: Store, *keys: int) -> list[bool]:
    """Whether the store knows each of the keys."""
    answer: list[bool] = store.known(np.array(keys, dtype=np.int64)).tolist()
    return answer
