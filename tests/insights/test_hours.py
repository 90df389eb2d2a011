"""Visits, searches, carts and orders by the hour of the week, counted by hand."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.facts import JAKARTA, Told, ask, rows, tables

from detak.errors import UsageError
from detak.event import PRODUCTS_SEARCHED
from detak.insights.base import Shop
from detak.insights.hours import Hours, HoursReport
from detak.insights.moments import moments

# Sunday 18:30 in UTC is Monday 01:30 in Jakarta and 03:30 in Papua.
SUNDAY_EVENING = datetime(2025, 5, 4, 18, 30)


def _view(told: Told, minutes: int, subject: int | None = 1, **columns: Any) -> None:
    told.event("Product Viewed", subject=subject, time=SUNDAY_EVENING + timedelta(minutes=minutes), **columns)


def _counts(report: HoursReport, kind: str) -> dict[tuple[int, int], int]:
    week = next(week for week in report.weeks if week.of == kind)
    return {(one.weekday, one.hour): one.count for one in week.hours if one.count}


def test_a_visit_begins_after_half_an_hour_of_silence() -> None:
    told = Told()
    for minutes in (0, 30, 60, 91, 92):
        _view(told, minutes)
    _view(told, 5, subject=2)
    _view(told, 6, subject=None)
    told.event("Product Viewed", subject=1, time=None)
    told.cancel("1", subject=1, time=SUNDAY_EVENING + timedelta(hours=9))
    told.event("Email Delivered", subject=1, time=SUNDAY_EVENING + timedelta(hours=9))
    assert _counts(ask(Hours(), told), "visits") == {(0, 1): 2, (0, 3): 1}


def test_a_cart_begins_once() -> None:
    told = Told()
    added = [("a", 1, 0), ("a", 1, 200), ("b", 1, 60), (None, 2, 0), (None, 2, 10), (None, None, 0), (None, None, 1)]
    for cart, subject, minutes in added:
        time = SUNDAY_EVENING + timedelta(minutes=minutes)
        told.event("Product Added", cart_id=cart, subject=subject, time=time)
    assert _counts(ask(Hours(of="carts"), told), "carts") == {(0, 1): 4, (0, 2): 1}


def test_orders_and_searches_are_counted_too() -> None:
    told = Told()
    told.order("1", time=SUNDAY_EVENING)
    told.order("1", time=SUNDAY_EVENING)
    for _ in range(2):
        told.event(PRODUCTS_SEARCHED, query="rak", time=SUNDAY_EVENING)
    report = ask(Hours(), told)
    assert (_counts(report, "orders"), _counts(report, "searches")) == ({(0, 1): 1}, {(0, 1): 2})
    assert all(len(week.hours) == 168 for week in report.weeks)


def test_each_persons_own_clock_is_that_of_the_province() -> None:
    told = Told()
    for subject, province in enumerate(("Papua", "Bali", "Banten", None, "Bavaria")):
        _view(told, 0, subject=subject, province=province)
    assert _counts(ask(Hours(clock="own"), told), "visits") == {(0, 3): 1, (0, 2): 1, (0, 1): 3}
    assert _counts(ask(Hours(), told), "visits") == {(0, 1): 5}


def test_levels_of_few_are_shown_together() -> None:
    told = Told()
    for subject, device in enumerate(["mobile"] * 3 + ["desktop", "tablet", None]):
        _view(told, 0, subject=subject, device=device)
    shop = Shop(JAKARTA.zone, "IDR", 3, "en")
    report = ask(Hours(by="device"), told, shop)
    assert [(week.level, week.small, week.count) for week in report.weeks] == [("mobile", False, 3), (None, True, 3)]
    assert "Other (small groups)" in report.text(shop)


def test_an_hour_opens_into_its_people() -> None:
    told = Told()
    for subject, minutes in ((1, 0), (2, 10), (2, 50), (3, 60)):
        _view(told, minutes, subject=subject)
    facts = tables(told.events, told.items)
    assert sorted(row["subject"] for row in rows(Hours().behind(facts, JAKARTA, "visits/0/1"))) == [1, 2]
    for key in ("visits/0", "smiles/0/1", "visits/monday/1", ""):
        with pytest.raises(UsageError, match="no number of this report"):
            Hours().behind(facts, JAKARTA, key)


def test_an_hour_of_few_does_not_open() -> None:
    told = Told()
    for subject in range(3):
        _view(told, 0, subject=subject)
    _view(told, 60, subject=9)
    shop = Shop(JAKARTA.zone, "IDR", 3, "en")
    keys = [block.keys[0][1:3] for block in ask(Hours(of="visits"), told, shop).blocks(shop) if hasattr(block, "keys")]
    assert keys == [["visits/0/1", None]]


def test_the_sentences_name_the_busiest_and_the_quietest_hours() -> None:
    told = Told()
    for subject in range(20):
        _view(told, 0, subject=subject)
    text = ask(Hours(), told).text(JAKARTA)
    assert "Visits (20): most come between 00:00 and 03:00 (100.0% of the day), fewest between 02:00" in text
    assert "the busiest day is Monday (100.0% of the week)" in text


def test_few_moments_name_no_busy_hour() -> None:
    told = Told()
    _view(told, 0, subject=1)
    text = ask(Hours(), told).text(JAKARTA)
    assert "Visits (1): too few yet" in text
    assert "busiest day" not in text


@pytest.mark.parametrize("wrong", [{"of": "smiles"}, {"by": "weather"}, {"clock": "moon"}])
def test_what_does_not_exist_is_named_with_what_does(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="there are: "):
        Hours(**wrong)


def test_moments_keep_the_person_and_the_place() -> None:
    told = Told()
    _view(told, 0, subject=7, province="Bali", device="mobile")
    (row,) = rows(moments(tables(told.events, told.items), "visits"))
    assert (row["subject"], row["province"], row["device"], row["time"]) == (7, "Bali", "mobile", SUNDAY_EVENING)
