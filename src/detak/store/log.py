"""The way in: an append-only log of raw bodies. What it acknowledged is on the disk.

Appends that arrive together share one write and one ``fdatasync`` (group commit). A record's offset counts the bytes
since the log began; segment files are named by the offset of their first record and are deleted once sealed. A torn
record at the end of the last segment, left by a crash, was never acknowledged and is cut off.
"""

import logging
import os
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import accumulate, pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec

from detak.errors import BusyError, RowError, StoreError
from detak.record import Entry, Meta, Record
from detak.store.files import remove, sync_folder
from detak.vitals import Stopwatch

_HEAD = struct.Struct("<IIH")  # length of meta and body together, CRC-32 of the two, length of meta
_SEGMENT_BYTES = 64 * 1024 * 1024
_RECORD_LIMIT = 64 * 1024 * 1024
_META_LIMIT = 2**16 - 1
_PLENTY = 1024 * 1024  # bytes of decisions that a reader is woken for
_log = logging.getLogger("detak.log")

Done = Callable[[int | Exception], None]
"""Called once with the offset behind the record when it is durable, or with what went wrong."""


_encode_meta = msgspec.msgpack.Encoder().encode
_decode_meta = msgspec.msgpack.Decoder(Meta).decode


class _Framed(NamedTuple):
    frame: bytes
    done: Done
    presses: bool
    """Somebody may wait for what comes of it: it is no decision, which was answered already."""


def _frame(meta: Meta, body: bytes) -> bytes:
    head = _encode_meta(meta)
    if len(head) + len(body) > _RECORD_LIMIT or len(head) > _META_LIMIT:
        raise RowError("body", f"is larger than {_RECORD_LIMIT // 1024 // 1024} MB")
    return _HEAD.pack(len(head) + len(body), zlib.crc32(body, zlib.crc32(head)), len(head)) + head + body


