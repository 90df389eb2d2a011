"""What needs the admin token: importing, a person's rights, keys and the audit. The command line comes in here too."""

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, post

from detak.engine import Engine
from detak.errors import UsageError
from detak.questions import Answer, Audit, Question
from detak.receipt import Receipt
from detak.trust.passages import Person as Named

AnyRequest = Request[Any, Any, Any]


class Person(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Whose data this is about."""

    user_id: str | None = None
    anonymous_id: str | None = None

    @property
    def identifiers(self) -> list[tuple[str, str]]:
        """As the gate wants them.

        Raises:
            UsageError: nobody is named.
        """
        named = (("user", self.user_id), ("anonymous", self.anonymous_id))
        if not any(value for _, value in named):
            raise UsageError('say whose data: {"userId": ...} or {"anonymousId": ...}')
        return [(kind, value) for kind, value in named if value]


class Behind(msgspec.Struct, forbid_unknown_fields=True):
    """Whose identifiers are asked for: ``question.people`` is the key of the number."""

    question: Question
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100


class ImportNote(msgspec.Struct):
    """What the audit should say of an import."""

    file: str
    source: str
    counts: dict[str, int]


@post("/v1/admin/import/{source:str}", status_code=200)
async def take(request: AnyRequest, engine: Engine, source: str) -> list[tuple[str, str, str]]:
    """Take a batch of an import in; what became of each message: what, field, reason."""
    body = await request.body()
    outcomes = await asyncio.wrap_future(engine.take(source, body, imported=True))
    return [(one.what, one.field, one.reason) for one in outcomes]


@post("/v1/admin/imported", status_code=204)
async def imported(engine: Engine, data: ImportNote) -> None:
    """Leave an import in the audit."""
    await asyncio.to_thread(engine.audit_import, data.file, data.source, data.counts)


@post("/v1/admin/answer", status_code=200)
async def answer(engine: Engine, data: Question) -> Answer:
    """A report, as JSON and as text."""
    return await asyncio.to_thread(engine.answer, data)


@post("/v1/admin/people", status_code=200)
async def people(engine: Engine, data: Behind) -> list[Named]:
    """The people behind a number of a report, as pseudonyms and identifiers."""
    return await asyncio.to_thread(engine.names, data.question, data.limit)


class Chance(msgspec.Struct, frozen=True):
    """That a visit ends in a purchase; null: no visit goes on, nothing is learnt, or nothing may be known."""

    chance: float | None


@post("/v1/admin/intent", status_code=200)
async def intent(engine: Engine, data: Person) -> Chance:
    """The chance that the visit a person is on ends in a purchase, as personalisation may know it."""
    return Chance(await asyncio.to_thread(engine.intent.chance, data.identifiers))


@post("/v1/admin/export", status_code=200)
async def export(engine: Engine, data: Person) -> dict[str, Any]:
    """Everything kept of a person."""
    return await asyncio.to_thread(engine.export, data.identifiers)


@post("/v1/admin/forget", status_code=200)
async def forget(engine: Engine, data: Person) -> Receipt:
    """Remove a person; a signed receipt."""
    return await asyncio.to_thread(engine.forget, data.identifiers)


@post("/v1/admin/keys/{source:str}", status_code=200)
async def key(engine: Engine, source: str) -> dict[str, str]:
    """The write key of a source; made on first asking."""
    return {"source": source, "key": await asyncio.to_thread(engine.write_key, source)}


@delete("/v1/admin/keys/{source:str}", status_code=204)
async def revoke(engine: Engine, source: str) -> None:
    """Take the write key of a source back; the next asking makes another."""
    await asyncio.to_thread(engine.revoke_key, source)


@get("/v1/admin/audit")
async def audit(engine: Engine) -> Audit:
    """Every passage through the gate."""
    return await asyncio.to_thread(engine.audit)


ROUTES = [take, imported, answer, people, intent, export, forget, key, revoke, audit]
