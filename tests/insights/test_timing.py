"""Orders by hour of the week, counted by hand."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from tests.facts import JAKARTA, Told, ask

from detak.errors import UsageError
from detak.insights.base import Shop
from detak.insights.timing import Timing, TimingReport

# Sunday 18:30 in UTC is Monday 01:30 in Jakarta.
SUNDAY_EVENING = datetime(2025, 5, 4, 18, 30)


def _counts(report: TimingReport) -> dict[tuple[int, int], int]:
    return {(cell.weekday, cell.hour): cell.orders for cell in report.cells if cell.orders}


def _levels(report: TimingReport) -> dict[str, int]:
    found: dict[str, int] = {}
    for cell in report.cells:
        found[str(cell.level)] = found.get(str(cell.level), 0) + cell.orders
    return found


def test_the_hour_is_the_shops() -> None:
    told = Told()
    told.order("1", time=SUNDAY_EVENING)
    report = ask(Timing(), told)
    assert (report.zone, _counts(report)) == ("Asia/Jakarta", {(0, 1): 1})
    assert len(report.cells) == 168


def test_the_hour_follows_summer_time() -> None:
    told = Told()
    told.order("winter", time=datetime(2025, 1, 6, 9, 30))
    told.order("summer", time=datetime(2025, 7, 7, 9, 30))
    shop = Shop(ZoneInfo("Europe/London"), "GBP", 1, "en")
    assert _counts(ask(Timing(), told, shop)) == {(0, 9): 1, (0, 10): 1}


def test_cancelled_orders_were_placed_and_orders_without_a_time_are_counted_apart() -> None:
    told = Told()
    told.order("1", time=SUNDAY_EVENING)
    told.cancel("1")
    told.order("2")
    report = ask(Timing(), told)
    assert (report.orders, report.without_time, sum(cell.orders for cell in report.cells)) == (2, 1, 1)
    assert "Not in this table, for their time is unknown: 1 of the orders." in report.text(JAKARTA)


def test_the_answer_has_the_agreed_shape() -> None:
    answer = msgspec.to_builtins(ask(Timing(), Told()))
    assert answer.keys() >= {"zone", "cells", "without_time"}
    assert answer["cells"][25] == {"weekday": 1, "hour": 1, "orders": 0}
    told = Told()
    told.order("1", time=SUNDAY_EVENING, province="Bali")
    answer = msgspec.to_builtins(ask(Timing(by="province"), told))
    assert answer["cells"] == [{"weekday": 0, "hour": 1, "orders": 1, "level": "Bali"}]


def test_small_groups_are_united_and_add_up() -> None:
    told = Told()
    for at, province in enumerate(["Bali"] * 3 + ["Riau", "Papua", None]):
        told.order(str(at), time=SUNDAY_EVENING, province=province)
    shop = Shop(JAKARTA.zone, "IDR", 3, "en")
    assert _levels(ask(Timing(by="province"), told, shop)) == {"Bali": 3, "Other (small groups)": 3}
    assert _levels(ask(Timing(by="province"), told)) == {"Bali": 3, "Riau": 1, "Papua": 1, "unknown": 1}


def test_orders_without_a_time_make_a_group_large_enough() -> None:
    told = Told()
    for order in "12":
        told.order(order, province="Bali")
    told.order("3", province="Bali", time=SUNDAY_EVENING)
    shop = Shop(JAKARTA.zone, "IDR", 3, "en")
    assert _levels(ask(Timing(by="province"), told, shop)) == {"Bali": 1}


def test_an_order_of_several_categories_counts_once_under_each() -> None:
    told = Told()
    told.order("1", time=SUNDAY_EVENING, items=[{"category": "Piring"}, {"category": "Piring"}, {"category": "Gelas"}])
    told.order("2", time=SUNDAY_EVENING, items=[{"category": "Sendok"}, {"category": "Garpu"}])
    told.order("3", time=SUNDAY_EVENING, items=[{"category": "Piring"}])
    told.order("4", time=SUNDAY_EVENING, items=[{"category": "Gelas"}])
    report = ask(Timing(by="category"), told)
    assert _levels(report) == {"Piring": 2, "Gelas": 2, "Sendok": 1, "Garpu": 1}
    assert report.note is not None
    shop = Shop(JAKARTA.zone, "IDR", 2, "en")
    united = _levels(ask(Timing(by="category"), told, shop))
    assert united == {"Piring": 2, "Gelas": 2, "Other (small groups)": 1}, "once under all the small ones together"


@pytest.mark.parametrize("by", ["province", "city", "payment", "shipping", "country", "channel", "source", "device"])
def test_every_dimension_splits(by: str) -> None:
    told = Told()
    told.order("1", time=SUNDAY_EVENING, **{by: "here"})
    told.order("2", time=SUNDAY_EVENING, **{by: "there"})
    assert _levels(ask(Timing(by=by), told)) == {"here": 1, "there": 1}


def test_an_unknown_dimension_lists_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"cannot be split by 'weather'; there are: province, city, payment"):
        Timing(by="weather")


def test_the_text_names_the_busiest_hour_in_either_language() -> None:
    told = Told()
    told.order("1", time=SUNDAY_EVENING)
    report = ask(Timing(), told)
    assert "Busiest: Monday from 01:00 to 02:00, with 1 of the orders." in report.text(JAKARTA)
    indonesian = Shop(JAKARTA.zone, "IDR", 1, "id")
    assert "Paling ramai: Senin pukul 01.00–02.00, 1 pesanan." in report.text(indonesian)
    assert len(report.text(JAKARTA).splitlines()[2]) <= 90
