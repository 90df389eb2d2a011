"""Moments as the facts hold them: whole microseconds since 1970, UTC."""

import time
from datetime import UTC, datetime, timedelta, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """A moment as microseconds; one without a zone is UTC."""
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Microseconds as a moment, UTC."""
    return _EPOCH + micros * _MICROSECOND


def day_of(micros: int, zone: tzinfo) -> int:
    """The day that a moment falls on by the clock of a zone, counted from 1970."""
    return datetime.fromtimestamp(micros / 1_000_000, zone).toordinal() - _EPOCH.toordinal()


def now_micros() -> int:
    """Now, as microseconds."""
    return time.time_ns() // 1000
