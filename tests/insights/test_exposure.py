"""Who gets the places."""

from datetime import datetime
from typing import Any

import pytest
from tests.facts import JAKARTA, Told, ask_facts, tables

from detak.decision import DECISIONS
from detak.insights.base import Shop
from detak.insights.exposure import Exposure, ExposureReport

# What a decision must have, and this report does not look at.
_NEEDED = [field.name for field in DECISIONS if not field.nullable]
_ANY: dict[str, Any] = {"string": "x", "timestamp[us]": datetime(2026, 3, 1), "int16": 3, "double": 1.0}


def decision(at: int, subject: int | None, *slate: str, bot: str | None = None) -> dict[str, Any]:
    row: dict[str, Any] = {name: _ANY[str(DECISIONS.field(name).type)] for name in _NEEDED}
    return row | {"id": f"d{at}", "subject": subject, "bot": bot, "slate": list(slate)}


def told() -> Told:
    """a and b of Sekar, Gamis; c and d of Jejak, Sepatu. a is turned to 6 times, each of the others twice."""
    facts = Told()
    for product, brand, category, times in (
        ("a", "Sekar", "Gamis", 6), ("b", "Sekar", "Gamis", 2), ("c", "Jejak", "Sepatu", 2),
        ("d", "Jejak", "Sepatu", 2),
    ):  # fmt: skip
        for at in range(times):
            item = {"product_id": product, "brand": brand, "category": category}
            facts.event("Product Viewed", subject=at, items=[item])
    facts.event("Product List Viewed", subject=1, items=[{"product_id": "unseen", "brand": "X"}])
    return facts


def report(*decisions: dict[str, Any], shop: Shop = JAKARTA) -> ExposureReport:
    facts = told()
    found = ask_facts(Exposure(), tables(facts.events, facts.items, decisions=decisions), shop)
    assert isinstance(found, ExposureReport)
    return found


def test_places_are_counted() -> None:
    found = report(decision(1, 1, "a", "b"), decision(2, 2, "a", "e"), decision(3, 3, "a", bot="crawler"))
    assert (found.decisions, found.places, found.products, found.shown) == (2, 4, 5, 3)
    assert found.gini == pytest.approx(0.5)  # 2, 1, 0, 0, 1
    assert found.tail_places == pytest.approx(0.5)
    assert found.tail_touches == pytest.approx(0.5)


def test_attention_stands_beside_merit() -> None:
    found = report(decision(1, 1, "a", "c"))
    brands = {group.name: group for group in found.brands.groups}
    assert brands["Sekar"].exposure == pytest.approx(1 / 1.63093, abs=1e-4)
    assert brands["Sekar"].merit == pytest.approx(8 / 12)
    assert brands["Sekar"].products == 2
    assert found.brands.disparity == pytest.approx(8 / 12 - 1 / 1.63093, abs=1e-4)


def test_small_groups_are_shown_together() -> None:
    shop = Shop(JAKARTA.zone, JAKARTA.currency, min_group=5, language="en")
    found = report(decision(1, 1, "a", "c"), shop=shop)
    assert [group.name for group in found.brands.groups] == ["Sekar", None]


def test_each_in_a_bubble_and_nobody_in_one() -> None:
    own = report(decision(1, 1, "a", "b"), decision(2, 2, "c", "d"))
    assert own.kinds is not None
    assert (own.kinds.one_person, own.kinds.two_people, own.kinds.excess) == (1, 0, 1)
    mixed = report(decision(1, 1, "a", "c"), decision(2, 2, "b", "d"))
    assert mixed.kinds is not None
    assert (mixed.kinds.one_person, mixed.kinds.two_people) == (0, 0.5)


def test_of_nobody_no_bubble_is_told() -> None:
    assert report(decision(1, None, "a", "b"), decision(2, None, "c", "d")).kinds is None


def test_it_says_itself() -> None:
    for language in ("id", "en"):
        shop = Shop(JAKARTA.zone, JAKARTA.currency, 1, language)
        text = report(decision(1, 1, "a", "b"), decision(2, 2, "c", "d"), shop=shop).text(shop)
        assert "Sekar" in text
        assert "Gini" in text
        assert report(shop=shop).text(shop)
