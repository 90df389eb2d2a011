"""Write keys, and an audit chain in which no row can be changed or taken out unseen."""

import sqlite3
import threading
from pathlib import Path

import pytest

from detak.errors import StoreError, UsageError
from detak.store.registry import Registry


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    one = Registry(tmp_path / "registry.db")
    for number in range(4):
        one.audit("events", "analytics", "report timing", {"left_out": number, "file": "pesanan-é\udce9.csv"})
    return one


def test_an_untouched_chain_holds_over_a_restart(registry: Registry, tmp_path: Path) -> None:
    registry.close()
    again = Registry(tmp_path / "registry.db")
    again.audit("export", "essential", "a person's own copy", {})
    assert again.audit_break() is None
    assert [one.number for one in again.audit_rows()] == [1, 2, 3, 4, 5]
    assert [one.verb for one in again.audit_rows(after=4)] == ["export"]
    assert len(list(again.audit_rows())) == 5


@pytest.mark.parametrize(
    ("change", "broken_at"),
    [
        ("UPDATE audit SET why = 'nothing' WHERE number = 2", 2),
        ("UPDATE audit SET time = '2026' WHERE number = 4", 4),
        ("UPDATE audit SET hash = before WHERE number = 3", 3),
        ("DELETE FROM audit WHERE number = 1", 1),
        ("DELETE FROM audit WHERE number = 3", 3),
        ("UPDATE audit SET number = number + 10 WHERE number > 2", 3),
        ("UPDATE audit SET detail = replace(detail, '1', '2') WHERE number = 2", 2),
    ],
)
def test_a_changed_row_is_found(registry: Registry, tmp_path: Path, change: str, broken_at: int) -> None:
    with sqlite3.connect(tmp_path / "registry.db") as connection:
        connection.execute(change)
    assert registry.audit_break() == broken_at


def test_threads_that_audit_at_once_make_one_chain(registry: Registry) -> None:
    threads = [threading.Thread(target=registry.audit, args=("events", "research", "x", {})) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert registry.audit_break() is None
    assert len(list(registry.audit_rows())) == 12


def test_a_source_has_one_key_even_when_asked_at_once(registry: Registry) -> None:
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.append(registry.write_key("web"))) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(made) == 8
    assert registry.write_keys() == {made[0]: "web"}
    assert len(set(made)) == 1


def test_a_key_taken_back_opens_nothing(registry: Registry) -> None:
    key = registry.write_key("web")
    registry.revoke("web")
    assert registry.write_keys() == {}
    assert registry.write_key("web") != key
    with pytest.raises(UsageError, match="'app'"):
        registry.revoke("app")


def test_a_closed_chain_takes_no_row(tmp_path: Path) -> None:
    """Whoever is still at work when the store closes must not write beside the process that opens it next."""
    registry = Registry(tmp_path / "registry.db")
    registry.audit("events", "analytics", "test", {})
    registry.close()
    with pytest.raises(StoreError, match="closed"):
        registry.audit("events", "analytics", "test", {})
    assert len(list(Registry(tmp_path / "registry.db").audit_rows())) == 1


def test_making_and_revoking_a_key_leaves_a_row_each(registry: Registry) -> None:
    key = registry.write_key("web")
    registry.write_key("web")  # it is there
    registry.revoke("web")
    registry.write_key("web")
    with pytest.raises(UsageError):
        registry.revoke("kasir")
    rows = [(row.verb, row.why, row.detail) for row in registry.audit_rows(after=4)]
    made, revoked = "a write key made", "a write key revoked"
    assert rows == [("key", why, '{"source": "web"}') for why in (made, revoked, made)]
    assert key not in "".join(map(str, rows))
    assert registry.audit_break() is None


def test_what_is_owed_is_written_once_and_struck_out_with_its_row(registry: Registry, tmp_path: Path) -> None:
    registry.owe("wish", [1, 2], 7)
    registry.owe(None, [2, 3], 0)  # asked for again by another way, once the facts were gone
    other = registry.owe(None, [9], 1)
    again = Registry(tmp_path / "registry.db")
    both = again.owed()[0]
    assert (both.wish, both.subjects, both.events) == ("wish", [1, 2, 3], 7)
    row = again.removed(both)
    assert (row.verb, row.detail) == ("forget", '{"events": 7, "wish": "wish"}')
    assert again.owed() == [other]
    assert again.audit_break() is None
