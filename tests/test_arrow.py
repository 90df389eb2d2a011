"""Processes of Detak do without pandas, and nobody else has to."""

import os
import subprocess
import sys
from pathlib import Path

from detak.decoding import PROGRAM
from detak.engine import Engine

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}
COMMAND = """
import sys
from detak.cli import main
main(["audit", "--store", sys.argv[1], "--json"], standalone_mode=False)
assert "detak.engine" in sys.modules, "what was asked for was not loaded"
assert "pandas" not in sys.modules
import pyarrow
assert pyarrow.array([1, 2]).to_pandas().sum() == 3
"""
DECODING = f"{PROGRAM}; import sys; assert 'detak.reading.decode' in sys.modules; assert 'pandas' not in sys.modules"


def run(program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, input="", text=True, env=ENVIRONMENT, check=False)


def test_a_command_loads_no_pandas_and_lets_others_have_it(tmp_path: Path) -> None:
    with Engine(tmp_path):
        pass
    done = run(COMMAND, str(tmp_path))
    assert done.returncode == 0, done.stderr


def test_the_process_that_decodes_loads_none() -> None:
    done = run(DECODING)
    assert done.returncode == 0, done.stderr
