"""The load generator counts an answer once all of it was read, whatever pieces it comes in."""

import asyncio
from collections.abc import Sequence

import pytest

from detak.bench.load import _Asking

WHOLE = b"HTTP/1.1 200 OK\r\nServer: x\r\ncontent-LENGTH: 5\r\n\r\nhello"
EMPTY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
UNSAID = b"HTTP/1.1 204 Nothing\r\n\r\n"


async def heard(asking: _Asking, pieces: Sequence[bytes]) -> tuple[list[bool], int]:
    """After each piece whether an answer was there, and its status."""
    answered = asking.answered = asyncio.get_running_loop().create_future()
    there = []
    for one in pieces:
        asking.data_received(one)
        there.append(answered.done())
    return there, await answered


@pytest.mark.parametrize(("answer", "status"), [(WHOLE, 200), (EMPTY, 503), (UNSAID, 204)])
def test_an_answer_is_there_with_its_last_byte(answer: bytes, status: int) -> None:
    async def both() -> None:
        asking = _Asking()
        last = len(answer) - 1
        bytewise = [answer[at : at + 1] for at in range(len(answer))]
        for pieces in ([answer], [answer[:12], answer[12:last], answer[last:]], bytewise):
            there, found = await heard(asking, pieces)
            assert found == status
            assert there == [False] * (len(pieces) - 1) + [True]

    asyncio.run(both())


def test_a_connection_that_is_lost_answers_too() -> None:
    async def both() -> int:
        asking = _Asking()
        asking.connection_lost(None)  # nobody waits
        answered = asking.answered = asyncio.get_running_loop().create_future()
        asking.data_received(WHOLE[:-1])
        asking.connection_lost(None)
        return await answered

    assert asyncio.run(both()) == 0
