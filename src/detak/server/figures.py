"""Words, numbers and times as the page says them, in one language."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from detak.clock import from_micros
from detak.insights import render
from detak.insights.cancellation_words import worth
from detak.insights.lost import Lost
from detak.money import Money
from detak.words import say

_AMOUNT: Final = re.compile(r"(?<=\bRp) (?=\d)|(?<=\b[A-Z]{3}) (?=\d)")
_SPAN: Final = re.compile(r"(?<=\d)–(?=\d)")
_LESS: Final = re.compile(r"(?<=[ (])-(?=Rp|\d)")


def together(text: str) -> str:
    """The text, so that no line of a page ends within an amount of money or a span of figures."""
    return _SPAN.sub("\u2060–\u2060", _LESS.sub("\u2212", _AMOUNT.sub("\u00a0", text)))


@dataclass(frozen=True)
class Figures:
    """What templates say things with."""

    language: str

    def t(self, key: str, **values: object) -> str:
        """A text of ``words``."""
        return say(self.language, key, **values)

    def event(self, name: str) -> str:
        """What a person calls an event; its own name where there is no word for it."""
        return render.event(name, self.language)

    def whole(self, value: float | None) -> str:
        """``20.848``; a dash where it is unknown."""
        return "–" if value is None else render.whole(value, self.language)

    def percent(self, share: float | None) -> str:
        """``13,6%``; a dash where it is unknown."""
        return "–" if share is None else render.percent(share, self.language)

    def discount(self, share: float) -> str:
        """``10%``, or ``12,5%``."""
        return render.discount(share, self.language)

    def ratio(self, value: float) -> str:
        """``1,5``: a tick of an axis, without decimals where it needs none."""
        return render.whole(value, self.language) if value >= 1 else render.decimal(value, self.language, 2).rstrip("0")

    def times(self, value: float) -> str:
        """``3,3``: a risk ratio."""
        return render.decimal(value, self.language, 2 if value < 1.1 else 1)

    def money(self, value: Money | None) -> str:
        """``Rp 38.300``; a dash where it is unknown."""
        return render.money(value, self.language)

    def worth(self, value: Lost | None) -> str:
        """What is lost, marked where it is an estimate."""
        return ("≈ " if value and value.amount and value.basis == "estimated" else "") + worth(value, self.language)

    def weekday(self, day: int) -> str:
        """``Senin``."""
        return render.weekday(day, self.language)

    def clock(self, hour: int) -> str:
        """``13.00``."""
        return render.clock(hour, self.language)

    def hours(self, hour: int) -> str:
        """``13.00–14.00``: the whole hour."""
        return f"{self.clock(hour)}–{self.clock(hour + 1)}"

    def moment(self, at: datetime, zone: ZoneInfo) -> str:
        """``23 November 2026 04.30 WIB``, in the zone."""
        return render.moment(at.astimezone(zone), self.language)

    def till(self, micros: int, zone: ZoneInfo) -> str:
        """``11 Nov 2026``, or a moment of it: when something ends."""
        return render.till(from_micros(micros).astimezone(zone), self.language)
