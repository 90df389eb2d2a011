"""How fast decisions are: over HTTP to a real server that knows a million people, the load generator beside it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import httpx
import msgspec
import numpy as np
import pyarrow as pa

from detak.bench.load import Load, Loaded
from detak.bench.traffic import person, question, stamp
from detak.engine import Engine
from detak.errors import StoreError
from detak.event import ITEMS
from detak.learning import learn_products
from detak.store.base import Batch, empty
from detak.store.duckdb import DuckStore
from detak.store.vault import Vault

_CONNECTIONS: Final = 16
_TOUCHES: Final = 5  # of each person
_FITTED: Final = 50_000  # people whose touches the models are fitted on: what is measured is answering, not fitting
_SHELF: Final = 50  # products that are looked at together
_SOURCE: Final = "web"
_SETTINGS: Final = """
refit_minutes = 0
seal_seconds = 3600

[sources.web]
basis = "legitimate_interest"
purposes = ["essential", "analytics", "personalisation"]
private_key = true
"""
_AT_ONCE: Final = 5_000


class Shop(NamedTuple):
    """Its size."""

    people: int
    products: int


class Timed(msgspec.Struct, frozen=True):
    """At so many questions a second. Milliseconds from the question to the answer, which is on the disk by then."""

    rate: int
    answered_per_s: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    server_cpu_ms: float


class Decided(msgspec.Struct, frozen=True):
    """Questions of four placements with twelve products each."""

    cores: int
    people: int
    products: int
    placements: int
    most_per_s: int
    """Answered a second, as many as there can be."""
    most_p50_ms: float
    most_p99_ms: float
    server_cpu_ms: float
    """Processor time of the serving process for one question: what is left when the machine is busy with other work."""
    at_rates: list[Timed]
    refused: int
    memory_mb: int
    """Of the server."""
    bare_per_s: int
    """Answers of the same length a second from a route that does nothing, by the same server and load generator: what
    HTTP alone allows."""
    bare_p99_ms: float
    bare_cpu_ms: float


def measure_decisions(shop: Shop, seconds: float, rates: Sequence[int], store: Path | None) -> Decided:
    """Fill a store, serve it, and ask.

    Raises:
        StoreError: the server did not do what it must.
    """
    with tempfile.TemporaryDirectory() as folder:
        where = store or Path(folder) / "store"
        if not (where / "models.npz").exists():
            _fill(where, shop)
        return _serve(where, shop, seconds, rates)


def _fill(folder: Path, shop: Shop) -> None:
    """People who looked at a few products each, most of them from one shelf; a catalogue; fitted models."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "detak.toml").write_text(_SETTINGS)
    subjects = np.arange(1, shop.people + 1) * 7_919
    vault = Vault(folder / "vault.db")
    vault.write({("user", person(f"{at:08x}")): int(one) for at, one in enumerate(subjects)}, {}, [])
    vault.flush()
    vault.close()
    some = min(_FITTED, shop.people)
    _append(folder, subjects[:some], shop.products, 1)
    with Engine(folder) as engine:
        for first in range(0, shop.products, _AT_ONCE):
            ids = range(first, min(first + _AT_ONCE, shop.products))
            engine.catalogue.put([_product(one) for one in ids], "api")
        engine.models.fit()
    if some < shop.people:
        _append(folder, subjects[some:], shop.products, 2)
    with Engine(folder) as engine:  # else the beat would, for the first time, while decisions are measured
        learn_products(engine.gate, engine.catalogue, engine.settings.currency)


def _product(number: int) -> dict[str, object]:
    money = {"currency": "IDR"}
    return {
        "id": f"P{number:06d}",
        "name": f"Barang {number}",
        "price": {"amount": 10_000 + number, **money},
        "cost": {"amount": 7_000, **money},
        "category": ["Toko", f"Rak {number // _SHELF % 40}"],
        "stock": 10,
    }


