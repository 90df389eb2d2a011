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
_END: Final = b"\r\n\r\n"  # of the head of an answer
_LOST: Final = 0  # the status of what was never answered
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


class _Asking(asyncio.Protocol):
    """One connection, one request at a time. ``answered`` gets the status once the whole answer was read."""

    def __init__(self) -> None:
        self.answered: asyncio.Future[int] | None = None
        self._read = b""
        self._size = 0  # of the whole answer, once its head was read

    def data_received(self, data: bytes) -> None:
        read = self._read = self._read + data if self._read else data
        if not self._size:
            end = read.find(_END)
            if end < 0:
                return
            self._size = end + len(_END) + _length(read[:end])
        if len(read) >= self._size:
            self._read, self._size = b"", 0
            self._tell(int(read[9:12]))

    def connection_lost(self, _: Exception | None) -> None:
        self._tell(_LOST)

    def _tell(self, status: int) -> None:
        if self.answered is not None and not self.answered.done():
            self.answered.set_result(status)


def _length(head: bytes) -> int:
    """How long the body behind a head is."""
    _, named, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if named else 0


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
        """Ask over one connection until the time is over."""
        loop = asyncio.get_running_loop()
        link, asking = await loop.create_connection(_Asking, self.load.host, self.load.port)
        while time.perf_counter() < self.until:
            number, request = self.number, self.next_request()
            await self._pace(number)
            began = time.perf_counter()
            answered = asking.answered = loop.create_future()
            link.write(request)
            status = await answered
            if status == 200:
                self.latencies.append(time.perf_counter() - began)
            elif status in (429, 503):
                self.refused += 1
                await asyncio.sleep(0.05)
            else:
                self.failed += 1
                if status == _LOST:
                    return
        link.close()

    async def _pace(self, number: int) -> None:
        if self.load.rate:
            due = self.began + (number - self.load.first) / self.load.rate
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)

    def result(self) -> Loaded:
        seconds = time.perf_counter() - self.began
        times = sorted(self.latencies) or [0.0]
        p50, p99, worst = (times[int((len(times) - 1) * share)] * 1000 for share in (0.5, 0.99, 1))
        events = len(self.latencies) * (BATCH if self.batches else 1)
        sent = self.number - self.load.first
        return Loaded(events, self.refused, self.failed, seconds, round(p50, 2), round(p99, 2), round(worst, 1), sent)


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
