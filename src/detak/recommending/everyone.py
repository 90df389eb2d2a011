"""What everybody who agreed to be written to is to be recommended: for a shop's letters, some people at a time.

Two purposes must cover it. Marketing says who may be written to: those who said yes. Personalisation says what is known
of each: whoever refuses it is in the list as a stranger, with what every new visitor is shown.
"""

from bisect import bisect_right
from typing import Final

import msgspec

from detak.consent import Purpose
from detak.errors import UsageError
from detak.recommending.asking import Ask
from detak.recommending.explaining import Shown
from detak.recommending.models import Models
from detak.trust.gate import Gate

_WHY: Final = "recommendations for everyone"


class Theirs(msgspec.Struct, frozen=True):
    """What one person is to be shown, best first. ``cold``: nothing of the person stood behind it."""

    user_id: str
    cold: bool
    items: list[Shown]


class Some(msgspec.Struct, frozen=True):
    """Some of the people. ``after``: what is asked with for the next ones; empty: these were the last."""

    people: list[Theirs]
    model_version: str
    after: str


class Everyone:
    """The people whom the models learnt from, as far as they may be written to and have a userId.

    Whoever came since the last fit is there after the next.
    """

    def __init__(self, gate: Gate, models: Models) -> None:
        self._gate = gate
        self._models = models

    def some(self, ask: Ask, language: str | None = None, *, after: str = "", most: int = 1_000) -> Some:
        """What ``ask`` asks for, for the next ``most`` people; for fewer, where some of them may not be written to.

        Raises:
            UsageError: there is no such shelf or language, or ``after`` is none that was answered.
        """
        subjects = self._models.people
        first = bisect_right(subjects, _number(after)) if after else 0
        some = subjects[first : first + most]
        members = self._gate.audience(Purpose.MARKETING, some, why=_WHY)
        users = [value for one in members for kind, value in one.identifiers if kind == "user"]
        found = self._models.told_many(ask, [[("user", one)] for one in users], language)
        theirs = [Theirs(user, told.cold, told.items) for user, told in zip(users, found, strict=True)]
        return Some(theirs, self._models.version, str(some[-1]) if first + most < len(subjects) else "")


def _number(after: str) -> int:
    try:
        return int(after)
    except ValueError:
        raise UsageError("after: give what the last answer had as `after`, or nothing") from None
