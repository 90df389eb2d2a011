"""What a report is made of when a person reads it: a few kinds of block, drawn alike on a page and in a terminal.

A report that says itself in blocks (``Report.blocks``) has its page and its text for nothing. Texts in a block are in
the reader's language already; ``key`` of a row is what ``Insight.behind`` opens into the people behind that number.
"""

import msgspec


class Words(msgspec.Struct, frozen=True, tag="words"):
    """Sentences, a paragraph each: what a manager should know, the most important first."""

    sentences: list[str]


class Note(msgspec.Struct, frozen=True, tag="note"):
    """How to read what stands above: an assumption, what was left out."""

    text: str


class Row(msgspec.Struct, frozen=True):
    """A row of a table: its cells as shown, and the key of the people behind it (None: it does not open)."""

    cells: list[str]
    key: str | None = None


class Table(msgspec.Struct, frozen=True, tag="table"):
    """Rows under heads. The first ``left`` columns are words, the others numbers."""

    title: str
    heads: list[str]
    rows: list[Row]
    left: int = 1
    more: int = 0
    """Rows that are not shown."""


class Bar(msgspec.Struct, frozen=True):
    """One bar: ``value`` in any unit, ``shown`` as words; ``low`` and ``high`` an interval, where there is one."""

    label: str
    value: float
    shown: str
    low: float | None = None
    high: float | None = None
    key: str | None = None


class Bars(msgspec.Struct, frozen=True, tag="bars"):
    """Bars beside one another, longest 100%: shares, steps of a funnel, effects with their intervals."""

    title: str
    bars: list[Bar]


class Heat(msgspec.Struct, frozen=True, tag="heat"):
    """A map of shades: ``values[row][column]``, None where nothing is known; ``shown`` the same in words."""

    title: str
    rows: list[str]
    columns: list[str]
    values: list[list[float | None]]
    shown: list[list[str]]
    keys: list[list[str | None]] | None = None


class Series(msgspec.Struct, frozen=True):
    """One line: a value a label of the ``Lines`` it belongs to, None where nothing is known."""

    name: str
    values: list[float | None]


class Mark(msgspec.Struct, frozen=True):
    """Something that happened at the label ``at`` (its index): a pay-day, an outage."""

    at: int
    text: str


class Lines(msgspec.Struct, frozen=True, tag="lines"):
    """Values over ``labels``, days or weeks, oldest first; ``shown`` are a few values of the axis in words."""

    title: str
    labels: list[str]
    series: list[Series]
    marks: list[Mark] = []


Block = Words | Note | Table | Bars | Heat | Lines
