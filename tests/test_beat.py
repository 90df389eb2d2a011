import threading

import pytest

from detak.beat import Beat, Ended


def test_a_task_that_fails_is_told_and_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    done, again = threading.Event(), threading.Semaphore(0)

    def broken(_: Ended) -> None:
        again.release()
        raise RuntimeError("no room")

    beat = Beat({"compaction": broken, "learning": lambda _: done.set()}, seconds=0.01)
    beat.start()
    assert done.wait(10)
    assert all(again.acquire(timeout=10) for _ in range(2))  # it is tried again
    beat.stop()
    assert "compaction was put off: no room" in caplog.text


def test_it_ends_once_what_is_being_done_is_done() -> None:
    begun, free, finished = threading.Event(), threading.Event(), list[int]()

    def slow(_: Ended) -> None:
        begun.set()
        free.wait(10)
        finished.append(1)

    beat = Beat({"slow": slow}, seconds=0.01)
    beat.start()
    assert begun.wait(10)
    threading.Timer(0.05, free.set).start()
    beat.stop()
    assert finished == [1]


def test_after_what_is_being_done_nothing_more_is_begun() -> None:
    begun, later = threading.Event(), list[int]()
    beat = Beat({}, seconds=0.01)

    def slow(_: Ended) -> None:
        begun.set()
        beat._ended.wait(10)

    beat._tasks = {"slow": slow, "later": lambda _: later.append(1)}
    beat.start()
    assert begun.wait(10)
    beat.stop()
    assert later == []


def test_nothing_is_done_before_the_first_beat() -> None:
    done: list[int] = []
    beat = Beat({"x": lambda _: done.append(1)}, seconds=3_600)
    beat.start()
    beat.stop()
    assert done == []


def test_a_task_is_told_that_all_is_at_an_end() -> None:
    begun, left = threading.Event(), list[int]()

    def long(ended: Ended) -> None:
        begun.set()
        while not ended():
            threading.Event().wait(0.001)
        left.append(1)

    beat = Beat({"long": long}, seconds=0.01)
    beat.start()
    assert begun.wait(10)
    beat.stop()
    assert left == [1]
