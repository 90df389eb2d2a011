"""A `detak` process as a shop runs it, in a process group of its own: killed with all its children."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
    "PYTHONDONTWRITEBYTECODE": "1",
}
_PATIENCE = 60.0  # seconds to start, or to end
# Compaction has no setting, for a shop needs none; a harness cannot wait a minute for each.
_HURRIED = """
import detak.engine
assert hasattr(detak.engine, "_BEAT_SECONDS"), "the harness hurries the beat by this name"
detak.engine._BEAT_SECONDS = 0.2
from detak.cli import main
main()
"""


class ServerError(Exception):
    """A server that does not start, or does not end; the text has what it said."""


def spawn(arguments: list[str], log: Path, *, hurried: bool = False) -> "subprocess.Popen[str]":
    """Start a `detak` command; what it says on stderr is appended to ``log``."""
    program = ["-c", _HURRIED] if hurried else ["-m", "detak"]
    with log.open("a") as errors:
        return subprocess.Popen(
            [sys.executable, *program, *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=ENVIRONMENT,
            cwd=ROOT,
            start_new_session=True,
        )


def kill(process: "subprocess.Popen[str]") -> None:
    """SIGKILL for the whole group, and wait until it is gone."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


class Server:
    """`detak serve` on a store.

    Raises:
        ServerError: it ended instead of answering.
    """

    def __init__(self, store: Path, log: Path, *options: str, hurried: bool = False) -> None:
        self.store = store
        self._log = log
        command = ["serve", "--store", str(store), "--port", "0", "--json", *options]
        self.process = spawn(command, log, hurried=hurried)
        watchdog = threading.Timer(_PATIENCE, lambda: kill(self.process))
        watchdog.start()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        watchdog.cancel()
        if not line:
            kill(self.process)
            raise ServerError(f"the server did not start: {tail(log)}")
        told = json.loads(line)
        self.url: str = told["url"].split("/?")[0]  # what follows is the token
        self.key: str = told["write_key"]

    @property
    def token(self) -> str:
        """The admin token."""
        return (self.store / "admin.token").read_text().strip()

    def kill(self) -> None:
        """As a power switch does."""
        kill(self.process)

    def stop(self) -> None:
        """As a person does: SIGTERM, and wait.

        Raises:
            ServerError: it did not end.
        """
        self.process.terminate()
        try:
            self.process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            kill(self.process)
            raise ServerError(f"the server did not end: {tail(self._log)}") from None

    def limit_files(self, most: int | None) -> None:
        """Let no file of the server's grow past so many bytes; None lifts it. Writing more fails as on a full disk."""
        for entry in Path("/proc").iterdir():
            with suppress(ProcessLookupError, ValueError):
                pid = int(entry.name)
                if os.getpgid(pid) == self.process.pid:
                    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if most is None else most, hard))


def tail(log: Path) -> str:
    """The last of what a server said."""
    return log.read_text(errors="replace")[-2000:]
