"""A person's word on their data, from a page's banner or from a shop's server."""

import asyncio

import msgspec
from litestar import put

from detak.engine import Engine
from detak.errors import RowError
from detak.misfit import misfit
from detak.questions import Consent
from detak.reading.wire import EVENT_LIMIT
from detak.server.ingest import ANSWERS, AnyRequest, read_body, source_of


class Said(Consent, rename="camel", forbid_unknown_fields=True):
    """As a page sends it: the write key may stand in the body."""

    write_key: str | None = None


class InForce(Consent, rename="camel"):
    """What holds from now on."""

    ignored: list[str] = msgspec.field(default_factory=list)
    """Categories that nobody gave a meaning: see ``consent_categories`` in ``detak.toml``."""


@put("/v1/consent", status_code=200, responses=ANSWERS)
async def consent(request: AnyRequest, engine: Engine) -> InForce:
    """A person's word on their data; in force when this answers."""
    body = await read_body(request, EVENT_LIMIT)
    source = source_of(request, engine, body)
    try:
        said = msgspec.json.decode(body, type=Said)
    except msgspec.ValidationError as error:
        found = misfit(error, Said)
        raise RowError(found.path or "body", found.told) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise RowError("body", "is not well-formed JSON of a sensible depth") from None
    agreed = await asyncio.to_thread(engine.consent, said, source)
    known = engine.settings.categories
    ignored = [name for name in said.category_preferences if name.strip().lower() not in known]
    return InForce(agreed.user_id, agreed.anonymous_id, purposes=agreed.purposes, ignored=ignored)


ROUTES = [consent]
