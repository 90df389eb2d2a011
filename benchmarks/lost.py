"""How well the money lost is estimated: completed orders of the real file, held out as if their amount were unknown.

Twenty times, as many completed orders as there are cancelled ones are held out, with the same mix of categories and
quantities (at most half of a kind); the estimate of their total is compared with what they really came to.
"""

import random
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from detak.consent import Purpose
from detak.engine import Engine
from detak.importing import RejectsFile, import_file
from detak.insights.lost import Ledger, reduce_worth
from detak.insights.orders import orders
from detak.sources.base import Reading

_ROUNDS = 20


def run(data: Path) -> dict[str, Any]:
    file = data / "indonesia-shopee-orders" / "all_months_clean.csv"
    if not file.exists():
        return {"skipped": "the real data is not here"}
    table = _orders(file)
    errors = [_error(table, random.Random(seed)) for seed in range(_ROUNDS)]
    return {
        "rounds": _ROUNDS,
        "mean_error": round(sum(errors) / _ROUNDS, 4),
        "mean_absolute_error": round(sum(map(abs, errors)) / _ROUNDS, 4),
        "largest_error": round(max(errors, key=abs), 4),
    }


def _orders(file: Path) -> pa.Table:
    with tempfile.TemporaryDirectory() as folder, Engine(Path(folder)) as engine:
        now = datetime.now(UTC)
        import_file(
            engine, file, "auto", Reading(engine.settings.timezone, "IDR", now), RejectsFile(engine.folder, now)
        )
        with engine.gate.events(Purpose.ANALYTICS, before=datetime.now(UTC), why="benchmark") as granted:
            return granted.run(orders(granted.facts))


def _error(table: pa.Table, rng: random.Random) -> float:
    rows = table.to_pylist()
    cells: dict[Any, dict[bool, list[int]]] = defaultdict(lambda: {True: [], False: []})
    for at, row in enumerate(rows):
        if row["cancelled"] or row["amount"]:
            cells[row["several"], row["category"], row["quantity"]][row["cancelled"]].append(at)
    held = {
        at for cell in cells.values() for at in rng.sample(cell[False], min(len(cell[True]), len(cell[False]) // 2))
    }
    truth = sum(rows[at]["amount"] for at in held)
    kept = [
        {**row, "cancelled": at in held, "amount": None if at in held else row["amount"]}
        for at, row in enumerate(rows)
        if not row["cancelled"]
    ]
    sums = ibis.memtable(pa.Table.from_pylist(kept, table.schema))
    worth = ibis.duckdb.connect().to_pyarrow(reduce_worth(sums)).to_pylist()
    lost = Ledger.open(worth, "IDR").total([row for row in worth if row["cancelled"]], "IDR")
    assert lost is not None
    assert lost.amount is not None
    return (lost.amount - truth) / truth
