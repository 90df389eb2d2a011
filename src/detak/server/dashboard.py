"""What the first page shows: the pulse and the reports, asked for together and kept for a few seconds."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from detak.engine import Engine
from detak.insights.base import Report
from detak.insights.cancellations import CancellationsReport
from detak.insights.products import ProductsReport
from detak.insights.timing import TimingReport
from detak.live import Pulse
from detak.questions import Question

_KEEP_SECONDS = 5.0


@dataclass(frozen=True)
class Dashboard:
    """Everything on the page, before it is drawn."""

    pulse: Pulse
    timing: TimingReport
    split: TimingReport | None
    """The same by a dimension, where one was asked for."""
    products: ProductsReport
    cancellations: CancellationsReport

    @property
    def empty(self) -> bool:
        """Nothing has come in that a report could show."""
        return not (self.timing.orders or self.cancellations.orders or self.products.searches)


class _Made(NamedTuple):
    until: float
    came_in: int
    task: asyncio.Task[Report]


@dataclass
class Recent:
    """Reports of the last few seconds while nothing new came in, so that pages opened together ask the facts once.

    The keys are reports and their parameters, which are few; a report that failed is not kept.
    """

    clock: Callable[[], float] = time.monotonic
    _made: dict[tuple[str, str, str], _Made] = field(default_factory=dict)

    async def report(self, engine: Engine, name: str, language: str, by: str | None = None) -> Report:
        """The report, computed in a thread unless it was a moment ago.

        Raises:
            UsageError: there is no such dimension.
        """
        key = (name, by or "", language)
        came_in = sum(engine.pulse().outcomes.values())
        made = self._made.get(key)
        if made is None or self.clock() > made.until or came_in != made.came_in or _failed(made.task):
            task = asyncio.create_task(_asked(engine, Question(name, {"by": by} if by else {}, language)))
            made = self._made[key] = _Made(self.clock() + _KEEP_SECONDS, came_in, task)
        return await asyncio.shield(made.task)  # a reader who leaves does not take it from the others


async def gather(engine: Engine, recent: Recent, language: str, by: str | None) -> Dashboard:
    """Everything on the page, computed side by side."""
    asked: list[Coroutine[Any, Any, Report]] = [
        recent.report(engine, name, language) for name in ("timing", "products", "cancellations")
    ]
    if by:
        asked.append(recent.report(engine, "timing", language, by))
    timing, products, cancellations, *split = await asyncio.gather(*asked)
    return Dashboard(
        pulse=engine.pulse(),
        timing=cast("TimingReport", timing),
        split=cast("TimingReport", split[0]) if split else None,
        products=cast("ProductsReport", products),
        cancellations=cast("CancellationsReport", cancellations),
    )


async def _asked(engine: Engine, question: Question) -> Report:
    return await asyncio.to_thread(engine.report, question)


def _failed(task: asyncio.Task[Report]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
