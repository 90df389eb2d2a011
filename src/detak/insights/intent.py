"""How well it can be told, while a visit goes on, whether it will end in a purchase."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from detak.consent import Purpose
from detak.estimates.intent import Present, judge, learn
from detak.insights import render
from detak.insights.base import Facts, Report, Shop
from detak.insights.blocks import Block, Note, Row, Table, Words
from detak.insights.moments_of_visits import moments, read_moments, reduce_moments, reduce_sampled, sampled
from detak.words import say

TOUCHES: Final = (
    "Product Viewed",
    "Product Clicked",
    "Product Shared",
    "Product Reviewed",
    "Product Added to Wishlist",
    "Product Added",
    "Wishlist Product Added to Cart",
    "Order Completed",
)
"""What counts as turning to a product: as in live histories."""


class Band(msgspec.Struct, frozen=True):
    """Moments with about the same chance."""

    chance: float
    bought: float
    """The part of them after which something was bought in the visit."""
    moments: int


class IntentReport(Report, frozen=True, kw_only=True):
    """A model learnt on the first days, calibrated on later ones, judged on the last; null: too little happened."""

    one_in: int
    """Of so many people one was looked at."""
    moments: int
    bought: float | None
    """The part of all moments that led to a purchase."""
    auc: float | None
    calibration: float | None
    """Mean distance of the chance told from the part that bought."""
    reliability: list[Band]

    def blocks(self, shop: Shop) -> list[Block]:
        """What it is worth, then chance against truth."""
        language = shop.language
        if self.auc is None or self.calibration is None or self.bought is None:
            return [Words([say(language, "intent.nothing")])]
        said = say(
            language,
            "intent.lead",
            auc=render.decimal(self.auc, language, 2),
            error=render.percent(self.calibration, language),
            usual=render.percent(self.bought, language),
        )
        heads = [say(language, f"intent.head_{name}") for name in ("chance", "bought", "moments")]
        rows = [
            Row(
                [
                    render.percent(one.chance, language),
                    render.percent(one.bought, language),
                    render.whole(one.moments, language),
                ]
            )
            for one in self.reliability
        ]
        sample = say(language, "intent.sampled", one_in=render.whole(self.one_in, language))
        return [
            Words([said] if self.one_in == 1 else [said, sample]),
            Table(say(language, "intent.reliability"), heads, rows),
            Note(say(language, "intent.how")),
        ]


def present_words(found: Present, shop: Shop) -> str:
    """Who is in the shop now, in a sentence or two."""
    language = shop.language
    if found.people is None or found.expected is None:
        return say(language, "intent.few", least=render.whole(shop.min_group, language))
    if not found.people:
        return say(language, "intent.nobody")
    people = render.whole(found.people, language)
    if found.likely is None:
        return say(language, "intent.some", people=people, expected=render.decimal(found.expected, language, 1))
    likely = render.whole(found.likely, language)
    expected = render.decimal(found.expected, language, 1)
    return say(language, "intent.now", people=people, likely=likely, expected=expected)


@dataclass(frozen=True)
class IntentQuality:
    """Learns from counts of moments, as personalisation may use them."""

    insight: ClassVar[str] = "intent"
    purpose: ClassVar[Purpose] = Purpose.PERSONALISATION

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:  # noqa: ARG002  the contract's signature
        """``moments``: a row for each kind of moment (``reduce_moments``); ``sampled``: one row."""
        rows = moments(sampled(facts, TOUCHES), TOUCHES)
        return {"moments": reduce_moments(rows), "sampled": reduce_sampled(facts, TOUCHES)}

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> IntentReport:
        """The report. Groups of moments smaller than the shop shows are left out."""
        told = read_moments(sums["moments"])
        model = learn(told)
        found = judge(model, told) if model else None
        every = float(told.moments.sum())
        return IntentReport(
            one_in=max(1, sums["sampled"]["one_in"][0].as_py()),
            moments=int(every),
            bought=float(told.bought.sum()) / every if every else None,
            auc=found.auc if found else None,
            calibration=found.calibration if found else None,
            reliability=[
                Band(chance, bought, int(n))
                for chance, bought, n in (found.bins if found else [])
                if n >= shop.min_group
            ],
        )
