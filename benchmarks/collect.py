"""The way in over HTTP, batches of 100, beside the log's own append rate and the parse-only ceiling in the same run."""

import asyncio
import base64
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx

from detak.reading.body import open_batch
from detak.reading.wire import Origin, arrive
from detak.record import Meta
from detak.store.log import Log

_BATCH = 100
_SECONDS = 8
_CONNECTIONS = 16


def run(_: Path) -> dict[str, Any]:
    body = _body("x")
    return {
        "batch_bytes": len(body),
        "parse_only_events_s": round(_parse_only(body)),
        "log_append_events_s": round(_append_only(body)),
        **_over_http(),
    }


def _body(mark: str) -> bytes:
    messages = [
        {
            "type": "track",
            "event": "Product Viewed",
            "messageId": f"{mark}-{number}",
            "userId": f"u{number}",
            "timestamp": "2026-11-01T10:00:00Z",
            "context": {"consent": {"categoryPreferences": {"Analytics": True}}, "library": {"name": "bench"}},
            "properties": {"product_id": f"P{number % 50}", "price": 12500, "name": "Mangkok", "category": "Dapur"},
        }
        for number in range(_BATCH)
    ]
    return json.dumps({"batch": messages}).encode()


def _parse_only(body: bytes) -> float:
    origin = Origin("web", time.time_ns() // 1000, False, "IDR")
    began, rounds = time.perf_counter(), 0
    while time.perf_counter() - began < 2:
        envelope = open_batch(body)
        for raw in envelope.batch:
            arrive(raw, origin, envelope)
        rounds += 1
    return rounds * _BATCH / (time.perf_counter() - began)


def _append_only(body: bytes) -> float:
    with tempfile.TemporaryDirectory() as folder:
        log = Log(Path(folder), queue_bytes=1 << 30)
        slots = threading.Semaphore(64)
        meta = Meta("web", 0)
        began, rounds = time.perf_counter(), 0
        while time.perf_counter() - began < 2:
            slots.acquire()
            log.append(meta, body, lambda _: slots.release())
            rounds += 1
        log.close()
        return rounds * _BATCH / (time.perf_counter() - began)


def _over_http() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as store:
        command = [sys.executable, "-m", "detak", "serve", "--store", store, "--port", "0", "--json"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)
        assert server.stdout is not None
        told = json.loads(server.stdout.readline())
        latencies, seconds = asyncio.run(_load(told["url"], told["write_key"]))
        sent = len(latencies) * _BATCH
        applied_after = _drained(told["url"], sent)
        server.terminate()
        server.wait(60)
    latencies.sort()
    return {
        "acknowledged_events_s": round(sent / seconds),
        "p50_ms": round(latencies[len(latencies) // 2] * 1000, 1),
        "p99_ms": round(latencies[int(len(latencies) * 0.99)] * 1000, 1),
        "sustained_events_s": round(sent / (seconds + applied_after)),
        "connections": _CONNECTIONS,
    }


async def _load(url: str, key: str) -> tuple[list[float], float]:
    headers = {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}
    latencies: list[float] = []
    until = time.perf_counter() + _SECONDS

    async def worker(client: httpx.AsyncClient, number: int) -> None:
        turn = 0
        while time.perf_counter() < until:
            body = _body(f"{number}-{turn}")
            turn += 1
            began = time.perf_counter()
            answer = await client.post("/v1/batch", content=body)
            if answer.status_code == 200:
                latencies.append(time.perf_counter() - began)

    began = time.perf_counter()
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=60) as client:
        await asyncio.gather(*(worker(client, number) for number in range(_CONNECTIONS)))
    return latencies, time.perf_counter() - began


def _drained(url: str, sent: int) -> float:
    """Seconds until everything acknowledged is among the facts."""
    began = time.perf_counter()
    while httpx.get(f"{url}/v1/pulse", trust_env=False).json()["outcomes"].get("accepted", 0) < sent:
        if time.perf_counter() - began > 120:
            raise RuntimeError("the sink did not catch up")
        time.sleep(0.05)
    return time.perf_counter() - began
