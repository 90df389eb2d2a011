"""How far people get: against every way there is, and by hand."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.facts import JAKARTA, Told, ask, rows, tables
from tests.insights.journeys import History, furthest, histories, told

from detak.errors import UsageError
from detak.insights.base import Shop
from detak.insights.funnel import Funnel
from detak.insights.funnel_report import FunnelReport, duration

STEPS = ("A", "B", "C")
DAY = datetime(2025, 3, 3)


def shop() -> Told:
    """Ten look, six of them add, two buy; one adds too late, one in the wrong order."""
    facts = Told()
    for subject in range(1, 11):
        device = "mobile" if subject <= 7 else "desktop"
        facts.event("A", subject=subject, time=DAY, device=device)
        if subject <= 6:
            facts.event("B", subject=subject, time=DAY + timedelta(minutes=10 * subject))
        if subject <= 2:
            facts.event("C", subject=subject, time=DAY + timedelta(hours=2))
    facts.event("B", subject=7, time=DAY + timedelta(days=8))
    facts.event("B", subject=8, time=DAY - timedelta(days=1), device="desktop")
    facts.event("D", subject=9, time=DAY + timedelta(minutes=1))
    return facts


def people(report: FunnelReport) -> list[int | None]:
    return [one.people for one in report.steps]


@settings(max_examples=4)
@given(histories(), st.sampled_from([0.01, 1.0, 3.0]))
def test_the_funnel_is_the_best_of_all_ways(everybody: list[History], within: float) -> None:
    report = ask(Funnel(steps=",".join(STEPS), within=within), told(everybody))
    got = Counter(furthest(history, STEPS, timedelta(days=within)) for history in everybody)
    assert people(report) == [sum(count for far, count in got.items() if far >= at) for at in (1, 2, 3)]


def test_what_is_at_one_moment_is_in_order_whatever_came_in_first() -> None:
    """Ids, and with them the order of what is at one moment, are by lot: all orders are there among many people."""
    facts, later = Told(), DAY + timedelta(minutes=1)
    for subject in range(1, 41):
        for event in ("A", "B", "A", "D"):
            facts.event(event, subject=subject, time=DAY)
        for _ in range(2):
            facts.event("A", subject=subject, time=later)
    assert people(ask(Funnel(steps="A,B"), facts)) == [40, 40]


def test_steps_times_and_where_they_went() -> None:
    report = ask(Funnel(steps="A, B, C"), shop())
    assert people(report) == [10, 6, 2]
    assert [one.seconds for one in report.steps] == [None, 35 * 60, 2 * 3600]
    assert [(one.step, one.then, one.people) for one in report.after] == [("A", "", 3), ("A", "D", 1), ("B", "", 4)]
    text = report.text(JAKARTA)
    assert "Of 10 people with A, 2 get as far as C within 7 days (20.0%)." in text
    assert "Most turn back between A and B: 4 people" in text


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("A,Order Complete", "Nobody did “Order Complete” here. Is “Order Completed” meant?"),
        ("order_completed,A", "Nobody did “order_completed” here. Is “Order Completed” meant?"),
        ("A,Z", "Nobody did “Z” here. Events are named as the shop sends them"),
    ],
)
def test_a_step_that_nobody_did_may_be_misspelt(steps: str, said: str) -> None:
    assert said in ask(Funnel(steps=steps), shop()).text(JAKARTA)
    assert "Nobody did" not in ask(Funnel(steps="A,Order Completed"), shop()).text(JAKARTA), "it is the spec's name"
    assert "Nobody did" not in ask(Funnel(steps="A,C"), shop()).text(JAKARTA)


def test_levels_are_those_of_the_first_visit() -> None:
    report = ask(Funnel(steps="A,B,C", by="device"), shop())
    assert {one.level: one.people for one in report.levels} == {"mobile": [7, 6, 2], "desktop": [3, 0, 0]}
    few = ask(Funnel(steps="A,B,C", by="device"), shop(), Shop(JAKARTA.zone, "IDR", 4, "en"))
    assert [one.level for one in few.levels] == ["Other (small groups)"], "the three follow from all and the others"


def crowd() -> Told:
    """Thirty look, twelve add, two buy; most by telephone."""
    facts = Told()
    for subject in range(1, 31):
        facts.event("A", subject=subject, time=DAY, device="mobile" if subject > 10 else "desktop")
        if subject <= 12:
            facts.event("B", subject=subject, time=DAY + timedelta(minutes=1))
        if subject <= 2:
            facts.event("C", subject=subject, time=DAY + timedelta(minutes=2))
        elif subject <= 9:
            facts.event("D", subject=subject, time=DAY + timedelta(minutes=2))
    return facts


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("How many of the 30 get as far as C is not shown", "withheld", "fewer than 5 people")),
        ("id", ("Berapa dari 30 orang itu yang sampai ke C tidak ditampilkan", "dirahasiakan", "kurang dari 5 orang")),
    ],
)
def test_of_a_step_of_two_people_nothing_is_told(language: str, said: tuple[str, ...]) -> None:
    report = ask(Funnel(steps="A,B,C"), crowd(), Shop(JAKARTA.zone, "IDR", 5, language))
    assert people(report) == [30, 12, None]
    assert report.steps[2].seconds is None
    # Twelve less the seven, and the three others who turned back, would be the two.
    assert [(one.step, one.then, one.people) for one in report.after] == [("A", "", 18), ("B", "D", 7)]
    assert all(one in report.text(Shop(JAKARTA.zone, "IDR", 5, language)) for one in said)


def test_nor_of_a_level_by_the_difference_to_all() -> None:
    """Of desktop ten got so far: twelve less these would be the two of mobile."""
    report = ask(Funnel(steps="A,B", by="device"), crowd(), Shop(JAKARTA.zone, "IDR", 5, "en"))
    assert people(report) == [30, 12]
    assert {one.level: one.people for one in report.levels} == {"mobile": [20, None], "desktop": [10, None]}
    assert "withheld" in report.text(JAKARTA)


def test_before_five_have_begun_it_says_so() -> None:
    begun, shop = Told(), Shop(JAKARTA.zone, "IDR", 5, "en")
    begun.event("A", subject=1, time=DAY)
    report = ask(Funnel(steps="A,B"), begun, shop)
    assert people(report) == [None, 0]
    assert report.text(shop).startswith("Fewer than 5 people have done the first step")


@pytest.mark.parametrize(
    ("key", "whole"), [("step:1", None), ("step:3", "step:2"), ("drop:2", "step:2"), ("after:2:D", "drop:2")]
)
def test_a_number_knows_what_it_is_a_part_of(key: str, whole: str | None) -> None:
    assert Funnel(steps="A,B,C").whole(key) == whole


@pytest.mark.parametrize(
    ("key", "expected"),
    [("step:2", {1, 2, 3, 4, 5, 6}), ("drop:2", {3, 4, 5, 6}), ("drop:1", {7, 8, 9, 10}), ("after:1:D", {9})],
)
def test_numbers_open_into_people(key: str, expected: set[int]) -> None:
    facts = shop()
    found = rows(Funnel(steps="A,B,C").behind(tables(facts.events, facts.items), JAKARTA, key))
    assert sorted(row["subject"] for row in found) == sorted(expected)


@pytest.mark.parametrize("key", ["step:4", "step:x", "steps:1", "step"])
def test_a_number_that_is_not_there_is_refused(key: str) -> None:
    with pytest.raises(UsageError, match="step:1"):
        Funnel(steps="A,B,C").behind(tables([], []), JAKARTA, key)


@pytest.mark.parametrize("wrong", [{"steps": "A"}, {"steps": "A,B,A"}, {"within": 0}, {"by": "colour"}])
def test_a_funnel_that_cannot_be_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        Funnel(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("seconds", "said"), [(30, "0 min"), (119, "2 min"), (7_200, "2 hours"), (172_800, "2 days")])
def test_durations_are_said_in_round_numbers(seconds: float, said: str) -> None:
    assert duration(seconds, "en") == said
