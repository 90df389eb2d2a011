"""What tests share: the real data where it is there, and a small open engine."""

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, settings

from detak.engine import Engine
from detak.settings import Settings
from detak.sink import Outcome
from detak.store.compiled import Compiled

# Whether a property holds must not depend on how busy the machine is, and a test that passed passes again. With
# `--hypothesis-profile=roam` each run tries other examples.
settings.register_profile("roam", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", settings.get_profile("roam"), derandomize=True)
settings.load_profile("same")

# Stores wait for the disk at every commit. No test here takes the power away, so where the machine has memory to spare
# their folders lie in it.
_MEMORY = Path("/dev/shm")
if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > 4 << 30:
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)

_SHARED = Path(__file__).parents[1].parent / "shared" / "data"


def pytest_collection_finish() -> None:
    """What was loaded stays, and is not looked at for cycles again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 20)


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """A file or folder of the real data; skips with a reason where it is absent."""

    def find(name: str) -> Path:
        path = _SHARED / name
        if not path.exists():
            pytest.skip(f"the real data ({name}) is not beside this checkout")
        return path

    return find


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    """All engines of this process take one another's queries, which are most of what a report on a few events costs.

    It must not matter: a key stands for the same query in every store.
    """
    shared = Compiled()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("detak.store.duckdb.Compiled", lambda: shared)
        yield


@pytest.fixture(scope="session", autouse=True)
def _nothing_recurs() -> Iterator[None]:
    """What engines do again and again comes between no two lines of a test, however long they take.

    A test of what recurs does it itself; servers in processes of their own beat as ever.
    """
    day = 86_400.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("detak.engine._BEAT_SECONDS", day)
        patch.setattr("detak.recommending.models._LOOK_SECONDS", day)
        patch.setattr("detak.recommending.models._LONGEST_REST", day)
        yield


@pytest.fixture(scope="session", autouse=True)
def _not_tuned_as_a_server() -> Iterator[None]:
    """A server in this process leaves the collector of cycles and the switching of threads as they are: it would look
    through all that tests have loaded at each start. Servers in processes of their own tune theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("detak.server.run._calm", lambda: None)
        yield


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine on a fresh store, with the default settings."""
    with Engine(tmp_path / "store", Settings()) as opened:
        yield opened


def send(engine: Engine, *messages: dict[str, object], source: str = "web", imported: bool = False) -> list[Outcome]:
    """Take messages in as one batch, and wait for what became of them."""
    return engine.take(source, msgspec.json.encode({"batch": messages}), imported=imported).result(timeout=30)
