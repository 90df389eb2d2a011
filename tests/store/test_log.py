"""The log: what it acknowledged is there after any crash, and it never offers what is damaged."""

import errno
import logging
import os
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.appending import append_wait

from detak.errors import BusyError, RowError, StoreError
from detak.record import Entry, Meta
from detak.store import log as module
from detak.store.log import Log

META = Meta("web", 1_760_000_000_000_000)


def opened(folder: Path, **rest: int) -> Log:
    return Log(folder, **{"queue_bytes": 2**20, **rest})


def bodies(log: Log, offset: int) -> list[bytes]:
    """Everything from ``offset`` on, read in small steps."""
    found = []
    while records := log.read(offset, 1):
        found += [one.body for one in records]
        offset = records[-1].end
    return found


def fill(folder: Path, *appended: bytes) -> list[int]:
    log = opened(folder)
    ends = [append_wait(log, META, one) for one in appended]
    log.close()
    return ends


def segment(folder: Path) -> Path:
    return max(folder.glob("*.log"))


@given(st.lists(st.binary(max_size=300), max_size=12), st.integers(1, 4000))
@settings(max_examples=30)
def test_reads_back_what_was_appended_in_any_steps(appended: list[bytes], limit: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ends = fill(Path(folder), *appended)
        log = opened(Path(folder))
        offset, found = 0, []
        while records := log.read(offset, limit):
            found += records
            offset = records[-1].end
        assert [one.body for one in found] == appended
        assert [one.end for one in found] == ends
        assert all(one.meta == META for one in found)
        log.close()


@given(st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=6), st.data())
@settings(max_examples=60)
def test_a_torn_end_is_cut_and_all_that_is_whole_before_it_kept(appended: list[bytes], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ends = fill(folder, *appended)
        cut = data.draw(st.integers(0, ends[-1]))
        garbage = data.draw(st.binary(max_size=40))
        path = segment(folder)
        path.write_bytes(path.read_bytes()[:cut] + garbage)
        log = opened(folder)
        whole = [body for body, end in zip(appended, ends, strict=True) if end <= cut]
        found = bodies(log, 0)
        assert found[: len(whole)] == whole
        assert found == appended[: len(found)]
        append_wait(log, META, b"after")
        assert bodies(log, 0) == [*found, b"after"]
        log.close()


@given(st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=6), st.data())
@settings(max_examples=100)
def test_a_flipped_bit_is_never_read_as_a_record(appended: list[bytes], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ends = fill(folder, *appended)
        raw = bytearray(segment(folder).read_bytes())
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at] ^= 1 << data.draw(st.integers(0, 7))
        segment(folder).write_bytes(raw)
        log = opened(folder)
        before = sum(end <= at for end in ends)
        assert bodies(log, 0) == appended[:before]
        log.close()


def test_says_how_much_it_cut_off(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fill(tmp_path, b"one", b"two")
    with segment(tmp_path).open("ab") as file:
        file.write(b"torn off")
    with caplog.at_level(logging.WARNING):
        opened(tmp_path).close()
    assert "the last 8 bytes" in caplog.text


def test_damage_between_segments_stops_the_opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SEGMENT_BYTES", 1)
    fill(tmp_path, b"one", b"two", b"three")
    first = min(tmp_path.glob("*.log"))
    os.truncate(first, first.stat().st_size - 1)
    with pytest.raises(StoreError, match="damaged"):
        opened(tmp_path)


def test_damage_while_open_is_reported_after_what_precedes_it(tmp_path: Path) -> None:
    log = opened(tmp_path)
    ends = [append_wait(log, META, one) for one in (b"one", b"two", b"three")]
    with segment(tmp_path).open("r+b") as file:
        file.seek(ends[1] - 1)
        file.write(b"\xff")
    assert [one.body for one in log.read(0, 2**20)] == [b"one"]
    with pytest.raises(StoreError, match=f"byte {ends[0]}"):
        log.read(ends[0], 2**20)
    log.close()


def test_goes_on_over_segments_and_drops_the_sealed_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SEGMENT_BYTES", 100)
    log = opened(tmp_path)
    appended = [f"body {number}".encode() * 5 for number in range(20)]
    ends = [append_wait(log, META, one) for one in appended]
    assert len(list(tmp_path.glob("*.log"))) > 5
    assert bodies(log, 0) == appended
    log.drop(ends[9])
    assert 0 < log.begin <= ends[9]
    assert bodies(log, ends[9]) == appended[10:]
    with pytest.raises(StoreError, match="records are missing"):
        log.read(0, 10)
    log.close()
    again = opened(tmp_path, start=ends[9])
    assert bodies(again, ends[9]) == appended[10:]
    again.close()


def test_no_byte_remains_once_everything_is_sealed(tmp_path: Path) -> None:
    log = opened(tmp_path)
    end = append_wait(log, META, b"a person")
    log.drop(end)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b""]
    assert append_wait(log, META, b"next") > end
    assert bodies(log, end) == [b"next"]
    log.close()
    log.drop(log.end)  # as the sink does when it stops
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b""]


