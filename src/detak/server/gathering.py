"""Questions that are answered together: to answer one alone costs as much as three of eight.

Those that come in with one look at the sockets are. While answers are on their way to the disk, so are those that come
in meanwhile; nobody waits where nothing is on its way, nor for long.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from detak.deciding.prepared import Asking

AT_ONCE: Final = 32  # others wait meanwhile
ENOUGH: Final = 8  # are worth answering, though others are on their way to the disk
_PATIENCE: Final = 0.001  # seconds that fewer wait for those


class Gathering:
    """Gathers questions, in the thread of one event loop.

    Args:
        answer: answers some; each question's ``done`` hears of it, once.
    """

    def __init__(self, answer: Callable[[Sequence[Asking]], None]) -> None:
        self._answer_all = answer
        self._asking: list[Asking] = []
        self._later: asyncio.TimerHandle | None = None
        self._flying = 0

    def add(self, asked: Asking) -> None:
        """Answer a question soon."""
        self._asking.append(asked)
        waiting, loop = len(self._asking), asyncio.get_running_loop()
        if waiting == 1 and self._flying:
            self._later = loop.call_later(_PATIENCE, self._answer)
        elif waiting == 1:
            loop.call_soon(self._answer)
        elif waiting == ENOUGH:
            self._hurry()

    def landed(self) -> None:
        """What was answered to one question is on the disk, or will never be."""
        self._flying = max(0, self._flying - 1)
        if not self._flying:
            self._hurry()

    def _hurry(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
            asyncio.get_running_loop().call_soon(self._answer)

    def _answer(self) -> None:
        self._later = None
        asked, self._asking = self._asking[:AT_ONCE], self._asking[AT_ONCE:]
        if self._asking:
            asyncio.get_running_loop().call_soon(self._answer)
        self._flying += len(asked)
        try:
            self._answer_all(asked)
        except Exception as error:  # whoever waits must hear of it
            for one in asked:
                one.done(error)
