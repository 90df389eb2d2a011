from datetime import date

import numpy as np
import pytest

from detak.simulate.calendar import hours, intensity, planted_hours


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
