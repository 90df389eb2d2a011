"""Blocks of a report as a page draws them, worked out: shades, lengths and paths. No markup, no language, no colour."""

from typing import NamedTuple

from detak.insights.blocks import Bars, Heat, Lines, Mark

SHADES = 9
_WIDE, _HIGH, _EDGE = 600.0, 160.0, 6.0  # the box that lines are drawn in


class Length(NamedTuple):
    """A bar: where it begins and how long it is, its interval where there is one, all as SVG lengths."""

    label: str
    shown: str
    start: str
    width: str
    low: str | None
    high: str | None
    key: str | None
    less: bool
    """Whether the value lies below nothing."""


class Shaded(NamedTuple):
    """A cell of a map: its figure in words, its shade from 0 to ``SHADES``, None where nothing is known."""

    shown: str
    shade: int | None
    key: str | None


class Path(NamedTuple):
    """A line: its name, its number among the lines (from 0), the commands of its SVG paths."""

    name: str
    number: int
    drawn: str
    last: float | None


class Plot(NamedTuple):
    """Lines in one box, and where marks stand in it, from the left."""

    paths: list[Path]
    marks: list[tuple[float, Mark]]
    first: str
    last: str
    most: float
    wide: float = _WIDE
    high: float = _HIGH


def lengths(block: Bars) -> list[Length]:
    """The bars on one axis from the least of 0 and all ends to the most."""
    ends = [end for bar in block.bars for end in (bar.value, *(one for one in (bar.low, bar.high) if one is not None))]
    least, most = min([0.0, *ends]), max([0.0, *ends])
    span = (most - least) or 1.0

    def at(value: float) -> float:
        return (value - least) / span

    return [
        Length(
            bar.label,
            bar.shown,
            _percentage(at(min(bar.value, 0.0))),
            _percentage(abs(bar.value) / span),
            None if bar.low is None else _percentage(at(bar.low)),
            None if bar.high is None else _percentage(at(bar.high)),
            bar.key,
            bar.value < 0,
        )
        for bar in block.bars
    ]


def shaded(block: Heat) -> list[list[Shaded]]:
    """The map's cells, shaded against its largest value."""
    most = max((value for row in block.values for value in row if value is not None), default=0.0)
    keys = block.keys or [[None] * len(row) for row in block.values]
    return [
        [Shaded(*cell) for cell in zip(shown, (_shade(value, most) for value in values), opened, strict=True)]
        for values, shown, opened in zip(block.values, block.shown, keys, strict=True)
    ]


def plot(block: Lines) -> Plot:
    """The lines on one axis from 0, or from their least where that is below, to their most."""
    known = [value for one in block.series for value in one.values if value is not None]
    least, most = min([0.0, *known]), max([0.0, *known])
    steps = max(len(block.labels) - 1, 1)

    def across(at: int) -> float:
        return _EDGE + at / steps * (_WIDE - 2 * _EDGE)

    def down(value: float) -> float:
        return _HIGH - _EDGE - (value - least) / ((most - least) or 1.0) * (_HIGH - 2 * _EDGE)

    paths = []
    for number, one in enumerate(block.series):
        points = [None if value is None else (across(at), down(value)) for at, value in enumerate(one.values)]
        last = next((value for value in reversed(one.values) if value is not None), None)
        paths.append(Path(one.name, number, _commands(points), last))
    ends = (block.labels[0], block.labels[-1]) if block.labels else ("", "")
    return Plot(paths, [(across(mark.at), mark) for mark in block.marks], *ends, most)


def _commands(points: list[tuple[float, float] | None]) -> str:
    """A path that begins anew behind each gap; a point alone is a dot, drawn by its round ends."""
    drawn, pen = [], False
    for point in points:
        if point is None:
            pen = False
            continue
        drawn.append(f"{'L' if pen else 'M'}{point[0]:.1f} {point[1]:.1f}" + ("" if pen else "h0"))
        pen = True
    return "".join(drawn)


def _shade(value: float | None, most: float) -> int | None:
    if value is None:
        return None
    return 0 if value <= 0 or most <= 0 else max(1, round(value / most * SHADES))


def _percentage(share: float) -> str:
    return f"{100 * min(max(share, 0.0), 1.0):.2f}%"
