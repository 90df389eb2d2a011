"""Why something was shown, in words: for whoever holds the number of the decision, and for those who answer for it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from detak.catalogue import Product
from detak.decision import Reason
from detak.words import say

_NAMED: Final = frozenset(("looked", "liked", "carted", "bought", "together"))
_STRONGEST: Final = 3
_LOT, _DREW_NONE = "by_chance", "by_chance_none"
_KINDS: Final = frozenset(
    ("for_you", "looked", "liked", "carted", "bought", "kind", "continue", "together", "popular", "popular_place",
     "new", "price_cut", "fits", "pinned")
)  # fmt: skip
"""Reasons for something; the others say what was left out, or what chance did."""


class Explained(msgspec.Struct, frozen=True, omit_defaults=True):
    """One product that was shown."""

    product_id: str
    name: str
    shelf: str
    """What the shelf is called."""
    why: str


class Explanation(msgspec.Struct, frozen=True):
    """A decision, in words. ``time`` is UTC."""

    decision_id: str
    time: datetime
    placement: str
    personal: bool
    """Whether anything of a person stood behind it."""
    reasons: list[str]
    """The strongest three."""
    notes: list[str]
    """What guardrails left out, and what chance did."""
    products: list[Explained]
    offer: str | None
    discount: float | None
    variant: str
    propensity: float
    arm: str
    policy: str
    model: str
    off: bool
    """Whether the person has turned personal pages off since."""


def explained(row: Mapping[str, Any], products: Mapping[str, Product], language: str, *, off: bool) -> Explanation:
    """A row of ``decision.DECISIONS``, in words. ``off``: see ``Explanation``."""
    told = msgspec.json.decode(row["reasons"] or "[]", type=list[Reason])
    because = [_reason(one) for one in row["because"]]
    shown = zip(row["slate"], row["shelves"], because, strict=True)
    return Explanation(
        row["id"], row["time"], row["placement"], row["subject"] is not None,
        [reason_text(one, products, language) for one in told if one.code in _KINDS][:_STRONGEST],
        noted(told, products, language),
        [
            Explained(one, name_of(one, products), shelf_name(shelf, language), reason_text(why, products, language))
            for one, shelf, why in shown
        ],
        row["offer"], row["discount"], row["variant"], row["propensity"], row["arm"], row["policy"], row["model"], off,
    )  # fmt: skip


def noted(reasons: Iterable[Reason], products: Mapping[str, Product], language: str) -> list[str]:
    """Of a decision's reasons those that say what was left out, and what chance or an offer's rule did, in words."""
    return [reason_text(one, products, language) for one in reasons if one.code not in _KINDS]


def reason_text(reason: Reason | None, products: Mapping[str, Product], language: str) -> str:
    """A reason in words; nothing where there is none."""
    if reason is None:
        return ""
    about = name_of(reason.about, products) if reason.code in _NAMED else reason.about
    code = _DREW_NONE if reason.code == _LOT and not about else reason.code
    return say(language, f"why.{code}", about=about)


def shelf_name(shelf: str, language: str) -> str:
    """What a shelf is called."""
    return say(language, f"shelf.{shelf or 'none'}")


def name_of(product: str, products: Mapping[str, Product]) -> str:
    """What a product is called; its id where the catalogue does not say."""
    known = products.get(product)
    return (known.name if known else None) or product


def _reason(told: str) -> Reason | None:
    code, _, about = told.partition(" ")
    return Reason(code, about) if code else None
