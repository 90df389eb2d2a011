"""Why carts are left: what is told from events, against what was planted, beside correlation. Several worlds and seeds.

Visits without a cart are left out of the import: the analysis does not look at them, and they are five of six.
"""

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis
import msgspec
import numpy as np
import pyarrow as pa
from sklearn.metrics import f1_score

from detak.consent import Purpose
from detak.engine import Engine
from detak.insights.blame import NAMES, NONE
from detak.insights.cart_strata import KEYS, REASONS, banded, ordered, read_strata, reduce_strata
from detak.insights.carts import ORDERED, carts
from detak.insights.effects import Findings, findings
from detak.settings import Settings, SourceSettings
from detak.simulate.config import WORLDS, Config
from detak.simulate.history import history
from detak.simulate.world import World

SEEDS = (1, 2, 3)
SHOPPERS, DAYS = 10_000, 40
_AT_ONCE = 2_000


def run(_: Path) -> dict[str, Any]:
    """Every named world, every seed; and what they come to together."""
    runs = {name: [_world(name, seed) for seed in SEEDS] for name in WORLDS}
    return {"runs": runs, "together": {name: _together(found) for name, found in runs.items()}}


def _world(name: str, seed: int) -> dict[str, Any]:
    config = msgspec.structs.replace(WORLDS[name], seed=seed, shoppers=SHOPPERS, days=DAYS)
    settings = Settings(sources={"web": SourceSettings()})
    with tempfile.TemporaryDirectory() as folder, Engine(Path(folder), settings) as engine:
        truth = _fill(engine, config)
        with engine.gate.events(Purpose.ANALYTICS, before=datetime(2100, 1, 1, tzinfo=UTC), why="benchmark") as granted:
            rows = granted.run(banded(carts(granted.facts, engine.shop("en"), 10 * SHOPPERS)))
    return {"seed": seed, **_judged(rows, truth)}


def _fill(engine: Engine, config: Config) -> pa.Table:
    """The visits with a cart, taken in; the truth of their carts."""
    truth = []
    for chunk in history(World.make(config)):
        if "carts" not in chunk.truth:
            continue
        truth.append(chunk.truth["carts"])
        filled = np.asarray(chunk.truth["visits"]["cart"])
        lines = [
            line.encode() for line in chunk.messages.line.filter(pa.array(filled[chunk.messages.visit])).to_pylist()
        ]
        taken = [
            engine.take("web", b'{"batch":[' + b",".join(lines[at : at + _AT_ONCE]) + b"]}", imported=True)
            for at in range(0, len(lines), _AT_ONCE)
        ]
        for one in taken:
            one.result()
    return pa.concat_tables(truth)


def _judged(rows: pa.Table, truth: pa.Table) -> dict[str, Any]:
    """What is told of the carts, against the truth of those that the gate let in."""
    groups = ordered(reduce_strata(ibis.memtable(rows)).to_pyarrow())
    strata = read_strata(groups)
    began = time.process_time()
    found = findings(strata, *(int(np.nansum(rows[name].to_numpy())) for name in ("paid_again", "unseen_failure")))
    seconds = time.process_time() - began
    pairs = _pairs(rows, truth)
    shown, true = rows.take([one for one, _ in pairs]).to_pylist(), truth.take([one for _, one in pairs]).to_pylist()
    place = {tuple(row[key] for key in KEYS): at for at, row in enumerate(groups.select(list(KEYS)).to_pylist())}
    chances = found.blame.chances[[place[tuple(row[key] for key in KEYS)] for row in shown]]
    return {
        "carts": len(pairs),
        "groups": groups.num_rows,
        "cpu_seconds": round(seconds, 1),
        "lost_signs": round(found.losses.usual, 3),
        **_blamed(shown, true, chances),
        "removing": {name: _effect(name, found, shown, true) for name in REASONS},
    }


def _pairs(rows: pa.Table, truth: pa.Table) -> list[tuple[int, int]]:
    """Rows and truths of the same cart: both begin in the same millisecond, which two visits seldom do."""
    starts = rows["start"].cast(pa.timestamp("ms"), safe=False).cast("int64").to_pylist()
    of = {start: at for at, start in enumerate(truth["time"].cast("int64").to_pylist())}
    return [(at, of[start]) for at, start in enumerate(starts) if start in of]


