"""Numbers and tables as a person reads them in a terminal, in either language."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

from detak.money import Money, show
from detak.words import knows, say


def whole(value: float, language: str) -> str:
    """``20.848`` in Indonesian, ``20,848`` in English."""
    return str(format_decimal(round(value), format="#,##0", locale=language))


def decimal(value: float, language: str, digits: int = 1) -> str:
    """``1,4`` in Indonesian, ``1.4`` in English."""
    return str(format_decimal(value, format="#,##0." + "0" * digits, locale=language))


def times(value: float, language: str) -> str:
    """A ratio with as many decimals as tell it from 1: ``1,4``, ``0,95``."""
    return decimal(value, language, 2 if 0.9 <= value < 1.1 or value < 0.1 else 1)


def percent(share: float, language: str) -> str:
    """``13,6%`` in Indonesian, ``13.6%`` in English."""
    return str(format_percent(share, format="#,##0.0%", locale=language))


def discount(share: float, language: str) -> str:
    """``10%``, or ``12,5%``: what the shop promised, to the last digit."""
    return str(format_percent(share, format="#,##0.##%", locale=language))


def money(value: Money | None, language: str) -> str:
    """``Rp 38.300``; a dash where it is unknown."""
    return show(value, language) if value else "–"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> list[str]:
    """Lines of an aligned table: the first ``left`` columns to the left, the others, numbers, to the right."""
    widths = [max(len(row[at]) for row in [heads, *rows]) for at in range(len(heads))]
    return [
        "  ".join(
            cell.ljust(width) if at < left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [heads, *rows]
    ]


def weekday(day: int, language: str) -> str:
    """The name of a weekday, 0 = Monday."""
    return say(language, f"weekday.{day}")


def clock(hour: int, language: str) -> str:
    """A full hour: ``13.00`` in Indonesian, ``13:00`` in English."""
    return f"{hour % 24:02d}{say(language, 'report.clock')}00"


def day(of: date, language: str) -> str:
    """``23 Nov 2026``."""
    return str(format_date(of, "d MMM y", locale=language))


def moment(at: datetime, language: str) -> str:
    """``23 November 2026, 04.30 WIB``, in the zone that it has."""
    day = format_datetime(at, "d MMMM y", locale=language)
    return f"{day}, {at:%H}{say(language, 'report.clock')}{at:%M} {at.tzname()}"


def since(at: datetime, language: str) -> str:
    """The moment at which something begins, in the zone that it has: the day alone, where it begins with it."""
    return moment(at, language) if at.time() != time() else day(at.date(), language)


def till(at: datetime, language: str) -> str:
    """The moment at which something ends, in the zone that it has: the last day, where it ends with it."""
    return moment(at, language) if at.time() != time() else day(at.date() - timedelta(days=1), language)


def clip(text: str, width: int = 40) -> str:
    """The text, cut where a column ends."""
    return text if len(text) <= width else text[: width - 1] + "…"


def more(count: int, language: str) -> list[str]:
    """A line that says how many rows a terminal does not show, if any."""
    return [say(language, "report.more", count=whole(count, language))] if count > 0 else []


def event(name: str, language: str) -> str:
    """An event as a manager calls it, where it is one of the spec's; else its own name."""
    key = f"event.{name}"
    return say(language, key) if knows(language, key) else name
