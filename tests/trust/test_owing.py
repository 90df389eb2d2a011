"""Whoever dies while somebody is being forgotten leaves it to the next process: removal, receipt and all."""

from pathlib import Path
from typing import Any

import pytest
from tests.conftest import send
from tests.shop import track

from detak.consent import Basis
from detak.engine import Engine
from detak.errors import DeniedError
from detak.server.forgetting import Forgetting
from detak.settings import Settings, SourceSettings
from detak.store.rejects import Rejects
from detak.store.vault import Vault
from detak.trust.owing import Owing

ANI = [("user", "ani")]
WEB = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics"))


class DeathError(Exception):
    """The process ends here."""


def dying(*_: Any) -> Any:
    raise DeathError


def opened(tmp_path: Path) -> Engine:
    return Engine(tmp_path / "store", Settings(sources={"web": WEB}))


def died(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: tuple[type, str], wish: str | None = None) -> None:
    """Ani, of three events, is being forgotten, and the process dies."""
    with opened(tmp_path) as engine, monkeypatch.context() as patched:
        for number in range(3):
            send(engine, track("Product Viewed", f"m{number}", user="ani", properties={"product_id": "p"}))
        patched.setattr(*where, dying)
        with pytest.raises(DeathError):
            engine.forget(ANI, wish)


@pytest.mark.parametrize("where", [(Owing, "certify"), (Vault, "forget"), (Rejects, "forget")])
def test_the_next_process_finishes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: tuple[type, str]) -> None:
    died(tmp_path, monkeypatch, where)
    with opened(tmp_path) as engine:
        (row,) = [one for one in engine.audit().rows if one.verb == "forget"]
        assert row.detail == '{"events": 3}'
        assert engine.audit().broken_at is None
        with pytest.raises(DeniedError):
            engine.export(ANI)
    with opened(tmp_path) as engine:
        assert [one.verb for one in engine.audit().rows].count("forget") == 1, "it is done with"


@pytest.mark.parametrize("where", [(Owing, "certify"), (Vault, "forget")])
def test_who_wished_it_gets_the_receipt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: tuple[type, str]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Forgetting, "_begin", lambda *_: None)
        Forgetting(tmp_path / "store" / "wishes", dying).wish("ticket", ANI)
    (file,) = (tmp_path / "store" / "wishes").iterdir()
    died(tmp_path, monkeypatch, where, file.stem)
    with opened(tmp_path) as engine:
        wishes = Forgetting(tmp_path / "store" / "wishes", engine.forget)
        wishes.resume()
        done = wishes.of("ticket")
        assert done is not None
        receipt = done.result(30)
        (row,) = [one for one in engine.audit().rows if one.verb == "forget"]
    assert receipt is not None
    assert receipt.valid()
    assert (receipt.events, receipt.audit_row, receipt.audit_hash) == (3, row.number, row.hash)
    assert not file.exists()


def test_the_receipt_of_a_wish_is_given_again(tmp_path: Path) -> None:
    """The process died after it had signed, before it could say so."""
    with opened(tmp_path) as engine:
        send(engine, track("Product Viewed", "m", user="ani", properties={"product_id": "p"}))
        receipt = engine.forget(ANI, "wish")
    with opened(tmp_path) as engine:
        assert engine.forget(ANI, "wish") == receipt
        for other in (None, "another"):
            with pytest.raises(DeniedError):
                engine.forget(ANI, other)
