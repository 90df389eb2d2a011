"""A folder is its registry."""

import sys
from pathlib import Path

import pytest

from detak.errors import UsageError
from detak.plugins import member, members


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    name = f"plugins_{abs(hash(request.node.name))}"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "b.py").write_text("class B:\n    kind = 'second'\nclass Inner(B): pass\nclass Other:\n    kind = 7\n")
    (folder / "a.py").write_text(f"from {name}.b import B\nclass A:\n    kind = 'first'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def test_a_file_is_a_member_and_what_it_borrows_is_not(package: str) -> None:
    found = members(package, "kind")
    assert list(found) == ["first", "second"]
    assert found["first"] is sys.modules[f"{package}.a"].A
    assert member(package, "kind", "second", "thing") is found["second"]


def test_what_there_is_is_said(package: str) -> None:
    with pytest.raises(UsageError, match="there is no thing called 'third'; there are: first, second"):
        member(package, "kind", "third", "thing")


def test_two_of_one_name_are_refused(package: str, tmp_path: Path) -> None:
    (tmp_path / package / "c.py").write_text("class C:\n    kind = 'first'\n")
    with pytest.raises(ValueError, match="are called 'first'"):
        members(package, "kind")
