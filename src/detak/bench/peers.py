"""Packages that Detak is compared with, asked in an environment of their own: they may not even install beside it.

``make peers`` makes that environment, ``.venv-peers``, from ``requirements-peers.lock``; ``DETAK_PEERS`` names another.
Where there is none, or where a package fails, the result says so: a comparison never takes the measurement down.
"""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from detak.bench import peer_scripts

Arrays = Mapping[str, np.ndarray[Any, Any]]
_CHECKOUT: Final = Path(__file__).parents[3]
_SCRIPTS: Final = Path(peer_scripts.__file__).parent


class Answer(msgspec.Struct, frozen=True):
    """What a peer answered, and what it took: the program's own time, without its start and its imports."""

    said: dict[str, Any]
    seconds: float
    cpu_seconds: float
    peak_mb: float
    """The most memory its process held, arrays of the question included."""
    arrays: Arrays = {}


class Missing(msgspec.Struct, frozen=True):
    """There is no answer, and why."""

    missing: str


def environment() -> Path:
    """The folder of the peers' environment, whether it is there or not."""
    return Path(os.environ.get("DETAK_PEERS") or _CHECKOUT / ".venv-peers")


def ask(program: str, question: Mapping[str, Any], arrays: Arrays, timeout: float = 3600.0) -> Answer | Missing:
    """Run a program in the peers' environment.

    Args:
        program: the name of a file of ``peer_scripts``, or the path of a file like them.
        question: what can be written as JSON.
        arrays: by name; a sparse matrix is three of them.
        timeout: seconds.
    """
    python = environment() / "bin" / "python"
    if not python.exists():
        return Missing("not installed: make peers")
    path = Path(program) if program.endswith(".py") else _SCRIPTS / f"{program}.py"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "question.json").write_bytes(msgspec.json.encode(question))
        np.savez(folder / "question.npz", allow_pickle=False, **dict(arrays))
        # -P: a program may be called like the package that it asks.
        command = [str(python), "-P", str(_SCRIPTS / "run.py"), str(path), name]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)  # noqa: S603
        except subprocess.TimeoutExpired:
            return Missing(f"no answer within {timeout:,.0f} seconds")
        if done.returncode:
            return Missing(_why(done.returncode, done.stderr))
        answer = msgspec.json.decode((folder / "answer.json").read_bytes(), type=Answer)
        with np.load(folder / "answer.npz", allow_pickle=False) as made:
            return msgspec.structs.replace(answer, arrays={key: made[key] for key in made.files})


def _why(code: int, told: str) -> str:
    lines = told.strip().splitlines()
    if lines and lines[-1].startswith("ModuleNotFoundError"):
        return f"not installed: make peers ({lines[-1].partition(': ')[2]})"
    return f"failed: {lines[-1]}" if lines else f"failed with exit status {code}"
