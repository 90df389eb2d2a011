"""Wishes to be forgotten: carried out once, tried again, and gone on with by the next process."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from detak.errors import DeniedError, StoreError
from detak.receipt import Receipt
from detak.server import forgetting
from detak.server.forgetting import Forgetting
from detak.subject import Identifier

ANI: Sequence[Identifier] = [("user", "ani")]
RECEIPT = Receipt(1, "now", 1, "h", "k", "s")


def test_what_one_process_leaves_the_next_one_does(tmp_path: Path) -> None:
    begun = threading.Event()
    ended: list[Forgetting] = []

    def dying(_: Sequence[Identifier], __: str) -> Receipt:
        ended[0].close()
        begun.set()
        raise StoreError("the store is closed")

    ended.append(Forgetting(tmp_path / "wishes", dying))
    ended[0].wish("ticket", ANI)
    assert begun.wait(10)
    (file,) = (tmp_path / "wishes").iterdir()
    assert (file.stat().st_mode | file.parent.stat().st_mode) & 0o077 == 0
    assert "ticket" not in file.name
    asked: list[tuple[Sequence[Identifier], str]] = []

    def forget(whose: Sequence[Identifier], wish: str) -> Receipt:
        asked.append((whose, wish))
        return RECEIPT

    after = Forgetting(tmp_path / "wishes", forget)
    after.resume()
    done = after.of("ticket")
    assert done is not None
    assert done.result(10) == RECEIPT
    assert asked == [(ANI, file.stem)]
    assert list((tmp_path / "wishes").iterdir()) == []


def test_what_fails_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "_AGAIN", 0.01)
    failures = iter([StoreError("full"), OSError("gone")])

    def forget(_: Sequence[Identifier], __: str) -> Receipt:
        if (error := next(failures, None)) is not None:
            raise error
        return RECEIPT

    assert Forgetting(tmp_path / "wishes", forget).wish("ticket", ANI).result(10) == RECEIPT


def test_who_is_gone_already_is_done_with(tmp_path: Path) -> None:
    def forget(_: Sequence[Identifier], __: str) -> Receipt:
        raise DeniedError("nobody")

    assert Forgetting(tmp_path / "wishes", forget).wish("ticket", ANI).result(10) is None
    assert list((tmp_path / "wishes").iterdir()) == []


def test_a_wish_that_cannot_be_read_is_named_and_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "wishes").mkdir()
    (tmp_path / "wishes" / "x.json").write_bytes(b"{")
    Forgetting(tmp_path / "wishes", lambda _, __: RECEIPT).resume()
    assert "x.json: a wish to be forgotten cannot be read" in caplog.text
    assert (tmp_path / "wishes" / "x.json").exists()
