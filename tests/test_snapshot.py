"""Arrays in one file: all of them or what was there before, and nothing but numbers."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detak.errors import StoreError
from detak.snapshot import packed, parts_of, read, remove, under, unpacked, within, write


def test_what_is_written_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "kept.npz"
    assert read(path) is None
    write(path, {"a/x": np.arange(3), "b": np.zeros((0, 2), np.float32)})
    found = read(path)
    assert found is not None
    assert found["a/x"].tolist() == [0, 1, 2]
    assert (found["b"].shape, found["b"].dtype) == ((0, 2), np.float32)
    assert path.stat().st_mode & 0o077 == 0
    remove(path)
    assert read(path) is None
    remove(path)


def test_objects_are_not_kept_and_what_was_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "kept.npz"
    write(path, {"a": np.arange(3)})
    with pytest.raises(ValueError, match="only plain numbers and bytes"):
        write(path, {"a": np.array(["x", None], dtype=object)})
    found = read(path)
    assert found is not None
    assert found["a"].tolist() == [0, 1, 2]
    assert [one.name for one in tmp_path.iterdir()] == ["kept.npz"]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"not ours at all"])
def test_a_damaged_file_is_told_so(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "kept.npz"
    path.write_bytes(damage)
    with pytest.raises(StoreError, match="made again by `detak fit`"):
        read(path)


@settings(max_examples=30)
@given(st.lists(st.text(max_size=8), max_size=8))
def test_texts_round_trip(texts: list[str]) -> None:
    clean = [one.encode("utf-8", "ignore").decode() for one in texts]
    assert unpacked(packed(clean)) == tuple(clean)


def test_prefixes_round_trip() -> None:
    told = {**under("a", {"x": np.arange(2), "y/z": np.arange(1)}), **under("ab", {"x": np.arange(9)})}
    assert {name: len(one) for name, one in within("a", told).items()} == {"x": 2, "y/z": 1}


def test_large_arrays_are_mapped_and_outlive_the_file(tmp_path: Path) -> None:
    path = tmp_path / "kept.npz"
    large = np.arange(400_000, dtype=np.int32).reshape(4, -1)
    write(path, {"of/large": large, "turned": np.asfortranarray(large), "small": np.arange(3)})
    found = read(path)
    assert found is not None
    assert isinstance(found["of/large"].base, np.memmap)
    assert not isinstance(found["small"], np.memmap)
    assert not found["of/large"].flags.writeable
    remove(path)
    assert (found["of/large"] == large).all()
    assert (found["turned"] == large).all()


def test_a_large_array_that_is_cut_off_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "kept.npz"
    write(path, {"large": np.zeros(400_000, np.int32)})
    path.write_bytes(path.read_bytes()[:1_000_000])
    with pytest.raises(StoreError, match="made again by `detak fit`"):
        read(path)


@pytest.mark.parametrize("ours", [True, False])
def test_numbers_lie_where_the_processor_reads_them_at_once(tmp_path: Path, ours: bool) -> None:
    path = tmp_path / "kept.npz"
    arrays = {
        "odd": np.arange(3, dtype=np.int8),
        "large": np.arange(300_000),
        "large/too": np.ones(500_001, np.float32),
    }
    if ours:
        write(path, arrays)
    else:
        np.savez(path, allow_pickle=False, **arrays)  # type: ignore[arg-type]
    found = read(path)
    assert found is not None
    for name, array in arrays.items():
        assert np.array_equal(found[name], array)
        assert found[name].flags.aligned
        assert not ours or name == "odd" or found[name].ctypes.data % 64 == 0


@pytest.mark.parametrize("size", [7, 1 << 19])
def test_arrays_are_known_again_whatever_changed(tmp_path: Path, size: int) -> None:
    arrays = {"one": np.arange(size), "two": np.broadcast_to(np.float32(1), (size,)), "none": np.zeros(())}
    write(tmp_path / "kept.npz", arrays)
    found = read(tmp_path / "kept.npz")
    assert found is not None
    assert parts_of(found) == parts_of(arrays)
    for changed in (arrays["one"] + 1, arrays["one"][:-1], arrays["one"].astype(np.int32)):
        assert parts_of({**arrays, "one": changed}) != parts_of(arrays)
