"""Threads that stand back."""

import os
import sys
import threading
from pathlib import Path

import pytest

from detak.store.background import standing_back
from detak.store.duckdb import DuckStore


def nice(thread: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, thread)


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")
def test_threads_that_begin_inside_stand_back_and_others_do_not() -> None:
    done = threading.Event()
    outside = threading.Thread(target=done.wait)
    outside.start()
    with standing_back():
        inside = threading.Thread(target=done.wait)
        inside.start()
    here = nice(0)
    assert inside.native_id is not None
    assert outside.native_id is not None
    try:
        assert nice(inside.native_id) == max(here, 10)
        assert nice(outside.native_id) == nice(threading.get_native_id()) == here
    finally:
        done.set()


@pytest.mark.skipif(sys.platform != "linux" or (os.cpu_count() or 1) < 2, reason="there are no such threads")
def test_the_threads_of_a_database_stand_back(tmp_path: Path) -> None:
    before = {int(one.name) for one in Path("/proc/self/task").iterdir()}
    store = DuckStore(tmp_path, part_rows=1000, memory="100MB")
    fresh = {int(one.name) for one in Path("/proc/self/task").iterdir()} - before
    assert fresh
    assert all(nice(one) >= 10 for one in fresh)
    store.close()
