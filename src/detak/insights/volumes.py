"""What the insights into ``event.VOLUMES`` share: its outcomes, and the minute they look from."""

from datetime import UTC, datetime
from typing import Final

MESSAGES: Final = ("accepted", "duplicate", "rejected", "withheld")
"""What became of a message: exactly one of these."""
FLAGS: Final = ("late", "ahead", "bot", "missing", "unfit")
"""What was found in messages beside that; a message may have several."""


def this_minute() -> datetime:
    """The minute that is running, UTC."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


def as_of(moment: datetime) -> datetime:
    """A moment as the facts hold it: UTC, without a zone. What has none is UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
