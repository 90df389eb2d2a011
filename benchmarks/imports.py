"""Importing real files: seconds from the command to the answer, beside the time only to read the file."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from detak.sources.base import Parcel, Reading, find
from detak.sources.complete_journey import installed


def run(data: Path) -> list[dict[str, Any]]:
    files = [
        data / "indonesia-shopee-orders" / "all_months_clean.xlsx",
        data / "online-retail" / "online_retail.parquet",
        installed() / "transactions.parquet",
    ]
    return [_measure(file) for file in files if file.exists()]


def _measure(file: Path) -> dict[str, Any]:
    began = time.perf_counter()
    reading = Reading(ZoneInfo("Asia/Jakarta"), "IDR", datetime.now(UTC))
    rows = sum(len(one.rows) if isinstance(one, Parcel) else 1 for one in find("auto", file).read(file, reading))
    read = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as store:
        first, again = _command(file, store), _command(file, store)
    return {
        "file": file.name,
        "rows": rows,
        "read_seconds": round(read, 2),
        "import_seconds": round(first["seconds"], 2),
        "import_over_read": round(first["seconds"] / read, 2),
        "peak_mb": first["peak_mb"],
        "accepted": first["accepted"],
        "rejected": first["rejected"],
        "again_accepted": again["accepted"],
        "again_seconds": round(again["seconds"], 2),
    }


def _command(file: Path, store: str) -> dict[str, Any]:
    """The command in its own process, as a person runs it."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "detak", "import", str(file), "--store", store, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return {**json.loads(done.stdout), "seconds": seconds, "peak_mb": peak}
