"""Receipts: whoever holds the key can prove it, and nobody can change a word."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from detak.errors import StoreError
from detak.receipt import Receipt, Signer


def receipt(path: Path) -> Receipt:
    return Signer(path).sign(events=3, time="2026-01-01T00:00:00+00:00", audit_row=7, audit_hash="ab" * 32)


def test_a_receipt_holds_after_a_restart_and_over_the_wire(tmp_path: Path) -> None:
    first, second = receipt(tmp_path / "key"), receipt(tmp_path / "key")
    assert first == second
    assert msgspec.json.decode(msgspec.json.encode(first), type=Receipt).valid()
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    assert receipt(tmp_path / "another").public_key != first.public_key


@pytest.mark.parametrize(
    "change",
    [{"events": 4}, {"time": "2026-01-02T00:00:00+00:00"}, {"audit_row": 8}, {"audit_hash": "ac" * 32},
     {"signature": "00" * 64}, {"signature": "not hex"}, {"signature": ""}, {"public_key": "00"}, {"public_key": "zz"}],
)  # fmt: skip
def test_a_changed_receipt_does_not_hold(tmp_path: Path, change: dict[str, Any]) -> None:
    assert not msgspec.structs.replace(receipt(tmp_path / "key"), **change).valid()


def test_another_shops_key_does_not_vouch(tmp_path: Path) -> None:
    other = receipt(tmp_path / "another").public_key
    assert not msgspec.structs.replace(receipt(tmp_path / "key"), public_key=other).valid()


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_damaged_key_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(StoreError, match="is no signing key"):
        Signer(tmp_path / "key")


def test_a_crash_while_the_key_is_written_leaves_none(tmp_path: Path) -> None:
    (tmp_path / ".key.tmp").write_bytes(b"half")
    assert receipt(tmp_path / "key").valid()
    assert not (tmp_path / ".key.tmp").exists()
