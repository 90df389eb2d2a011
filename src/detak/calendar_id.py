"""The Indonesian shopping year: pay-days, double days, Ramadan and Lebaran. Dates in, facts of the calendar out.

Ramadan follows the tabular Islamic calendar (civil epoch; Reingold and Dershowitz, Calendrical Calculations, ch. 7),
which is within a day or so of what is announced each year.
"""

from datetime import date, timedelta
from functools import cache
from typing import Final

_EPOCH: Final = date(622, 7, 19).toordinal()  # 1 Muharram 1, proleptic Gregorian
_RAMADAN, _SHAWWAL = 9, 10
_PAY_DAY: Final = 25
_FRIDAY: Final = 4
_FIRST_DOUBLE: Final = 9  # month: marketplaces make a day of 9.9 and those after it
HARBOLNAS: Final = (12, 12)
"""Month and day of Hari Belanja Online Nasional, the national day of shopping online."""


def islamic(year: int, month: int) -> date:
    """The first day of a month of the tabular Islamic calendar."""
    days = (year - 1) * 354 + (3 + 11 * year) // 30 + 29 * (month - 1) + month // 2
    return date.fromordinal(_EPOCH + days)


@cache
def _ramadans(year: int) -> tuple[tuple[date, date], ...]:
    """First day of Ramadan and day of Lebaran of those that touch the year or the month before it."""
    around = range(int((year - 622) * 33 / 32) - 1, int((year - 622) * 33 / 32) + 4)
    spans = [(islamic(each, _RAMADAN), islamic(each, _SHAWWAL)) for each in around]
    return tuple(span for span in spans if year in (span[0].year, span[1].year, span[1].year + 1))


def lebaran(day: date) -> int:
    """Days from the Lebaran nearest to the day: negative before it."""
    near = [(day - feast).days for year in (day.year, day.year + 1) for _, feast in _ramadans(year)]
    return min(near, key=abs)


def in_ramadan(day: date) -> bool:
    """Whether people fast."""
    return any(first <= day < feast for first, feast in _ramadans(day.year))


def double_day(day: date) -> bool:
    """9.9, 10.10, 11.11, 12.12 (the last is Harbolnas)."""
    return day.month == day.day and day.month >= _FIRST_DOUBLE


def pay_day(year: int, month: int) -> date:
    """When the month's salaries come: on the 25th, or on the Friday before where that is on a weekend."""
    pay = date(year, month, _PAY_DAY)
    return pay - timedelta(days=max(0, pay.weekday() - _FRIDAY))


def since_pay_day(day: date) -> int:
    """Days since the latest pay-day: 0 on it."""
    pay = pay_day(day.year, day.month)
    if day < pay:
        before = day.replace(day=1) - timedelta(days=1)
        pay = pay_day(before.year, before.month)
    return (day - pay).days
