"""Blocks as lines of text, for a terminal."""

from collections.abc import Sequence

from detak.insights import render
from detak.insights.blocks import Bars, Block, Heat, Lines, Note, Table, Words

_SHADES = "·░▒▓█"
_SPARKS = "▁▂▃▄▅▆▇█"
_BAR = 30  # characters of the longest bar
_ROWS = 20
_LAST = 100  # characters of the last cell of a row: nothing stands behind it


def text(blocks: Sequence[Block], language: str) -> str:
    """All blocks, an empty line between two."""
    return "\n\n".join("\n".join(_lines(block, language)) for block in blocks)


def _lines(block: Block, language: str) -> list[str]:
    match block:
        case Words():
            return block.sentences
        case Note():
            return [block.text]
        case Table():
            cells = [
                [*map(render.clip, row.cells[:-1]), render.clip(row.cells[-1], _LAST)] for row in block.rows[:_ROWS]
            ]
            hidden = block.more + max(0, len(block.rows) - _ROWS)
            return [block.title, *render.table(block.heads, cells, left=block.left), *render.more(hidden, language)]
        case Bars():
            return [block.title, *_bars(block)]
        case Heat():
            return [block.title, *_heat(block)]
        case Lines():
            return [block.title, *_sparks(block)]


def _bars(block: Bars) -> list[str]:
    most = max((abs(bar.value) for bar in block.bars), default=0) or 1
    label = max((len(render.clip(bar.label)) for bar in block.bars), default=0)
    shown = max((len(bar.shown) for bar in block.bars), default=0)
    return [
        f"{render.clip(bar.label).ljust(label)}  {bar.shown.rjust(shown)}  {'█' * round(abs(bar.value) / most * _BAR)}"
        for bar in block.bars
    ]


def _heat(block: Heat) -> list[str]:
    most = max((value for row in block.values for value in row if value is not None), default=0) or 1
    name = max((len(row) for row in block.rows), default=0)
    wide = max((len(column) for column in block.columns), default=1)

    def shade(value: float | None, shown: str) -> str:
        if value is None:
            return (shown or " ").ljust(wide)
        return _SHADES[round(max(value, 0) / most * (len(_SHADES) - 1))] * wide

    heads = " " * name + "  " + " ".join(column.ljust(wide) for column in block.columns)
    rows = (
        f"{row.ljust(name)}  {' '.join(map(shade, values, shown))}"
        for row, values, shown in zip(block.rows, block.values, block.shown, strict=True)
    )
    return [line.rstrip() for line in (heads, *rows)]


def _sparks(block: Lines) -> list[str]:
    name = max((len(one.name) for one in block.series), default=0)
    lines = []
    for one in block.series:
        known = [value for value in one.values if value is not None]
        low, most = min(known, default=0), max(known, default=0)
        span = (most - low) or 1
        drawn = "".join(
            " " if value is None else _SPARKS[round((value - low) / span * (len(_SPARKS) - 1))] for value in one.values
        )
        lines.append(f"{one.name.ljust(name)}  {drawn}")
    ends = f"{block.labels[0]} – {block.labels[-1]}" if block.labels else ""
    return [*lines, ends, *(f"{block.labels[mark.at]}: {mark.text}" for mark in block.marks)]
