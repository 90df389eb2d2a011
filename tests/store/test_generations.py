"""Files are deleted once nobody can see them: not before, and not never."""

import threading

import pytest

from detak.store.generations import Generations


def test_a_file_stays_while_a_reader_from_before_is_open() -> None:
    deleted: list[str] = []
    kept = Generations(deleted.extend)
    with kept.pinned():
        kept.retire(["a"])
        with kept.pinned():
            kept.retire(["b"])
            kept.sweep()
            assert deleted == []
    with kept.pinned():
        kept.sweep()
        assert deleted == ["a", "b"]


def test_later_readers_keep_no_earlier_file() -> None:
    deleted: list[str] = []
    kept = Generations(deleted.extend)
    kept.retire(["a"])
    with kept.pinned():
        kept.sweep(wait=True)
    assert deleted == ["a"]


def test_waiting_ends_with_the_last_reader_from_before() -> None:
    deleted: list[str] = []
    kept = Generations(deleted.extend)
    with kept.pinned():
        kept.retire(["a"])
        waiting = threading.Thread(target=lambda: kept.sweep(wait=True))
        waiting.start()
        waiting.join(0.05)
        assert waiting.is_alive()
        assert deleted == []
    waiting.join(10)
    assert deleted == ["a"]


def test_what_could_not_be_deleted_is_tried_again() -> None:
    deleted: list[str] = []
    broken = True

    def delete(names: list[str]) -> None:
        if broken:
            raise OSError("read-only")
        deleted.extend(names)

    kept = Generations(delete)
    kept.retire(["a"])
    with pytest.raises(OSError, match="read-only"):
        kept.sweep()
    broken = False
    kept.sweep()
    assert deleted == ["a"]
