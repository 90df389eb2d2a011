"""A reason to leave that jumps: a payment provider that is down is seen after a handful of payments. Counts only.

For each thing watched (payments by method, coupons, pages of the checkout, questions before buying) tries and failures
are counted by the minute, and weighed one after another: how much better do they fit something broken than the usual?
That is Page's cumulative sum (Page 1954, Biometrika 41:100) of log likelihood ratios of failing with the usual chance
against failing far more often. It needs no rhythm of the day, for it counts tries and not hours; and where nothing is
broken it rises to a height h once in more than exp(h) tries (Lorden 1971, Annals of Mathematical Statistics 42:1897;
by trial some six times exp(h)), so the height follows from how many tries a shop has in a year: about one false alarm
in it.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import log
from typing import Final, NamedTuple

import msgspec

from detak.clock import from_micros

_HEIGHT: Final = 11.0  # where a shop's size is not known: once in 300,000 tries
_HEIGHTS: Final = (8.0, 14.0)
_OVERSHOOT: Final = 6.0  # tries between false alarms, over exp of the height
_YEAR: Final = 13  # times four weeks
_BROKEN: Final = 0.7  # of tries fail where something is broken; or three times as many as usual, if that is more
_SURELY: Final = 0.9  # at most
_RAREST: Final = 0.01  # nothing fails more seldom, as far as anybody knows
_BELIEF: Final = 20.0  # tries that the usual of all counts as, beside something's own
_OFTEN: Final = 0.55  # what usually fails more often cannot be told to be broken
_FADES: Final = 20_000.0  # tries after which half of what was usual is forgotten
_MINUTE: Final = 60_000_000
_KINDS: Final = 200  # things watched at once: names are the clients' to choose


class Watched(NamedTuple):
    """What is tried, what fails, and the column that tells one thing from another (None: they are one)."""

    tries: str
    fails: str
    by: str | None = None


WATCHED: Final[Mapping[str, Watched]] = {
    "payment_failed": Watched("Payment Info Entered", "Payment Failed", "payment"),
    "coupon_refused": Watched("Coupon Entered", "Coupon Denied"),
    "slow_page": Watched("Checkout Step Viewed", "Page Error"),
    "needs_to_ask": Watched("Cart Viewed", "Chat Opened"),
}
"""By reason (as in the report on carts left behind)."""

Of = tuple[str, str]
"""A reason, and which thing: a payment method, or empty."""


class Count(NamedTuple):
    """What happened in one minute."""

    minute: int
    """Since 1970, UTC."""
    of: Of
    tries: int
    fails: int


class Usual(NamedTuple):
    """What is usual of a thing."""

    tries: float
    fails: float


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Something is broken now."""

    reason: str
    of: str
    """Which one: a payment method; empty: there is one only."""
    since: datetime
    """When it began, as far as the counts tell, UTC."""
    noticed: datetime
    """UTC."""
    tries: int
    """Since it began."""
    failed: int
    usual: float
    """The part that usually fails."""


@dataclass
class _Sum:
    """The cumulative sum of one thing."""

    height: float = 0.0
    since: int = 0
    tries: int = 0
    fails: int = 0
    noticed: int | None = None


@dataclass
class Alerts:
    """What is broken now. Any thread counts and reads."""

    usual: dict[Of, Usual] = field(default_factory=dict)
    height: float = _HEIGHT
    _sums: dict[Of, _Sum] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def know(self, usual: Mapping[Of, Usual]) -> None:
        """What was usual in the last four weeks, in place of what was learnt since the start."""
        tries = _YEAR * sum(one.tries for one in usual.values())
        with self._lock:
            self.usual = dict(usual)
            self.height = min(max(log(tries / _OVERSHOOT), _HEIGHTS[0]), _HEIGHTS[1]) if tries else _HEIGHT

    def add(self, counts: Iterable[Count]) -> None:
        """Weigh what happened, in the order in which it did."""
        with self._lock:
            for count in sorted(counts):
                if count.of in self._sums or len(self._sums) < _KINDS:
                    self._weigh(count, self._sums.setdefault(count.of, _Sum()))

    def now(self) -> list[Alert]:
        """What is broken, the longest first."""
        with self._lock:
            found = [
                Alert(
                    reason=of[0],
                    of=of[1],
                    since=from_micros(one.since * _MINUTE),
                    noticed=from_micros(one.noticed * _MINUTE),
                    tries=one.tries,
                    failed=one.fails,
                    usual=round(self._rate(of), 4),
                )
                for of, one in self._sums.items()
                if one.noticed is not None
            ]
        return sorted(found, key=lambda alert: (alert.since, alert.reason, alert.of))

    def _weigh(self, count: Count, one: _Sum) -> None:
        usual = self._rate(count.of)
        broken = min(max(_BROKEN, 3 * usual), _SURELY)
        # The word of a failure may come in the minute after its try.
        fine = max(count.tries - count.fails, 0)
        gained = count.fails * log(broken / usual) + fine * log((1 - broken) / (1 - usual))
        if one.height <= 0:
            one.since, one.tries, one.fails = count.minute, 0, 0
        one.tries, one.fails = one.tries + max(count.tries, count.fails), one.fails + count.fails
        # What is known to be broken is not believed ever more firmly: its end is to be seen as soon as its beginning.
        one.height = min(max(one.height + gained, 0.0), self.height)
        if one.height >= self.height and one.noticed is None and usual < _OFTEN:
            one.noticed = count.minute
        elif one.height <= 0:
            one.noticed = None
        if one.height <= 0 or one.noticed is None:
            self._learn(count)

    def _learn(self, count: Count) -> None:
        """While nothing is broken, what happens is what is usual."""
        before = self.usual.get(count.of, Usual(0, 0))
        kept = 0.5 ** (count.tries / _FADES)
        self.usual[count.of] = Usual(before.tries * kept + count.tries, before.fails * kept + count.fails)

    def _rate(self, of: Of) -> float:
        """The part of tries that usually fails: the thing's own, drawn towards that of all of its reason."""
        alike = [usual for other, usual in self.usual.items() if other[0] == of[0]]
        tries, fails = sum(one.tries for one in alike), sum(one.fails for one in alike)
        common = (fails + 1) / (tries + 10)
        own = self.usual.get(of, Usual(0, 0))
        return min(max((own.fails + _BELIEF * common) / (own.tries + _BELIEF), _RAREST), _SURELY)
