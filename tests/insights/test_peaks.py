"""Peaks of an invented year of orders, whose truth is known."""

from datetime import date, datetime, timedelta
from functools import cache

import numpy as np
import pytest
from tests.facts import JAKARTA, Told, ask, rows, tables

from detak.calendar_id import since_pay_day
from detak.errors import UsageError
from detak.insights.base import Shop
from detak.insights.peaks import KINDS, Peaks
from detak.insights.peaks_report import PeaksReport

FIRST = date(2025, 1, 1)
ODD = date(2025, 5, 13)


@cache
def _year() -> Told:
    """Ten orders a day, at noon; twice as many on pay-days and the two days after; one day of a hundred."""
    told, random = Told(), np.random.default_rng(4)
    for at in range(160):
        day = FIRST + timedelta(days=at)
        mean = 20 if since_pay_day(day) <= 2 else 10
        for number in range(100 if day == ODD else int(random.poisson(mean))):
            noon = datetime(day.year, day.month, day.day, 5)
            told.order(f"{at}-{number}", subject=number, time=noon, amount=50_000, currency="IDR")
    return told


@cache
def _report() -> PeaksReport:
    report: PeaksReport = ask(Peaks(), _year())
    return report


def test_what_a_pay_day_brings() -> None:
    pay = next(one for one in _report().occasions if one.kind == "pay_day")
    assert pay.ratio.low < 2 < pay.ratio.high
    assert pay.occasions == 5
    assert pay.money is not None
    assert pay.money.amount == round(pay.extra.value * 50_000)


def test_a_day_that_nothing_explains_is_named() -> None:
    assert [(one.day, one.count) for one in _report().odd] == [(ODD, 100)]


def test_the_first_and_the_last_day_may_be_cut_and_are_left_out() -> None:
    report = _report()
    assert (report.first, report.last) == (FIRST + timedelta(days=1), FIRST + timedelta(days=158))
    assert len(report.days) == 158


def test_the_day_is_the_shops() -> None:
    told = Told()
    for hour in (16, 17):  # UTC; midnight in Jakarta is at 17
        told.order(str(hour), time=datetime(2025, 5, 4, hour))
    told.order("later", time=datetime(2025, 5, 7, 3))
    sums = {name: rows(table) for name, table in Peaks().reduce(tables(told.events, told.items), JAKARTA).items()}
    assert {row["day"].day: row["count"] for row in sums["days"]} == {4: 1, 5: 1, 7: 1}


def test_too_short_a_time_is_said_in_words() -> None:
    told = Told()
    for day in (1, 2, 9):
        told.order(str(day), time=datetime(2025, 5, day, 3))
    report = ask(Peaks(), told)
    assert report.missing is not None
    assert "There are 7 whole days so far" in report.text(JAKARTA)


@pytest.mark.parametrize("key", ["2025-01-24", "pay_day"])
def test_a_number_opens_into_the_people_behind_it(key: str) -> None:
    told = Told()
    for subject, day in ((1, 24), (2, 24), (2, 24), (3, 20), (None, 24)):
        told.order(f"{subject}-{day}", subject=subject, time=datetime(2025, 1, day, 5))
    behind = Peaks().behind(tables(told.events, told.items), JAKARTA, key)
    assert sorted(row["subject"] for row in rows(behind)) == [1, 2]


def test_another_number_is_refused() -> None:
    with pytest.raises(UsageError, match="no number of this report"):
        Peaks().behind(tables([], []), JAKARTA, "someday")
    with pytest.raises(UsageError, match="there are: visits, searches, carts, orders"):
        Peaks(of="smiles")


def test_the_sentences_name_effect_interval_and_worth() -> None:
    text = _report().text(JAKARTA)
    assert "Pay-day and the two days after: +" in text
    assert "each time, worth about Rp" in text
    indonesian = _report().text(Shop(JAKARTA.zone, "IDR", 1, "id"))
    assert "Hari gajian dan dua hari sesudahnya: pesanan +" in indonesian


def test_kinds_of_the_year_fall_where_they_should() -> None:
    def days(kind: str) -> list[date]:
        year = [date(2026, 1, 1) + timedelta(days=at) for at in range(365)]
        return [day for day in year if KINDS[kind](day)]

    assert days("double_12") == [date(2026, 12, 12)]
    assert days("double_eve")[0] == date(2026, 9, 8)
    assert len(days("lebaran")) == 7
    assert date(2026, 3, 21) in days("lebaran")
    assert not set(days("pay_day")) & (set(days("after_pay_day")) | set(days("month_start")))
