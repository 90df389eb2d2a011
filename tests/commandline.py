"""The command line in this process: what it answers and refuses, without a start of Python for each command."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner

from detak.cli import main


class Done(NamedTuple):
    """What a command came to."""

    returncode: int
    stdout: str
    stderr: str


def detak(*arguments: str | Path) -> Done:
    """Run a command. What it does not explain in words is raised."""
    mask = os.umask(0o022)
    try:
        result = CliRunner().invoke(main, list(map(str, arguments)))
    finally:
        os.umask(mask)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


def answer(*arguments: str | Path) -> Any:
    """The answer in JSON of a command that must succeed."""
    done = detak(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(*arguments: str | Path) -> str:
    """The message of a command that must fail in words."""
    done = detak(*arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    return done.stderr
