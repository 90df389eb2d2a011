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
