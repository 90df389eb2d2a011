"""What the page draws, worked out: shades, lengths and places on an axis. No markup, no language, no colour."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from detak.insights.risks import Factor
from detak.insights.timing import Cell

SHADES = 9
_BASELINE, _TOP, _DIP = 84.0, 6.0, 14.0  # of the pulse's line, in a box 100 high
_FEWEST_FULL = 4  # beats a second that reach the top: one lonely event is not drawn as a storm
_WIDEST = 16.0  # an interval beyond 1/16 to 16 is cut: its end would squeeze all others together
_SUREST = 14


class Shade(NamedTuple):
    """One cell of a heat map: where it stands, its figure, and its shade, 0 (nothing) to ``SHADES`` (the most)."""

    at: int
    orders: int
    shade: int


class Level(NamedTuple):
    """One level of a dimension: when its orders come, each shade against the level's own most."""

    name: str
    orders: int
    days: list[Shade]
    hours: list[Shade]


class Mark(NamedTuple):
    """A value and its place on an axis, as a percentage from the left: ``("1", "50.00%")``."""

    value: float
    at: str


class Whisker(NamedTuple):
    """A factor's risk ratio and its 95% interval, placed; ``cut`` where an end lies beyond the axis."""

    factor: Factor
    at: str
    low: str
    high: str
    cut: bool


class Forest(NamedTuple):
    """Risk ratios on one logarithmic axis."""

    ticks: list[Mark]
    rows: list[Whisker]


def percentage(share: float) -> str:
    """A share as an SVG length: ``0.137`` is ``13.70%``."""
    return f"{100 * min(max(share, 0.0), 1.0):.2f}%"


def shades(counts: Mapping[int, int], size: int, most: int | None = None) -> list[Shade]:
    """A row of ``size`` cells, shaded against ``most`` or else the row's own."""
    most = most or max(counts.values(), default=0)
    return [Shade(at, counts.get(at, 0), _shade(counts.get(at, 0), most)) for at in range(size)]


def week(cells: Iterable[Cell]) -> list[list[Shade]]:
    """Seven rows, Monday first, of 24 hours."""
    counts = {(cell.weekday, cell.hour): cell.orders for cell in cells}
    most = max(counts.values(), default=0)
    days = ({hour: counts.get((day, hour), 0) for hour in range(24)} for day in range(7))
    return [shades(day, 24, most) for day in days]


def levels(cells: Iterable[Cell]) -> list[Level]:
    """The levels of a dimension, the most ordered first."""
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault("" if cell.level is msgspec.UNSET else cell.level, []).append(cell)
    made = [
        Level(name, sum(days.values()), shades(days, 7), shades(hours, 24))
        for name, (days, hours) in ((name, both(of)) for name, of in found.items())
    ]
    return sorted(made, key=lambda level: (-level.orders, level.name))


def both(cells: Iterable[Cell]) -> tuple[Counter[int], Counter[int]]:
    """Orders by weekday, and by hour."""
    days, hours = Counter[int](), Counter[int]()
    for cell in cells:
        days[cell.weekday] += cell.orders
        hours[cell.hour] += cell.orders
    return days, hours


def busiest(counts: Mapping[int, int]) -> int | None:
    """Where most orders are, the first of equals; none without orders."""
    most = max(counts.values(), default=0)
    return min(at for at, count in counts.items() if count == most) if most else None


def pulse(beats: Sequence[int]) -> str:
    """An SVG path in a box ``10 * len(beats)`` wide and 100 high: a heartbeat a second, as high as its events are many.

    ``static/pulse.js`` draws the same line.
    """
    full = max(_FEWEST_FULL, *beats, 0)
    parts = [f"M0 {_BASELINE:g}"]
    for at, count in enumerate(beats):
        if count:
            left, share = 10 * at, count / full
            top, dip = _BASELINE - share * (_BASELINE - _TOP), _BASELINE + share * _DIP
            parts.append(f"L{left + 1} {_BASELINE:g}L{left + 3} {dip:.1f}L{left + 5} {top:.1f}")
            parts.append(f"L{left + 7} {dip:.1f}L{left + 9} {_BASELINE:g}")
    parts.append(f"L{10 * len(beats)} {_BASELINE:g}")
    return "".join(parts)


def surest(factors: Iterable[Factor]) -> list[Factor]:
    """Of the levels that have a name, those that stand out and are surely far from 1, highest first.

    At most ``_SUREST``.
    """
    named = (one for one in factors if one.notable and one.kind in {"value", "several"})
    told = [one for one in named if one.low > 0 and not one.low <= 1 <= one.high]
    ranked = sorted(told, key=lambda one: -max(one.low, 1 / one.high))[:_SUREST]
    return sorted(ranked, key=lambda one: -one.risk_ratio)


def forest(factors: Sequence[Factor]) -> Forest:
    """The factors placed on an axis that is wide enough for them, and never narrower than from a half to double."""
    lowest = min((one.low for one in factors), default=1.0)
    highest = max((one.high for one in factors), default=1.0)
    left = min(-1, math.floor(math.log2(max(lowest, 1 / _WIDEST))))
    right = max(1, math.ceil(math.log2(min(highest, _WIDEST))))

    def place(ratio: float) -> str:
        return percentage((math.log2(max(ratio, 2.0**left)) - left) / (right - left))

    rows = [
        Whisker(
            one, place(one.risk_ratio), place(one.low), place(one.high), one.low < 2.0**left or one.high > 2.0**right
        )
        for one in factors
    ]
    return Forest([Mark(2.0**power, place(2.0**power)) for power in range(left, right + 1)], rows)


def _shade(orders: int, most: int) -> int:
    return math.ceil(SHADES * orders / most) if orders > 0 else 0
