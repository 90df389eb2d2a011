"""What takes long is counted behind whoever asked, once however many ask."""

import threading
from collections.abc import Iterator

import pytest

from detak import counting
from detak.counting import Counting
from detak.errors import BusyError, UsageError


@pytest.fixture
def held() -> Iterator[tuple[Counting[int], threading.Event]]:
    """With what lets go of everything that waits for it."""
    made, go = Counting[int](), threading.Event()
    yield made, go
    go.set()
    made.close()


def test_what_is_there_soon_is_answered(held: tuple[Counting[int], threading.Event]) -> None:
    made, _ = held
    assert made.ask(b"a", lambda: 3, 10) == 3
    assert not made.busy(b"a")


def test_it_is_made_once_and_asked_for_again_when_it_is_there(held: tuple[Counting[int], threading.Event]) -> None:
    made, go = held
    ran: list[int] = []

    def act() -> int:
        ran.append(1)
        go.wait(10)
        return len(ran)

    assert [made.ask(b"a", act, 0), made.ask(b"a", act, 0.01)] == [None, None]
    assert made.busy(b"a")
    go.set()
    while made.busy(b"a"):
        pass
    assert made.ask(b"a", act, 10) == 2


def test_what_went_wrong_is_said_to_whoever_looks_again_and_then_tried_again(
    held: tuple[Counting[int], threading.Event],
) -> None:
    made, go = held

    def fail() -> int:
        go.wait(10)
        raise UsageError("no")

    assert made.ask(b"a", fail, 0) is None
    go.set()
    while made.busy(b"a"):
        pass
    with pytest.raises(UsageError, match="no"):
        made.ask(b"a", lambda: 5, 10)
    assert made.ask(b"a", lambda: 5, 10) == 5


def test_too_many_are_sent_away(held: tuple[Counting[int], threading.Event], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "_MOST", 2)
    made, go = held
    for key in (b"a", b"b"):
        assert made.ask(key, lambda: int(go.wait(10)), 0) is None
    with pytest.raises(BusyError, match="many reports"):
        made.ask(b"c", lambda: 1, 0)
