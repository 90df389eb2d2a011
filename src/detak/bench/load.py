"""A load generator: keeps connections busy and says what was acknowledged, and how soon. A process of its own.

It speaks HTTP on plain sockets, so that most of a core is left to what is measured. It reads a ``Load`` from its
standard input and writes a ``Loaded`` to its standard output.
"""

import asyncio
import sys
import time
from typing import Final

import msgspec
import uvloop

from detak.bench.traffic import BATCH, question, single, stamp, templates

_TEMPLATES: Final = 24
_STRIDE: Final = 7_919  # prime: everybody is asked for once before anybody is again


class Load(msgspec.Struct, frozen=True):
    """What to send."""

    host: str
    port: int
    key: str
    seconds: float
    connections: int
    path: str = "/v1/batch"
    rate: float = 0  # requests a second; 0: as many as are answered
    first: int = 0  # number of the first body
    people: int = 0  # of whom questions are asked, in no order
    seed: int = 1


class Loaded(msgspec.Struct, frozen=True):
    """What became of it. Milliseconds from the request to its acknowledgement."""

    acknowledged: int
    """events"""
    refused: int
    """requests answered 429 or 503: to be sent again later"""
    failed: int
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    requests: int


class _Run:
    def __init__(self, load: Load) -> None:
        self.load = load
        self.batches = load.path.endswith("/batch")
        if load.people:
            self.templates = [question()]
        else:
            self.templates = templates(_TEMPLATES, load.seed) if self.batches else [single(load.seed)]
        self.head = (
            f"POST {load.path} HTTP/1.1\r\nHost: {load.host}:{load.port}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {load.key}\r\nContent-Length: "
        ).encode()
        self.number = load.first
        self.began = time.perf_counter()
        self.until = self.began + load.seconds
        self.latencies: list[float] = []
        self.refused = self.failed = 0

    def next_request(self) -> bytes:
        number = self.number * _STRIDE % self.load.people if self.load.people else self.number
        body = stamp(self.templates[self.number % len(self.templates)], number)
        self.number += 1
        return self.head + str(len(body)).encode() + b"\r\n\r\n" + body

    async def keep_busy(self) -> None:
        reader, writer = await asyncio.open_connection(self.load.host, self.load.port, limit=1 << 20)
        while time.perf_counter() < self.until:
            number, request = self.number, self.next_request()
            await self._pace(number)
            began = time.perf_counter()
            writer.write(request)
            status = await _status(reader)
            if status == 200:
                self.latencies.append(time.perf_counter() - began)
            elif status in (429, 503):
                self.refused += 1
                await asyncio.sleep(0.05)
            else:
                self.failed += 1
        writer.close()

    async def _pace(self, number: int) -> None:
        if self.load.rate:
            due = self.began + (number - self.load.first) / self.load.rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))

    def result(self) -> Loaded:
        seconds = time.perf_counter() - self.began
        times = sorted(self.latencies) or [0.0]
        p50, p99, worst = (times[int((len(times) - 1) * share)] * 1000 for share in (0.5, 0.99, 1))
        events = len(self.latencies) * (BATCH if self.batches else 1)
        sent = self.number - self.load.first
        return Loaded(events, self.refused, self.failed, seconds, round(p50, 2), round(p99, 2), round(worst, 1), sent)


async def _status(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    at = head.lower().find(b"content-length:")
    if at >= 0:
        await reader.readexactly(int(head[at + 15 : head.index(b"\r\n", at)]))
    return status


async def _drive(load: Load) -> Loaded:
    run = _Run(load)
    await asyncio.gather(*(run.keep_busy() for _ in range(load.connections)))
    return run.result()


def main() -> None:
    """The process itself."""
    load = msgspec.json.decode(sys.stdin.buffer.read(), type=Load)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.stdout.buffer.write(msgspec.json.encode(runner.run(_drive(load))))


if __name__ == "__main__":
    main()
