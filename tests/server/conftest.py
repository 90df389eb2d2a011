"""A served engine for every test here that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.serving import Running, served


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """An engine on a fresh store, served."""
    with served(tmp_path) as one:
        yield one


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One engine, served for all tests of a file that bring nothing in."""
    with served(tmp_path_factory.mktemp("standing")) as one:
        yield one
