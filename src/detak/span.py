"""From when until when something holds, as a shop writes it in a file: days, or moments of the shop's own clock.

from = 2026-11-11                   the whole day counts
until = 2026-11-12T01:30:00         up to that moment
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

import msgspec

from detak.clock import to_micros

_DAY = timedelta(days=1)


class Moment:
    """A day or a moment as it is written, and where it begins and ends: microseconds since 1970, UTC.

    Args:
        said: a day, or a moment; without a zone it is one of the shop's.
        zone: the shop's.
    """

    def __init__(self, said: date, zone: tzinfo) -> None:
        whole = not isinstance(said, datetime)
        begin = said if isinstance(said, datetime) else datetime.combine(said, time())
        self.said = said
        self.begin = _micros(begin, zone)
        self.end = _micros(begin + _DAY, zone) if whole and said < date.max else self.begin

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moment) and (self.begin, self.end) == (other.begin, other.end)

    def __hash__(self) -> int:
        return hash((self.begin, self.end))

    def __str__(self) -> str:
        return self.said.isoformat()


class Dated(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that holds from a moment until another; where nothing is said, always."""

    start: Moment | None = msgspec.field(default=None, name="from")
    until: Moment | None = None

    @property
    def begins(self) -> int | None:
        """The first moment; None: it always held."""
        return self.start.begin if self.start else None

    @property
    def ends(self) -> int | None:
        """The first moment at which it holds no more; None: it has no end."""
        return self.until.end if self.until else None

    def holds(self, now: int) -> bool:
        """Whether it holds at a moment."""
        return (self.start is None or self.start.begin <= now) and (self.until is None or now < self.until.end)

    def meets(self, other: "Dated") -> bool:
        """Whether there is a moment at which both hold."""
        begin = max((one for one in (self.begins, other.begins) if one is not None), default=None)
        end = min((one for one in (self.ends, other.ends) if one is not None), default=None)
        return begin is None or end is None or begin < end


def edges(some: Iterable[Dated]) -> set[int]:
    """The moments at which something begins or ends to hold."""
    return {edge for one in some for edge in (one.begins, one.ends) if edge is not None}


def reader(zone: tzinfo) -> Callable[[type, Any], Any]:
    """What makes moments of what a file says, for ``msgspec.convert``."""

    def read(kind: type, said: Any) -> Any:
        if kind is not Moment:
            raise NotImplementedError(kind)  # so msgspec is told that it has to say itself what is wrong
        try:
            return Moment(_written(said), zone)
        except (ValueError, TypeError, OverflowError):
            raise ValueError("is no day such as 2026-11-11, and no moment such as 2026-11-11T20:00:00") from None

    return read


def _written(said: Any) -> date:
    if isinstance(said, date):
        return said
    return date.fromisoformat(said) if len(said) <= len("2026-11-11") else datetime.fromisoformat(said)


def _micros(moment: datetime, zone: tzinfo) -> int:
    return to_micros(moment if moment.tzinfo else moment.replace(tzinfo=zone))
