"""Visits, an ordered funnel and retention by ClickHouse (``chdb``), on the same events."""

import resource
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from chdb import session

_ROUNDS = 3
_LOAD = """
INSERT INTO shop.events SELECT subject, time, [{names}][code + 1]
FROM file('{path}', 'RowBinary', 'subject Int64, time Int64, code UInt8')"""
_SESSIONS = """
SELECT sum(length(parts)), sum(arraySum(part -> length(part), parts)), sum(arrayCount(part -> length(part) = 1, parts)),
    sum(arraySum(part -> part[-1] - part[1], parts))
FROM (
    SELECT arraySplit((at, gap) -> gap > {pause}, times, arrayDifference(times)) AS parts
    FROM (SELECT arraySort(groupArray(time)) AS times FROM shop.events GROUP BY subject)
)"""
_FUNNEL = """
SELECT {counts}
FROM (
    SELECT windowFunnel({within})(toUInt64(time), {conditions}) AS level
    FROM shop.events WHERE event IN ({names}) GROUP BY subject
)"""
_RETENTION = """
SELECT first, week - first, count()
FROM (
    SELECT min(intDiv(intDiv(time, 86400000000) + 3, 7)) AS first,
        groupUniqArray(intDiv(intDiv(time, 86400000000) + 3, 7)) AS weeks
    FROM shop.events GROUP BY subject
) ARRAY JOIN weeks AS week
GROUP BY ALL"""
_RETURNED = """
SELECT {counts}
FROM (
    SELECT retention({conditions}) AS there
    FROM (SELECT subject, intDiv(intDiv(time, 86400000000) + 3, 7) AS week FROM shop.events) GROUP BY subject
)"""


def answer(question: Mapping[str, Any], arrays: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Each answer with its quickest time of three."""
    with tempfile.TemporaryDirectory() as folder:
        shop = session.Session(str(Path(folder) / "clickhouse"))
        began = time.perf_counter()
        _load(shop, Path(folder) / "events.bin", question["names"], arrays)
        loaded = time.perf_counter() - began
        shop.query(f"SET max_threads = {question['threads']}")
        found = {name: _timed(shop, query) for name, query in _queries(question).items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"loaded_seconds": loaded, "peak_mb": peak, **found}, {}


def _load(shop: Any, path: Path, names: list[str], arrays: Mapping[str, Any]) -> None:
    columns = {"subject": "<i8", "time": "<i8", "code": "u1"}
    rows = np.empty(len(arrays["time"]), dtype=list(columns.items()))
    for name in columns:
        rows[name] = arrays[name]
    rows.tofile(path)
    shop.query("CREATE DATABASE shop ENGINE = Atomic")
    shop.query(
        "CREATE TABLE shop.events (subject Int64, time Int64, event LowCardinality(String)) "
        "ENGINE = MergeTree ORDER BY (subject, time)"
    )
    listed = ", ".join(f"'{name}'" for name in names)
    shop.query(_LOAD.format(names=listed, path=path))
    shop.query("OPTIMIZE TABLE shop.events FINAL")


def _queries(question: Mapping[str, Any]) -> dict[str, str]:
    steps = question["steps"]
    first, last = question["weeks"]
    return {
        "sessions": _SESSIONS.format(pause=question["pause_us"]),
        "funnel": _FUNNEL.format(
            within=question["within_us"],
            counts=", ".join(f"countIf(level >= {at})" for at in range(1, len(steps) + 1)),
            conditions=", ".join(f"event = '{name}'" for name in steps),
            names=", ".join(f"'{name}'" for name in steps),
        ),
        "retention": _RETENTION,
        "returned": _RETURNED.format(
            counts=", ".join(f"sum(there[{at}])" for at in range(1, last - first + 2)),
            conditions=", ".join(f"week = {week}" for week in range(first, last + 1)),
        ),
    }


def _timed(shop: Any, query: str) -> dict[str, Any]:
    spent = []
    for _ in range(_ROUNDS):
        began, worked = time.perf_counter(), time.process_time()
        told = str(shop.query(query, "CSV"))
        spent.append((time.perf_counter() - began, time.process_time() - worked))
    rows = [[float(cell) for cell in line.split(",")] for line in told.strip().splitlines()]
    return {"rows": rows, "seconds": min(spent)[0], "cpu_seconds": min(cpu for _, cpu in spent)}