def _append(folder: Path, subjects: "np.ndarray[tuple[int], np.dtype[np.int64]]", products: int, seed: int) -> None:
    """Touches of these people, straight into sealed facts."""
    rng = np.random.default_rng(seed)
    n = len(subjects) * _TOUCHES
    shelf = np.repeat(rng.integers(0, max(products // _SHELF, 1), len(subjects)), _TOUCHES)
    item = (shelf * _SHELF + rng.pareto(1.2, n).astype(np.int64) * 3 % _SHELF) % products
    stray = rng.random(n) < 0.3
    item[stray] = (rng.pareto(1.1, int(stray.sum())) * 200).astype(np.int64) % products
    time = 1_790_000_000_000_000 + np.arange(n) * 100
    names = pa.array([f"P{one:06d}" for one in range(products)])
    known = {
        "event_id": pa.array(np.arange(n) + seed * 10**12),
        "subject": pa.array(np.repeat(subjects, _TOUCHES)),
        "time": pa.array(time).cast(pa.timestamp("us")),
        "received": pa.array(time).cast(pa.timestamp("us")),
        "event": pa.array(np.full(n, "Product Viewed", object), pa.string()),
        "source": pa.array(np.full(n, _SOURCE, object), pa.string()),
        "purposes": pa.array(np.full(n, 7, np.int16)),
        "line": pa.array(np.zeros(n, np.int32)),
        "product_id": names.take(pa.array(item)),
    }
    columns = [known.get(field.name, pa.nulls(n, field.type)) for field in ITEMS]
    store = DuckStore(folder / "facts", part_rows=2_000_000, memory="4GB")
    rows = pa.Table.from_arrays(columns, schema=ITEMS)
    store.append(Batch(empty("events"), rows, empty("volumes"), store.offset + 1))
    store.seal()
    store.close()


def _serve(folder: Path, shop: Shop, seconds: float, rates: Sequence[int]) -> Decided:
    with _served(["detak", "serve", "--store", str(folder), "--port", "0", "--json"]) as (process, told):
        load = _Loading(str(told["url"]), str(told["write_key"]), shop.people)
        answer = load.warm()
        most, spent = _spending(process, partial(load.run, seconds, 0, 1))
        timed, refused = [], most.refused
        for turn, rate in enumerate(rates, 2):
            one, each = _spending(process, partial(load.run, seconds, rate, turn))
            timed.append(Timed(rate, _per_second(one), one.p50_ms, one.p99_ms, one.max_ms, each))
            refused += one.refused
        memory = _memory(process)
    with _served(["detak.bench.bare", str(answer)]) as (process, told):
        load = _Loading(str(told["url"]), "none", shop.people)
        bare, bare_spent = _spending(process, partial(load.run, seconds, 0, 1))
    return Decided(
        len(os.sched_getaffinity(0)), shop.people, shop.products, 4,
        _per_second(most), most.p50_ms, most.p99_ms, spent, timed, refused, memory,
        _per_second(bare), bare.p99_ms, bare_spent,
    )  # fmt: skip


@contextmanager
def _served(module: Sequence[str]) -> Iterator[tuple[int, dict[str, object]]]:
    """A server that runs meanwhile: its process, and what it says of itself."""
    process = subprocess.Popen([sys.executable, "-m", *module], stdout=subprocess.PIPE, env=os.environ)  # noqa: S603
    try:
        if process.stdout is None or not (line := process.stdout.readline()):
            raise StoreError("the server did not start")
        yield process.pid, msgspec.json.decode(line)
    finally:
        process.terminate()
        process.wait(300)


def _spending(process: int, load: Callable[[], Loaded]) -> tuple[Loaded, float]:
    """What came of a load, and the processor time that a process spent on each request, milliseconds."""
    before = _cpu(process)
    found = load()
    return found, round((_cpu(process) - before) * 1000 / max(found.requests, 1), 3)


def _per_second(loaded: Loaded) -> int:
    return round(loaded.requests / loaded.seconds)


class _Loading:
    def __init__(self, url: str, key: str, people: int) -> None:
        self._url, self._key, self._people = url, key, people

    def warm(self) -> int:
        """The first question waits until everything is in memory; some more until every list was looked up once. How
        many bytes an answer has."""
        body = {"placements": [{"name": "home"}], "writeKey": self._key}
        httpx.post(f"{self._url}/v1/decide", json=body, timeout=600, trust_env=False).raise_for_status()
        self.run(2.0, 0, 0)
        body = msgspec.json.decode(stamp(question(), 1))
        answer = httpx.post(f"{self._url}/v1/decide", json={**body, "writeKey": self._key}, timeout=60, trust_env=False)
        return len(answer.raise_for_status().content)

    def run(self, seconds: float, rate: int, turn: int) -> Loaded:
        """Ask for so long."""
        where = urlsplit(self._url)
        load = Load(
            where.hostname or "", where.port or 80, self._key, seconds, _CONNECTIONS, "/v1/decide", rate,
            first=turn * 100_003, people=self._people,
        )  # fmt: skip
        command = [sys.executable, "-m", "detak.bench.load"]
        done = subprocess.run(command, input=msgspec.json.encode(load), capture_output=True, check=True)  # noqa: S603
        loaded = msgspec.json.decode(done.stdout, type=Loaded)
        if loaded.failed:
            raise StoreError(f"{loaded.failed} questions failed")
        return loaded


def _cpu(process: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(process: int) -> int:
    """What a process holds, in MB."""
    told = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in told.splitlines() if line.startswith("VmRSS"))) // 1024
