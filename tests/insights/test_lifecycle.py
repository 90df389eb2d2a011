"""Where buyers stand and how they moved, by hand."""

from datetime import datetime, timedelta
from typing import cast

import pytest
from tests.facts import JAKARTA, Told, ask, rows, tables

from detak.errors import UsageError
from detak.insights.base import Shop
from detak.insights.lifecycle import Lifecycle, LifecycleReport
from detak.words import say

NOW = datetime(2025, 6, 1)
AGO = {
    "new": (10,),
    "returning": (40, 10),
    "won_back": (150, 10),
    "new to slipping": (40,),
    "returning to slipping": (70, 40),
    "slipping to lost": (100,),
    "lost": (300,),
}


def shop() -> Told:
    facts = Told()
    for subject, days in enumerate(AGO.values(), 1):
        for back in days:
            facts.order(f"{subject}-{back}", subject=subject, time=NOW - timedelta(days=back))
    facts.event("Page Viewed", subject=99, time=NOW)
    return facts


def test_stages_and_flows() -> None:
    report = ask(Lifecycle(), shop())
    assert {one.stage: (one.people, one.before) for one in report.stages} == {
        "new": (1, 2),
        "returning": (1, 1),
        "won_back": (1, 0),
        "slipping": (2, 1),
        "lost": (2, 2),
    }
    assert {(one.come_from, one.to): one.people for one in report.flows} == {
        ("none", "new"): 1,
        ("new", "returning"): 1,
        ("lost", "won_back"): 1,
        ("new", "slipping"): 1,
        ("returning", "slipping"): 1,
        ("slipping", "lost"): 1,
        ("lost", "lost"): 1,
    }
    text = report.text(JAKARTA)
    assert "3 of 7 buyers ordered within the last 30 days." in text
    assert "2 who ordered in the 30 days before did not order again" in text


def young(days: int) -> LifecycleReport:
    """Of a shop that is so many days old, whose one buyer ordered on the first."""
    facts = Told()
    facts.order("1", subject=1, time=NOW - timedelta(days=days))
    facts.event("Page Viewed", time=NOW)
    return cast("LifecycleReport", ask(Lifecycle(), facts))


@pytest.mark.parametrize(
    ("days", "told", "before"),
    [
        (29, ["new"], []),
        (30, ["new", "returning", "slipping"], ["new"]),
        (89, ["new", "returning", "slipping"], ["new", "returning", "slipping"]),
        (90, ["new", "returning", "won_back", "slipping", "lost"], ["new", "returning", "slipping"]),
        (
            120,
            ["new", "returning", "won_back", "slipping", "lost"],
            ["new", "returning", "won_back", "slipping", "lost"],
        ),
    ],
)
def test_a_stage_that_lies_further_back_than_the_facts_cannot_be_told(
    days: int, told: list[str], before: list[str]
) -> None:
    report = young(days)
    assert report.days == days
    assert [one.stage for one in report.stages if one.people is not None] == told
    assert [one.stage for one in report.stages if one.before is not None] == before
    assert sum(one.people or 0 for one in report.stages) == report.buyers == 1


@pytest.mark.parametrize(("language", "untold"), [("en", "cannot be told yet"), ("id", "belum dapat diketahui")])
def test_it_says_what_cannot_be_told_and_why(language: str, untold: str) -> None:
    speaking = Shop(JAKARTA.zone, "IDR", 1, language)
    for days in (10, 60):
        text = young(days).text(speaking)
        assert untold in text
        assert f"{days} " in text
        assert not any(line.startswith(say(language, "stage.lost")) for line in text.splitlines())
    assert untold not in young(90).text(speaking)


def test_flows_of_few_people_are_left_out() -> None:
    assert ask(Lifecycle(), shop(), Shop(JAKARTA.zone, "IDR", 2, "en")).flows == []


@pytest.mark.parametrize(("key", "expected"), [("stage:slipping", {4, 5}), ("flow:lost:won_back", {3})])
def test_numbers_open_into_people(key: str, expected: set[int]) -> None:
    facts = shop()
    found = rows(Lifecycle().behind(tables(facts.events, facts.items), JAKARTA, key))
    assert {row["subject"] for row in found} == expected


@pytest.mark.parametrize("key", ["stage:rich", "flow:lost", "stage"])
def test_a_number_that_is_not_there_is_refused(key: str) -> None:
    with pytest.raises(UsageError, match="stage:lost"):
        Lifecycle().behind(tables([], []), JAKARTA, key)


def test_a_buyer_is_lost_later_than_slipping() -> None:
    with pytest.raises(UsageError, match="lost after more days"):
        Lifecycle(period=30, lost=30)


def moving(**moves: int) -> Told:
    """So many buyers of each kind of ``AGO``."""
    facts = Told()
    kinds = [kind.replace("_to_", " to ") for kind, people in moves.items() for _ in range(people)]
    for subject, kind in enumerate(kinds, 1):
        for back in AGO[kind]:
            facts.order(f"{subject}-{back}", subject=subject, time=NOW - timedelta(days=back))
    facts.order("old", time=NOW - timedelta(days=400))
    facts.event("Page Viewed", subject=999, time=NOW)
    return facts


@pytest.mark.parametrize(("language", "word"), [("en", "withheld"), ("id", "dirahasiakan")])
def test_a_stage_of_two_is_withheld_with_another_and_said_to_be(language: str, word: str) -> None:
    """Else all buyers less the others would be these two."""
    shop = Shop(JAKARTA.zone, "IDR", 5, language)
    report = ask(Lifecycle(), moving(new=20, returning=9, lost=2), shop)
    assert report.buyers == 31
    told = {one.stage: (one.people, one.withheld) for one in report.stages}
    assert told["new"][0] == 20
    assert told["returning"] == (None, True)
    assert told["lost"] == (None, True)
    assert told["slipping"][0] == 0
    assert word in report.text(shop)


def test_a_flow_that_would_tell_of_another_by_the_sums_is_left_out() -> None:
    """Of nineteen who slipped away seventeen had been new: the other two follow."""
    shop = Shop(JAKARTA.zone, "IDR", 5, "en")
    report = ask(Lifecycle(), moving(new_to_slipping=17, returning_to_slipping=2, returning=30), shop)
    flows = {(one.come_from, one.to): one.people for one in report.flows}
    stages = {one.stage: one.people for one in report.stages}
    assert ("returning", "slipping") not in flows
    assert stages["slipping"] is None or ("new", "slipping") not in flows
    assert "did not order again" not in report.text(shop)


def test_of_the_first_few_buyers_nothing_is_told() -> None:
    shop = Shop(JAKARTA.zone, "IDR", 5, "en")
    report = ask(Lifecycle(), moving(new=3), shop)
    assert (report.buyers, report.flows) == (None, [])
    assert report.text(shop).startswith("Fewer than 5 known people have ordered")
