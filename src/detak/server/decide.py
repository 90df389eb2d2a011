"""Decisions over HTTP: what to show now, why something was shown, and the script that puts decisions into a page."""

from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec

from detak.decide.asking import BODY_LIMIT
from detak.decision import Decision
from detak.engine import Engine
from detak.server.ingest import ANSWERS, AnyRequest, answers, durable, read_body, source_of

_SCRIPT: Final = Path(__file__).parent / "static" / "detak.js"


class Decisions(msgspec.Struct):
    """One decision for each placement, in their order."""

    decisions: list[Decision]


_TOLD: Final = {200: ResponseSpec(Decisions, description="What to show.", generate_examples=False), **ANSWERS}


@post("/v1/decide", status_code=200, responses=_TOLD)
async def decide(request: AnyRequest, engine: Engine) -> Response[Any]:
    """What a person sees in each placement of this page now. On the disk when this answers."""
    body = await read_body(request, BODY_LIMIT)
    source = source_of(request, engine, body)
    answer = await durable(lambda done: engine.decisions.decide(source, body, done))
    return Response(answer, media_type="application/json", headers={"Cache-Control": "no-store"})


@get("/detak.js", responses=answers(404), media_type="text/javascript")
async def script() -> Response[bytes]:
    """The script for a shop's pages: consent, tracking, decisions. It needs nothing else."""
    headers = {"Cache-Control": "public, max-age=300", "Cross-Origin-Resource-Policy": "cross-origin"}
    return Response(_SCRIPT.read_bytes(), media_type="text/javascript", headers=headers)


ROUTES = [decide, script]
