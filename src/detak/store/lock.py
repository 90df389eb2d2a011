"""One process owns a store; the others go through it. The lock dies with its process, however it dies."""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

import msgspec

from detak.private_files import make_private, write_secret

_PROBE = 0.2  # seconds: another that asks whether the lock is free holds it for an instant


class Address(msgspec.Struct, frozen=True):
    """Where the process that owns a store answers."""

    url: str
    token: str


class StoreLock:
    """The lock of one store folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._address = folder / "address.json"
        self._file: int | None = None

    def acquire(self, seconds: float = 0) -> bool:
        """Take the lock, waiting at most so long; whether it is ours now."""
        make_private(self._path.parent)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        until = time.monotonic() + max(seconds, _PROBE)
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
        write_secret(self._address, msgspec.json.encode(Address(url, token)))

    def owner(self) -> Address | None:
        """Where the owner answers, if there is one and it said so.

        What a killed owner left behind is no answer: whoever listens at that address by now is a stranger.
        """
        try:
            said = msgspec.json.decode(self._address.read_bytes(), type=Address)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None
        return said if self._held() else None

    def _held(self) -> bool:
        """Whether a living process holds the lock."""
        try:
            handle = os.open(self._path, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)  # releases it
        return False

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
