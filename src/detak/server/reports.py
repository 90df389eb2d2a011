"""Reports and the pulse, for programs and for the page."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from litestar import Request, Response, get
from litestar.response import ServerSentEvent

from detak.alerts import Alert
from detak.engine import Engine
from detak.estimates.intent import Present
from detak.live import Pulse
from detak.questions import Answer, Question, report_names

AnyRequest = Request[Any, Any, Any]
Bots = Literal["hidden", "shown"]
_OTHERS = ("lang", "bots", "compare", "key")  # what is no parameter of a report


@get("/v1/reports")
async def names() -> list[str]:
    """The reports there are."""
    return report_names()


@get("/v1/reports/{name:str}")
async def report(
    request: AnyRequest,
    engine: Engine,
    name: str,
    lang: str | None = None,
    bots: Bots = "hidden",
    compare: bool = False,
) -> Response[msgspec.Raw]:
    """A report on everything that its purpose may see. Its parameters, and filters, are query parameters.

    Where a report takes long the last one is given again, and ``Age`` says how many seconds ago it was made; who sends
    ``Cache-Control: no-cache`` has it made now.
    """
    anew = "no-cache" in request.headers.get("Cache-Control", "")
    question = Question(name, _parameters(request), lang, bots == "shown", compare, anew=anew)
    answer: Answer = await asyncio.to_thread(engine.answer, question)
    age = max(0, round((datetime.now(UTC) - answer.at).total_seconds()))
    return Response(answer.report, headers={"Age": str(age)})


@get("/v1/reports/{name:str}/people")
async def people(
    request: AnyRequest, engine: Engine, name: str, key: str, lang: str | None = None, bots: Bots = "hidden"
) -> msgspec.Raw:
    """How many people are behind the number with this key, by place, device and stage; nothing where they are few."""
    question = Question(name, _parameters(request), lang, bots == "shown", people=key)
    answer: Answer = await asyncio.to_thread(engine.answer, question)
    return answer.report


def _parameters(request: AnyRequest) -> dict[str, str]:
    return {key: value for key, value in request.query_params.items() if key not in _OTHERS}


@get("/v1/alerts")
async def alerts(engine: Engine) -> list[Alert]:
    """What is broken right now: a payment provider, a page of the checkout, a coupon. Counts only."""
    return engine.alerts()


@get("/v1/intent")
async def intent(engine: Engine) -> Present:
    """How many people are in the shop now, and how many of them are likely to buy; null: too few to show."""
    found = await asyncio.to_thread(engine.intent.present, engine.settings.min_group)
    return found or Present(None, None, None)


@get("/v1/pulse")
async def pulse(engine: Engine) -> Pulse:
    """What is happening right now."""
    return engine.pulse()


@get("/v1/pulse/stream", include_in_schema=False)
async def stream(engine: Engine, stopping: asyncio.Event) -> ServerSentEvent:
    """The pulse, once a second, until the server stops."""

    async def beats() -> AsyncIterator[str]:
        while not stopping.is_set():
            yield msgspec.json.encode(engine.pulse()).decode()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), 1 - time.time() % 1)

    return ServerSentEvent(beats())


ROUTES = [names, report, alerts, people, intent, pulse, stream]
