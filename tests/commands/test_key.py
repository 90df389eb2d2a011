"""``detak key``: made on first asking, taken back on demand."""

from pathlib import Path

from tests.commandline import answer, refused

from detak.engine import Engine


def test_a_key_that_was_taken_back_lets_nothing_in(tmp_path: Path) -> None:
    first = answer("key", "web", "--store", tmp_path)["key"]
    assert answer("key", "web", "--store", tmp_path)["key"] == first
    second = answer("key", "web", "--revoke", "--store", tmp_path)["key"]
    assert second != first
    with Engine(tmp_path) as engine:
        assert (engine.source_of(first), engine.source_of(second)) == (None, "web")
        engine.revoke_key("web")
        assert engine.source_of(second) is None
    assert "no write key" in refused("key", "app", "--revoke", "--store", tmp_path)
