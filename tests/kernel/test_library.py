"""How the compiled kernel is found, and made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from detak.kernel import library
from detak.kernel.calling import Rooms

ROOT = Path(__file__).parents[2]


def made(root: Path, compiler: str | None = None) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, **({"CC": compiler} if compiler else {})}
    return subprocess.run(
        [sys.executable, "hatch_build.py"], cwd=root, env=env, capture_output=True, text=True, check=False
    )


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a build reads, and one small source."""
    folder = tmp_path / "src" / "detak" / "kernel"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "hatch_build.py", tmp_path)
    for name in ("__init__.py", "library.py", "sources.c", "gather.h"):
        shutil.copy(ROOT / "src" / "detak" / "kernel" / name, folder)
    (folder.parent / "__init__.py").touch()
    return tmp_path


def found(root: Path) -> str:
    program = "from detak.kernel.library import library; print(library() is not None)"
    env = {**os.environ, "PYTHONPATH": str(root / "src")}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_it_is_here_and_of_these_sources() -> None:
    """Else the tests of what it answers are skipped, and nobody notices."""
    assert library.library() is not None, "compile it anew: python hatch_build.py"


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_it_is_made_in_place_and_of_these_sources_alone(clone: Path) -> None:
    assert made(clone).returncode == 0
    assert found(clone) == "True"
    with (clone / "src" / "detak" / "kernel" / "gather.h").open("a") as header:
        header.write("/* changed since */\n")
    assert found(clone) == "False"


def test_without_a_compiler_there_is_none(clone: Path) -> None:
    done = made(clone, "false")
    assert done.returncode == 1
    assert "false failed" in done.stderr
    assert found(clone) == "False"


def test_what_is_no_library_is_let_be(clone: Path) -> None:
    (clone / "src" / "detak" / "kernel" / library.FILE).write_bytes(b"no library")
    assert found(clone) == "False"


def test_a_room_is_used_again_where_it_is_large_enough() -> None:
    rooms = Rooms()
    first, other = rooms.take(100), rooms.take(100)
    assert first.at != other.at
    rooms.give(first)
    assert rooms.take(50) is first
    rooms.give(first)
    larger = rooms.take(200)
    assert len(larger.memory) == 200
    assert not larger.memory.any()
