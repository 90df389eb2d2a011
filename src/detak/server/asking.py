"""Who may ask what a person is shown, and about whom: deny by default.

A write key may lie open in a page, so whoever has one asks only for a device (an anonymousId is long and random, and
only its own device knows it), for a user beside a device of theirs, or for a session that the request itself states. A
key that only the shop's server knows (``private_key`` in ``detak.toml``), and the admin token, may name anybody.
"""

from collections.abc import Sequence
from typing import Annotated, Final, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from detak.admin_token import same
from detak.engine import Engine
from detak.errors import RowError
from detak.event import clean_id
from detak.misfit import misfit
from detak.server.auth import presented_key
from detak.server.ingest import BODY_LIMIT, AnyRequest, known_source, read_body
from detak.subject import Identifier

MOST: Final = 500
"""Products of one answer, and of one list, at most."""
Text = Annotated[str, Meta(max_length=500)]
Id = Text | int
Texts = Annotated[list[Text], Meta(max_length=MOST)]
Count = Annotated[int, Meta(ge=1, le=MOST)]


T = TypeVar("T", bound="Named")


class Asker(NamedTuple):
    """Who asks: the source of the key, and whether it may name anybody."""

    source: str
    trusted: bool


class Named(msgspec.Struct, rename="camel", kw_only=True):
    """Whom a request is about; nobody, where it names nobody. The write key may stand in the body."""

    user_id: Id | None = None
    anonymous_id: Id | None = None
    write_key: Text | None = None

    @property
    def identifiers(self) -> list[Identifier]:
        """As the gate wants them, the user first."""
        return named(self.user_id, self.anonymous_id)


def named(user: Id | None, anonymous: Id | None) -> list[Identifier]:
    """As the gate wants them, the user first; what broken clients send for "nobody" is nobody."""
    told = (("user", clean_id(user)), ("anonymous", clean_id(anonymous)))
    return [(kind, value) for kind, value in told if value]


def asker(request: AnyRequest, engine: Engine, token: str, stated: str | None = None) -> Asker:
    """Who asks: by the Authorization header, ``X-API-Key``, ``?writeKey=``, or the key ``stated`` in the body.

    Raises:
        NotAuthorizedException: there is no such key.
    """
    shown: Sequence[str | None] = (
        presented_key(request),
        request.headers.get("x-api-key"),
        request.query_params.get("writeKey"),
        stated,
    )
    key = next((one for one in shown if one), None)
    if key is not None and same(key, token):
        return Asker("admin", True)
    source = known_source(engine, key)
    return Asker(source, engine.settings.source(source).private_key)


async def received(request: AnyRequest, engine: Engine, token: str, kind: type[T]) -> tuple[T, Asker]:
    """The body, and who sent it.

    Raises:
        RowError: the body cannot be used.
        NotAuthorizedException: the key is missing or wrong; whoever has none learns nothing of the body.
    """
    body = await read_body(request, BODY_LIMIT)
    try:
        found = msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        asker(request, engine, token)
        if isinstance(error, msgspec.ValidationError):
            wrong = misfit(error, kind)
            raise RowError(wrong.path or "body", wrong.told) from None
        raise RowError("body", "is not well-formed JSON of a sensible depth") from None
    return found, asker(request, engine, token, found.write_key)
