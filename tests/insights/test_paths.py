"""Paths of visits, walked by hand."""

from datetime import datetime, timedelta

import pytest
from tests.facts import JAKARTA, Told, ask, rows, tables

from detak.errors import UsageError
from detak.insights.base import Shop
from detak.insights.paths import Paths
from detak.insights.paths_report import PathsReport
from detak.insights.visit_steps import END, START

NOON = datetime(2025, 5, 1, 5, 0)


def _walk(told: Told, subject: int, *events: str, at: float = 0) -> None:
    """Events a minute apart; ``at`` is in days."""
    for minute, event in enumerate(events):
        told.event(event, subject=subject, time=NOON + timedelta(days=at, minutes=minute), order_id=f"{subject}-{at}")


def _shop() -> Told:
    told = Told()
    _walk(told, 1, "Page Viewed", "Product Viewed", "Product Viewed", "Product Added", "Cart Viewed")
    _walk(told, 1, "Page Viewed", "Cart Viewed", "Order Completed", at=3)
    _walk(told, 2, "Page Viewed", "Product Viewed", "Product Added", "Cart Viewed")
    _walk(told, 2, "Page Viewed", at=8)
    _walk(told, 3, "Product Viewed", "Product Added", "Order Completed")
    _walk(told, 4, "Product Viewed", "Product Added", "Page Error")
    return told


def test_steps_from_the_beginning_and_the_same_one_again_is_one() -> None:
    report: PathsReport = ask(Paths(depth=2), _shop())
    found = {(one.step, one.event, one.after): one.visits for one in report.flows}
    assert found[1, "Page Viewed", "Product Viewed"] == 2
    assert found[1, "Page Viewed", END] == 1
    assert found[2, "Product Viewed", "Product Added"] == 2
    assert {step for step, _, _ in found} == {1, 2}
    shares = [one.share for one in report.flows if one.event == "Page Viewed"]
    assert sum(shares) == pytest.approx(1)


def test_before_and_after_a_step() -> None:
    report = ask(Paths(), _shop())
    assert [(one.event, one.times) for one in report.before] == [("Product Viewed", 4)]
    assert [(one.event, one.share) for one in report.after] == [
        ("Cart Viewed", 0.5),
        ("Order Completed", 0.25),
        ("Page Error", 0.25),
    ]
    assert ask(Paths(around="Page Viewed"), _shop()).before[0].event == START


def test_a_step_that_is_nowhere_may_be_misspelt() -> None:
    shop = Shop(JAKARTA.zone, "IDR", 1, "en")
    text = ask(Paths(around="product viewed"), _shop()).text(shop)
    assert "“product viewed” is in too few visits here, or in none. Is “Product Viewed” meant?" in text
    assert "in none" not in ask(Paths(), _shop()).text(shop)


def test_where_carts_were_left_and_who_came_back_within_a_week() -> None:
    report = ask(Paths(), _shop())
    assert [(one.event, one.visits, one.back, one.bought) for one in report.left] == [
        ("Cart Viewed", 2, 1, 1),
        ("Page Error", 1, 0, 0),
    ]
    assert report.total is not None
    assert (report.total.visits, report.total.back, report.total.bought) == (3, 1, 1)
    text = report.text(JAKARTA)
    assert text.startswith("3 visits left a cart behind: 33.3% came back within a week")


def test_a_pause_ends_a_visit_and_news_of_an_order_is_no_step() -> None:
    told = Told()
    _walk(told, 1, "Product Viewed")
    _walk(told, 1, "Product Viewed", at=1 / 24)
    told.cancel("1-0", subject=1, time=NOON + timedelta(minutes=1))
    told.event("Product Viewed", time=NOON)
    (flow,) = ask(Paths(), told).flows
    assert (flow.event, flow.after, flow.visits) == ("Product Viewed", END, 2)


def test_what_few_did_is_left_out() -> None:
    report = ask(Paths(), _shop(), Shop(JAKARTA.zone, "IDR", 2, "en"))
    assert "Page Error" not in str(report)
    assert report.total is not None
    assert report.total.visits == 3


def test_a_number_opens_into_its_people() -> None:
    told = _shop()
    facts = tables(told.events, told.items)

    def behind(key: str) -> list[int]:
        return sorted(row["subject"] for row in rows(Paths().behind(facts, JAKARTA, key)))

    assert behind("after/Cart Viewed") == [1, 2]
    assert behind("before/Product Viewed") == [1, 2, 3, 4]
    assert behind("left/Page Error") == [4]
    with pytest.raises(UsageError, match="no number of this report"):
        behind("beside/Cart Viewed")


@pytest.mark.parametrize("wrong", [{"depth": 0}, {"depth": 11}, {"around": " "}])
def test_figures_that_make_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Paths(**wrong)  # type: ignore[arg-type]


def test_few_visits_are_not_said_to_be_none() -> None:
    shop = Shop(JAKARTA.zone, "IDR", 99, "en")
    assert "or too few" in ask(Paths(), _shop(), shop).text(shop)
