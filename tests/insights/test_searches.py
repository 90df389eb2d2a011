"""Searches, and whether an order followed."""

from datetime import datetime, timedelta
from typing import Any

from tests.facts import JAKARTA, Told, ask

from detak.event import PRODUCTS_SEARCHED
from detak.insights.base import Shop
from detak.insights.products import Products
from detak.insights.searches import Search

NOON = datetime(2025, 5, 1, 5, 0)


def _search(told: Told, query: str, subject: int | None = 1, **columns: Any) -> None:
    told.event(PRODUCTS_SEARCHED, query=query, subject=subject, **{"time": NOON, **columns})


def _searches(told: Told, shop: Shop = JAKARTA, limit: int = 50) -> list[Search]:
    found: list[Search] = ask(Products(limit=limit), told, shop).searches
    return found


def test_a_query_is_one_whatever_its_capitals_and_spaces() -> None:
    told = Told()
    for query in ("piring putih", " Piring  PUTIH ", "piring\tputih", "   "):
        _search(told, query, results=3)
    (one,) = _searches(told)
    assert (one.query, one.searches, one.people, one.without_results) == ("piring putih", 3, 1, 0)


def test_searches_without_results_are_known_only_where_results_are_told() -> None:
    told = Told()
    _search(told, "told", results=0)
    _search(told, "told", results=4)
    _search(told, "untold")
    found = {one.query: one.without_results for one in _searches(told)}
    assert found == {"told": 1, "untold": None}


def test_an_order_follows_when_the_same_person_orders_within_a_day() -> None:
    told = Told()
    for subject, delay in ((1, timedelta(hours=23)), (2, timedelta(days=1)), (3, timedelta(hours=25))):
        _search(told, "piring", subject)
        told.order(str(subject), subject=subject, time=NOON + delay)
    _search(told, "piring", 4)
    told.order("before", subject=4, time=NOON - timedelta(minutes=1))
    _search(told, "piring", None)
    _search(told, "piring", 5, time=None)
    (one,) = _searches(told)
    assert (one.searches, one.people, one.followed) == (6, 5, 2 / 4)


def test_nobody_known_leaves_the_share_unknown() -> None:
    told = Told()
    _search(told, "piring", None)
    (one,) = _searches(told)
    assert (one.people, one.followed) == (0, None)


def test_what_few_people_type_is_shown_together() -> None:
    told = Told()
    for subject in (1, 2, 3):
        _search(told, "piring", subject)
    for _ in range(5):
        _search(told, "budi jalan melati 5", 1)
    _search(told, "gelas", 2)
    shop = Shop(JAKARTA.zone, "IDR", 3, "en")
    assert [(one.query, one.searches, one.people) for one in _searches(told, shop)] == [
        ("piring", 3, 3),
        (None, 6, None),
    ]


def test_beyond_the_limit_they_share_a_row_too() -> None:
    told = Told()
    for query, times in (("a", 3), ("b", 2), ("c", 1)):
        for _ in range(times):
            _search(told, query)
    assert [(one.query, one.searches) for one in _searches(told, limit=1)] == [("a", 3), (None, 3)]
