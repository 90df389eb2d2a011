"""One process owns a store; the others go through it. The lock dies with its process, however it dies."""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

import msgspec


class Address(msgspec.Struct, frozen=True):
    """Where the process that owns a store answers."""

    url: str
    token: str
    process: int


class StoreLock:
    """The lock of one store folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._address = folder / "address.json"
        self._file: int | None = None

    def acquire(self, seconds: float = 0) -> bool:
        """Take the lock, waiting at most so long; whether it is ours now."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        until = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    os.close(handle)
                    return False
                time.sleep(0.05)
            else:
                self._file = handle
                self._address.unlink(missing_ok=True)
                return True

    def announce(self, url: str, token: str) -> None:
        """Say where the owner answers; only the owner of the files can read it."""
        temporary = self._address.with_suffix(".tmp")
        temporary.touch(mode=0o600)
        temporary.write_bytes(msgspec.json.encode(Address(url, token, os.getpid())))
        temporary.replace(self._address)

    def owner(self) -> Address | None:
        """Where the owner answers, if it said so."""
        try:
            return msgspec.json.decode(self._address.read_bytes(), type=Address)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    def release(self) -> None:
        """Let the next one in."""
        if self._file is not None:
            self._address.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None

    def __enter__(self) -> "StoreLock":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.release()
