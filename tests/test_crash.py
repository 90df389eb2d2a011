"""Killed in the middle: what was acknowledged is there after the restart, once."""

import base64
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from detak.consent import Purpose
from detak.engine import Engine
from detak.settings import load

_SETTINGS = """
seal_rows = 3000
seal_seconds = 1

[sources.web]
basis = "legitimate_interest"
purposes = ["essential", "analytics"]
"""


def start(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "detak", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")},
    )


def order_ids(store: Path) -> Counter[str]:
    """How often each order is among the facts, read after a restart."""
    with Engine(store, load(store / "detak.toml"), wait=20) as engine:
        engine.settle()
        with engine.gate.events(Purpose.ANALYTICS, before=datetime.now(UTC), why="test") as granted:
            orders = granted.run(granted.facts.events.select("order_id"))
    return Counter(orders["order_id"].to_pylist())


def flood(url: str, key: str, worker: int, acknowledged: list[str], stop: threading.Event) -> None:
    """Send batches of ten orders until the server is gone; note those it acknowledged."""
    auth = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
    with httpx.Client(base_url=url, headers={"Authorization": auth}, trust_env=False) as client:
        for number in range(10_000):
            ids = [f"{worker}-{os.getpid()}-{time.monotonic_ns()}-{number}-{one}" for one in range(10)]
            batch = [
                {"type": "track", "event": "Order Completed", "messageId": one, "properties": {"order_id": one}}
                for one in ids
            ]
            try:
                answer = client.post("/v1/batch", json={"batch": batch})
            except httpx.HTTPError:
                return
            if answer.status_code == 200:
                acknowledged += ids
            if stop.is_set():
                return


@pytest.mark.parametrize("seed", range(3))
def test_live_events_survive_a_kill(tmp_path: Path, seed: int) -> None:
    (tmp_path / "detak.toml").write_text(_SETTINGS)
    rng = random.Random(seed)
    acknowledged: list[str] = []
    for _ in range(2):
        server = start("serve", "--store", str(tmp_path), "--port", "0", "--json")
        assert server.stdout is not None
        told = json.loads(server.stdout.readline())
        stop = threading.Event()
        workers = [
            threading.Thread(target=flood, args=(told["url"], told["write_key"], one, acknowledged, stop))
            for one in range(3)
        ]
        for worker in workers:
            worker.start()
        time.sleep(rng.uniform(0.3, 2.0))
        server.send_signal(signal.SIGKILL)
        stop.set()
        for worker in workers:
            worker.join()
        server.communicate()
    reported = start("report", "timing", "--store", str(tmp_path), "--json")
    timing = json.loads(reported.communicate(timeout=60)[0])
    assert sum(cell["orders"] for cell in timing["cells"]) >= len(acknowledged)  # at once, without a server
    found = order_ids(tmp_path)
    assert len(acknowledged) > 100
    assert [one for one in acknowledged if found[one] != 1] == []
    assert max(found.values()) == 1


@pytest.mark.parametrize("seed", range(3))
def test_an_import_survives_a_kill(tmp_path: Path, seed: int) -> None:
    rows = 12_000
    file = tmp_path / "orders.jsonl"
    with file.open("w") as lines:
        for number in range(rows):
            event = {
                "type": "track",
                "event": "Order Completed",
                "messageId": f"m{number}",
                "userId": f"u{number % 99}",
            }
            event |= {"timestamp": "2026-10-01T10:00:00Z", "properties": {"order_id": f"O{number}", "total": 1000}}
            lines.write(json.dumps(event) + "\n")
    store = tmp_path / "store"
    store.mkdir()
    (store / "detak.toml").write_text(_SETTINGS)
    importing = start("import", str(file), "--source", "segment", "--store", str(store), "--json")
    time.sleep(random.Random(seed).uniform(1.0, 2.5))
    importing.send_signal(signal.SIGKILL)
    importing.communicate()
    again = start("import", str(file), "--source", "segment", "--store", str(store), "--json")
    out, err = again.communicate(timeout=60)
    told = json.loads(out)
    assert (told["read"], told["accepted"] + told["duplicates"], told["rejected"]) == (rows, rows, 0), err
    found = order_ids(store)
    assert len(found) == rows
    assert max(found.values()) == 1
