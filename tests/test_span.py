"""Days and moments as a shop writes them: by its own clock, a day to its end."""

import tomllib
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from detak.clock import to_micros
from detak.span import Dated, Moment, edges, reader

JAYAPURA = ZoneInfo("Asia/Jayapura")  # two hours before Jakarta


class Promise(Dated, frozen=True, forbid_unknown_fields=True):
    name: str = ""


def read(text: str) -> Promise:
    return msgspec.convert(tomllib.loads(text), Promise, dec_hook=reader(JAYAPURA))


def at(*local: int, zone: Any = JAYAPURA) -> int:
    return to_micros(datetime(*local, tzinfo=zone))  # type: ignore[misc]


def test_a_day_counts_from_its_midnight_to_the_next_by_the_shops_clock() -> None:
    found = read("from = 2026-11-11\nuntil = 2026-11-12")
    assert (found.begins, found.ends) == (at(2026, 11, 11), at(2026, 11, 13))
    second = 1_000_000
    holds = [found.holds(one) for one in (at(2026, 11, 11) - second, at(2026, 11, 11), at(2026, 11, 13) - second)]
    assert holds == [False, True, True]
    assert not found.holds(at(2026, 11, 13))
    assert found.begins == at(2026, 11, 10, 15, zone=UTC)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-11T20:30:00", (2026, 11, 11, 20, 30)),
        ('"2026-11-11T20:30"', (2026, 11, 11, 20, 30)),
        ("2026-11-11T20:30:00+07:00", (2026, 11, 11, 22, 30)),
        ("2026-11-11T11:30:00Z", (2026, 11, 11, 20, 30)),
    ],
)
def test_a_moment_is_the_shops_unless_it_names_a_zone(written: str, moment: tuple[int, ...]) -> None:
    found = read(f"until = {written}")
    assert found.ends == at(*moment)
    assert found.holds(at(*moment) - 1)
    assert not found.holds(at(*moment))


def test_what_is_not_dated_always_holds() -> None:
    assert read("").holds(0)
    assert edges([read("")]) == set()
    assert edges([read("from = 2026-11-11"), read("until = 2026-11-10")]) == {at(2026, 11, 11)}
    assert read("until = 9999-12-31").holds(at(2126, 1, 1))


@pytest.mark.parametrize("written", ["5", "20:30:00", '"11-11-2026"', '"besok"', "true", '"2026-02-30"'])
def test_what_is_no_day_is_told_with_one(written: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"no day such as 2026-11-11.*at `\$\.from`"):
        read(f"from = {written}")


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("until = 2026-11-10", "from = 2026-11-11", False),
        ("until = 2026-11-11", "from = 2026-11-11", True),
        ("from = 2026-11-01\nuntil = 2026-11-03", "from = 2026-11-02\nuntil = 2026-11-09", True),
        ("", "until = 2026-11-03", True),
        ("from = 2026-11-01", "from = 2027-11-01", True),
    ],
)
def test_two_meet_where_there_is_a_moment_at_which_both_hold(one: str, other: str, meet: bool) -> None:
    assert read(one).meets(read(other)) == read(other).meets(read(one)) == meet


def test_moments_are_equal_by_when_they_are() -> None:
    day = date(2026, 11, 11)
    assert Moment(day, UTC) == Moment(day, UTC)
    assert Moment(day, UTC) != Moment(day, JAYAPURA)
    assert Moment(day, UTC) != Moment(datetime(2026, 11, 11), UTC)
    assert len({Moment(day, UTC), Moment(day, UTC)}) == 1
    assert str(Moment(day, UTC)) == "2026-11-11"
    assert Moment(day, UTC).end - Moment(day, UTC).begin == timedelta(days=1) // timedelta(microseconds=1)
