"""Live rejects: a line for each, once, whatever happens between."""

import errno
import os
import time
from pathlib import Path

import msgspec
import pytest

from detak.reading.wire import Refusal
from detak.store import rejects as module
from detak.store.rejects import Line, Rejects

WHY = Refusal("Order Completed", "total", "is negative")


def refused(*offsets: int) -> list[tuple[int, str, int, str, Refusal]]:
    return [(offset, "web", 1_760_000_000_000_000, WHY.event, WHY) for offset in offsets]


def written(path: Path) -> list[int]:
    return [msgspec.json.decode(line, type=Line).offset for line in path.read_bytes().splitlines()]


def test_records_that_pass_again_write_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "rejects" / "live.jsonl"
    rejects = Rejects(path)
    rejects.add([])
    assert not path.exists()
    rejects.add(refused(10, 10, 20))
    rejects.add(refused(10, 10, 20, 30))
    again = Rejects(path)
    again.add(refused(20, 30, 40, 40))
    assert written(path) == [10, 10, 20, 30, 40, 40]


@pytest.mark.parametrize("torn", range(1, 400, 37))
def test_a_crash_in_the_middle_of_a_record_loses_and_repeats_nothing(tmp_path: Path, torn: int) -> None:
    path = tmp_path / "live.jsonl"
    Rejects(path).add(refused(10, 10, 10))
    data = path.read_bytes()
    path.write_bytes(data[:-torn])
    again = Rejects(path)
    again.add(refused(10, 10, 10))
    assert path.read_bytes() == data


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "live.jsonl"
    rejects = Rejects(path)
    rejects.add(refused(10))
    real = Path.open

    class Full:
        def __init__(self, file: object) -> None:
            self.file = file

        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()  # type: ignore[attr-defined]

        def write(self, data: bytes) -> int:
            self.file.write(data[:5])  # type: ignore[attr-defined]
            raise OSError(errno.ENOSPC, "No space left on device")

        def __getattr__(self, name: str) -> object:
            return getattr(self.file, name)

    with monkeypatch.context() as broken:
        broken.setattr(Path, "open", lambda self, *rest, **more: Full(real(self, *rest, **more)))
        with pytest.raises(OSError, match="No space"):
            rejects.add(refused(20))
    rejects.add(refused(20))
    assert written(path) == [10, 20]


def test_a_body_kept_aside_is_its_owners_only(tmp_path: Path) -> None:
    Rejects(tmp_path / "rejects" / "live.jsonl").keep_aside(7, b"a body")
    kept = tmp_path / "rejects" / "aside-7.body"
    assert kept.read_bytes() == b"a body"
    assert kept.stat().st_mode & 0o077 == 0


def test_of_one_record_a_hundred_lines_are_written_and_the_rest_counted(tmp_path: Path) -> None:
    path = tmp_path / "live.jsonl"
    Rejects(path).add(refused(5, *[10] * 2500, 20, *[30] * 100))
    assert written(path) == [5, *[10] * 101, 20, *[30] * 100]
    assert (
        msgspec.json.decode(path.read_bytes().splitlines()[101], type=Line).reason == "and 2,400 more of the same batch"
    )
    Rejects(path).add(refused(*[10] * 2500, 20, *[30] * 101))
    assert written(path) == [5, *[10] * 101, 20, *[30] * 101]


def test_a_file_that_grows_large_becomes_the_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FILE_BYTES", 1000)
    path, older = tmp_path / "live.jsonl", tmp_path / "live.1.jsonl"
    for offset in range(30):
        Rejects(path).add(refused(offset - 1, offset))
        assert path.stat().st_size <= 1000
    assert written(older) + written(path) == list(range(30))[-len(written(older) + written(path)) :]
    assert older.stat().st_size <= 1000
    assert sorted(one.name for one in tmp_path.iterdir()) == ["live.1.jsonl", "live.jsonl"]


@pytest.mark.parametrize("present", [True, False])
def test_a_record_whose_lines_begin_in_the_older_file_is_written_once(tmp_path: Path, present: bool) -> None:
    path = tmp_path / "live.jsonl"
    Rejects(path).add(refused(10, 10, 10))
    path.rename(tmp_path / "live.1.jsonl")
    if present:
        Rejects(path).add(refused(10, 10, 10, 10))
    Rejects(path).add(refused(*[10] * 4, 20))
    assert written(path) == [10, 20]


@pytest.mark.parametrize("damage", [b"", b"{half", b"\x00" * 3000, b"\n\n{}\n", b"\xff\n" * 900])
def test_only_the_end_of_a_large_file_is_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes
) -> None:
    monkeypatch.setattr(module, "_TAIL_BYTES", 1000)
    path = tmp_path / "live.jsonl"
    Rejects(path).add(refused(*range(100)))
    path.write_bytes(path.read_bytes() + damage)
    Rejects(path).add(refused(98, 99, 100))
    assert written(path) == [*range(101)]


@pytest.mark.parametrize(
    ("body", "gone"),
    [
        (rb'{"batch":[{"userId":"ani\u0040toko.id"}]}', True),
        (rb'{"batch":[{"traits":{"\u0061ni@toko.id":1}}]}', True),
        (b'{"batch":[{"properties":{"url":"https://x/?u=ani@toko.id"}}]}', True),
        (b'{"batch":[{"anonymousId":4711}]}', True),
        (b'{"batch":[{"userId":"\xff"}]}', True),
        (b"[" * 5000, True),
        (b'{"batch":[{"userId":"budi@toko.id","n":471}]}', False),
    ],
)
def test_a_forgotten_persons_bodies_are_deleted_however_they_are_written(
    tmp_path: Path, body: bytes, gone: bool
) -> None:
    rejects = Rejects(tmp_path / "live.jsonl")
    rejects.keep_aside(7, body)
    rejects.forget([b"ani@toko.id", b"4711"])
    assert (list(tmp_path.glob("aside-*")) == []) is gone


def test_what_was_kept_aside_thirty_days_ago_is_deleted_at_the_start(tmp_path: Path) -> None:
    rejects = Rejects(tmp_path / "live.jsonl")
    for age in (29, 31):
        rejects.keep_aside(age, b"a body")
        then = time.time() - age * 86_400
        os.utime(tmp_path / f"aside-{age}.body", (then, then))
    (tmp_path / ".aside-3.body.tmp").write_bytes(b"half a bo")
    Rejects(tmp_path / "live.jsonl")
    assert [one.name for one in tmp_path.iterdir()] == ["aside-29.body"]
