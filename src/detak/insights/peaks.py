"""Seasons and peaks told apart from trend: what pay-days, double days, Ramadan and Lebaran, and weekdays bring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, ClassVar, Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from detak.calendar_id import HARBOLNAS, double_day, lebaran, since_pay_day
from detak.consent import Purpose
from detak.errors import CannotComputeError, WordedError
from detak.estimates.seasons import Seasons, take_apart
from detak.insights import moments
from detak.insights.base import Facts, Shop, local
from detak.insights.orders import orders
from detak.insights.peaks_report import Day, Occasion, OddDay, PeaksReport, Ratio
from detak.money import Money

_FIRST, _LAST = date(2010, 1, 1), date(2040, 12, 31)  # of the days that open into people


def _double(number: int) -> Callable[[date], bool]:
    return lambda day: (day.month, day.day) == (number, number)


KINDS: Final[Mapping[str, Callable[[date], bool]]] = MappingProxyType(
    {
        "pay_day": lambda day: since_pay_day(day) <= 2,
        "after_pay_day": lambda day: 3 <= since_pay_day(day) <= 6,
        "month_start": lambda day: day.day <= 5 and since_pay_day(day) > 6,
        "double_early": lambda day: day.month == day.day and not double_day(day),
        "double_9": _double(9),
        "double_10": _double(10),
        "double_11": _double(11),
        "double_12": _double(HARBOLNAS[0]),
        "double_eve": lambda day: double_day(day + timedelta(days=1)),
        "ramadan": lambda day: -29 <= lebaran(day) <= -15,
        "before_lebaran": lambda day: -14 <= lebaran(day) <= -8,
        "last_week": lambda day: -7 <= lebaran(day) <= -3,
        "lebaran": lambda day: -2 <= lebaran(day) <= 4,
        "after_lebaran": lambda day: 5 <= lebaran(day) <= 10,
    }
)
"""The kinds of day that are told apart. A day may be of several."""


@dataclass(frozen=True)
class Peaks:
    """Counts moments (``moments.KINDS``) by day. The first and the last day are left out: they may not be whole."""

    insight: ClassVar[str] = "peaks"
    purpose: ClassVar[Purpose] = Purpose.ANALYTICS
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {"of": moments.KINDS}
    of: str = moments.ORDERS

    def __post_init__(self) -> None:
        """See that there is such a kind.

        Raises:
            UsageError: there is not.
        """
        moments.check(self.of)

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:
        """``days``: day, count; ``money`` (of orders): currency, orders, amount."""
        found = moments.moments(facts, self.of)
        dated = found.mutate(day=local(found.time, shop.zone).date())
        sums = {"days": dated.group_by("day").agg(count=ibis._.count())}
        if self.of == moments.ORDERS:
            every = orders(facts)
            kept = every.filter(~every.cancelled, every.amount > 0)
            sums["money"] = kept.group_by("currency").agg(orders=kept.count(), amount=kept.amount.sum())
        return sums

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> PeaksReport:
        """The report; ``missing`` says why where there is too little to go by."""
        counts = {row["day"]: row["count"] for row in sums["days"].to_pylist()}
        days = _whole(counts)
        flags = {kind: [is_one(day) for day in days] for kind, is_one in KINDS.items()}
        try:
            found = take_apart([counts.get(day, 0) for day in days], days[0].weekday() if days else 0, flags)
        except CannotComputeError as error:
            return _nothing(self.of, days, str(error), shop)
        return self._report(days, counts, found, _mean_order(sums, shop), shop)

    def behind(self, facts: Facts, shop: Shop, key: str) -> ir.Table:
        """The people of one day (``2026-03-20``) or of a kind of day (``pay_day``).

        Raises:
            UsageError: the report has no such number.
        """
        days = _days_of(key)
        found = moments.moments(facts, self.of)
        here = found.filter(local(found.time, shop.zone).date().isin(days), found.subject.notnull())
        return here.select("subject").distinct()

    def _report(
        self, days: list[date], counts: Mapping[date, int], found: Seasons, worth: Money | None, shop: Shop
    ) -> PeaksReport:
        rows = zip(days, found.expected.tolist(), found.trend.tolist(), strict=True)
        return PeaksReport(
            of=self.of,
            zone=shop.zone.key,
            first=days[0],
            last=days[-1],
            growth=Ratio.of(found.growth),
            weekdays=[Ratio.of(one) for one in found.weekdays],
            occasions=[
                Occasion(
                    kind=one.name,
                    ratio=Ratio.of(one.ratio),
                    days=one.days,
                    occasions=one.occasions,
                    extra=Ratio.of(one.extra),
                    money=Money(round(one.extra.value * worth.amount), worth.currency) if worth else None,
                )
                for one in found.effects
            ],
            odd=[OddDay(day=days[one.day], count=int(one.counted), expected=one.expected) for one in found.odd[::-1]],
            days=[Day(day=day, count=counts.get(day, 0), expected=full, trend=plain) for day, full, plain in rows],
            overdispersion=found.overdispersion,
            correlation=found.correlation,
        )


def _whole(counts: Mapping[date, int]) -> list[date]:
    """The days between the first and the last that anything happened on."""
    if not counts:
        return []
    first, last = min(counts), max(counts)
    return [first + timedelta(days=at) for at in range(1, (last - first).days)]


def _mean_order(sums: Mapping[str, Any], shop: Shop) -> Money | None:
    """Of the currency that most orders are in."""
    rows = sums["money"].to_pylist() if "money" in sums else []
    if not rows:
        return None
    most = max(rows, key=lambda row: (row["orders"], row["currency"] or ""))
    return Money(round(most["amount"] / most["orders"]), most["currency"] or shop.currency)


def _nothing(of: str, days: list[date], why: str, shop: Shop) -> PeaksReport:
    return PeaksReport(
        of=of,
        zone=shop.zone.key,
        first=days[0] if days else None,
        last=days[-1] if days else None,
        growth=None,
        weekdays=[],
        occasions=[],
        odd=[],
        days=[],
        overdispersion=None,
        correlation=None,
        missing=why,
    )


def _days_of(key: str) -> list[date]:
    if key in KINDS:
        return [day for day in _span() if KINDS[key](day)]
    try:
        return [date.fromisoformat(key)]
    except ValueError:
        raise WordedError("number", {"number": key[:80], "example": ", ".join(("2026-03-20", *KINDS))}) from None


def _span() -> list[date]:
    return [_FIRST + timedelta(days=at) for at in range((_LAST - _FIRST).days + 1)]
