"""Peers are asked in an environment of their own; a pretend one stands in for it here, as no package is needed."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from detak.bench.peers import Answer, Missing, ask, environment


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment whose Python is the one of the tests."""
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    monkeypatch.setenv("DETAK_PEERS", str(tmp_path))
    # A link does not lead Python to the packages of the environment that it points into.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    return tmp_path


def program(folder: Path, body: str) -> str:
    path = folder / "numpy_is_not_shadowed.py"
    path.write_text(f"def answer(question, arrays):\n{body}\n")
    return str(path)


def test_a_peer_answers(here: Path) -> None:
    double = program(here, "    print('noise')\n    return {'n': question['n'] + 1}, {'x': arrays['x'] * 2}")
    answer = ask(double, {"n": 1}, {"x": np.arange(3)})
    assert isinstance(answer, Answer)
    assert answer.said == {"n": 2}
    assert answer.arrays["x"].tolist() == [0, 2, 4]
    assert answer.peak_mb > 1
    assert answer.seconds >= 0


def test_where_there_is_no_environment_the_result_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DETAK_PEERS", str(tmp_path / "nothing"))
    assert ask("any", {}, {}) == Missing("not installed: make peers")


def test_a_package_that_is_not_there_is_named(here: Path) -> None:
    answer = ask(program(here, "    import not_there_at_all"), {}, {})
    assert answer == Missing("not installed: make peers (No module named 'not_there_at_all')")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("    raise ValueError('too small')", "failed: ValueError: too small"),
        ("    import os; os._exit(3)", "failed with exit status 3"),
    ],
)
def test_a_peer_that_fails_says_why(here: Path, body: str, why: str) -> None:
    assert ask(program(here, body), {}, {}) == Missing(why)


def test_a_peer_that_takes_too_long_is_left(here: Path) -> None:
    answer = ask(program(here, "    import time; time.sleep(60)"), {}, {}, timeout=1.0)
    assert answer == Missing("no answer within 1 seconds")


def test_the_environment_lies_beside_the_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DETAK_PEERS", raising=False)
    assert environment() == Path(__file__).parents[2] / ".venv-peers"
