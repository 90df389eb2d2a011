"""How soon a payment provider that is down is noticed, and how often one is called that is not: the simulated shop."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from detak.alerts import WATCHED, Alerts, Count, Usual
from detak.simulate.config import WORLDS
from detak.simulate.history import history
from detak.simulate.people import PAYMENTS
from detak.simulate.timeline import KINDS
from detak.simulate.world import World

SHOPS = ((100_000, 28, 1), (100_000, 28, 2), (400_000, 14, 2))  # shoppers, days, seed: the first without an outage
_METHOD = re.compile(rb'"payment_method":"([^"]*)"')
_PROVIDER_TRIES = 8
_WEEK = 7 * 24 * 60
_TRIES, _OUTAGES, _DOWN = 500_000, 300, 0.9


def run(_: Path) -> dict[str, Any]:
    """For each shop: outages planted, noticed, after how long; and alarms without one."""
    trials = {f"usually {usual:.0%} fail": _trial(usual) for usual in (0.02, 0.1, 0.2)}
    return {**trials, **{f"{size[0]} shoppers, seed {size[2]}": _shop(*size) for size in SHOPS}}


def _trial(usual: float) -> dict[str, Any]:
    """A thing that fails as usual, try by try; and outages in which nine of ten fail."""
    rng = np.random.default_rng(1)
    of = ("payment_failed", "OVO")
    alerts = Alerts({of: Usual(10_000, 10_000 * usual)})
    false = 0
    for failed in (rng.random(_TRIES) < usual).astype(int).tolist():
        alerts.add([Count(0, of, 1, failed)])
        if alerts.now():
            false += 1
            alerts = Alerts(alerts.usual)
    needed = []
    for _ in range(_OUTAGES):
        alerts, tries = Alerts(dict(alerts.usual)), 0
        while not alerts.now():
            tries += 1
            alerts.add([Count(tries, of, 1, int(rng.random() < _DOWN))])
        needed.append(tries)
    return {"tries": _TRIES, "false_alarms": false, "mean_tries_to_notice": round(float(np.mean(needed)), 1)}


def _shop(shoppers: int, days: int, seed: int) -> dict[str, Any]:
    world = World.make(msgspec.structs.replace(WORLDS["confounded"], shoppers=shoppers, days=days, seed=seed))
    minutes = _minutes(world)
    alerts, raised = Alerts(), []
    open_now: set[tuple[str, str]] = set()
    first = min(minutes)
    week: Counter[tuple[str, str]] = Counter()
    failed: Counter[tuple[str, str]] = Counter()
    known = False
    for minute in sorted(minutes):
        if minute < first + _WEEK:
            for of, (tries, fails) in minutes[minute].items():
                week[of] += tries
                failed[of] += fails
        elif not known:  # four such weeks are usual
            alerts.know({of: Usual(4 * tries, 4 * failed[of]) for of, tries in week.items()})
            known = True
        alerts.add(Count(minute, of, tries, fails) for of, (tries, fails) in minutes[minute].items())
        now = {(one.reason, one.of): one for one in alerts.now()}
        raised += [(of, minute, one.tries) for of, one in now.items() if of not in open_now]
        open_now = set(now)
    planted = [(PAYMENTS[method], begin / 60_000, end / 60_000) for method, begin, end in world.outages.tolist()]
    return {**_judged(planted, raised, minutes), "days": days}


def _minutes(world: World) -> dict[int, dict[tuple[str, str], tuple[int, int]]]:
    """What live counts would have been, by the minute."""
    kinds = list(KINDS.values())
    names = {index: kind.name for index, kind in enumerate(kinds)}
    of = {}
    for reason, watched in WATCHED.items():
        of |= {watched.tries: (reason, 0, watched.by), watched.fails: (reason, 1, watched.by)}
    wanted = np.array([index for index, name in names.items() if name in of])
    minutes: dict[int, dict[tuple[str, str], tuple[int, int]]] = {}
    for chunk in history(world):
        messages = chunk.messages
        at = np.flatnonzero(np.isin(messages.kind, wanted))
        lines = messages.line.take(at).to_pylist()
        for time, kind, line in zip(messages.time[at].tolist(), messages.kind[at].tolist(), lines, strict=True):
            reason, failed, by = of[names[kind]]
            method = _METHOD.search(line.encode()) if by else None
            key = (reason, method[1].decode() if method else "")
            here = minutes.setdefault(time // 60_000, {})
            tries, fails = here.get(key, (0, 0))
            here[key] = (tries + 1 - failed, fails + failed)
    return minutes


def _judged(planted: list[tuple[str, float, float]], raised: list[Any], minutes: dict[int, Any]) -> dict[str, Any]:
    delays, tries, unseen, could = [], [], 0, 0
    hits = set()
    for method, begin, end in planted:
        due = sum(
            minutes.get(one, {}).get(("payment_failed", method), (0, 0))[0] for one in range(int(begin), int(end) + 1)
        )
        could += due >= _PROVIDER_TRIES
        found = [(at, n) for of, at, n in raised if of == ("payment_failed", method) and begin <= at <= end + 10]
        if not found:
            unseen += due >= _PROVIDER_TRIES
            continue
        delays.append(found[0][0] - begin)
        tries.append(found[0][1])
        hits |= {("payment_failed", method, at) for at, _ in found}
    false = [one for one in raised if (*one[0], one[1]) not in hits]
    weeks = (max(minutes) - min(minutes)) / 60 / 24 / 7
    payments = sum(t for here in minutes.values() for (reason, _), (t, _) in here.items() if reason == "payment_failed")
    return {
        "payments_a_day": round(payments / weeks / 7),
        "outages": len(planted),
        f"with_{_PROVIDER_TRIES}_payments_or_more": could,
        "noticed": len(delays),
        "of_those_with_enough_unseen": unseen,
        "minutes_to_notice": [round(one, 1) for one in sorted(delays)],
        "payments_to_notice": sorted(tries),
        "false_alarms": len(false),
        "false": [list(one[0]) for one in false],
        "weeks": round(weeks, 2),
    }