def _blamed(shown: list[dict[str, Any]], true: list[dict[str, Any]], chances: Any) -> dict[str, Any]:
    """Per cart, and in sums: the reasons told, and those that the latest sign alone would tell."""
    at = [n for n, (one, real) in enumerate(zip(shown, true, strict=True)) if one["stage"] < ORDERED and real["reason"]]
    real = [true[n]["reason"] for n in at]
    told = [NAMES[int(chances[n].argmax())] for n in at]
    plain = [next((name for name in reversed(REASONS) if shown[n][name] == 1), NONE) for n in at]
    share = {name: real.count(name) / len(at) for name in NAMES}
    parts = dict(zip(NAMES, chances[at].mean(axis=0).tolist(), strict=True))
    return {
        "macro_f1": round(f1_score(real, told, average="macro"), 3),
        "macro_f1_latest_sign": round(f1_score(real, plain, average="macro"), 3),
        "share_error": round(sum(abs(parts[name] - share[name]) for name in NAMES) / len(NAMES), 4),
        "share_error_latest_sign": round(sum(abs(plain.count(n) / len(at) - share[n]) for n in NAMES) / len(NAMES), 4),
        "shares": {name: [round(parts[name], 3), round(share[name], 3)] for name in NAMES},
    }


def _effect(name: str, found: Findings, shown: list[dict[str, Any]], true: list[dict[str, Any]]) -> dict[str, Any]:
    back = sum(one[f"bought_without_{name}"] - one["bought"] for one in true)
    effect = found.effects[name]
    return {
        "true": back,
        "told": round(effect.orders.value),
        "interval": [round(effect.orders.low), round(effect.orders.high)],
        "error": round(effect.orders.value / back - 1, 3),
        "error_of_correlation": round(_correlated(name, shown) / back - 1, 3),
        "error_of_carts_as_far": round(effect.unadjusted / back - 1, 3),
        "within_interval": effect.orders.low <= back <= effect.orders.high,
        "evalue": round(effect.evalue, 2),
        "if_unseen": [round(one) for one in effect.hidden] if effect.hidden else None,
    }


def _correlated(name: str, shown: list[dict[str, Any]]) -> float:
    """What correlation of the sign with leaving promises: all carts with it against all without."""
    sign = np.array([one[name] == 1 for one in shown])
    bought = np.array([one["stage"] == ORDERED for one in shown])
    return float(sign.sum() * (bought[~sign].mean() - bought[sign].mean()))


def _together(runs: list[dict[str, Any]]) -> dict[str, Any]:
    def effects(key: str) -> Iterator[float]:
        return (abs(one[key]) for run in runs for one in run["removing"].values())

    def summed(key: str) -> float:
        """The error of each reason over all seeds together, on average."""
        errors = []
        for name in REASONS:
            every = [run["removing"][name] for run in runs]
            true = sum(one["true"] for one in every)
            errors.append(abs(sum((1 + one[key]) * one["true"] for one in every) / true - 1))
        return round(float(np.mean(errors)), 3)

    keys = ("error", "error_of_correlation", "error_of_carts_as_far")
    held = [one["within_interval"] for run in runs for one in run["removing"].values()]
    ranges = [one for run in runs for one in run["removing"].values() if one["if_unseen"]]
    return {
        "macro_f1": round(float(np.mean([run["macro_f1"] for run in runs])), 3),
        "macro_f1_latest_sign": round(float(np.mean([run["macro_f1_latest_sign"] for run in runs])), 3),
        "share_error": round(float(np.mean([run["share_error"] for run in runs])), 4),
        "share_error_latest_sign": round(float(np.mean([run["share_error_latest_sign"] for run in runs])), 4),
        **{f"mean_{key}": round(float(np.mean(list(effects(key)))), 3) for key in keys},
        **{f"seeds_together_{key}": summed(key) for key in keys},
        "within_15_percent": round(float(np.mean([one <= 0.15 for one in effects("error")])), 2),
        "intervals_that_hold": round(float(np.mean(held)), 2),
        "held_if_unseen": round(
            float(np.mean([one["if_unseen"][0] <= one["true"] <= one["if_unseen"][1] for one in ranges])), 2
        ),
    }
