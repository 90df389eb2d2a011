"""Which questions are answered together, and that nobody waits for nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from detak.deciding.prepared import Asking
from detak.server.gathering import AT_ONCE, ENOUGH, Gathering


class Desk:
    """Answers, and notes which questions came together."""

    def __init__(self) -> None:
        self.together: list[list[str]] = []
        self.errors: list[object] = []
        self.fails = False
        self.gathering = Gathering(self._answer)

    def ask(self, *names: str) -> None:
        for one in names:
            self.gathering.add(Asking(one, b"", self.errors.append))

    def _answer(self, asked: Sequence[Asking]) -> None:
        if self.fails:
            raise ZeroDivisionError
        self.together.append([one.source for one in asked])


def run(play: Callable[[Desk], Awaitable[Any]]) -> Desk:
    async def whole() -> Desk:
        desk = Desk()
        await asyncio.wait_for(play(desk), 20)
        return desk

    return asyncio.run(whole())


async def turn() -> None:
    """One look at the sockets."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def names(many: int) -> list[str]:
    return [f"q{one}" for one in range(many)]


def test_one_alone_is_answered_at_once_and_those_of_one_look_together() -> None:
    async def play(desk: Desk) -> None:
        desk.ask("a")
        await turn()
        desk.gathering.landed()
        desk.ask("b", "c")
        await turn()

    assert run(play).together == [["a"], ["b", "c"]]


def test_while_an_answer_is_on_its_way_others_gather_until_it_is_there() -> None:
    async def play(desk: Desk) -> None:
        desk.ask("a", "b")
        await turn()
        desk.ask("c")
        desk.gathering.landed()
        desk.ask("d")
        assert len(desk.together) == 1, "one of the two is still on its way"
        desk.gathering.landed()
        await turn()

    assert run(play).together == [["a", "b"], ["c", "d"]]


def test_enough_of_them_wait_for_nobody() -> None:
    async def play(desk: Desk) -> None:
        desk.ask("a")
        await turn()
        desk.ask(*names(ENOUGH))
        await turn()

    assert run(play).together == [["a"], names(ENOUGH)]


def test_nobody_waits_for_long_for_a_slow_disk() -> None:
    async def play(desk: Desk) -> None:
        desk.ask("a")
        await turn()
        desk.ask("b")
        while len(desk.together) < 2:
            await asyncio.sleep(0.001)

    assert run(play).together == [["a"], ["b"]]


def test_a_crowd_is_answered_in_parts() -> None:
    async def play(desk: Desk) -> None:
        desk.ask(*names(AT_ONCE + 3))
        await turn()
        await turn()

    assert list(map(len, run(play).together)) == [AT_ONCE, 3]


def test_who_asked_hears_what_went_wrong_and_the_next_are_answered() -> None:
    async def play(desk: Desk) -> None:
        desk.fails = True
        desk.ask("a", "b")
        await turn()
        desk.fails = False
        desk.gathering.landed()
        desk.gathering.landed()
        desk.ask("c")
        await turn()

    desk = run(play)
    assert list(map(type, desk.errors)) == [ZeroDivisionError] * 2
    assert desk.together == [["c"]]