class Log:
    """The log in one folder. One process writes; any thread appends; one reader follows it.

    Args:
        folder: where the segment files lie; made if absent.
        queue_bytes: how much may wait to be written before ``append`` says busy.
        start: where the sealed facts have come to. What lies wholly before it is deleted, and no record may end
            there again: a log that stops short of it goes on at it.

    Raises:
        StoreError: a segment is missing or damaged before its end.
    """

    def __init__(self, folder: Path, *, queue_bytes: int, start: int = 0) -> None:
        self._folder = folder
        self._queue_bytes = queue_bytes
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._segments = self._kept(start)
        self._end = self._recover(start)
        self._file = self._path(self._segments[-1]).open("r+b", buffering=0)
        self._file.seek(self._end - self._segments[-1])
        self._pressing = self._end
        self._told = self._end  # where the log ended when a reader was woken last
        self._waiting: list[_Framed] = []
        self._waiting_bytes = 0
        self.commits = Stopwatch()
        """How long it takes to make requests durable."""
        self._closed = False
        self._io = threading.Lock()  # held while the file is written or changed; taken before _change
        self._change = threading.Condition()
        self._grown = threading.Condition()
        self._writer = threading.Thread(target=self._write, name="detak-log", daemon=True)
        self._writer.start()

    @property
    def end(self) -> int:
        """The offset behind the last durable record."""
        return self._end

    @property
    def folder(self) -> Path:
        """Where the segment files lie."""
        return self._folder

    @property
    def begin(self) -> int:
        """The offset of the oldest record still kept."""
        return self._segments[0]

    def append(self, meta: Meta, body: bytes, done: Done) -> None:
        """Queue a body; ``done`` is called from the writer's thread once it is durable.

        Raises:
            BusyError: too much is waiting; nothing was queued.
            RowError: the body is larger than a record may be.
            StoreError: the log is closed.
        """
        self.append_all([Entry(meta, body, done)])

    def append_all(self, entries: Sequence[Entry]) -> None:
        """Queue bodies that are written together; each ``done`` is called as by ``append``.

        Raises:
            BusyError: too much is waiting; nothing was queued.
            RowError: a body is larger than a record may be; nothing was queued.
            StoreError: the log is closed.
        """
        framed = [_Framed(_frame(meta, body), done, not meta.decided) for meta, body, done in entries]
        size = sum(len(one.frame) for one in framed)
        with self._change:
            if self._closed:
                raise StoreError("the log is closed")
            if self._waiting_bytes + size > self._queue_bytes:
                raise BusyError("the way in is full")
            self._waiting += framed
            self._waiting_bytes += size
            self._change.notify()

    def read(self, offset: int, limit: int) -> list[Record]:
        """Durable records from ``offset`` on, about ``limit`` bytes of them; empty at the end.

        Raises:
            StoreError: a record is damaged, or the offset is none of a record kept.
        """
        return read_segments(self._folder, list(self._segments), offset, min(self._end, offset + limit), self._end)

    @property
    def pressing(self) -> int:
        """The offset behind the last durable record that is no decision: nobody waits for those to become facts."""
        return self._pressing

    def wait(self, offset: int, seconds: float) -> bool:
        """Wait until something behind ``offset`` presses, decisions have piled up there, or a ``wake``; whether there
        is anything behind it."""
        with self._grown:
            if self._pressing <= offset and self._end - offset < _PLENTY and not self._closed:
                self._told = offset
                self._grown.wait(seconds)
            return self._end > offset

    def wake(self) -> None:
        """Let a waiting reader look around although nothing was written."""
        with self._grown:
            self._grown.notify_all()

    def drop(self, offset: int) -> None:
        """Delete what lies wholly before ``offset``: it is sealed. With everything sealed no byte of it remains.

        Where something behind ``offset`` shares its segment, a new one begins, so that the next call can delete it.

        Raises:
            OSError: the disk does not take the new segment, or keeps the old one.
        """
        with self._io:
            if offset > self._segments[-1] and self._end > self._segments[-1]:
                self._rotate()
            keep = max((one for one in self._segments if one <= offset), default=self._segments[0])
            gone = [one for one in self._segments if one < keep]
            self._segments = [one for one in self._segments if one >= keep]
        self._delete(gone)

    def close(self) -> None:
        """Write what waits, then close."""
        with self._change:
            self._closed = True
            self._change.notify()
        self._writer.join()
        self._file.close()
        self.wake()

    def _path(self, segment: int) -> Path:
        return _segment(self._folder, segment)

    def _kept(self, start: int) -> list[int]:
        """The segments that hold something behind ``start``, or a first one; the others are deleted."""
        found = segments_of(self._folder)
        if found and found[0] > start:
            raise StoreError(f"{self._folder}: begins at {found[0]}, but the facts end at {start}: some are missing")
        over = [one for one, following in pairwise(found) if following <= start]
        self._delete(over)
        return found[len(over) :] or self._fresh(start)

    def _fresh(self, start: int) -> list[int]:
        self._path(start).touch()
        sync_folder(self._folder)
        return [start]

    def _recover(self, start: int) -> int:
        """Find the end of the last segment, cut off what is torn behind it, and the offset of the end."""
        for segment, following in pairwise(self._segments):
            if segment + self._path(segment).stat().st_size != following:
                raise StoreError(f"{self._path(segment)}: is damaged; the log goes on at {following}")
        last = self._segments[-1]
        path = self._path(last)
        size = path.stat().st_size
        end = max(last, start)  # what is sealed need not be whole any more
        for record in _scan(path, last, end, last + size):
            end = record.end
        if end > last + size:
            _log.warning("%s: ends at byte %d, before the sealed facts do; a new segment goes on there", path, size)
            self._segments = self._fresh(end)
            self._delete([last])
            return end
        if torn := last + size - end:
            _log.warning("%s: the last %d bytes are no whole record and were cut off", path, torn)
            with path.open("r+b") as file:
                file.truncate(end - last)
                os.fsync(file.fileno())
        return end

    def _delete(self, segments: list[int]) -> None:
        for segment in segments:
            remove(self._path(segment))
        if segments:
            sync_folder(self._folder)

    def _write(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._waiting or self._closed)
                batch, self._waiting = self._waiting, []
                if not batch:
                    return
            with self._io:
                self._commit(batch)
            with self._change:
                self._waiting_bytes -= sum(len(one.frame) for one in batch)

    def _commit(self, batch: list[_Framed]) -> None:
        began = time.perf_counter()
        try:
            self._write_all(b"".join([one.frame for one in batch]))
            self.commits.add(time.perf_counter() - began)
        except (OSError, MemoryError) as error:
            failure = StoreError(f"the log cannot be written: {getattr(error, 'strerror', None) or 'out of memory'}")
            for one in batch:
                _tell(one.done, failure)
            return
        ends = list(accumulate((len(one.frame) for one in batch), initial=self._end))[1:]
        self._grow(ends[-1], any(one.presses for one in batch))
        for one, end in zip(batch, ends, strict=True):
            _tell(one.done, end)
        if self._end - self._segments[-1] >= _SEGMENT_BYTES:
            with suppress(OSError):  # a disk too full for a new segment: the old one grows
                self._rotate()

    def _grow(self, end: int, presses: bool) -> None:
        with self._grown:
            self._end = end
            if presses:
                self._pressing = end
            if presses or end - self._told >= _PLENTY:
                self._told = end
                self._grown.notify_all()

    def _write_all(self, data: bytes) -> None:
        good = self._end - self._segments[-1]
        try:
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
            os.fdatasync(self._file.fileno())
        except OSError:
            # A full disk or a failed sync: take back what was half written, so that the next record starts clean.
            self._file.seek(good)
            self._file.truncate(good)
            raise

    def _rotate(self) -> None:
        """Begin a new segment; the caller holds ``_io``. What a failed write left in the old one is taken back."""
        os.truncate(self._path(self._segments[-1]), self._end - self._segments[-1])
        path = self._path(self._end)
        file = path.open("wb", buffering=0)
        try:
            sync_folder(self._folder)
        except OSError:
            file.close()
            remove(path)
            raise
        if self._file.closed:
            file.close()
        self._file.close()
        self._file = file
        self._segments.append(self._end)


