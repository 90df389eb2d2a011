"""Keeping the data good, with the admin token: bots judged again, and messages sent again that could not be used."""

import asyncio

import msgspec
from litestar import get, post

from detak.bots import BotsReport, Rejudged
from detak.engine import Engine
from detak.reading.resend import Rejected, Resent


class Choice(msgspec.Struct, forbid_unknown_fields=True):
    """Which kept messages are meant; null: all."""

    source: str | None = None
    event: str | None = None


@get("/v1/admin/bots")
async def bots(engine: Engine) -> BotsReport:
    """What was flagged as programs', by rule."""
    return await asyncio.to_thread(engine.bots_report)


@post("/v1/admin/bots/reprocess", status_code=200)
async def reprocess(engine: Engine) -> Rejudged:
    """Judge the facts again by the list that is in force now."""
    return await asyncio.to_thread(engine.rejudge_bots)


@get("/v1/admin/rejects")
async def rejects(engine: Engine) -> list[Rejected]:
    """Why messages could not be used, and how many can be sent again."""
    return await asyncio.to_thread(engine.rejects_report)


@post("/v1/admin/rejects/replay", status_code=200)
async def replay(engine: Engine, data: Choice) -> Resent:
    """Send kept messages through the way in again; each counts once."""
    return await asyncio.to_thread(engine.replay_rejects, data.source, data.event)


ROUTES = [bots, reprocess, rejects, replay]
