"""Who is no person: programs that name themselves, and hands too fast to be any. Flagged with the rule, never dropped.

The list of programs is kept by others: the package crawler-user-agents (MIT licence, about 1,500 patterns, renewed each
month). Renewing the package renews the rules; facts that came in before are judged again on demand.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.metadata import version
from typing import Annotated, Any, Final

import msgspec
import numpy as np

from detak.errors import SettingsError

Ints = np.ndarray[Any, np.dtype[np.int64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]

AGENT_LENGTH: Final = 256
"""Characters of a user agent that are kept and judged."""
PACE: Final = "pace"
"""The rule of those who do more in a minute than a person can."""
NOBODY: Final = 0
"""The subject of events behind which nobody is known: they have no pace."""

_LIST: Final = "crawler-user-agents"
_KINDS: Final = {"browser-automation": "automation", "http-library": "library"}
_OTHERS: Final = "agent"
_KEPT: Final = 65_536  # judged agents: as many as a large shop sees in a day
_MINUTE: Final = 60_000_000
_NAME: Final = 64


class BotSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[bots]``: what a shop adds to the list, and takes from it."""

    allow: tuple[str, ...] = ()
    """Rules that do not count here, ``*`` allowed: ``library:*``, ``agent:WhatsApp``."""
    also: dict[str, str] = {}
    """Rules of the shop's own: a name, and a regular expression that is searched in the user agent."""
    pace: Annotated[int, msgspec.Meta(ge=1)] = 300
    """More events than this within a minute are no person's."""


class BotRule(msgspec.Struct, frozen=True):
    """What one rule has flagged."""

    rule: str
    events: int
    first: datetime
    """When the first of them came in, UTC."""
    last: datetime
    """When the last of them came in, UTC."""


class BotsReport(msgspec.Struct, frozen=True):
    """Which list is in force, and what it has flagged, the most first."""

    source: str
    events: int
    """All facts, of people and of programs."""
    rules: list[BotRule]


class Rejudged(msgspec.Struct, frozen=True):
    """What came of judging the facts again."""

    source: str
    events: int
    """So many were looked at."""
    flagged: int
    """Taken for people before, for programs now."""
    cleared: int
    """Taken for programs before, for people now."""
    renamed: int
    """Programs under another rule than before."""


class Bots:
    """The rules that user agents are judged by. Any thread may ask.

    Raises:
        SettingsError: a rule of the shop's own is no regular expression.
    """

    def __init__(self, settings: BotSettings) -> None:
        self._own = [(f"own:{name}", _compiled(name, pattern)) for name, pattern in settings.also.items()]
        self._allowed = settings.allow
        self._judged: Callable[[str], str | None] = lru_cache(_KEPT)(self._judge)

    @property
    def source(self) -> str:
        """Which list is in force: ``crawler-user-agents 1.67.0``."""
        return f"{_LIST} {version(_LIST)}"

    def rule(self, agent: str | None) -> str | None:
        """The rule that takes a user agent for a program's; None for a person's, and where none is stated.

        ``automation:HeadlessChrome`` is a browser that a program drives, ``library:python-requests`` a program's HTTP
        library, ``agent:Googlebot`` any other program that names itself, ``own:NAME`` a rule of the shop's.
        """
        return self._judged(agent[:AGENT_LENGTH]) if agent else None

    def _judge(self, agent: str) -> str | None:
        return next((rule for rule in self._matching(agent) if not self._allows(rule)), None)

    def _allows(self, rule: str) -> bool:
        return any(fnmatchcase(rule, pattern) for pattern in self._allowed)

    def _matching(self, agent: str) -> Iterable[str]:
        yield from (name for name, pattern in self._own if pattern.search(agent))
        for found in _listed().finditer(agent):
            yield f"{found.lastgroup}:{found.group().strip(' /()+;:^')[:_NAME]}"


def paced(subjects: Ints, times: Ints, most: int) -> Bools:
    """Which events are of subjects who, somewhere among these, did more than ``most`` within a minute.

    Args:
        subjects: who did each event; ``NOBODY`` where it is unknown.
        times: when, in microseconds; unsorted.
        most: what a person may do in any sixty seconds.
    """
    if len(subjects) <= most:
        return np.zeros(len(subjects), dtype=np.bool_)
    order = np.lexsort((times, subjects))
    who, when = subjects[order], times[order]
    first, last = slice(None, -most), slice(most, None)
    fast = (who[first] == who[last]) & (when[last] - when[first] < _MINUTE) & (who[first] != NOBODY)
    mask: Bools = np.isin(subjects, np.unique(who[first][fast]))
    return mask


@lru_cache(1)
def _listed() -> "re.Pattern[str]":
    """The list as one expression, a named group for each kind of rule."""
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA  # noqa: PLC0415 - a megabyte that few commands need

    kinds: dict[str, list[str]] = {}
    for one in CRAWLER_USER_AGENTS_DATA:
        kind = next((_KINDS[tag] for tag in one.get("tags", ()) if tag in _KINDS), _OTHERS)
        kinds.setdefault(kind, []).append(f"(?:{one['pattern']})")
    return re.compile("|".join(f"(?P<{kind}>{'|'.join(patterns)})" for kind, patterns in kinds.items()))


def _compiled(name: str, pattern: str) -> "re.Pattern[str]":
    try:
        return re.compile(pattern)
    except re.error as error:
        raise SettingsError(f"bots.also.{name}: {pattern!r} is not a regular expression ({error})") from None
