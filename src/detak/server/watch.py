"""How the sources are, looked at twice a minute at most, however many ask."""

import asyncio
import time
from collections.abc import Callable
from typing import cast

from detak.engine import Engine
from detak.insights.health import HealthReport
from detak.questions import Question

_KEEP_SECONDS = 30.0


class Watch:
    """The latest look at the sources of one engine. Used from one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = 0.0
        self._task: asyncio.Task[HealthReport] | None = None

    async def look(self, engine: Engine) -> HealthReport:
        """How the sources are; a look that failed is tried again by the next who asks."""
        task = self._task
        if task is None or self._clock() >= self._until or (task.done() and _failed(task)):
            task = self._task = asyncio.create_task(_look(engine))
            self._until = self._clock() + _KEEP_SECONDS
        return await asyncio.shield(task)  # one who leaves does not take it from the others


async def _look(engine: Engine) -> HealthReport:
    return cast("HealthReport", await asyncio.to_thread(engine.report, Question("health")))


def _failed(task: "asyncio.Task[HealthReport]") -> bool:
    return task.cancelled() or task.exception() is not None
