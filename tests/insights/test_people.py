"""Groups of people, small ones hidden so that nothing follows from a difference."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.facts import JAKARTA, Told, tables

from detak.insights.base import Shop
from detak.insights.people import PeopleReport, grouped, people_report, reduce_people


def asked(told: Told, least: int) -> PeopleReport:
    facts = tables(told.events, told.items)
    behind = facts.events.filter(facts.events.event == "A").select("subject").distinct()
    sums = {name: table.to_pyarrow() for name, table in reduce_people(behind, facts).items()}
    shop = Shop(JAKARTA.zone, JAKARTA.currency, least, "en")
    return people_report("test", "a", sums, shop)


def crowd() -> Told:
    told = Told()
    for subject in range(1, 11):
        province = "Bali" if subject <= 6 else "Banten" if subject <= 9 else None
        told.event("A", subject=subject, time=datetime(2025, 3, 1), province=province, device="mobile")
        told.event("B", subject=subject, time=datetime(2025, 3, 1), device="desktop")
    told.order("1", subject=1, time=datetime(2025, 3, 2))
    told.event("B", subject=99, time=datetime(2025, 3, 1), province="Papua")
    return told


def test_people_are_split_by_what_their_events_stated_last() -> None:
    report = asked(crowd(), 1)
    assert report.people == 10
    assert [(one.level, one.people) for one in report.split["province"]] == [("Bali", 6), ("Banten", 3), (None, 1)]
    assert [(one.level, one.people) for one in report.split["device"]] == [("desktop", 10)]
    assert [(one.level, one.people) for one in report.split["stage"]] == [("none", 9), ("new", 1)]
    assert "Never ordered" in report.text(JAKARTA)


def test_small_groups_stand_together() -> None:
    groups = asked(crowd(), 4).split["province"]
    assert [(one.level, one.people, one.small) for one in groups] == [("Bali", 6, False), (None, 4, True)]


def test_of_too_few_people_nothing_is_said() -> None:
    report = asked(crowd(), 11)
    assert (report.people, report.split) == (None, {})
    assert "Fewer than" in report.text(JAKARTA)


def test_nobody_is_nobody() -> None:
    assert asked(Told(), 5).people == 0


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 30)), st.integers(1, 12))
def test_no_group_is_smaller_than_the_least_and_none_is_lost(counts: dict[str | None, int], least: int) -> None:
    groups = grouped(counts, least)
    assert sum(one.people for one in groups) == sum(counts.values())
    if sum(counts.values()) >= least:
        assert all(one.people >= least for one in groups)


@pytest.mark.parametrize("counts", [{"a": 10, "b": 2}])
def test_a_small_group_is_never_alone(counts: dict[str | None, int]) -> None:
    """Else it followed from the total."""
    assert [(one.people, one.small) for one in grouped(counts, 5)] == [(12, True)]
