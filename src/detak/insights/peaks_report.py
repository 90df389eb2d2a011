"""Daily counts taken apart: the report, and what a manager reads of it."""

from datetime import date
from typing import Final

import msgspec

from detak.estimates.inference import Estimate
from detak.insights import render
from detak.insights.base import Report, Shop
from detak.insights.blocks import Bar, Bars, Block, Lines, Mark, Note, Row, Series, Table, Words
from detak.money import Money
from detak.words import say

_SENTENCES: Final = 6


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind of day multiplies the count by, with its 95% interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, estimate: Estimate) -> "Ratio":
        """From an estimate."""
        return cls(value=estimate.value, low=estimate.low, high=estimate.high)


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of day."""

    kind: str
    """Of ``peaks.KINDS``."""
    ratio: Ratio
    """To a plain day of the same weekday at the same time."""
    days: int
    occasions: int
    """Runs of such days."""
    extra: Ratio
    """How many more an occasion brings than plain days would; below 0: fewer."""
    money: Money | None
    """What ``extra`` is worth at the mean order; null where orders are not counted or have no amount."""


class OddDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day that neither trend nor calendar explains."""

    day: date
    count: int
    expected: float


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day in the shop's zone."""

    day: date
    count: int
    expected: float
    trend: float


class PeaksReport(Report, frozen=True, kw_only=True):
    """Daily counts, taken apart."""

    of: str
    zone: str
    first: date | None
    """The first whole day; null: there is none."""
    last: date | None
    growth: Ratio | None
    """The trend at the end over that 28 days before."""
    weekdays: list[Ratio]
    """Monday first: the ratio to the average weekday."""
    occasions: list[Occasion]
    """In the order of ``peaks.KINDS``; those without a day in the period are left out."""
    odd: list[OddDay]
    """The latest first."""
    days: list[Day]
    overdispersion: float | None
    correlation: float | None
    missing: str | None = None
    """Why nothing could be computed."""

    def blocks(self, shop: Shop) -> list[Block]:
        """What each occasion brings; the days; the odd ones."""
        return _blocks(self, shop)


def _blocks(report: PeaksReport, shop: Shop) -> list[Block]:
    """Sentences, effects with their intervals, weekdays, the days as lines, the odd ones, and how to read it all."""
    language = shop.language
    if report.missing is not None:
        return [Words([say(language, "peaks.nothing")]), Note(_too_few(report, shop))]
    told: list[Block] = [Words(_sentences(report, shop))]
    if report.occasions:
        told.append(Bars(say(language, "peaks.effects"), [_bar(one, shop) for one in report.occasions]))
        told.append(_table(report, shop))
    told += [_weekdays(report, shop), _lines(report, shop)]
    if report.odd:
        told.append(_odd(report, shop))
    return [*told, Note(say(language, "peaks.method", zone=report.zone))]


def _too_few(report: PeaksReport, shop: Shop) -> str:
    days = 0 if report.first is None or report.last is None else (report.last - report.first).days + 1
    return say(shop.language, "peaks.too_few", days=render.whole(days, shop.language))


def _sentences(report: PeaksReport, shop: Shop) -> list[str]:
    believed = [one for one in report.occasions if one.ratio.low > 1 or one.ratio.high < 1]
    believed.sort(key=lambda one: -abs(one.extra.value))
    told = [_occasion(one, report.of, shop) for one in believed[:_SENTENCES]]
    if not believed:
        told = [say(shop.language, "peaks.no_effect")]
    told.append(_trend(report, shop))
    if report.odd:
        first = report.odd[0]
        told.append(
            say(
                shop.language,
                "peaks.odd",
                days=render.whole(len(report.odd), shop.language),
                day=_day(report, shop, 0),
                count=render.whole(first.count, shop.language),
                expected=render.whole(first.expected, shop.language),
            )
        )
    return told


