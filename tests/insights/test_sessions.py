"""Visits, against their definition and by hand."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from tests.facts import JAKARTA, Told, ask, rows, tables
from tests.insights.journeys import History, histories, sessions, told

from detak.errors import UsageError
from detak.insights.sessions import Sessions
from detak.insights.trail import visits

DAY = datetime(2025, 3, 3, 3)


def visit(facts: Told, subject: int, start: datetime, *pages: str, **stated: str) -> None:
    for at, page in enumerate(pages):
        facts.event("Page Viewed", subject=subject, time=start + timedelta(minutes=at), page=page, **stated)


def shop() -> Told:
    facts = Told()
    visit(facts, 1, DAY, "/", "/a", "/cart", device="mobile")
    facts.order("1", subject=1, time=DAY + timedelta(minutes=5))
    visit(facts, 1, DAY + timedelta(hours=2), "/", device="desktop")
    visit(facts, 2, DAY, "/", device="mobile")
    facts.event("Page Viewed", time=DAY, page="/nobody")
    return facts


@settings(max_examples=4)
@given(histories())
def test_visits_are_cut_where_half_an_hour_passes(everybody: list[History]) -> None:
    facts = told(everybody)
    found = rows(visits(tables(facts.events, facts.items).events))
    seen = sorted((row["subject"], row["start"], row["end"], row["events"], row["ordered"]) for row in found)
    meant = sorted(
        (subject, one[0][0], one[-1][0], _distinct(one), any(event == "Order Completed" for _, event in one))
        for subject, history in enumerate(everybody, 1)
        for one in sessions(history)
    )
    assert seen == meant


def _distinct(visit: History) -> int:
    """An order told twice at one moment is one event."""
    orders = [one for one in visit if one[1] == "Order Completed"]
    return len(visit) - len(orders) + len(set(orders))


def test_totals_pages_and_levels() -> None:
    report = ask(Sessions(by="device"), shop())
    assert (report.visits, report.people, report.bounced, report.ordered, report.events) == (3, 2, 2, 1, 6)
    assert (report.mean_minutes, report.median_minutes) == (pytest.approx(5 / 3), 0)
    assert [(one.band, one.visits) for one in report.lengths] == [("0", 2), ("3-10", 1)]
    assert [(one.level, one.visits, one.ordered) for one in report.levels] == [("mobile", 2, 1), ("desktop", 1, 0)]
    assert [(one.level, one.visits, one.bounced) for one in report.entry] == [("/", 3, 2)]
    assert [(one.level, one.visits) for one in report.exit] == [("/", 2), ("/cart", 1)]
    assert "3 visits of 2 people" in report.text(JAKARTA)


def test_pages_beyond_the_limit_stand_together() -> None:
    facts = Told()
    for at in range(4):
        visit(facts, at + 1, DAY, f"/{at}")
    entry = ask(Sessions(limit=2), facts).entry
    assert [(one.level, one.visits, one.key) for one in entry] == [
        ("/0", 1, "entry:/0"),
        ("/1", 1, "entry:/1"),
        ("Other pages", 2, None),
    ]


def test_other_rules_cut_otherwise() -> None:
    facts = Told()
    night = datetime(2025, 3, 3, 16, 50)  # 23:50 in Jakarta
    visit(facts, 1, night, "/", channel="email")
    visit(facts, 1, night + timedelta(minutes=20), "/a", channel="email")
    visit(facts, 1, night + timedelta(minutes=40), "/b", channel="search")
    assert ask(Sessions(), facts).visits == 1
    assert ask(Sessions(pause=15), facts).visits == 3
    assert ask(Sessions(rule="midnight"), facts).visits == 2
    assert ask(Sessions(rule="channel"), facts).visits == 2


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("all", {1, 2}),
        ("ordered", {1}),
        ("bounced", {1, 2}),
        ("exit:/cart", {1}),
        ("device:desktop", {1}),
        ("length:3", {1}),
    ],
)
def test_numbers_open_into_people(key: str, expected: set[int]) -> None:
    facts = shop()
    found = rows(Sessions().behind(tables(facts.events, facts.items), JAKARTA, key))
    assert {row["subject"] for row in found} == expected


@pytest.mark.parametrize("wrong", [{"pause": 0}, {"rule": "moon"}, {"by": "colour"}, {"limit": 0}])
def test_what_cannot_be_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        Sessions(**wrong)  # type: ignore[arg-type]


def test_a_number_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="bounced"):
        Sessions().behind(tables([], []), JAKARTA, "weight:3")
