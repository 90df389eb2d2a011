"""Differences between two reports, number by number."""

from datetime import date

import msgspec
from tests.facts import JAKARTA

from detak.insights.base import Report, Shop
from detak.insights.blocks import Bar, Bars, Block, Row, Table
from detak.insights.compare import Compared, differences
from detak.insights.period import Period


class Step(msgspec.Struct, frozen=True):
    """A named number."""

    step: str
    people: int | None


class Steps(Report, frozen=True, kw_only=True):
    """A report that says itself in blocks."""

    total: int
    steps: list[Step]
    plain: list[int]

    def blocks(self, shop: Shop) -> list[Block]:
        """Bars and a table."""
        bars = [Bar(one.step, one.people or 0, str(one.people)) for one in self.steps]
        return [
            Bars("Bars", bars),
            Table("Table", ["step", "people"], [Row([one.step, str(one.people)]) for one in self.steps]),
        ]


NOW = Steps(total=10, steps=[Step("view", 8), Step("order", 2), Step("new", 1)], plain=[1, 2])
BEFORE = Steps(total=10, steps=[Step("order", 1), Step("view", 8)], plain=[1, 0])


def test_rows_are_known_by_their_words_and_the_changed_come_first() -> None:
    found = {one.what: (one.now, one.before, one.change, one.ratio) for one in differences(NOW, BEFORE)}
    assert found == {
        "steps[order].people": (2, 1, 1, 2),
        "plain[1]": (2, 0, 2, None),
        "total": (10, 10, 0, 1),
        "steps[view].people": (8, 8, 0, 1),
        "steps[new].people": (1, None, None, None),
        "plain[0]": (1, 1, 0, 1),
    }
    assert list(found)[:2] == ["steps[order].people", "plain[1]"]


def test_blocks_show_the_period_before_in_brackets() -> None:
    week = Period(date(2025, 3, 8), date(2025, 3, 14))
    previous = week.before()
    assert previous is not None
    compared = Compared(period=week, previous=previous, now=NOW, before=BEFORE, differences=differences(NOW, BEFORE))
    text = compared.text(JAKARTA)
    assert "2 (1)" in text
    assert "1 (–)" in text
    assert "2025-03-01 to 2025-03-07" in text
