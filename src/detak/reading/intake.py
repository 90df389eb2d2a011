"""What must be known of the shop to read what comes in: made of the settings and the tracking plan, in any process."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from detak.bots import Bots
from detak.consent import NOTHING, Purposes, read_preferences
from detak.reading.plan import load_plan
from detak.settings import Settings

PLAN = "plan.toml"
_MINUTE = 60_000_000
_REMEMBERED = 4096


class Intake:
    """How bodies are read.

    Args:
        settings: the shop's.
        plan: the shop's own tracking plan, if there is such a file.

    Raises:
        SettingsError: the plan, or a rule for bots, says something that cannot be.
    """

    def __init__(self, settings: Settings, plan: Path = Path(PLAN)) -> None:
        self.settings = settings
        self.currency = settings.currency
        self.late = settings.late_days * 1440 * _MINUTE
        self.ahead = settings.ahead_minutes * _MINUTE
        self._plan = load_plan(plan)
        self._bots = Bots(settings.bots)
        self._said = lru_cache(_REMEMBERED)(self._read)

    def said(self, preferences: Mapping[str, bool] | None) -> tuple[Purposes, Purposes]:
        """What the categories of a consent tool say: ``(granted, refused)``."""
        return self._said(tuple(preferences.items())) if preferences else (NOTHING, NOTHING)

    def bot(self, agent: str | None) -> str | None:
        """The rule that takes a user agent for a program's; none: a person's."""
        return self._bots.rule(agent)

    def flaws(self, event: str, properties: Mapping[str, Any]) -> str | None:
        """What the tracking plan finds in an event that is used all the same: ``outcome:detail``, one a line.

        Raises:
            RowError: the event cannot be used.
        """
        return self._plan.check(event, properties)

    def _read(self, preferences: tuple[tuple[str, bool], ...]) -> tuple[Purposes, Purposes]:
        return read_preferences(dict(preferences), self.settings.categories)
