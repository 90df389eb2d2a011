"""How fast the way in is: over HTTP to a real server, beside what parsing alone and the log alone could do."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import msgspec

from detak.bench.load import Load, Loaded
from detak.bench.traffic import BATCH, stamp, templates
from detak.errors import StoreError
from detak.reading.body import open_plain
from detak.record import Meta
from detak.store.log import Log

_CONNECTIONS: Final = 32
_LIMITS: Final = 2.0  # seconds for each of the two limits
_DRAIN: Final = 300.0
_BURST: Final = 1.0  # seconds
_LOOKS: Final = 40
_MARKED: Final = "Marked"
_MARKER: Final = "marker"
_SHARE: Final = 0.8  # of the sustained rate, while it is looked how soon an event can be seen


class Ingest(msgspec.Struct, frozen=True):
    """Events a second, and milliseconds."""

    cores: int
    batch_bytes: int
    parse_only_events_s: int
    """One core decodes bodies and does nothing else."""
    log_append_events_s: int
    """The log takes bodies, durable, and nothing else happens."""
    burst_events_s: int
    """Acknowledged, that is on the disk, in a second."""
    burst_p50_ms: float
    burst_p99_ms: float
    burst_refused: int
    """Requests that were asked to come again (429): the way in was full."""
    sustained_events_s: int
    """From the first request until everything acknowledged could be queried, once each."""
    sustained_checked: int
    """Events acknowledged in all; as many are among the facts."""
    single_requests_s: int
    """One event a request."""
    single_p99_ms: float
    visible_p50_ms: float
    """From an acknowledgement to the event being found, at ``visible_at_events_s``."""
    visible_max_ms: float
    visible_at_events_s: int
    of_parse_only: float
    """Sustained, as a share of parsing alone."""


class _Server:
    """A server on a store of its own, as a shop runs it."""

    def __init__(self, store: Path) -> None:
        command = [sys.executable, "-m", "detak", "serve", "--store", str(store), "--port", "0", "--json"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ)  # noqa: S603
        if self._process.stdout is None or not (line := self._process.stdout.readline()):
            raise StoreError("the server did not start")
        told = msgspec.json.decode(line)
        self.url, self.key = str(told["url"]), str(told["write_key"])
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=120)
        token = (store / "admin.token").read_text().strip()
        self.admin = {"Authorization": f"Bearer {token}"}
        self.sent = 0
        self.acknowledged = 0
        self.marker: str | None = None

    def load(self, seconds: float, **options: Any) -> Loaded:
        """Put it under load."""
        where = urlsplit(self.url)
        load = Load(where.hostname or "", where.port or 80, self.key, seconds, _CONNECTIONS, first=self.sent, **options)
        command = [sys.executable, "-m", "detak.bench.load"]
        done = subprocess.run(command, input=msgspec.json.encode(load), capture_output=True, check=True)  # noqa: S603
        loaded = msgspec.json.decode(done.stdout, type=Loaded)
        self.sent += loaded.requests
        self.acknowledged += loaded.acknowledged
        if loaded.failed:
            raise StoreError(f"{loaded.failed} requests failed")
        return loaded

    def accepted(self) -> int:
        """Events among the facts."""
        outcomes = self.http.get("/v1/pulse").raise_for_status().json()["outcomes"]
        return int(outcomes.get("accepted", 0))

    def drained(self) -> int:
        """Wait until everything acknowledged is among the facts; how many events those are."""
        until = time.monotonic() + _DRAIN
        while (found := self.accepted()) < self.acknowledged:
            if time.monotonic() > until:
                raise StoreError("the sink did not catch up")
            time.sleep(0.02)
        if found > self.acknowledged:
            raise StoreError(f"{found:,} events among the facts, {self.acknowledged:,} acknowledged")
        return found

    def seen_after(self, number: int) -> float:
        """Seconds from the acknowledgement of one event until the live state counts it, which is after the facts do."""
        message = {"type": "track", "event": _MARKED, "messageId": f"marked-{number}", "anonymousId": "marked"}
        consent = {"consent": {"categoryPreferences": {"analytics": True}}}
        if self.marker is None:
            made = self.http.post(f"/v1/admin/keys/{_MARKER}", headers=self.admin).raise_for_status()
            self.marker = str(made.json()["key"])
        body = {"writeKey": self.marker, "batch": [{**message, "context": consent}]}
        self.http.post("/v1/batch", json=body).raise_for_status()
        began = time.perf_counter()
        self.acknowledged += 1
        counted = f'detak_messages_total{{outcome="accepted",source="{_MARKER}"}} {number + 1}.0'
        while time.perf_counter() - began < _DRAIN:
            if counted in self.http.get("/metrics").raise_for_status().text:
                return time.perf_counter() - began
            time.sleep(0.005)
        raise StoreError("an acknowledged event is not to be found")

    def close(self) -> None:
        """End it."""
        self.http.close()
        self._process.terminate()
        self._process.wait(120)


@contextmanager
def _serving() -> Iterator[_Server]:
    with tempfile.TemporaryDirectory() as folder:
        server = _Server(Path(folder) / "store")
        try:
            yield server
        finally:
            server.close()


def measure(seconds: float) -> Ingest:
    """Run all of it; ``seconds`` for each kind of load.

    Raises:
        StoreError: the server did not do what it must.
    """
    body = stamp(templates(1, 1)[0], 1)
    parse, append = _parse_only(body), _append_only(body)
    with _serving() as server:
        server.load(_BURST)  # warm
        server.drained()
        burst = server.load(_BURST)
        before = server.drained()
        began = time.perf_counter()
        server.load(seconds)
        checked = server.drained()
        sustained = (checked - before) / (time.perf_counter() - began)
        one = server.load(min(seconds, 5), path="/v1/track")
        server.drained()
        visible = _visible(server, sustained * _SHARE, seconds)
        server.drained()
    return Ingest(
        cores=len(os.sched_getaffinity(0)),
        batch_bytes=len(body),
        parse_only_events_s=round(parse),
        log_append_events_s=round(append),
        burst_events_s=round(burst.acknowledged / burst.seconds),
        burst_p50_ms=burst.p50_ms,
        burst_p99_ms=burst.p99_ms,
        burst_refused=burst.refused,
        sustained_events_s=round(sustained),
        sustained_checked=checked,
        single_requests_s=round(one.acknowledged / one.seconds),
        single_p99_ms=one.p99_ms,
        visible_p50_ms=round(visible[len(visible) // 2] * 1000, 1),
        visible_max_ms=round(visible[-1] * 1000, 1),
        visible_at_events_s=round(sustained * _SHARE),
        of_parse_only=round(sustained / parse, 3),
    )


def _visible(server: _Server, events_s: float, seconds: float) -> list[float]:
    """How long single events take to be found while others come in at that rate; sorted."""
    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(server.load, seconds, rate=events_s / BATCH)
        time.sleep(min(1.0, seconds / 4))
        found = []
        for number in range(_LOOKS):
            if beside.done():
                break
            found.append(server.seen_after(number))
        beside.result()
    return sorted(found) or [float("nan")]


def _parse_only(body: bytes) -> float:
    began, rounds = time.perf_counter(), 0
    while time.perf_counter() - began < _LIMITS:
        open_plain(body)
        rounds += 1
    return rounds * BATCH / (time.perf_counter() - began)


def _append_only(body: bytes) -> float:
    with tempfile.TemporaryDirectory() as folder:
        log = Log(Path(folder), queue_bytes=1 << 30)
        slots = threading.Semaphore(_CONNECTIONS)
        meta = Meta("web", 0)
        began, rounds = time.perf_counter(), 0
        while time.perf_counter() - began < _LIMITS:
            slots.acquire()
            log.append(meta, body, lambda _: slots.release())
            rounds += 1
        log.close()
        return rounds * BATCH / (time.perf_counter() - began)