def test_what_shares_a_segment_with_newer_records_leaves_at_the_next_drop(tmp_path: Path) -> None:
    log = opened(tmp_path)
    end = append_wait(log, META, b"a person")
    last = append_wait(log, META, b"not yet applied")
    log.drop(end)
    assert bodies(log, end) == [b"not yet applied"]
    newest = append_wait(log, META, b"later")
    log.drop(last)
    assert not any(b"a person" in path.read_bytes() for path in tmp_path.iterdir())
    assert bodies(log, last) == [b"later"]
    assert log.end == newest
    log.close()


def test_a_log_that_ends_before_the_sealed_facts_goes_on_behind_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(tmp_path, b"old")
    with caplog.at_level(logging.WARNING):
        log = opened(tmp_path, start=10_000)
    assert "before the sealed facts" in caplog.text
    assert append_wait(log, META, b"new") > 10_000
    assert bodies(log, 10_000) == [b"new"]
    log.close()
    again = opened(tmp_path, start=10_000)
    assert bodies(again, 10_000) == [b"new"]
    again.close()


def test_damage_in_what_is_sealed_costs_nothing(tmp_path: Path) -> None:
    sealed, _ = fill(tmp_path, b"sealed", b"not sealed")
    with segment(tmp_path).open("r+b") as file:
        file.write(b"\xff" * 4)
    log = opened(tmp_path, start=sealed)
    assert bodies(log, sealed) == [b"not sealed"]
    log.close()


def test_a_log_that_begins_behind_the_facts_is_refused(tmp_path: Path) -> None:
    opened(tmp_path, start=500).close()
    with pytest.raises(StoreError, match="missing"):
        opened(tmp_path, start=100)


@pytest.mark.parametrize("call", ["fdatasync", "write"])
def test_a_full_disk_acknowledges_nothing_and_the_next_append_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    log = opened(tmp_path)
    first = append_wait(log, META, b"first")
    full = OSError(errno.ENOSPC, "No space left on device")

    class Disk:
        """A disk with room for three more bytes."""

        def __init__(self, file: object) -> None:
            self.file, self.written = file, False

        def write(self, data: memoryview) -> int:
            if self.written:
                raise full
            self.written = True
            return int(self.file.write(data[:3]))  # type: ignore[attr-defined]

        def __getattr__(self, name: str) -> object:
            return getattr(self.file, name)

    def no_sync(handle: int) -> None:
        raise full

    with monkeypatch.context() as broken:
        if call == "write":
            broken.setattr(log, "_file", Disk(log._file))
        else:
            broken.setattr(os, "fdatasync", no_sync)
        with pytest.raises(StoreError, match="No space left"):
            append_wait(log, META, b"second")
        assert log.end == first
        assert segment(tmp_path).stat().st_size == first  # nothing refused comes back after a crash
    third = append_wait(log, META, b"third")
    assert bodies(log, 0) == [b"first", b"third"]
    log.close()
    again = opened(tmp_path)
    assert bodies(again, 0) == [b"first", b"third"]
    assert again.end == third
    again.close()


