"""A process that decodes the log beside the one that serves: bodies to columns is most of the work on an event.

It reads the log's segments itself, so that only columns travel. It knows nothing, holds nothing, and ends when its
parent does. Whatever goes wrong with it, the parent decodes by itself.

Frames on both pipes are a length (8 bytes, little-endian) and as many bytes.
"""

import gc
import logging
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, Final

import msgspec
import pyarrow as pa

from detak.errors import DetakError
from detak.reading.decided import Asker, Told
from detak.reading.decode import Decoded, Head, Refused, decode, heads
from detak.reading.intake import PLAN, Intake
from detak.reading.wire import Refusal
from detak.record import Meta
from detak.settings import Settings
from detak.store.log import read_segments, segments_of

PROGRAM: Final = f"from detak.arrow import without_pandas; without_pandas(); from {__name__} import main; main()"
_LENGTH: Final = 8
_log = logging.getLogger("detak.decoding")


class _Start(msgspec.Struct):
    folder: str
    settings: Settings


class _Request(msgspec.Struct, array_like=True):
    offset: int
    until: int
    end: int


class _Reply(msgspec.Struct, array_like=True):
    """What was read; ``events``, ``items`` and ``shown`` are Arrow IPC streams."""

    heads: list[tuple[int, Meta]]
    messages: list[int]
    refused: list[tuple[int, int, tuple[str, str, str], bytes, str | None, bytes]]
    events: bytes
    items: bytes
    askers: list[Asker]
    shown: bytes


class Decoder:
    """The process, as its parent sees it. One thread uses it.

    Args:
        folder: of the log.
        settings: the shop's.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._start = msgspec.msgpack.encode(_Start(str(folder), settings))
        self._process: subprocess.Popen[bytes] | None = None
        self._asked: int | None = None

    @property
    def asked(self) -> int | None:
        """The offset of what it is working on, if anything."""
        return self._asked

    def ask(self, offset: int, until: int, end: int) -> None:
        """Have it decode the records from ``offset`` to ``until``; ``end`` is the end of what is durable.

        Raises:
            OSError: there is no such process, and none can be started.
        """
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-c", PROGRAM]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
            _send(self._process.stdin, self._start)
        _send(self._process.stdin, msgspec.msgpack.encode(_Request(offset, until, end)))
        self._asked = offset

    def answer(self) -> tuple[list[Head], Decoded]:
        """What it was asked for.

        Raises:
            OSError: it is gone.
            ValueError: it could not do it.
        """
        self._asked = None
        if self._process is None:
            raise OSError("there is no process")
        reply = msgspec.msgpack.decode(_receive(self._process.stdout), type=_Reply)
        refused = [Refused(one[0], one[1], Refusal(*one[2]), one[3], one[4], one[5]) for one in reply.refused]
        events, items, shown = map(_table, (reply.events, reply.items, reply.shown))
        decoded = Decoded(events, items, refused, reply.messages, Told(reply.askers, shown))
        return [Head(end, meta) for end, meta in reply.heads], decoded

    def close(self) -> None:
        """End it."""
        process, self._process, self._asked = self._process, None, None
        if process is not None:
            process.kill()
            process.communicate()


def main() -> None:
    """The process itself."""
    gc.disable()  # what is decoded refers to nothing that refers back to it
    into, out = sys.stdin.buffer, sys.stdout.buffer
    try:
        start = msgspec.msgpack.decode(_receive(into), type=_Start)
        folder = Path(start.folder)
        intake = Intake(start.settings, folder.parent / PLAN)
        while True:
            request = msgspec.msgpack.decode(_receive(into), type=_Request)
            _send(out, _answer(request, folder, intake))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return  # the parent is gone, or about to go


def _answer(request: _Request, folder: Path, intake: Intake) -> bytes:
    try:
        records = read_segments(folder, segments_of(folder), request.offset, request.until, request.end)
        decoded = decode(records, intake)
    except (DetakError, OSError, ValueError, TypeError, KeyError, ArithmeticError, RecursionError):
        return b""  # the parent finds out why
    told = [(one.end, one.meta) for one in heads(records)]
    refused = [(one.at, one.record, tuple(one.refusal), *one[3:]) for one in decoded.refused]
    askers, shown = decoded.decided
    events, items, rows = map(_stream, (decoded.events, decoded.items, shown))
    return msgspec.msgpack.encode((told, decoded.messages, refused, events, items, askers, rows))


def _stream(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue())


def _table(stream: bytes) -> pa.Table:
    return pa.ipc.open_stream(pa.py_buffer(stream)).read_all()


def _send(pipe: IO[bytes] | Any, data: bytes) -> None:
    pipe.write(len(data).to_bytes(_LENGTH, "little"))
    pipe.write(data)
    pipe.flush()


def _receive(pipe: IO[bytes] | Any) -> bytes:
    """One frame.

    Raises:
        EOFError: the other side is gone.
    """
    length = int.from_bytes(_exactly(pipe, _LENGTH), "little")
    return _exactly(pipe, length)


def _exactly(pipe: IO[bytes] | Any, length: int) -> bytes:
    data: bytes = pipe.read(length)
    if len(data) < length:
        raise EOFError("the pipe ended")
    return data
