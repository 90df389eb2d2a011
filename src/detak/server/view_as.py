"""Two shoppers, one page: what each would be shown now, side by side. For those who answer for the shop alone."""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get
from litestar.exceptions import NotAuthorizedException

from detak.decide.rulebook import PERSONAL
from detak.deciding.deciding import Seen
from detak.decision import Promotion
from detak.decision_words import name_of, noted, reason_text, shelf_name
from detak.engine import Engine
from detak.money import Money
from detak.server.figures import Figures
from detak.server.pages import TEMPLATES, ask_in, language_of, remember_language
from detak.subject import Identifier
from detak.words import LANGUAGES

AnyRequest = Request[Any, Any, Any]
_K = 12
_SIDES = ("one", "two")
_OWN = "sensitive"  # that somebody looked at such things is theirs to read, and nobody else's


@dataclass(frozen=True)
class Card:
    """A product as one of the two sees it."""

    place: int
    name: str
    price: Money | None
    image: str | None
    shelf: str
    why: str
    other: int | None
    """Its place for the other; None: it is not there."""


@dataclass(frozen=True)
class Side:
    """One shopper's page."""

    kind: str
    value: str
    cards: list[Card]
    promotion: Promotion | None
    notes: list[str]
    """What guardrails left out, and why there is an offer or none."""
    personal: bool
    """Whether any shelf is there for them."""


@get("/view-as", exception_handlers={NotAuthorizedException: ask_in}, include_in_schema=False)
async def page(request: AnyRequest, engine: Engine) -> Response[str]:
    """The page of two people."""
    language = language_of(request, engine.settings.language)
    asked = request.query_params
    placement = asked.get("placement", "home")[:64] or "home"
    who = [_named(asked.get(one, "")) for one in _SIDES]
    seen = [await asyncio.to_thread(engine.decisions.preview, [one] if one[1] else [], placement, _K) for one in who]
    sides = [_side(who[at], seen[at], seen[1 - at], language) for at in range(2)]
    products = [{slot.product_id for slot in one.decision.slate} for one in seen]
    kept = {name: f"{kind}:{value}" for name, (kind, value) in zip(_SIDES, who, strict=True)} | {"placement": placement}
    text = TEMPLATES.get_template("view_as.html").render(
        f=Figures(language),
        sides=sides,
        placement=placement,
        same=len(products[0] & products[1]),
        all=max(map(len, products)),
        others={one: f"/view-as?{urlencode({**kept, 'lang': one})}" for one in LANGUAGES},
    )
    response = Response(text, media_type="text/html", headers={"Cache-Control": "no-store"})
    remember_language(request, response, language)
    return response


ROUTES = [page]


def _named(told: str) -> Identifier:
    kind, mark, value = told[:256].partition(":")
    return (kind, value.strip()) if mark and kind in ("user", "anonymous") else ("user", told[:256].strip())


def _side(who: Identifier, seen: Seen, other: Seen, language: str) -> Side:
    places = {slot.product_id: at for at, slot in enumerate(other.decision.slate, 1)}
    cards = []
    for at, slot in enumerate(seen.decision.slate, 1):
        known = seen.products.get(slot.product_id)
        cards.append(
            Card(
                at, name_of(slot.product_id, seen.products), known.price if known else None,
                known.image_url if known else None, shelf_name(slot.shelf, language),
                reason_text(slot.reason, seen.products, language), places.get(slot.product_id),
            )
        )  # fmt: skip
    decision = seen.decision
    told = [one for one in decision.reasons if one.code != _OWN]
    notes = noted(told, seen.products, language)
    personal = any(slot.shelf in PERSONAL for slot in decision.slate)
    return Side(*who, cards, decision.promotion, notes, personal)
