"""Pay-days, double days, Ramadan and Lebaran, against what was announced and published."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detak.calendar_id import double_day, in_ramadan, islamic, lebaran, pay_day, since_pay_day

# Eid al-Fitr as the Indonesian government announced it (2023 to 2026).
ANNOUNCED = (date(2023, 4, 22), date(2024, 4, 10), date(2025, 3, 31), date(2026, 3, 21))


@pytest.mark.parametrize("day", ANNOUNCED)
def test_lebaran_is_within_a_day_of_what_was_announced(day: date) -> None:
    assert abs(lebaran(day)) <= 1


def test_a_published_conversion() -> None:
    # Reingold and Dershowitz, Calendrical Calculations, appendix C: 12 November 1945 is 6 Dhu al-Hijja 1364.
    assert islamic(1364, 12).toordinal() + 5 == date(1945, 11, 12).toordinal()


def test_2030_has_two_beginnings_of_ramadan() -> None:
    starts = [
        day
        for day in map(date.fromordinal, range(date(2030, 1, 2).toordinal(), date(2031, 1, 1).toordinal()))
        if in_ramadan(day) and not in_ramadan(date.fromordinal(day.toordinal() - 1))
    ]
    assert [(day.month) for day in starts] == [1, 12]


@pytest.mark.parametrize(
    ("month", "pay"), [(9, date(2026, 9, 25)), (10, date(2026, 10, 23)), (4, date(2026, 4, 24)), (1, date(2026, 1, 23))]
)
def test_pay_day_is_the_25th_or_the_friday_before_a_weekend(month: int, pay: date) -> None:
    assert pay_day(2026, month) == pay
    assert since_pay_day(pay) == 0


@given(st.dates(date(1995, 1, 1), date(2090, 12, 31)))
def test_days_since_pay_day_count_up_until_the_next(day: date) -> None:
    since = since_pay_day(day)
    assert 0 <= since <= 33
    assert since_pay_day(day - timedelta(days=since)) == 0
    assert since_pay_day(day + timedelta(days=1)) in (0, since + 1)


@given(st.dates(date(1995, 1, 1), date(2090, 12, 31)))
def test_lebaran_follows_ramadan(day: date) -> None:
    away = lebaran(day)
    assert -180 <= away <= 180
    assert in_ramadan(day) == (-30 <= away < 0 and in_ramadan(day))
    if away == -1:
        assert in_ramadan(day)
    if away == 0:
        assert not in_ramadan(day)


def test_double_days_begin_in_september() -> None:
    assert [double_day(date(2026, month, month)) for month in range(1, 13)] == [False] * 8 + [True] * 4
    assert not double_day(date(2026, 9, 10))