def _occasion(one: Occasion, of: str, shop: Shop) -> str:
    language = shop.language
    times = say(language, "peaks.seen_times", occasions=render.whole(one.occasions, language))
    worth = say(language, "peaks.worth", money=render.money(one.money, language)) if one.money else ""
    return say(
        language,
        "peaks.brings",
        what=say(language, f"hours.{of}").lower(),
        kind=say(language, f"peaks.{one.kind}"),
        change=change(one.ratio.value, language),
        low=change(one.ratio.low, language),
        high=change(one.ratio.high, language),
        extra=signed(one.extra.value, language),
        worth=worth,
        times=say(language, "peaks.seen_once") if one.occasions == 1 else times,
    )


def _trend(report: PeaksReport, shop: Shop) -> str:
    growth = report.growth
    if growth is None or growth.low <= 1 <= growth.high:
        return say(shop.language, "peaks.steady")
    return say(shop.language, "peaks.growth", **_interval(growth, shop))


def _interval(ratio: Ratio, shop: Shop) -> dict[str, object]:
    return {name: change(value, shop.language) for name, value in (
        ("change", ratio.value), ("low", ratio.low), ("high", ratio.high),
    )}  # fmt: skip


def change(ratio: float, language: str) -> str:
    """A ratio as a change: ``+29%``, ``-55%``."""
    return f"{signed(100 * (ratio - 1), language)}%"


def signed(value: float, language: str) -> str:
    """A whole number with its sign."""
    return ("+" if round(value) > 0 else "") + render.whole(value, language)


def _bar(one: Occasion, shop: Shop) -> Bar:
    language = shop.language
    shown = say(language, "peaks.shown", **_interval(one.ratio, shop))
    low, high = one.ratio.low - 1, one.ratio.high - 1
    return Bar(say(language, f"peaks.{one.kind}"), one.ratio.value - 1, shown, low, high, one.kind)


def _table(report: PeaksReport, shop: Shop) -> Table:
    language = shop.language
    rows = [
        Row(
            [
                say(language, f"peaks.{one.kind}"),
                render.whole(one.occasions, language),
                render.whole(one.days, language),
                f"{signed(one.extra.value, language)} ({signed(one.extra.low, language)} … "
                f"{signed(one.extra.high, language)})",
                render.money(one.money, language),
            ],
            one.kind,
        )
        for one in report.occasions
    ]
    heads = [say(language, f"peaks.head_{one}") for one in ("kind", "occasions", "days", "extra", "money")]
    return Table(say(language, "peaks.each"), heads, rows)


def _weekdays(report: PeaksReport, shop: Shop) -> Bars:
    language = shop.language
    bars = [
        Bar(
            render.weekday(day, language),
            one.value - 1,
            say(language, "peaks.shown", **_interval(one, shop)),
            one.low - 1,
            one.high - 1,
        )
        for day, one in enumerate(report.weekdays)
    ]
    return Bars(say(language, "peaks.weekdays"), bars)


def _lines(report: PeaksReport, shop: Shop) -> Lines:
    language = shop.language
    places = {one.day: at for at, one in enumerate(report.days)}
    marks = [
        Mark(places[one.day], say(language, "peaks.mark", count=render.whole(one.count, language)))
        for one in reversed(report.odd)
    ]
    series = [
        Series(say(language, "peaks.counted"), [float(one.count) for one in report.days]),
        Series(say(language, "peaks.expected"), [round(one.expected, 2) for one in report.days]),
        Series(say(language, "peaks.trend"), [round(one.trend, 2) for one in report.days]),
    ]
    title = say(language, "peaks.days", what=say(language, f"hours.{report.of}"))
    return Lines(title, [render.day(one.day, language) for one in report.days], series, marks)


def _odd(report: PeaksReport, shop: Shop) -> Table:
    language = shop.language
    rows = [
        Row(
            [
                _day(report, shop, at),
                render.whole(one.count, language),
                render.whole(one.expected, language),
                change(one.count / max(one.expected, 0.5), language),
            ],
            one.day.isoformat() if one.count >= shop.min_group else None,
        )
        for at, one in enumerate(report.odd)
    ]
    heads = [say(language, f"peaks.head_{one}") for one in ("day", "count", "expected", "change")]
    return Table(say(language, "peaks.odd_days"), heads, rows)


def _day(report: PeaksReport, shop: Shop, at: int) -> str:
    day = report.odd[at].day
    return f"{render.weekday(day.weekday(), shop.language)} {day.isoformat()}"
