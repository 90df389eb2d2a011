"""Searches, what came of them, and what of it is shown."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.facts import JAKARTA, Told, ask, rows, tables

from detak.errors import UsageError
from detak.event import PRODUCTS_SEARCHED
from detak.insights.base import Shop
from detak.insights.queries import Searches
from detak.insights.queries_report import Searched, SearchesReport

NOON = datetime(2025, 5, 1, 5, 0)


def _search(told: Told, query: str, subject: int | None = 1, minutes: float = 0, **columns: Any) -> None:
    told.event(
        PRODUCTS_SEARCHED, query=query, subject=subject, **{"time": NOON + timedelta(minutes=minutes), **columns}
    )


def _touch(told: Told, subject: int, minutes: float, event: str = "Product Clicked", category: str = "Rumah") -> None:
    time = NOON + timedelta(minutes=minutes)
    told.event(event, subject=subject, time=time, items=[{"product_id": "P", "category": category}])


def _queries(report: SearchesReport) -> dict[str | None, Searched]:
    return {one.query: one for one in report.queries}


def test_what_comes_next_within_half_an_hour_is_the_outcome() -> None:
    told = Told()
    _search(told, "rak", 1)
    _touch(told, 1, 30)
    _search(told, "rak", 2)
    _search(told, "rak besi", 2, 29)
    _search(told, "rak", 3)
    _touch(told, 3, 31)
    _search(told, "rak", 4)
    _search(told, "RAK ", 4, 1)  # the next page, say
    _search(told, "rak", None)
    rak = _queries(ask(Searches(), told))["rak"]
    assert (rak.searches, rak.traced, rak.clicked, rak.moved, rak.left) == (6, 5, 1, 1, 2)


def test_an_order_within_a_day_is_bought() -> None:
    told = Told()
    for subject, hours in ((1, 24), (2, 25)):
        _search(told, "rak", subject)
        told.order(str(subject), subject=subject, time=NOON + timedelta(hours=hours))
    assert _queries(ask(Searches(), told))["rak"].bought == 1


def test_spellings_are_united_and_counted_together() -> None:
    told = Told()
    for at in range(12):
        _search(told, "sepatu", at, results=5)
    for at in range(2):
        _search(told, "sptu", at, results=0)
    (one,) = ask(Searches(), told).queries
    assert (one.query, one.spellings, one.variants, one.searches, one.people) == ("sepatu", 2, ["sptu"], 14, 14)
    assert one.without_results == 2


def test_what_few_people_type_is_shown_together_and_no_spelling_of_few_is_shown() -> None:
    told = Told()
    for at in range(6):
        _search(told, "sepatu", at)
    _search(told, "sptu", 1)
    _search(told, "budi jalan melati 5", 1)
    shop = Shop(JAKARTA.zone, "IDR", 3, "en")
    report = ask(Searches(), told, shop)
    found = _queries(report)
    assert found.keys() == {"sepatu", None}
    assert (found["sepatu"].searches, found["sepatu"].variants, found[None].searches) == (7, [], 1)
    assert "melati" not in report.text(shop)
    assert "sptu" not in str(report.blocks(shop))


def test_from_one_query_to_another() -> None:
    told = Told()
    for at in range(4):
        _search(told, "kulot", at)
        _search(told, "rok panjang", at, 2)
    (move,) = ask(Searches(), told).moves
    assert (move.query, move.after, move.count, move.people) == ("kulot", "rok panjang", 4, 4)
    shop = Shop(JAKARTA.zone, "IDR", 5, "en")
    assert ask(Searches(), told, shop).moves == []


def test_rising_against_all_searches() -> None:
    told = Told()
    for at in range(300):
        _search(told, "tas", at, -1_440 * 40)
        _search(told, "tas", at)
        if at % 5 == 0:
            _search(told, "kurma", at, -10)
        if at % 50 == 0:
            _search(told, "kurma", at, -1_440 * 40)
    report = ask(Searches(), told)
    kurma, tas = _queries(report)["kurma"], _queries(report)["tas"]
    assert kurma.rise == pytest.approx(60 / 6 / (360 / 306))
    assert (kurma.notable, tas.rise is not None and tas.rise < 1) == (True, True)
    assert "Rising against the four weeks before: “kurma” (8.5 times)." in report.text(JAKARTA)


def test_what_is_missing_is_said_first() -> None:
    told = Told()
    for at in range(40):
        _search(told, "sepatu", at, results=9)
        _search(told, "panci presto", at, 40, results=0)
    text = ask(Searches(), told).text(JAKARTA)
    assert "80 searches in 2 spellings, 2 different queries: 50.0% found nothing" in text
    assert "Looked for and not found: “panci presto” (40)." in text


def test_a_query_opens_into_those_who_typed_it() -> None:
    told = Told()
    for subject, query in ((1, "Sepatu"), (2, "sptu"), (2, "sepatu"), (None, "sepatu"), (3, "rak")):
        _search(told, query, subject)
    facts = tables(told.events, told.items)
    assert sorted(row["subject"] for row in rows(Searches().behind(facts, JAKARTA, "sepatu\tsptu"))) == [1, 2]
    with pytest.raises(UsageError, match="which search"):
        Searches().behind(facts, JAKARTA, "")
    with pytest.raises(UsageError, match="at least 1"):
        Searches(limit=0)
