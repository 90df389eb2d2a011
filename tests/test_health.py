"""A source that falls silent is called out; one that only keeps its habits, however odd, is not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from detak.health import Beat, Health, judge

NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)  # a Monday
END = int(NOW.timestamp()) // 60
HOUR, DAY, WEEK = 60, 1_440, 10_080


def beat(minutes: Any, counts: Any = 1) -> Beat:
    found = np.asarray(minutes, dtype=np.int64)
    return Beat(found, np.broadcast_to(np.asarray(counts, dtype=np.int64), found.shape))


def at(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def told(minutes: Any, now: int = END, counts: Any = 1) -> Health:
    found = judge("web", beat(minutes, counts), at(now))
    assert found is not None
    return found


def poisson(a_day: float, days: int = 28, seed: int = 3) -> Any:
    """Minutes that brought something, at any hour alike, up to now."""
    random = np.random.default_rng(seed)
    first = END - days * DAY
    return first + np.flatnonzero(random.random(days * DAY) < a_day / DAY)


def test_a_busy_source_is_missed_after_a_quarter_of_an_hour() -> None:
    minutes = np.arange(END - 28 * DAY, END - 14)
    assert told(minutes, END - 1).state == "beating"
    found = told(minutes, END, counts=40)
    assert (found.state, found.minutes, found.last) == ("silent", 15, at(END - 15))
    assert found.expected == 14 * 40, "the minute that is not over is not counted"
    assert found.chance == pytest.approx(np.exp(-14))


def test_it_beats_again_with_the_first_message() -> None:
    minutes = np.append(np.arange(END - 28 * DAY, END - DAY), END)
    assert told(minutes).state == "beating"


@pytest.mark.parametrize("a_day", [3, 10, 40])
def test_a_small_source_is_missed_only_after_days(a_day: int) -> None:
    minutes = poisson(a_day)
    called = next(hours for hours in range(1, 27 * 24) if told(minutes, END + hours * HOUR).state == "silent")
    assert called >= 0.75 * 13.8 / a_day * 24
    assert called <= 2.5 * 13.8 / a_day * 24


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("a_day", [3, 30, 300, 3_000])
def test_chance_alone_calls_nobody(a_day: int, seed: int) -> None:
    """Random arrivals, looked at every hour of the last week."""
    minutes = poisson(min(a_day, DAY), seed=seed)
    for now in range(END - WEEK, END, HOUR):
        assert told(minutes[minutes <= now], now).state == "beating"


def test_a_shop_that_sleeps_at_night_is_let_sleep() -> None:
    """Open from 8 to 22 in Jakarta (1 to 15 UTC), every minute; judged all through the following nights."""
    every = np.arange(END - 28 * DAY, END)
    minutes = every[(every // HOUR % 24 >= 1) & (every // HOUR % 24 < 15)]
    for now in range(END - 2 * DAY, END, 20):
        assert told(minutes[minutes <= now], now).state == "beating"
    noon = END - 23 * HOUR  # 6 UTC of the day before
    assert told(minutes[minutes <= noon], noon + 20).state == "silent"


def test_a_source_that_rests_on_weekends_is_let_rest_once_it_has_been_seen_to() -> None:
    every = np.arange(END - 14 * DAY, END)
    minutes = every[(every // DAY + 3) % 7 < 5]  # 1970-01-01 was a Thursday
    for now in range(END - 6 * DAY, END, HOUR):
        assert told(minutes[minutes <= now], now).state == "beating"
    assert told(minutes, END + HOUR).state == "silent"


def test_bursts_are_one_sign_of_life_each() -> None:
    """A thousand messages in one minute, four times a day, now late by a few hours."""
    minutes = np.arange(END - 28 * DAY, END, 6 * HOUR)
    assert told(minutes, END + 8 * HOUR, counts=1000).state == "beating"
    assert told(minutes, END + 6 * DAY, counts=1000).state == "silent"


def test_one_breakdown_before_does_not_deafen() -> None:
    every = np.arange(END - 28 * DAY, END - HOUR)
    broken = every[(every < END - 9 * DAY) | (every > END - 7 * DAY)]
    assert told(broken).state == "silent"


def test_a_habit_that_often_breaks_is_given_time() -> None:
    """Two hours there, two hours away, without any order in the week: such silences are its habit."""
    random = np.random.default_rng(5)
    every = np.arange(END - 28 * DAY, END)
    there = np.repeat(random.random(28 * 12) < 0.5, 2 * HOUR)
    minutes = every[there]
    last = int(minutes[-1])
    assert told(minutes, last + 3 * HOUR).state == "beating"
    assert told(minutes, last + 4 * DAY).state == "silent"


@pytest.mark.parametrize(
    "minutes",
    [
        np.arange(END - 300, END - 100),  # one file, imported this morning
        np.concatenate([np.arange(END - 2 * WEEK, END - 2 * WEEK + 60), np.arange(END - WEEK, END - WEEK + 60)]),
    ],
)
def test_a_source_without_a_habit_is_not_judged(minutes: Any) -> None:
    assert told(minutes).state == "unknown"
    assert told(minutes, END + 3 * DAY).state == "unknown"


def test_a_source_that_ended_weeks_ago_is_gone() -> None:
    assert judge("web", beat(np.arange(END - 60 * DAY, END - 29 * DAY)), NOW) is None
    assert judge("web", beat([]), NOW) is None


def test_neither_order_nor_splitting_of_the_rows_matters() -> None:
    minutes = poisson(500)
    mixed = np.random.default_rng(1).permutation(np.concatenate([minutes, minutes]))
    assert told(mixed, END + 60) == told(minutes, END + 60, counts=2)


def test_what_is_longer_ago_than_asked_is_missed_earlier() -> None:
    minutes = np.arange(END - 28 * DAY, END - 20)
    assert judge("web", beat(minutes), NOW, least=60).state == "beating"  # type: ignore[union-attr]
    assert judge("web", beat(minutes), NOW + timedelta(minutes=40), least=60).state == "silent"  # type: ignore[union-attr]
