"""How fast and how right the reports are: on millions of events, beside ClickHouse on the same ones.

The engine runs in a process of its own, so that its memory is its own; the events are made and put into its store by
this one. Each figure is the quickest of three rounds, of the peer's as well; a report's first asking is told apart.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from detak.bench.crowd import NAMES, Crowd, crowd, fill
from detak.bench.peers import Answer, Arrays, Missing, ask
from detak.errors import StoreError
from detak.store.duckdb import DuckStore

STEPS: Final = ("Product Viewed", "Product Added", "Checkout Started", "Order Completed")
WITHIN_DAYS: Final = 7
_SECOND: Final = 1_000_000
_WEEK: Final = 7 * 86_400 * _SECOND
_MONDAY: Final = 3 * 86_400 * _SECOND  # 1970-01-01 was a Thursday
_RETURNED: Final = 8  # weeks that the peer's own retention() is asked about


class Timed(msgspec.Struct, frozen=True):
    """What one answer took."""

    seconds: float
    cpu_seconds: float


class Asked(msgspec.Struct, frozen=True):
    """A report as a person asks for it: the first time, and again."""

    first_seconds: float
    seconds: float
    cpu_seconds: float
    failed: str | None = None


class Ours(msgspec.Struct, frozen=True):
    """What the engine's process says of itself."""

    kept_seconds: float
    """To make what is kept beforehand, once."""
    kept_cpu_seconds: float
    sessions: list[int]
    """Visits, events, visits of one event, seconds in all visits."""
    funnel: list[int]
    retention: list[list[int]]
    """Week, weeks later, people."""
    took: dict[str, Timed]
    reports: dict[str, Asked]
    peak_mb: int


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """One question, answered by both."""

    equal: bool | None
    """Whether the numbers are the same; null: there was no peer."""
    ours: Timed
    theirs: Timed | None
    cpu_ratio: float | None
    """Ours over theirs."""
    wall_ratio: float | None


class Insights(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    events: int
    visitors: int
    cores: int
    peer: str
    """``chdb``, or why there is none."""
    beside: dict[str, Beside]
    returned_equal: bool | None
    """Whether ClickHouse's ``retention()`` says the same of the first week's people."""
    kept_seconds: float
    kept_cpu_seconds: float
    reports: dict[str, Asked]
    peak_mb: int
    """The most memory the engine's process held."""
    peer_peak_mb: int | None


def measure(events: int, seed: int = 1) -> Insights:
    """Run all of it.

    Raises:
        StoreError: the numbers of the two are not the same, or the engine's process failed.
    """
    made = crowd(events, seed)
    visitors = len(np.unique(made.subject))
    with tempfile.TemporaryDirectory() as folder:
        store = DuckStore(Path(folder) / "facts", part_rows=250_000, memory="2GB")
        fill(store, made)
        store.close()
        theirs = _peer(made)
        ours = _engine(Path(folder))
    return together(ours, theirs, made, visitors)


def _engine(folder: Path) -> Ours:
    command = [sys.executable, "-m", "detak.bench.asking", str(folder)]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        raise StoreError(f"the engine's process failed: {done.stderr.decode().strip().splitlines()[-1:]}")
    return msgspec.json.decode(done.stdout, type=Ours)


def _peer(made: Crowd) -> Answer | Missing:
    first = int(made.time[0] + _MONDAY) // _WEEK
    question = {
        "names": NAMES,
        "steps": STEPS,
        "pause_us": 1_800 * _SECOND,
        "within_us": WITHIN_DAYS * 86_400 * _SECOND,
        "weeks": [first, first + _RETURNED],
        "threads": len(os.sched_getaffinity(0)),
    }
    arrays: Arrays = {"subject": made.subject, "time": made.time, "code": made.code.astype(np.uint8)}
    return ask("clickhouse", question, arrays)


def together(ours: Ours, theirs: Answer | Missing, made: Crowd, visitors: int) -> Insights:
    """The two beside one another.

    Raises:
        StoreError: their numbers are not the same.
    """
    said: dict[str, Any] = theirs.said if isinstance(theirs, Answer) else {}
    numbers = _numbers(said) if said else {}
    mine = {"sessions": ours.sessions, "funnel": ours.funnel, "retention": ours.retention}
    beside = {name: _beside(ours.took[name], said.get(name), mine[name] == numbers.get(name)) for name in mine}
    first = min(week for week, _, _ in ours.retention)
    cohort = [people for week, later, people in ours.retention if week == first and later <= _RETURNED]
    returned = cohort == numbers["returned"] if said else None
    if wrong := [name for name, one in beside.items() if one.equal is False]:
        raise StoreError(f"not the same numbers as ClickHouse's: {', '.join(wrong)}")
    return Insights(
        events=len(made.time),
        visitors=visitors,
        cores=len(os.sched_getaffinity(0)),
        peer="chdb" if isinstance(theirs, Answer) else theirs.missing,
        beside=beside,
        returned_equal=returned,
        kept_seconds=ours.kept_seconds,
        kept_cpu_seconds=ours.kept_cpu_seconds,
        reports=ours.reports,
        peak_mb=ours.peak_mb,
        peer_peak_mb=round(said["peak_mb"]) if said else None,
    )


def _numbers(said: dict[str, Any]) -> dict[str, Any]:
    """The peer's answers in the shape of ours."""
    visits, events, bounced, micros = said["sessions"]["rows"][0]
    return {
        "sessions": [int(visits), int(events), int(bounced), int(micros) // _SECOND],
        "funnel": [int(count) for count in said["funnel"]["rows"][0]],
        "retention": sorted([int(week), int(later), int(people)] for week, later, people in said["retention"]["rows"]),
        "returned": [int(count) for count in said["returned"]["rows"][0]],
    }


def _beside(ours: Timed, theirs: dict[str, Any] | None, equal: bool) -> Beside:
    if theirs is None:
        return Beside(equal=None, ours=ours, theirs=None, cpu_ratio=None, wall_ratio=None)
    peer = Timed(round(theirs["seconds"], 3), round(theirs["cpu_seconds"], 3))
    return Beside(
        equal=equal,
        ours=ours,
        theirs=peer,
        cpu_ratio=round(ours.cpu_seconds / peer.cpu_seconds, 2),
        wall_ratio=round(ours.seconds / peer.seconds, 2),
    )