def test_a_disk_too_full_for_a_new_segment_keeps_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SEGMENT_BYTES", 1)
    log = opened(tmp_path)

    def full(folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(module, "sync_folder", full)
        end = [append_wait(log, META, one) for one in (b"one", b"two")][-1]
        with pytest.raises(OSError, match="No space"):  # whoever asks for erasure must know that it did not happen
            log.drop(end)
    append_wait(log, META, b"three")
    assert bodies(log, 0) == [b"one", b"two", b"three"]
    log.close()
    again = opened(tmp_path)
    assert bodies(again, 0) == [b"one", b"two", b"three"]
    again.close()


def test_whoever_cannot_be_told_does_not_stop_the_others(tmp_path: Path) -> None:
    log = opened(tmp_path)

    def gone(result: int | Exception) -> None:
        raise RuntimeError("the event loop is closed")

    log.append(META, b"one", gone)
    append_wait(log, META, b"two")
    assert bodies(log, 0) == [b"one", b"two"]
    log.close()


def test_says_busy_when_too_much_waits_and_closed_when_closed(tmp_path: Path) -> None:
    log = opened(tmp_path, queue_bytes=100)
    with pytest.raises(BusyError):
        append_wait(log, META, b"x" * 200)
    append_wait(log, META, b"small")
    log.close()
    with pytest.raises(StoreError, match="closed"):
        append_wait(log, META, b"late")
    assert bodies(log, 0) == [b"small"]


@pytest.mark.parametrize(
    ("meta", "body"), [(META, b"x" * (64 * 2**20)), (Meta("s" * 2**16, 1), b"")], ids=["body", "source"]
)
def test_what_could_not_be_read_again_is_not_taken(tmp_path: Path, meta: Meta, body: bytes) -> None:
    log = opened(tmp_path, queue_bytes=2**30)
    with pytest.raises(RowError, match="larger than 64 MB"):
        append_wait(log, meta, body)
    assert log.end == 0
    log.close()


def test_many_threads_append_while_one_reads_and_drops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SEGMENT_BYTES", 2_000)
    log = opened(tmp_path)
    acknowledged: list[bytes] = []

    def send(worker: int) -> None:
        for number in range(60):
            body = f"{worker}/{number}".encode()
            append_wait(log, META, body)
            acknowledged.append(body)

    workers = [threading.Thread(target=send, args=(one,)) for one in range(6)]
    for worker in workers:
        worker.start()
    offset, found = 0, []
    while any(worker.is_alive() for worker in workers) or offset < log.end:
        if log.wait(offset, 0.05):
            records = log.read(offset, 500)
            found += [one.body for one in records]
            offset = records[-1].end
            log.drop(offset)
    log.close()
    assert sorted(found) == sorted(acknowledged)
    assert len(found) == 360
    for worker in range(6):  # each in its own order
        own = [one for one in found if one.startswith(b"%d/" % worker)]
        assert own == [f"{worker}/{number}".encode() for number in range(60)]


def test_a_wake_lets_a_waiting_reader_look_around(tmp_path: Path) -> None:
    log = opened(tmp_path)
    waited: list[bool] = []
    reader = threading.Thread(target=lambda: waited.append(log.wait(0, 30)))
    reader.start()
    while reader.is_alive():
        log.wake()
        reader.join(0.01)
    assert waited == [False]
    log.close()


def test_decisions_wake_nobody_until_something_presses_or_they_pile_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = opened(tmp_path)
    decided = Meta("web", 1, decided=True)
    first = append_wait(log, decided, b"decision")
    began = time.monotonic()
    assert log.wait(0, 0.05)  # there is something, but nothing to hurry for
    assert time.monotonic() - began >= 0.04
    assert log.pressing == 0
    pressing = append_wait(log, META, b"event")
    began = time.monotonic()
    assert log.wait(first, 30)
    assert log.pressing == pressing
    monkeypatch.setattr(module, "_PLENTY", 1_000)
    reader = threading.Thread(target=lambda: log.wait(pressing, 30))
    reader.start()
    append_wait(log, decided, b"x" * 2_000)
    reader.join(10)
    assert time.monotonic() - began < 20
    log.close()
    again = opened(tmp_path)
    assert again.pressing == again.end  # what a crash left is made facts of at once
    again.close()


def test_entries_are_taken_together_or_not_at_all(tmp_path: Path) -> None:
    log = opened(tmp_path, queue_bytes=200)
    told: list[int | Exception] = []
    landed = threading.Semaphore(0)

    def done(result: int | Exception) -> None:
        told.append(result)
        landed.release()

    with pytest.raises(BusyError):
        log.append_all([Entry(META, b"x" * 50, done), Entry(META, b"y" * 150, done)])
    log.append_all([Entry(META, b"one", done), Entry(META, b"two", done)])
    assert all(landed.acquire(timeout=10) for _ in range(2))
    assert told == [log.read(0, 1)[0].end, log.end]
    assert bodies(log, 0) == [b"one", b"two"]
    log.close()
