"""A stretch of whole days in the shop's zone: what a report is asked for, and what it is compared with."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec


class Period(msgspec.Struct, frozen=True):
    """Days, both included. ``first`` null: from the beginning."""

    first: date | None
    last: date

    def before(self) -> "Period | None":
        """As many days directly before; null where this period has no beginning."""
        if self.first is None:
            return None
        ends = self.first - timedelta(days=1)
        return Period(ends - (self.last - self.first), ends)

    def bounds(self, zone: ZoneInfo) -> tuple[datetime | None, datetime]:
        """The first moment and the first one after it, in UTC without a zone, as facts carry time."""
        return (None if self.first is None else _midnight(self.first, zone)), _midnight(self.last + _DAY, zone)


_DAY = timedelta(days=1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC).replace(tzinfo=None)
