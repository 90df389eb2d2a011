"""One report beside the same report on the period before: the differences, number by number."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from detak.insights import render
from detak.insights.base import Report, Shop
from detak.insights.blocks import Bars, Block, Note, Row, Table
from detak.insights.period import Period
from detak.words import say

_SHOWN = 30


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A number of the report then and now."""

    what: str
    """Where it stands: ``steps[Product Viewed].people``."""
    now: float | None
    before: float | None
    change: float | None
    """Now less before; null where one of them is unknown."""
    ratio: float | None
    """Now over before; null where that is unknown or was nothing."""


class Compared(Report, frozen=True, kw_only=True):
    """A report, the one on as many days directly before, and what is different."""

    period: Period
    previous: Period
    now: Report
    before: Report
    differences: list[Difference]

    def blocks(self, shop: Shop) -> list[Block]:
        """The blocks of the report, with the numbers of the period before in brackets."""
        earlier = self.before.blocks(shop)
        drawn = [_against(block, earlier) for block in self.now.blocks(shop)]
        return [*drawn, Note(self._said("compare.brackets", shop))] if drawn else []

    def text(self, shop: Shop) -> str:
        """As the blocks say it; a report with a text of its own, and a table of what is different."""
        if self.now.blocks(shop):
            return super().text(shop)
        heads = [say(shop.language, f"compare.{name}") for name in ("what", "now", "before")]
        rows = [[one.what, _shown(one.now, shop), _shown(one.before, shop)] for one in self.differences[:_SHOWN]]
        more = render.more(len(self.differences) - _SHOWN, shop.language)
        title = self._said("compare.title", shop)
        return "\n".join([self.now.text(shop), "", title, *render.table(heads, rows), *more])

    def _said(self, key: str, shop: Shop) -> str:
        return say(shop.language, key, first=self.previous.first, last=self.previous.last)


def differences(now: Report, before: Report) -> list[Difference]:
    """Every number of the two reports, those first that stand in both and differ."""
    values = [dict(_numbers(msgspec.to_builtins(report), "")) for report in (now, before)]
    every = list(dict.fromkeys([*values[0], *values[1]]))
    found = [_difference(what, values[0].get(what), values[1].get(what)) for what in every]
    return sorted(found, key=lambda one: not one.change)


def _difference(what: str, now: float | None, before: float | None) -> Difference:
    known = now is not None and before is not None
    return Difference(
        what=what,
        now=now,
        before=before,
        change=now - before if now is not None and before is not None else None,
        ratio=now / before if known and now is not None and before else None,
    )


def _numbers(value: Any, path: str) -> Iterator[tuple[str, float]]:
    """Each number with its path. What stands in a list is known by the words in it, else by its place."""
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _numbers(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for name, inner in zip(_names(value), value, strict=True):
            yield from _numbers(inner, f"{path}[{name}]")


def _names(values: Sequence[Any]) -> list[str]:
    rows = [one if isinstance(one, dict) else {} for one in values]
    told = [", ".join(text for text in row.values() if isinstance(text, str)) for row in rows]
    unique = all(told) and len(set(told)) == len(told)
    return told if unique else [str(at) for at in range(len(values))]


def _against(block: Block, earlier: Sequence[Block]) -> Block:
    """The block with what the like one of the period before said, in brackets."""
    for other in earlier:
        if isinstance(block, Bars) and isinstance(other, Bars) and other.title == block.title:
            return _bars_against(block, other)
        if isinstance(block, Table) and isinstance(other, Table) and other.title == block.title:
            return _table_against(block, other)
    return block


def _bars_against(block: Bars, other: Bars) -> Bars:
    shown = {bar.key or bar.label: bar.shown for bar in other.bars}
    beside = [f"{bar.shown} ({shown.get(bar.key or bar.label, '–')})" for bar in block.bars]
    pairs = zip(block.bars, beside, strict=True)
    return msgspec.structs.replace(block, bars=[msgspec.structs.replace(bar, shown=text) for bar, text in pairs])


def _table_against(block: Table, other: Table) -> Table:
    cells = {_name(row, other): row.cells for row in other.rows}
    rows = [_beside(row, cells.get(_name(row, block)), block) for row in block.rows]
    return msgspec.structs.replace(block, rows=rows)


def _name(row: Row, table: Table) -> tuple[str, ...]:
    return (row.key,) if row.key else tuple(row.cells[: table.left])


def _beside(row: Row, before: Sequence[str] | None, table: Table) -> Row:
    others = before or ["–"] * len(row.cells)
    cells = [
        cell if at < table.left else f"{cell} ({other})"
        for at, (cell, other) in enumerate(zip(row.cells, others, strict=False))
    ]
    return msgspec.structs.replace(row, cells=cells)


def _shown(value: float | None, shop: Shop) -> str:
    if value is None:
        return "–"
    whole = float(value).is_integer()
    return render.whole(value, shop.language) if whole else render.decimal(value, shop.language, 3)
