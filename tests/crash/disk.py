"""A disk that can be full: a small file system of its own where we may mount one, else a limit on files."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from tests.crash.server import Server

_SIZE = 512 * 1024 * 1024
_STEP = 1024 * 1024


class Disk(Protocol):
    """Where the store lies."""

    kind: str
    folder: Path

    def fill(self, server: Server) -> None:
        """Take what space is left."""
        ...

    def free(self, server: Server) -> None:
        """Give it back."""
        ...


class Limited:
    """Any folder. A full disk is a limit on the size of the server's files: writing behind it fails."""

    kind = "limit"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, server: Server) -> None:
        """No file of the server's may grow past 4 KB, the log's included."""
        server.limit_files(4096)

    def free(self, server: Server) -> None:
        """As before."""
        server.limit_files(None)


class Mounted:
    """A file system in memory, filled up with one big file."""

    kind = "tmpfs"

    def __init__(self, mount: Path) -> None:
        self.folder = mount
        self._ballast = mount / "ballast"

    def fill(self, _: Server) -> None:
        """Not one block is left."""
        step = _STEP
        with self._ballast.open("wb", buffering=0) as file:
            while step:
                try:
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), step)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    step = step // 2 if step > 4096 else 0

    def free(self, _: Server) -> None:
        """As before."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def disk(folder: Path, *, mounted: bool) -> Iterator[Disk]:
    """A disk in ``folder``; where mounting is not wanted or not allowed, files are limited instead."""
    folder.mkdir(parents=True, exist_ok=True)
    if mounted and _mount(folder):
        try:
            yield Mounted(folder)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)
    else:
        yield Limited(folder)


def _mount(folder: Path) -> bool:
    with suppress(OSError):
        command = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=700", "detak-crash", str(folder)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    return False
