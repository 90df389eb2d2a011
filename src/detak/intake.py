"""What must be known of the shop to read what comes in: one value, so that it can be handed to another process."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from detak.consent import NOTHING, Purposes, read_preferences
from detak.settings import Settings

_MINUTE = 60_000_000
_REMEMBERED = 4096


class Intake:
    """How bodies are read.

    Args:
        settings: the shop's.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.currency = settings.currency
        self.late = settings.late_days * 1440 * _MINUTE
        self.ahead = settings.ahead_minutes * _MINUTE
        self._said = lru_cache(_REMEMBERED)(self._read)

    def said(self, preferences: Mapping[str, bool] | None) -> tuple[Purposes, Purposes]:
        """What the categories of a consent tool say: ``(granted, refused)``."""
        return self._said(tuple(preferences.items())) if preferences else (NOTHING, NOTHING)

    def bot(self, agent: str | None) -> str | None:
        """The rule that takes a user agent for a bot's; none: a person's."""
        return None

    def flaws(self, event: str, properties: Mapping[str, Any]) -> str | None:
        """What the tracking plan finds in an event that is used all the same: ``outcome:detail``, one a line.

        Raises:
            RowError: the event cannot be used.
        """
        return None

    def _read(self, preferences: tuple[tuple[str, bool], ...]) -> tuple[Purposes, Purposes]:
        return read_preferences(dict(preferences), self.settings.categories)
