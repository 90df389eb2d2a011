"""What the page draws, against figures worked out by hand."""

import math
import re

import pytest

from detak.insights.risks import Factor
from detak.insights.timing import Cell
from detak.server import charts


def factor(level: str, ratio: float, low: float, high: float, *, kind: str = "value", notable: bool = True) -> Factor:
    """A factor of which only the ratio matters."""
    return Factor(
        factor="payment",
        level=level,
        kind=kind,
        orders=100,
        cancelled=10,
        rate=0.1,
        risk_ratio=ratio,
        low=low,
        high=high,
        notable=notable,
    )


def cell(weekday: int, hour: int, orders: int, level: str = "") -> Cell:
    """A cell of the week, of a level where one is named."""
    return Cell(weekday=weekday, hour=hour, orders=orders, level=level)


def peaks(path: str) -> list[tuple[float, float]]:
    """The points of a pulse above its baseline."""
    points = [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]
    return [point for point in points if point[1] < points[0][1]]


def test_shades_run_from_nothing_to_the_most() -> None:
    found = charts.shades({0: 0, 1: 1, 2: 50, 3: 100}, 5)
    assert [one.shade for one in found] == [0, 1, 5, charts.SHADES, 0]
    assert [one.orders for one in found] == [0, 1, 50, 100, 0]


def test_a_row_without_orders_has_no_shade() -> None:
    assert {one.shade for one in charts.shades({}, 24)} == {0}


def test_the_week_is_shaded_against_its_busiest_hour() -> None:
    week = charts.week([cell(0, 20, 90), cell(6, 3, 10)])
    assert (len(week), {len(day) for day in week}) == (7, {24})
    assert (week[0][20].shade, week[6][3].shade, week[3][3].shade) == (9, 1, 0)


def test_each_level_is_shaded_against_itself_the_largest_first() -> None:
    few, many = charts.levels([cell(0, 9, 1, "few"), cell(1, 10, 80, "many"), cell(2, 11, 40, "many")])[::-1]
    assert (few.name, few.orders, few.days[0].shade) == ("few", 1, 9)
    assert (many.name, many.orders, many.hours[10].shade, many.hours[11].shade) == ("many", 120, 9, 5)


def test_the_busiest_is_the_first_of_equals_and_none_without_orders() -> None:
    assert charts.busiest({5: 3, 2: 3, 9: 1}) == 2
    assert charts.busiest({}) is None
    assert charts.busiest({1: 0}) is None


def test_a_quiet_pulse_is_a_flat_line() -> None:
    assert charts.pulse([0] * 120) == "M0 84L1200 84"
    assert charts.pulse([]) == "M0 84L0 84"


def test_a_pulse_is_as_high_as_its_events_are_many() -> None:
    assert peaks(charts.pulse([0, 10, 5])) == [(15, 6), (25, 45)]


def test_one_lonely_event_does_not_fill_the_picture() -> None:
    assert peaks(charts.pulse([1])) == [(5, 64.5)]


def test_an_axis_is_logarithmic_and_holds_every_interval() -> None:
    drawn = charts.forest([factor("more", 2, 1.5, 3), factor("less", 0.5, 0.3, 0.8)])
    assert [(one.value, one.at) for one in drawn.ticks] == [
        (0.25, "0.00%"),
        (0.5, "25.00%"),
        (1, "50.00%"),
        (2, "75.00%"),
        (4, "100.00%"),
    ]
    more, less = drawn.rows
    assert (more.at, less.at) == ("75.00%", "25.00%")
    assert more.low == charts.percentage((math.log2(1.5) + 2) / 4)
    assert not more.cut
    assert not less.cut


def test_an_axis_without_factors_runs_from_half_to_double() -> None:
    assert [one.value for one in charts.forest([]).ticks] == [0.5, 1, 2]


@pytest.mark.parametrize(("low", "high"), [(0.0, 2.0), (1.5, math.inf), (1e-9, 1e9)])
def test_an_endless_interval_is_cut_at_the_axis(low: float, high: float) -> None:
    row = charts.forest([factor("wild", 1.6, low, high)]).rows[0]
    assert row.cut
    assert all(0 <= float(one.rstrip("%")) <= 100 for one in (row.at, row.low, row.high))


def test_only_what_surely_stands_out_is_drawn() -> None:
    factors = [
        factor("chance", 1.1, 0.9, 1.3),
        factor("unbelieved", 2, 1.5, 2.5, notable=False),
        factor("all the rare", 2, 1.5, 2.5, kind="rare"),
        factor("less", 0.5, 0.4, 0.6),
        factor("more", 1.5, 1.2, 1.8),
        factor("most", 3, 2, 4),
    ]
    assert [one.level for one in charts.surest(factors)] == ["most", "more", "less"]


def test_of_many_the_surest_are_drawn() -> None:
    factors = [factor(f"{number:02d}", 2, 1 + number / 100, 5) for number in range(1, 31)]
    drawn = {one.level for one in charts.surest(factors)}
    assert drawn == {f"{number:02d}" for number in range(17, 31)}
