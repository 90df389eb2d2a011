from datetime import date

import numpy as np
import pytest

from detak.simulate.calendar import hours, in_ramadan, intensity, islamic, lebaran, planted_hours

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


def test_a_double_day_and_pay_day_stand_out_and_lebaran_is_quiet() -> None:
    assert intensity(date(2026, 11, 11)) > 2 * intensity(date(2026, 11, 4))
    assert intensity(date(2026, 11, 10)) < intensity(date(2026, 11, 11)) / 2
    assert intensity(date(2026, 6, 25)) > 1.2 * intensity(date(2026, 6, 18))
    assert intensity(date(2026, 3, 20)) < 0.6 * intensity(date(2026, 2, 11))


def test_pay_day_on_a_sunday_comes_on_the_friday_before() -> None:
    assert intensity(date(2026, 1, 23)) / intensity(date(2026, 1, 16)) > 1.3


@pytest.mark.parametrize("day", [date(2026, 1, 5), date(2026, 3, 1), date(2026, 11, 6)])
def test_shares_of_hours_sum_to_one(day: date) -> None:
    assert planted_hours(day).sum() == pytest.approx(1)
    assert (planted_hours(day) > 0).all()


def test_who_fasts_shops_at_sahur_and_prays_on_friday() -> None:
    plain, fasting, friday = hours(), hours(fasting=True), hours(friday=True)
    assert fasting[3] > 3 * plain[3]
    assert fasting[18] < 0.75 * plain[18]
    assert friday[12] < 0.8 * plain[12]
    assert np.argmax(plain) == 20
