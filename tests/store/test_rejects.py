"""Live rejects: a line for each, once, whatever happens between."""

import errno
from pathlib import Path

import msgspec
import pytest

from detak.store.rejects import Line, Rejects
from detak.wire import Refusal

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
