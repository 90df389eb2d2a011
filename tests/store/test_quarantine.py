"""Messages kept aside: each once, for a while, in bounds, and gone when somebody in them is forgotten."""

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detak.reading.wire import Refusal
from detak.store.quarantine import Kept, Place, Quarantine
from detak.store.rejects import Rejects

NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)
MICROS = int(NOW.timestamp()) * 1_000_000


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def opened(folder: Path, days: int = 14, megabytes: int = 64, clock: Clock | None = None) -> Quarantine:
    return Quarantine(folder, days=days, megabytes=megabytes, now=clock or Clock())


def kept(offset: int, nth: int = 1, **message: Any) -> Kept:
    raw = msgspec.Raw(msgspec.json.encode({"type": "track", "event": "X", "n": offset} | message))
    return Kept(offset, nth, NOW, "web", "X", "total", "is negative", raw)


def places(quarantine: Quarantine) -> list[tuple[int, int]]:
    return [(one.offset, one.nth) for one in quarantine.read()]


def test_records_that_pass_again_are_kept_once(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.add([kept(10, 1), kept(10, 2)])
    first.add([kept(10, 1), kept(10, 2), kept(10, 3)])
    again = opened(tmp_path)
    again.add([kept(10, 2), kept(10, 3), kept(20, 1)])
    assert places(again) == [(10, 1), (10, 2), (10, 3), (20, 1)]


@pytest.mark.parametrize("torn", [1, 30, 200, 300])
def test_a_crash_in_the_middle_of_a_write_loses_and_repeats_nothing(tmp_path: Path, torn: int) -> None:
    opened(tmp_path).add([kept(10, nth) for nth in (1, 2, 3)])
    (path,) = tmp_path.glob("quarantine-*")
    whole = path.read_bytes()
    os.truncate(path, len(whole) - torn)
    opened(tmp_path).add([kept(10, nth) for nth in (1, 2, 3)])
    assert path.read_bytes() == whole


def test_a_full_disk_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quarantine = opened(tmp_path)
    quarantine.add([kept(10)])
    real = os.fdopen

    class Full:
        def __init__(self, file: Any) -> None:
            self.file = file

        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def write(self, data: bytes) -> int:
            self.file.write(data[:5])
            raise OSError(errno.ENOSPC, "No space left on device")

        def __getattr__(self, name: str) -> Any:
            return getattr(self.file, name)

    with monkeypatch.context() as broken:
        broken.setattr(os, "fdopen", lambda *rest, **more: Full(real(*rest, **more)))
        with pytest.raises(OSError, match="No space"):
            quarantine.add([kept(20)])
    quarantine.add([kept(20)])
    assert places(quarantine) == [(10, 1), (20, 1)]


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    quarantine = opened(tmp_path / "rejects")
    quarantine.add([kept(10), kept(20)])
    quarantine.remove([Place(10, 1)])
    (path,) = (tmp_path / "rejects").iterdir()
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_what_is_too_old_goes_when_more_comes_and_at_the_start(tmp_path: Path) -> None:
    clock = Clock()
    quarantine = opened(tmp_path, 14, clock=clock)
    quarantine.add([kept(10)])
    clock.now += timedelta(days=14)
    quarantine.add([kept(20)])
    assert places(quarantine) == [(10, 1), (20, 1)]
    clock.now += timedelta(days=1)
    quarantine.add([kept(30)])
    assert places(quarantine) == [(20, 1), (30, 1)]
    clock.now += timedelta(days=60)
    assert places(opened(tmp_path, 14, clock=clock)) == []
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_kept_where_the_shop_wants_none(tmp_path: Path) -> None:
    opened(tmp_path).add([kept(10)])
    none = opened(tmp_path, days=0)
    none.add([kept(20)])
    assert list(tmp_path.iterdir()) == []


def test_the_oldest_goes_when_there_is_too_much(tmp_path: Path) -> None:
    quarantine = opened(tmp_path, megabytes=1)
    for offset in range(100):
        quarantine.add([kept(offset, text="x" * 30_000)])
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 1024 * 1024
    found = places(quarantine)
    assert found == [(offset, 1) for offset in range(100 - len(found), 100)]
    assert len(found) > 20


def test_what_was_sent_again_goes_and_does_not_come_back(tmp_path: Path) -> None:
    quarantine = opened(tmp_path)
    quarantine.add([kept(10), kept(20), kept(30)])
    quarantine.remove([Place(30, 1), Place(10, 1)])
    quarantine.add([kept(20), kept(30)])
    assert places(quarantine) == [(20, 1)]
    quarantine.remove([Place(20, 1)])
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_line_is_passed_over_and_goes_with_whoever_is_forgotten(tmp_path: Path) -> None:
    quarantine = opened(tmp_path)
    quarantine.add([kept(10, userId="ani@toko.id"), kept(20)])
    (path,) = tmp_path.iterdir()
    path.write_bytes(b"{damaged ani@toko.id\n" + path.read_bytes())
    assert places(quarantine) == [(10, 1), (20, 1)]
    Rejects(tmp_path / "live.jsonl", quarantine).forget([b"ani@toko.id"])
    assert places(quarantine) == [(20, 1)]
    assert b"ani" not in path.read_bytes()


def told(offset: int, message: dict[str, Any] | None) -> Any:
    raw = None if message is None else msgspec.json.encode(message)
    return offset, "web", MICROS, "Order Completed", Refusal("Order Completed", "total", "is negative"), raw


ORDER = {
    "properties": {"order_id": "A1", "total": -1, "email": "ani@toko.id", "ani@toko.id": 1, "phone": 6281234567890}
}


def test_rejects_keep_the_messages_that_come_with_them(tmp_path: Path) -> None:
    rejects = Rejects(tmp_path / "live.jsonl", opened(tmp_path))
    rejects.add([told(10, None), told(10, ORDER), told(20, ORDER)])
    rejects.add([told(10, None), told(10, ORDER), told(20, ORDER), told(20, ORDER)])
    assert rejects.quarantine is not None
    assert places(rejects.quarantine) == [(10, 2), (20, 1), (20, 2)]
    assert (tmp_path / "live.jsonl").read_bytes().count(b"\n") == 4
    assert b"A1" not in (tmp_path / "live.jsonl").read_bytes()


def test_the_summary_shows_reasons_and_no_value(tmp_path: Path) -> None:
    rejects = Rejects(tmp_path / "live.jsonl", opened(tmp_path))
    other = (30, "app", MICROS, "", Refusal("", "type", "is none of track"))
    rejects.add([told(10, None), told(10, ORDER), told(20, ORDER), other])
    first, second = rejects.summary()
    assert (first.source, first.event, first.field, first.reason) == ("web", "Order Completed", "total", "is negative")
    assert (first.count, first.kept, first.last) == (3, 2, "2026-11-23T05:00:00+00:00")
    assert first.example["order_id"] == "text"
    assert first.example["total"] == "number"
    assert "ani" not in str(first)
    assert (second.source, second.count, second.kept, second.example) == ("app", 1, 0, {})


def test_the_summary_counts_what_is_kept_after_its_line_is_gone(tmp_path: Path) -> None:
    rejects = Rejects(tmp_path / "live.jsonl", opened(tmp_path))
    rejects.add([told(10, ORDER)])
    (tmp_path / "live.jsonl").unlink()
    assert [(one.count, one.kept) for one in rejects.summary()] == [(1, 1)]
