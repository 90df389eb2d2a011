"""Google Analytics 4's Measurement Protocol: its ``api_secret`` is a write key here."""

import time

import msgspec
from litestar import post

from detak.dialects.body import UNREADABLE
from detak.dialects.ga4 import translate
from detak.dialects.ga4_validation import Remark, remarks
from detak.engine import Engine
from detak.errors import RowError
from detak.server.ingest import BODY_LIMIT, AnyRequest, answers, collect, read_body


class Verdict(msgspec.Struct, rename="camel"):
    """What Google's validation server answers with."""

    validation_messages: list[Remark]


@post("/mp/collect", status_code=204, responses=answers(400, 429, 503))
async def collected(request: AnyRequest, engine: Engine, api_secret: str = "") -> None:
    """Events of the Measurement Protocol. As Google's, it says yes to everything that sending again would not mend."""
    source = engine.source_of(api_secret)
    if source is None:
        return
    try:
        body = translate(await read_body(request, BODY_LIMIT), time.time_ns() // 1000)
        await collect(engine, source, body)
    except RowError:
        await collect(engine, source, UNREADABLE)


@post("/debug/mp/collect", status_code=200, responses=answers(400))
async def checked(request: AnyRequest, engine: Engine, api_secret: str = "") -> Verdict:
    """What is wrong with the events of a body. None of them is kept."""
    found = remarks(await read_body(request, BODY_LIMIT))
    if engine.source_of(api_secret) is None:
        found.insert(
            0, Remark("api_secret", "There is no such write key: `detak key NAME` prints one.", "VALUE_INVALID")
        )
    return Verdict(found)


ROUTES = [collected, checked]
