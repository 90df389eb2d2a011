"""Who comes again, against the definition and by hand."""

from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.facts import JAKARTA, Told, ask, rows, tables
from tests.insights.journeys import History, histories, told

from detak.errors import UsageError
from detak.insights.base import Shop
from detak.insights.retention import Retention


def unit(time: datetime, name: str) -> date:
    day = (time + timedelta(hours=7)).date()
    if name == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if name == "month" else day


@settings(max_examples=4)
@given(histories(), st.sampled_from(["day", "week", "month"]))
def test_retention_is_counted_by_events(everybody: list[History], name: str) -> None:
    report = ask(Retention(unit=name, cohorts=400), told(everybody))
    there = [{unit(time, name) for time, _ in history} for history in everybody if history]
    born = Counter(min(units) for units in there)
    assert {one.first: one.people for one in report.cohorts} == dict(born)
    last = max((max(units) for units in there), default=None)
    for one in report.cohorts:
        theirs = Counter(day for units in there if min(units) == one.first for day in units)
        known = [count for count in one.returned if count is not None]
        assert known == [theirs.get(day, 0) for day in _units(one.first, last, name)]


def _units(first: date, last: date | None, name: str) -> list[date]:
    """The first one, and those after it that are over."""
    days, now = [first], first
    while last is not None and now < last:
        now = unit(
            datetime(now.year, now.month, now.day) + timedelta(days={"day": 1, "week": 7, "month": 32}[name]), name
        )
        days.append(now)
    return days if len(days) == 1 else days[:-1]


def shop() -> Told:
    facts = Told()
    for subject, weeks in enumerate([(0, 1, 2), (0, 2), (0,), (1, 2)], 1):
        for week in weeks:
            facts.order(f"{subject}-{week}", subject=subject, time=datetime(2025, 3, 3, 5) + timedelta(weeks=week))
    return facts


def test_orders_by_hand() -> None:
    report = ask(Retention(of="orders"), shop())
    assert [(one.first, one.people, one.returned) for one in report.cohorts] == [
        (date(2025, 3, 3), 3, [3, 1, None]),
        (date(2025, 3, 10), 1, [1, None]),
    ]
    assert report.shares == [1, pytest.approx(1 / 3), None]
    assert "33.3% order again in week 1 after their first order." in report.text(JAKARTA)


def test_small_cohorts_are_left_out_and_old_ones_not_shown() -> None:
    few = ask(Retention(of="orders"), shop(), Shop(JAKARTA.zone, "IDR", 2, "en"))
    assert [one.people for one in few.cohorts] == [3]
    assert [one.first for one in ask(Retention(of="orders", cohorts=2), shop()).cohorts] == [date(2025, 3, 10)]


def test_a_cell_opens_into_people() -> None:
    facts = shop()
    found = rows(Retention(of="orders").behind(tables(facts.events, facts.items), JAKARTA, "cohort:2025-03-03:2"))
    assert sorted(row["subject"] for row in found) == [1, 2]


@pytest.mark.parametrize("key", ["cohort:monday:2", "cohort:2025-03-03", "week:2025-03-03:1"])
def test_a_cell_that_is_not_there_is_refused(key: str) -> None:
    with pytest.raises(UsageError, match="cohort"):
        Retention().behind(tables([], []), JAKARTA, key)


@pytest.mark.parametrize("wrong", [{"unit": "year"}, {"of": "cows"}, {"cohorts": 0}])
def test_what_cannot_be_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        Retention(**wrong)  # type: ignore[arg-type]


def cohorts(*sizes: tuple[int, int]) -> Told:
    """Each of so many people, so many of whom ordered again a week later; a week apart."""
    facts, subject = Told(), 0
    for at, (people, again) in enumerate(sizes):
        for number in range(people):
            subject += 1
            for week in (at, at + 1)[: 2 if number < again else 1]:
                facts.order(f"{subject}-{week}", subject=subject, time=datetime(2025, 3, 3, 5) + timedelta(weeks=week))
    facts.order("last", time=datetime(2025, 3, 3, 5) + timedelta(weeks=8), subject=subject)
    return facts


def second(*sizes: tuple[int, int]) -> tuple[list[int | None], list[list[int]], float | None]:
    """What is told of the week after the first, of each cohort and of all."""
    report = ask(Retention(of="orders"), cohorts(*sizes), Shop(JAKARTA.zone, "IDR", 5, "en"))
    return [one.returned[1] for one in report.cohorts], [one.withheld for one in report.cohorts], report.shares[1]


def test_of_two_who_came_again_nothing_is_told_nor_follows() -> None:
    """The share of all, less the cohorts that are told, would be these two."""
    shown, withheld, share = second((20, 2), (20, 9), (20, 12))
    assert shown == [None, None, 12]
    assert [1 in one for one in withheld] == [True, True, False]
    assert share == pytest.approx(23 / 60)


def test_nor_of_two_who_did_not() -> None:
    assert second((20, 18), (20, 9), (20, 12))[0] == [None, None, 12]


def test_the_share_of_all_is_withheld_where_it_would_tell() -> None:
    assert second((20, 2)) == ([None], [[1]], None)
    assert second((20, 2), (20, 0)) == ([None, 0], [[1], []], None)
    assert second((20, 3), (20, 4)) == ([None, None], [[1], [1]], pytest.approx(7 / 40))


def test_what_is_withheld_is_marked_and_said() -> None:
    shop = Shop(JAKARTA.zone, "IDR", 5, "id")
    text = ask(Retention(of="orders"), cohorts((20, 2), (20, 9)), shop).text(shop)
    assert "×" in text
    assert "kurang dari 5 orang" in text
    assert Retention().whole("cohort:2025-03-03:1") == "cohort:2025-03-03:0"
    assert Retention().whole("cohort:2025-03-03:0") is None
