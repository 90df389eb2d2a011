"""The engine's half of ``bench insights``: opens a store, keeps what it keeps, and asks. Prints what it found as JSON.

``python -m detak.bench.asking FOLDER``
"""

import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import ibis.expr.types as ir
import msgspec

from detak.bench.insights import STEPS, WITHIN_DAYS, Asked, Ours, Timed
from detak.consent import Basis, Purpose
from detak.engine import Engine
from detak.errors import DetakError
from detak.insights.base import Facts, Shop
from detak.insights.retention import Retention
from detak.insights.steps import Steps, began, reached
from detak.insights.trail import visits_of
from detak.questions import Question, report_names
from detak.settings import Settings, SourceSettings

_ROUNDS: Final = 3
_SETTINGS: Final = Settings(
    zone="UTC", sources={"web": SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics"))}
)


def main(folder: Path) -> Ours:
    """Ask everything of the store in the folder."""
    with Engine(folder, _SETTINGS, beats=False) as engine:
        _, kept = _timed(lambda: engine.gate.renew(datetime.now(UTC), least=0))
        shop = engine.shop()
        found, took = {}, {}
        for name, reduce in {"sessions": _sessions, "funnel": _funnel, "retention": _retention}.items():
            rounds = [_timed(partial(_run, engine, name, reduce, shop)) for _ in range(_ROUNDS)]
            found[name] = rounds[0][0]
            took[name] = Timed(min(one.seconds for _, one in rounds), min(one.cpu_seconds for _, one in rounds))
        reports = {name: _asked(engine, name) for name in report_names()}
    (row,) = found["sessions"]
    return Ours(
        kept_seconds=kept.seconds,
        kept_cpu_seconds=kept.cpu_seconds,
        sessions=[row["visits"], row["events"], row["bounced"], row["micros"] // 1_000_000],
        funnel=list(found["funnel"][0].values()),
        retention=sorted([row["first"], row["later"], row["people"]] for row in found["retention"]),
        took=took,
        reports=reports,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )


def _run(engine: Engine, name: str, reduce: Callable[[Facts, Shop], ir.Table], shop: Shop) -> list[dict[str, int]]:
    with engine.gate.events(Purpose.ANALYTICS, before=datetime.now(UTC), why="bench") as granted:
        sums = granted.run_all(f"bench {name}", lambda facts: {name: reduce(facts, shop)})
    rows: list[dict[str, int]] = sums[name].to_pylist()
    return rows


def _sessions(facts: Facts, _: Shop) -> ir.Table:
    visits = visits_of(facts)
    return visits.agg(
        visits=visits.count(),
        events=visits.events.sum(),
        bounced=(visits.events == 1).sum(),
        micros=visits.end.delta(visits.start, unit="microsecond").sum().cast("int64"),
    )


def _funnel(facts: Facts, _: Shop) -> ir.Table:
    path = Steps(STEPS, WITHIN_DAYS)
    start = began(facts, path)
    counted = start.agg(people_1=start.count())
    for at, events in enumerate(reached(facts, path), 2):
        counted = counted.cross_join(events.agg(**{f"people_{at}": events.subject.nunique()}))
    return counted


def _retention(facts: Facts, shop: Shop) -> ir.Table:
    return Retention(cohorts=400).reduce(facts, shop)["cohorts"]


def _asked(engine: Engine, name: str) -> Asked:
    try:
        _, first = _timed(lambda: engine.answer(Question(name, anew=True)))  # whatever lies on the disk
        rounds = [_timed(lambda: engine.answer(Question(name)))[1] for _ in range(_ROUNDS - 1)]
    except DetakError as error:
        return Asked(0, 0, 0, str(error))
    return Asked(first.seconds, min(one.seconds for one in rounds), min(one.cpu_seconds for one in rounds))


def _timed(act: Callable[[], Any]) -> tuple[Any, Timed]:
    began, worked = time.perf_counter(), time.process_time()
    found = act()
    return found, Timed(round(time.perf_counter() - began, 3), round(time.process_time() - worked, 3))


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(main(Path(sys.argv[1]))))
