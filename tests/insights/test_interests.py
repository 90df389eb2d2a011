"""Interest by people, now and before."""

from datetime import datetime, timedelta

import pytest
from tests.facts import JAKARTA, Told, ask, rows, tables

from detak.errors import UsageError
from detak.insights.base import Shop
from detak.insights.interests import Interests, InterestsReport

NOW = datetime(2025, 5, 1, 5, 0)


def _look(told: Told, product: str, subject: int | None, days_ago: float, event: str = "Product Viewed") -> None:
    item = {"product_id": product, "name": f"Barang {product}", "category": product[0]}
    told.event(event, subject=subject, time=NOW - timedelta(days=days_ago), items=[item])


def test_people_of_the_last_days_and_of_as_many_before() -> None:
    told = Told()
    _look(told, "A1", 1, 0)
    for subject, days in ((1, 1), (2, 27), (2, 28), (3, 55), (None, 55.5), (4, 56), (5, 100)):
        _look(told, "A1", subject, days)
    _look(told, "A1", 9, 3, "Product List Viewed")
    (one,) = ask(Interests(), told).products
    assert (one.key, one.people, one.before) == ("A1", 2, 3)


def test_an_order_of_nobody_known_counts_once_however_often_it_is_told() -> None:
    told = Told()
    for _ in range(2):
        told.order("1", time=NOW, items=[{"product_id": "A1"}])
    (one,) = ask(Interests(), told).products
    assert one.people == 1


def _season() -> Told:
    told = Told()
    for subject in range(60):
        for product in ("A1", "B1"):
            _look(told, product, subject, 1)
            _look(told, product, subject, 30)
        if subject < 40:
            _look(told, "C1", subject, 2)
        if subject < 4:
            _look(told, "C1", subject, 31)
    return told


def test_what_rises_is_named_with_how_much() -> None:
    report: InterestsReport = ask(Interests(), _season())
    assert [one.key for one in report.rising] == ["C1"]
    assert report.rising[0].rise == pytest.approx(10 / (160 / 124))
    assert [one.key for one in report.categories if one.notable] == ["C"]
    text = report.text(JAKARTA)
    assert "Products that rise, against the 28 days before: Barang C1 (7.7 times; 40 people, 4 before)" in text


def test_what_few_are_interested_in_is_left_out() -> None:
    told = _season()
    for subject in range(3):
        _look(told, "D1", subject, 1)
    shop = Shop(JAKARTA.zone, "IDR", 4, "en")
    report = ask(Interests(), told, shop)
    assert "D1" not in {one.key for one in report.products}
    assert {one.key for one in ask(Interests(), told).products} == {"A1", "B1", "C1", "D1"}


def test_a_number_opens_into_its_people() -> None:
    told = Told()
    for subject, days in ((1, 0), (2, 5), (3, 40), (None, 1)):
        _look(told, "A1", subject, days)
    facts = tables(told.events, told.items)
    for key in ("product/A1", "category/A"):
        assert sorted(row["subject"] for row in rows(Interests().behind(facts, JAKARTA, key))) == [1, 2]
    with pytest.raises(UsageError, match="no number of this report"):
        Interests().behind(facts, JAKARTA, "mood/A")


@pytest.mark.parametrize("wrong", [{"span": 0}, {"span": 500}, {"limit": 0}])
def test_figures_that_make_no_sense(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="must be"):
        Interests(**wrong)


@pytest.mark.parametrize(("language", "said"), [("en", "fewer than 5 before"), ("id", "sebelumnya kurang dari 5")])
def test_of_the_few_before_only_that_they_were_few_is_told(language: str, said: str) -> None:
    shop = Shop(JAKARTA.zone, "IDR", 5, language)
    four: InterestsReport = ask(Interests(), _season(), shop)
    (one,) = four.rising
    assert (one.key, one.people, one.before) == ("C1", 40, None)
    assert said in four.text(shop)
    assert str(shop.min_group) in (four.withheld or "")


def test_a_rise_tells_no_more_of_them() -> None:
    """Of one, two, three or four people before, the same is told."""
    shop = Shop(JAKARTA.zone, "IDR", 5, "en")
    found = set()
    for before in (1, 4):
        told = _season()
        told.items = [item for item in told.items if item["product_id"] != "C1" or item["time"] > NOW - timedelta(28)]
        for subject in range(before):
            _look(told, "C1", subject, 31)
        for subject in range(4 - before):
            _look(told, "E1", subject, 31)  # so that everything moves alike
        (one,) = ask(Interests(), told, shop).rising
        found.add((one.rise, one.low, one.high))
    assert len(found) == 1
