"""One owner at a time; the lock dies with its process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from detak.store.lock import StoreLock

HOLD = "import sys, time; from pathlib import Path; from detak.store.lock import StoreLock\n"
HOLD += "lock = StoreLock(Path(sys.argv[1])); print(lock.acquire()); lock.announce('http://x', 't'); print('ready')\n"
HOLD += "sys.stdout.flush(); time.sleep(60)"


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    first, second = StoreLock(tmp_path / "new"), StoreLock(tmp_path / "new")
    assert first.acquire()
    first.announce("http://127.0.0.1:1", "secret")
    assert (tmp_path / "new" / "address.json").stat().st_mode & 0o077 == 0
    assert not second.acquire(0.1)
    told = second.owner()
    assert told is not None
    assert (told.url, told.token) == ("http://127.0.0.1:1", "secret")
    first.release()
    assert second.owner() is None
    assert second.acquire()
    second.release()


def test_a_killed_owner_holds_nothing(tmp_path: Path) -> None:
    src = str(Path(__file__).parents[2] / "src")
    owner = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": src}
    )
    assert owner.stdout is not None
    assert [owner.stdout.readline().strip() for _ in range(2)] == ["True", "ready"]
    lock = StoreLock(tmp_path)
    assert not lock.acquire()
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    assert (tmp_path / "address.json").exists()
    assert lock.owner() is None  # whoever listens there by now is a stranger
    assert lock.acquire(5)
    assert lock.owner() is None  # what the dead one announced is taken down
    lock.release()


def test_half_an_announcement_is_none(tmp_path: Path) -> None:
    with StoreLock(tmp_path) as lock:
        assert lock.acquire()
        (tmp_path / "address.json").write_text('{"url": "http')
        assert StoreLock(tmp_path).owner() is None


def test_asking_for_the_owner_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "address.json").write_text('{"url": "http://127.0.0.1:1", "token": "t"}')
    assert StoreLock(tmp_path).owner() is None  # there is no lock at all
    assert not (tmp_path / "lock").exists()
    (tmp_path / "lock").touch()
    assert StoreLock(tmp_path).owner() is None
    with StoreLock(tmp_path) as lock:
        assert lock.acquire()


@pytest.mark.parametrize("before", [None, 0o755])
def test_the_folder_is_closed_to_others(tmp_path: Path, before: int | None) -> None:
    folder = tmp_path / "store"
    if before is not None:
        folder.mkdir()
        folder.chmod(before)
    mask = os.umask(0)
    try:
        with StoreLock(folder) as lock:
            assert lock.acquire()
    finally:
        os.umask(mask)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_shared_on_purpose_stays_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with StoreLock(tmp_path) as lock:
        assert lock.acquire()
    assert tmp_path.stat().st_mode & 0o7777 == 0o1777
