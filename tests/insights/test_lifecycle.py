"""Where buyers stand and how they moved, by hand."""

from datetime import datetime, timedelta

import pytest
from tests.facts import JAKARTA, Told, ask, rows, tables

from detak.errors import UsageError
from detak.insights.base import Shop
from detak.insights.lifecycle import Lifecycle

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