def read_segments(folder: Path, segments: list[int], offset: int, until: int, end: int) -> list[Record]:
    """Records from ``offset`` on, up to the one that reaches ``until``; nothing behind ``end`` is durable.

    Raises:
        StoreError: a record is damaged, or the offset is none of a record kept.
    """
    records: list[Record] = []
    while offset < until:
        segment = max((one for one in segments if one <= offset), default=None)
        if segment is None:
            raise StoreError(f"the log begins at {min(segments, default=end)}, past {offset}: records are missing")
        before = offset
        for record in _scan(_segment(folder, segment), segment, offset, end):
            records.append(record)
            offset = record.end
            if offset >= until:
                break
        if offset == before:
            if records:
                break  # what came before the damage goes in; the next call says what is wrong
            path = _segment(folder, segment)
            raise StoreError(f"{path}: is damaged at byte {offset - segment}; restore it from a backup")
    return records


def segments_of(folder: Path) -> list[int]:
    """The offsets at which the segments of a log begin."""
    return sorted(int(path.stem) for path in folder.glob("*.log") if path.stem.isdigit())


def _segment(folder: Path, segment: int) -> Path:
    return folder / f"{segment:020d}.log"


def _tell(done: Done, result: int | Exception) -> None:
    """Whoever appended may be gone, its event loop closed: no reason to stop writing for the others."""
    try:
        done(result)
    except Exception:
        _log.exception("nobody could be told what became of a record")


def _scan(path: Path, base: int, offset: int, end: int) -> Iterator[Record]:
    """The whole, undamaged records of a segment from ``offset`` up to ``end``; stops at the first that is not."""
    with path.open("rb") as file:
        file.seek(offset - base)
        while offset < end:
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size:
                return
            length, checksum, meta_length = _HEAD.unpack(head)
            if meta_length > length or length > _RECORD_LIMIT:
                return
            data = file.read(length)
            if len(data) < length or zlib.crc32(data) != checksum:
                return
            offset += _HEAD.size + length
            try:
                meta = _decode_meta(data[:meta_length])
            except msgspec.MsgspecError:
                return
            yield Record(offset, meta, data[meta_length:])
