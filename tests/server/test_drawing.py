"""Blocks worked out for a page, against lengths and paths by hand."""

from detak.insights.blocks import Bar, Bars, Heat, Lines, Mark, Series
from detak.server.drawing import lengths, plot, shaded


def test_bars_share_one_axis_from_nothing() -> None:
    first, second = lengths(Bars("t", [Bar("a", 4.0, "4"), Bar("b", 1.0, "1", low=0.0, high=2.0, key="b")]))
    assert (first.start, first.width, first.low) == ("0.00%", "100.00%", None)
    assert (second.start, second.width, second.low, second.high) == ("0.00%", "25.00%", "0.00%", "50.00%")
    assert second.key == "b"


def test_a_loss_is_drawn_to_the_left_of_nothing() -> None:
    gain, loss = lengths(Bars("t", [Bar("a", 3.0, "3"), Bar("b", -1.0, "-1")]))
    assert (loss.start, loss.width, loss.less) == ("0.00%", "25.00%", True)
    assert (gain.start, gain.width, gain.less) == ("25.00%", "75.00%", False)


def test_bars_of_nothing_have_no_length() -> None:
    assert [one.width for one in lengths(Bars("t", [Bar("a", 0.0, "0")]))] == ["0.00%"]
    assert lengths(Bars("t", [])) == []


def test_a_map_is_shaded_against_its_most_and_what_is_unknown_has_no_shade() -> None:
    block = Heat("t", ["r"], ["a", "b", "c", "d"], [[9.0, 0.01, 0.0, None]], [["9", "0", "0", ""]])
    assert [cell.shade for cell in shaded(block)[0]] == [9, 1, 0, None]


def test_lines_begin_anew_behind_a_gap() -> None:
    block = Lines("t", ["1", "2", "3", "4"], [Series("a", [0.0, 2.0, None, 1.0])], [Mark(1, "pay-day")])
    box = plot(block)
    drawn = box.paths[0].drawn
    assert drawn == "M6.0 154.0h0L202.0 6.0M594.0 80.0h0"
    assert (box.first, box.last, box.most, box.paths[0].last) == ("1", "4", 2.0, 1.0)
    assert box.marks[0][0] == 202.0


def test_no_lines_are_an_empty_box() -> None:
    box = plot(Lines("t", [], [Series("a", [])]))
    assert (box.paths[0].drawn, box.first) == ("", "")
