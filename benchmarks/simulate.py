"""The simulated shop: how fast and in how much memory it is written, and how its figures compare with real shops'."""

import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from detak import place
from detak.simulate.places import places

_SIZES = ((20_000, 10), (100_000, 14), (100_000, 28))


def run(data: Path) -> dict[str, Any]:
    found: dict[str, Any] = {"write": [_write(*size) for size in _SIZES]}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "world"
        _command(out, 20_000, 60, 1)
        found["simulated"] = _simulated(out)
    found["shopee"] = _shopee(data / "indonesia-shopee-orders" / "all_months_clean.csv")
    found["retailrocket"] = _retailrocket(data / "retailrocket-events" / "events.csv")
    if found["shopee"]:
        hours = [found[name].pop("hours") for name in ("simulated", "shopee")]
        found["hours_correlation"] = round(float(np.corrcoef(*hours)[0, 1]), 3)
    return found


def _write(shoppers: int, days: int) -> dict[str, Any]:
    """The command in its own process, with as many workers as there are processors."""
    with tempfile.TemporaryDirectory() as folder:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = _command(Path(folder) / "world", shoppers, days, os.cpu_count() or 1)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "shoppers": shoppers,
        "days": days,
        "messages": done["messages"],
        "seconds": done["seconds"],
        "messages_per_second": done["messages_per_second"],
        "cpu_seconds": round(cpu, 2),
        "messages_per_cpu_second": round(done["messages"] / cpu),
        "largest_process_mb": after.ru_maxrss // 1024,
    }


def _command(out: Path, shoppers: int, days: int, workers: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "detak", "simulate", "--json", "--out", str(out)]
    command += ["--shoppers", str(shoppers), "--days", str(days), "--workers", str(workers)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def _simulated(out: Path) -> dict[str, Any]:
    visits, carts, people = (pq.read_table(out / "truth" / f"{name}.parquet") for name in ("visits", "carts", "people"))
    persons = visits.filter(pc.invert(visits["bot"]))
    ordered = carts.filter(carts["bought"])
    hour = (ordered["time"].cast("int64").to_numpy() + 7 * 3_600_000) % 86_400_000 // 3_600_000
    where = np.array(people["province"].to_pylist())[ordered["user"].to_numpy()]
    names = Counter(_cancelled(out))
    n = persons.num_rows
    return {
        "hours": (np.bincount(hour, minlength=24) / len(hour)).tolist(),
        "carts_per_visit": round(carts.num_rows / n, 4),
        "orders_per_visit": round(ordered.num_rows / n, 4),
        "orders_per_cart": round(ordered.num_rows / carts.num_rows, 4),
        "cancelled": round(sum(names.values()) / ordered.num_rows, 4),
        "cancelled_unpaid": round(sum(v for k, v in names.items() if "belum dibayar" in k) / sum(names.values()), 4),
        "java": round(float(np.isin(where, _JAVA).mean()), 4),
        "java_of_population": round(float(places().share[np.isin(places().province, _JAVA)].sum()), 4),
        "median_order": int(np.median(ordered["value"].to_numpy())),
    }


_JAVA = ["DKI Jakarta", "Jawa Barat", "Jawa Tengah", "DI Yogyakarta", "Jawa Timur", "Banten"]


def _cancelled(out: Path) -> list[str]:
    lines = (line for path in (out / "events").glob("*-a*.jsonl") for line in path.open("rb"))
    return [json.loads(line)["properties"]["reason"] for line in lines if b'"Order Cancelled"' in line]


def _shopee(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    hours = np.bincount(
        [int(row["Waktu Pesanan Dibuat"][11:13]) for row in rows if row["Waktu Pesanan Dibuat"]], minlength=24
    )
    why = [row["Alasan Pembatalan"] for row in rows if row["Alasan Pembatalan"]]
    amounts = [float(row["Total Pembayaran"]) for row in rows if float(row["Total Pembayaran"] or 0) > 0]
    return {
        "hours": (hours / hours.sum()).tolist(),
        "cancelled": round(len(why) / len(rows), 4),
        "cancelled_unpaid": round(sum("belum dibayar" in one for one in why) / len(why), 4),
        "java": round(sum(place.province(row["Provinsi"]) in _JAVA for row in rows) / len(rows), 4),
        "median_order": int(np.median(amounts)),
    }


def _retailrocket(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    sessions: dict[str, set[str]] = defaultdict(set)
    with file.open(encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened):
            sessions[row["SessionId"]].add(row["Type"])
    n = len(sessions)
    carts = sum("addtocart" in kinds for kinds in sessions.values())
    orders = sum("transaction" in kinds for kinds in sessions.values())
    return {
        "sessions": n,
        "carts_per_visit": round(carts / n, 4),
        "orders_per_visit": round(orders / n, 4),
        "orders_per_cart": round(orders / max(carts, 1), 4),
    }
