"""Daily counts taken apart: planted effects come back, intervals hold what they promise, odd days are found."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from detak.errors import CannotComputeError
from detak.estimates.seasons import Seasons, take_apart

DAYS = 280
WEEK = np.array([1.15, 1.05, 1.0, 1.0, 0.95, 0.9, 0.97])
PLANTED = {"pay_day": 1.4, "feast": 0.5, "double": 2.0}


def _named() -> dict[str, Any]:
    day = np.arange(DAYS)
    return {"pay_day": day % 30 < 3, "feast": (day >= 200) & (day < 207), "double": np.isin(day, [40, 70, 100])}


def _mean(level: float = 80.0) -> Any:
    day = np.arange(DAYS)
    mean = level * np.exp(0.3 * np.sin(day / 45)) * (WEEK / np.exp(np.log(WEEK).mean()))[day % 7]
    for name, days in _named().items():
        mean = mean * np.where(days, PLANTED[name], 1.0)
    return mean


@cache
def _drawn(seed: int, odd: bool = False) -> tuple[Any, Seasons]:
    random = np.random.default_rng(seed)
    counts = random.negative_binomial(100, 100 / (100 + _mean())).astype(float)
    if odd:
        counts[[90, 151]] = counts[90] * 3, counts[151] // 5
    return counts, take_apart(counts.tolist(), 0, _named())


def test_without_noise_everything_planted_comes_back() -> None:
    found = take_apart(_mean(1e5).tolist(), 0, _named())
    assert {one.name: round(one.ratio.value, 2) for one in found.effects} == PLANTED
    assert [one.value for one in found.weekdays] == pytest.approx(WEEK / np.exp(np.log(WEEK).mean()), rel=0.01)
    assert found.odd == []


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held = [
        one.ratio.low <= PLANTED[one.name] <= one.ratio.high for seed in range(12) for one in _drawn(seed)[1].effects
    ]
    assert np.mean(held) >= 0.85


def test_what_is_no_effect_is_seldom_called_one() -> None:
    random = np.random.default_rng(5)
    named = {f"no{at}": np.isin(np.arange(DAYS), random.permutation(DAYS)[:8]).tolist() for at in range(20)}
    counts = random.negative_binomial(100, 100 / (100 + 50), DAYS).astype(float)
    found = take_apart(counts.tolist(), 2, named)
    assert sum(one.ratio.low > 1 or one.ratio.high < 1 for one in found.effects) <= 4


def test_odd_days_are_named_and_do_not_bend_the_rest() -> None:
    counts, found = _drawn(3, odd=True)
    assert {one.day for one in found.odd} == {90, 151}
    assert found.odd[0].counted == counts[90]
    assert found.odd[0].expected == pytest.approx(_mean()[90], rel=0.2)


def test_how_much_an_occasion_brings_follows_from_plain_days() -> None:
    found = take_apart(_mean(1e5).tolist(), 0, _named())
    feast = next(one for one in found.effects if one.name == "feast")
    assert (feast.days, feast.occasions) == (7, 1)
    mean = _mean(1e5)[200:207].sum()
    assert feast.extra.value == pytest.approx(mean - mean / 0.5, rel=0.02)
    assert feast.extra.low < feast.extra.value < feast.extra.high < 0


def test_a_trend_is_told_from_the_calendar() -> None:
    growing = 50 * np.exp(0.01 * np.arange(DAYS))
    found = take_apart(np.round(growing).tolist(), 4, _named())
    assert found.growth.value == pytest.approx(np.exp(0.28), rel=0.03)
    assert found.growth.low < found.growth.value < found.growth.high
    assert all(one.ratio.value == pytest.approx(1, abs=0.05) for one in found.effects)


def test_days_that_take_after_one_another_widen_what_lasts() -> None:
    random = np.random.default_rng(1)
    wave = np.zeros(DAYS)
    for day in range(1, DAYS):
        wave[day] = 0.6 * wave[day - 1] + 0.3 * random.standard_normal()
    moved = take_apart(random.poisson(_mean() * np.exp(wave)).tolist(), 0, _named())
    assert moved.correlation > 0.2
    assert _drawn(0)[1].correlation < 0.2


def test_days_without_anything_are_no_trouble() -> None:
    counts = np.where(_named()["feast"], 0.0, _mean(20.0))
    feast = next(one for one in take_apart(counts.tolist(), 0, _named()).effects if one.name == "feast")
    assert 0 < feast.ratio.value < 0.2


@pytest.mark.parametrize(("days", "a_day"), [(55, 100), (100, 0.5), (0, 0)])
def test_too_little_is_said_to_be_too_little(days: int, a_day: float) -> None:
    with pytest.raises(CannotComputeError, match="too few to tell seasons from chance"):
        take_apart([a_day] * days, 0, {})
