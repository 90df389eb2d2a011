"""Why a product is shown, in words a shopper reads: the strongest few of what spoke for it."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from detak.recommend.base import NOBODY
from detak.recommend.content import Items, Kind
from detak.recommend.trending import Basis
from detak.words import say

MOST: Final = 3
_LONGEST: Final = 60  # characters of a product's name in a sentence
_OWN: Final[Mapping[Kind, str]] = {Kind.VIEW: "looked", Kind.LIKE: "liked", Kind.CART: "carted", Kind.BUY: "bought"}
_OF: Final[Mapping[str, str]] = {"also_viewed": "viewed_too", "together_bought": "together", "similar": "similar"}
"""Recommender -> what it says of the product that speaks for another; of the others the person's own touch is said."""
_ALONE: Final[Mapping[str, str]] = {"replenish": "due", "new": "new", "trending": "popular"}
"""Recommender -> what it says without any product."""
_RULES: Final[Mapping[str, str]] = {
    "pin": "shop",
    "new": "new",
    "boost": "shop",
    "quota": "promotion",
    "diversity": "variety",
    "due": "due",
}
"""Rule of a shelf -> what it says; burying says nothing to a shopper."""


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """One reason. ``kind`` is a text in the section ``because``; the others fill it in. ``strength`` compares
    reasons of one product, in any unit."""

    kind: str
    strength: float = 1.0
    product: str | None = None
    place: str | None = None
    category: str | None = None

    def said(self, language: str) -> str:
        """In words."""
        values = {"product": self.product, "place": self.place, "category": self.category}
        return say(language, f"because.{self.kind}", **{name: value for name, value in values.items() if value})


def by_history(recommender: str, because: int, touch: Kind, items: Items, strength: float = 1.0) -> Reason:
    """The reason of a recommender that names a product of the history, ``because``, which the person met by ``touch``.

    A product without a name is not spoken of.
    """
    name = items.name[because] if because != NOBODY else ""
    if not name:
        return Reason(_ALONE.get(recommender, "for_you"), strength)
    if recommender == "together_bought" and touch is Kind.BUY:
        return Reason("bought_too", strength, product=_short(name))
    return Reason(_OF.get(recommender, _OWN[touch]), strength, product=_short(name))


def by_popularity(basis: Basis, category: str | None, strength: float = 1.0) -> Reason:
    """The reason of what is popular: where and when, as far as these had a say (see ``Popular.basis``)."""
    place = basis.place and (basis.place.city or basis.place.province)
    if category and not place and not basis.part:
        return Reason("popular_category", strength, category=category)
    kind = "_".join(["popular", *(["place"] if place else []), *([basis.part] if basis.part else [])])
    return Reason(kind, strength, place=place or None)


def by_novelty(item: int, items: Items, strength: float = 1.0) -> Reason:
    """The reason of what is new in the shop, and in which category."""
    path = items.category[item]
    return Reason("new_category", strength, category=path[-1]) if path else Reason("new", strength)


def by_rules(rules: Iterable[str], strength: float = 1.0) -> list[Reason]:
    """The reasons that rules of the shelf are (``Shelf.rules``)."""
    return [Reason(_RULES[rule], strength) for rule in rules if rule in _RULES]


def strongest(reasons: Iterable[Reason], most: int = MOST) -> tuple[Reason, ...]:
    """The strongest few, no text and no product twice; what says nothing in particular only where nothing else does."""
    ordered = sorted(reasons, key=lambda one: (-one.strength, one.kind, one.product or ""))
    plain = [one for one in ordered if one.kind == "for_you"]
    found: list[Reason] = []
    for one in ordered:
        fresh = all(one.kind != other.kind and (not one.product or one.product != other.product) for other in found)
        if fresh and one.kind != "for_you" and one.strength > 0:
            found.append(one)
    return tuple((found or plain[:1])[:most])


def _short(name: str) -> str:
    """A product's name as it stands in a sentence: cut where it is long, and not shouted."""
    told = name.title() if name.isupper() and len(name) > 4 else name
    return told if len(told) <= _LONGEST else f"{told[: _LONGEST - 1].rstrip()}…"
