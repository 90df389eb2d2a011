"""What is asked of ``POST /v1/decide``: who, for which placements, in which situation. Names are the Segment spec's."""

import re
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from detak.errors import RowError
from detak.event import ConsentContext, Location, Page, clean_id
from detak.misfit import meant, misfit, unknown
from detak.subject import Identifier

MOST_PLACEMENTS: Final = 20
MOST_PRODUCTS: Final = 500
_USUAL: Final = 12
BODY_LIMIT: Final = 64 * 1024

_PROTECTING: Final = ("consent", "minor")
_WHETHER: Final = re.compile(r"is(?:[^A-Za-z]|(?=[A-Z]))")
"""How some begin the name of what is true or false: ``isMinor``, ``is_minor``."""
_OURS: Final = frozenset((*_PROTECTING, "location", "page"))

Id = Annotated[str, Meta(max_length=256)] | int | None
ProductId = Annotated[str, Meta(max_length=256)]
Products = Annotated[list[ProductId], Meta(max_length=MOST_PRODUCTS)]


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One placement."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    k: Annotated[int, Meta(ge=1, le=100)] | None = None
    """Products wanted; see ``size``."""
    product: ProductId | None = None
    """The product on whose page it stands."""
    products: Products | None = None
    """These and no others, to be brought into order."""
    exclude: Products = []

    @property
    def size(self) -> int:
        """So many products at most: ``k``; where it is not said, twelve, or all of the shop's own list."""
        if self.k is not None:
            return self.k
        return _USUAL if self.products is None else max(1, len(self.products))


class Said(ConsentContext, forbid_unknown_fields=True, rename="camel"):
    """``context.consent``: a refusal under a misspelt name would be none."""


class Situation(msgspec.Struct, frozen=True, gc=False):
    """``context``: what the page knows of the visit, and whatever else pages say."""

    consent: Said | None = None
    location: Location | None = None
    page: Page | None = None
    minor: bool = False
    """A child is asking: nothing is personal, and nothing is offered."""


class Ids(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", gc=False):
    """Who is asking."""

    user_id: Id = None
    anonymous_id: Id = None


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel", gc=False):
    """The body. A name that is none of these is refused: misspelt, it would have the question answered for nobody."""

    placements: Annotated[list[Asked], Meta(min_length=1, max_length=MOST_PLACEMENTS)]
    user_id: Id = None
    anonymous_id: Id = None
    subject: Ids | None = None
    """The same two, together; who is named in several places is one, and is said to be the same in each."""
    ids: Ids | None = None
    """The same as ``subject``."""
    context: Situation = Situation()
    session: Annotated[list[ProductId], Meta(max_length=100)] = []
    """Products looked at in this visit by the page's own word, oldest first; kept nowhere."""
    details: bool = False
    """What the catalogue says of the products comes with the answer, for a page that shows them itself."""
    write_key: str | None = None
    """Of who asks, where no header shows it."""

    @property
    def identifiers(self) -> list[Identifier]:
        """Who is asking, the account before the device."""
        if self.subject is None and self.ids is None:
            named = (("user", clean_id(self.user_id)), ("anonymous", clean_id(self.anonymous_id)))
            return [(kind, value) for kind, value in named if value is not None]
        return [(kind, told[0]) for kind, told in (("user", self._users), ("anonymous", self._devices)) if told]

    @property
    def twice(self) -> str | None:
        """Which of the two is said in several places, and not the same in each."""
        told = {"userId": self._users, "anonymousId": self._devices}
        return next((name for name, ids in told.items() if len(ids) > 1), None)

    @property
    def _users(self) -> list[str]:
        return _different(one.user_id for one in (self.subject, self.ids, self) if one)

    @property
    def _devices(self) -> list[str]:
        return _different(one.anonymous_id for one in (self.subject, self.ids, self) if one)


def _different(ids: Iterable[str | int | None]) -> list[str]:
    return list(dict.fromkeys(one for told in ids if (one := clean_id(told)) is not None))


class _Named(msgspec.Struct, frozen=True, gc=False):
    context: dict[str, msgspec.Raw] = {}


_decode = msgspec.json.Decoder(Question).decode
_named = msgspec.json.Decoder(_Named).decode


def read(body: bytes) -> Question:
    """The question that a body asks.

    Raises:
        RowError: it is none; the message names the field.
    """
    try:
        question, named = _decode(body), _named(body)
    except msgspec.ValidationError as error:
        found = misfit(error, Question)
        raise RowError(found.path or "body", found.told) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise RowError("body", "is not well-formed JSON") from None
    _spell(named.context)
    if (question.subject or question.ids) and (twice := question.twice):
        raise RowError(twice, "is said twice, and differently: say it once, in the body, in `subject` or in `ids`")
    return question


def _spell(names: Iterable[str]) -> None:
    """Pass over what is not read, but for what protects people: a child, or a word of theirs, under another spelling.

    Raises:
        RowError: a name is meant for one of these.
    """
    for name in names:
        begun = _WHETHER.match(name)
        plain = name[begun.end() :] if begun else name
        near = None if name in _OURS else meant(plain, _PROTECTING)
        if near is not None and abs(len(plain) - len(near)) <= 1:
            raise RowError("context", unknown(name, _PROTECTING).told)
