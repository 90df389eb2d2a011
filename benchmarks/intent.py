"""How well it is told during a visit whether it ends in a purchase: the simulated shop, several seeds.

Beside it, what one gets for nothing: the share that bought among moments with as many products in the cart, and the
share of all. Everything is learnt on the first days and judged on the last, as ``detak report intent`` does.
"""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from detak.consent import Purpose
from detak.engine import Engine
from detak.estimates.intent import FACTORS, Intent, Moments, auc, judge, learn
from detak.insights.intent import TOUCHES
from detak.insights.moments_of_visits import moments, read_moments, reduce_moments
from detak.settings import Settings, SourceSettings
from detak.simulate.config import WORLDS
from detak.simulate.history import history
from detak.simulate.world import World

SEEDS = (1, 2, 3)
SHOPPERS, DAYS = 4_000, 40
_AT_ONCE = 2_000
_CARTS = list(FACTORS).index("carts")


def run(_: Path) -> dict[str, Any]:
    """A shop for each seed."""
    return {f"seed {seed}": _shop(seed) for seed in SEEDS}


def _shop(seed: int) -> dict[str, Any]:
    config = msgspec.structs.replace(WORLDS["plain"], seed=seed, shoppers=SHOPPERS, days=DAYS)
    with (
        tempfile.TemporaryDirectory() as folder,
        Engine(Path(folder), Settings(sources={"web": SourceSettings()})) as engine,
    ):
        for chunk in history(World.make(config)):
            lines = [line.encode() for line in chunk.messages.line.to_pylist()]
            taken = [
                engine.take("web", b'{"batch":[' + b",".join(lines[at : at + _AT_ONCE]) + b"]}", imported=True)
                for at in range(0, len(lines), _AT_ONCE)
            ]
            for one in taken:
                one.result()
        later = datetime(2100, 1, 1, tzinfo=UTC)
        with engine.gate.events(Purpose.PERSONALISATION, before=later, why="benchmark") as granted:
            told = read_moments(granted.run(reduce_moments(moments(granted.facts, TOUCHES))))
    model = learn(told)
    if model is None:
        return {"moments": int(told.moments.sum())}
    last = told.only("judge")
    return {
        "moments": int(told.moments.sum()),
        "judged": int(last.moments.sum()),
        "bought": round(float(last.bought.sum() / last.moments.sum()), 4),
        "detak": _judged(model, told),
        "by the cart": _plain(told, last, by_cart=True),
        "share of all": _plain(told, last, by_cart=False),
    }


def _judged(model: Intent, told: Moments) -> dict[str, float]:
    found = judge(model, told)
    if found is None:
        return {}
    return {"auc": round(found.auc, 3), "calibration": round(found.calibration, 4)}


def _plain(told: Moments, last: Moments, *, by_cart: bool) -> dict[str, float]:
    """The share that bought before the days that are judged."""
    before = told.part < 2
    level = told.levels[:, _CARTS] * by_cart
    every = np.bincount(level[before], weights=told.moments[before])
    share = np.bincount(level[before], weights=told.bought[before]) / np.maximum(every, 1)
    here = last.levels[:, _CARTS] * by_cart
    n, bought = (np.bincount(here, weights=one, minlength=len(share)) for one in (last.moments, last.bought))
    error = float(np.abs(share * n - bought).sum() / n.sum())
    return {"auc": round(auc(share[here], last.moments, last.bought), 3), "calibration": round(error, 4)}
