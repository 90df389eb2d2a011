"""The embedded store's own promises: what a crash or a full disk leaves behind, and files of an older version."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.store.rows import START, batch, keys_in, knows

from detak.errors import StoreError
from detak.store import parts
from detak.store.base import Batch
from detak.store.duckdb import DuckStore


def opened(folder: Path) -> DuckStore:
    return DuckStore(folder, part_rows=5, memory="200MB")


def sealed(folder: Path) -> DuckStore:
    store = opened(folder)
    store.append(batch(10, range(8)))
    store.seal()
    return store


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}


def mixed(number: int) -> Batch:
    """Two events of two people, which lie in one part."""
    one, other = batch(number, [number], subject=2, time=START), batch(number, [number + 100], subject=1, time=START)
    return Batch(pa.concat_tables([one.events, other.events]), pa.concat_tables([one.items, other.items]), *one[2:4])


def no_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


class Crash(BaseException):
    """The process is gone: nothing behind this line runs."""


@pytest.mark.parametrize("action", ["seal", "compact", "erase"])
@pytest.mark.parametrize("lasts", [0, 3, 8])
def test_a_full_disk_changes_nothing_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str, lasts: int
) -> None:
    store = opened(tmp_path)
    for number in range(1, 9):
        store.append(mixed(number))
        store.seal()
    store.append(mixed(9))
    if action != "seal":
        store.seal()
    before = files(tmp_path)
    left = iter(range(lasts))
    real = os.fsync

    def full(handle: int) -> None:
        if next(left, None) is None:
            no_space()
        real(handle)

    actions: dict[str, Callable[[], object]] = {
        "seal": store.seal,
        "compact": store.compact,
        "erase": lambda: store.erase([1]),
    }
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            actions[action]()
    everything = sorted([*range(1, 10), *range(101, 110)])
    assert keys_in(store) == keys_in(store, "items") == everything
    assert all(knows(store, *everything))
    assert {name for name in files(tmp_path) if not name.startswith(".manifest")} == before
    actions[action]()
    expected = [key for key in everything if action != "erase" or key < 100]
    assert keys_in(store) == keys_in(store, "items") == expected
    store.close()
    again = opened(tmp_path)
    assert keys_in(again) == expected
    again.close()


def test_a_manifest_that_was_named_but_not_synced_keeps_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(tmp_path)
    store.append(batch(10, [1, 2]))
    real = parts.write_durably

    def unsynced(path: Path, write: Callable[[Path], None]) -> None:
        real(path, write)
        if path.name == "manifest.json":
            no_space()

    with monkeypatch.context() as broken:
        broken.setattr(parts, "write_durably", unsynced)
        with pytest.raises(OSError, match="No space"):
            store.seal()
    assert keys_in(store) == [1, 2]
    after_crash = opened(tmp_path)
    assert (after_crash.sealed, keys_in(after_crash)) == (10, [1, 2])
    after_crash.close()
    store.close()


@pytest.mark.parametrize("point", ["before", "after"])
@pytest.mark.parametrize("action", ["seal", "compact", "erase"])
def test_a_crash_around_the_manifest_leaves_one_state_or_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str, point: str
) -> None:
    store = opened(tmp_path)
    for number in range(1, 10):
        store.append(batch(number, [number], subject=number % 2))
        store.seal()
    store.append(batch(10, [10], subject=3))
    real = parts.write_durably

    def crash(path: Path, write: Callable[[Path], None]) -> None:
        if path.name != "manifest.json" or point == "after":
            real(path, write)
        if path.name == "manifest.json":
            raise Crash

    monkeypatch.setattr(parts, "write_durably", crash)
    monkeypatch.setattr(parts.Parts, "delete", lambda *_: None)
    if action == "erase":
        monkeypatch.setattr(store, "seal", lambda: None)
    with pytest.raises(Crash):
        {"seal": store.seal, "compact": store.compact, "erase": lambda: store.erase([1])}[action]()
    monkeypatch.undo()
    store.close()
    again = opened(tmp_path)
    expected = {
        "seal": [*range(1, 10), *([10] if point == "after" else [])],
        "compact": list(range(1, 10)),
        "erase": [2, 4, 6, 8] if point == "after" else list(range(1, 10)),
    }[action]
    assert keys_in(again) == keys_in(again, "items") == expected
    assert [key for key in range(1, 11) if knows(again, key)[0]] == expected
    manifest = again._parts.manifest
    assert files(tmp_path) == {"manifest.json", *(one.file for one in manifest.parts), *manifest.keys}
    again.close()


def test_what_a_crash_left_is_swept_away(tmp_path: Path) -> None:
    sealed(tmp_path).close()
    before = files(tmp_path)
    (tmp_path / "spill").mkdir(exist_ok=True)
    for name in ("events-00000099.parquet", ".items-00000100.parquet.tmp", "keys-00000101.npy", "spill/person.tmp"):
        (tmp_path / name).write_bytes(b"half a file")
    store = opened(tmp_path)
    assert files(tmp_path) == before
    assert not list((tmp_path / "spill").glob("*"))
    assert keys_in(store) == list(range(8))
    store.close()


def test_a_part_written_before_a_column_existed_still_reads_and_merges(tmp_path: Path) -> None:
    store = opened(tmp_path)
    for number in range(1, 9):
        store.append(batch(number, [number], coupon="HEMAT"))
        store.seal()
    old = [tmp_path / one.file for one in store._parts.manifest.parts if one.table == "events"]
    store.close()
    for path in old[:-1]:
        pq.write_table(pq.read_table(path).drop_columns(["coupon", "page"]), path)
    again = opened(tmp_path)
    for act in (lambda: None, again.compact, lambda: again.erase([99])):
        act()
        with again.reader() as reader:
            found = reader.run(reader.table("events").order_by("id"))
        assert found["coupon"].to_pylist() == [None] * 7 + ["HEMAT"]
        assert found.schema.field("page").type == pa.string()
    assert len([one for one in again._parts.manifest.parts if one.table == "events"]) < 8
    again.close()


def break_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"version": 1, "parts": [')


def renew_manifest(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"version":1', '"version":99'))


def lose_part(folder: Path) -> None:
    next(folder.glob("items-*")).unlink()


def break_keys(folder: Path) -> None:
    next(folder.glob("keys-*")).write_bytes(b"")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (break_manifest, "manifest.json: cannot be read"),
        (renew_manifest, "another version"),
        (lose_part, r"items-\d+.parquet: is missing"),
        (break_keys, r"keys-\d+.npy: is damaged"),
    ],
)
def test_damage_is_named_at_the_opening(tmp_path: Path, damage: Callable[[Path], None], message: str) -> None:
    sealed(tmp_path).close()
    damage(tmp_path)
    with pytest.raises(StoreError, match=message):
        opened(tmp_path)


def test_a_folder_with_odd_characters_works(tmp_path: Path) -> None:
    folder = tmp_path / "toko's [1] *?"
    sealed(folder).close()
    store = opened(folder)
    assert keys_in(store) == list(range(8))
    store.close()
