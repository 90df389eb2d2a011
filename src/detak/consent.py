"""Purposes, and what people said of them. Pure: who may be used for what, deny where nothing is said."""

import enum
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache, reduce
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from detak.errors import SettingsError


class Purpose(enum.IntFlag):
    """What personal data is used for. Bits, so that an event carries all that cover it in one small number."""

    ESSENTIAL = 1  # carrying out an order, proving a consent: not refusable, and only for the events it needs
    ANALYTICS = 2
    PERSONALISATION = 4
    MARKETING = 8
    RESEARCH = 16

    @property
    def label(self) -> str:
        """``analytics``: the name in settings, requests and answers."""
        return (self.name or "").lower()


Purposes = int
"""Bits of several purposes. A plain number: flags of an enumeration cost too much where every event is weighed."""

NOTHING: Purposes = 0
ALL: Purposes = 31
REFUSABLE = tuple(purpose for purpose in Purpose if purpose is not Purpose.ESSENTIAL)
_REFUSABLE_BITS = tuple(map(int, REFUSABLE))
_ESSENTIAL = int(Purpose.ESSENTIAL)

# Names that consent tools use for these purposes: Segment's and OneTrust's categories, Google's consent mode v2,
# and Indonesian banners.
CATEGORIES: Mapping[str, Purpose] = {
    "essential": Purpose.ESSENTIAL,
    "necessary": Purpose.ESSENTIAL,
    "strictly necessary": Purpose.ESSENTIAL,
    "analytics": Purpose.ANALYTICS,
    "statistics": Purpose.ANALYTICS,
    "performance": Purpose.ANALYTICS,
    "measurement": Purpose.ANALYTICS,
    "analytics_storage": Purpose.ANALYTICS,
    "analitik": Purpose.ANALYTICS,
    "statistik": Purpose.ANALYTICS,
    "kinerja": Purpose.ANALYTICS,
    "performa": Purpose.ANALYTICS,
    "personalisation": Purpose.PERSONALISATION,
    "personalization": Purpose.PERSONALISATION,
    "preferences": Purpose.PERSONALISATION,
    "functional": Purpose.PERSONALISATION,
    "ad_personalization": Purpose.PERSONALISATION,
    "personalisasi": Purpose.PERSONALISATION,
    "preferensi": Purpose.PERSONALISATION,
    "fungsional": Purpose.PERSONALISATION,
    "marketing": Purpose.MARKETING,
    "advertising": Purpose.MARKETING,
    "targeting": Purpose.MARKETING,
    "ad_storage": Purpose.MARKETING,
    "ad_user_data": Purpose.MARKETING,
    "pemasaran": Purpose.MARKETING,
    "iklan": Purpose.MARKETING,
    "periklanan": Purpose.MARKETING,
    "research": Purpose.RESEARCH,
    "riset": Purpose.RESEARCH,
    "penelitian": Purpose.RESEARCH,
}


class Basis(enum.StrEnum):
    """The legal basis of a source (UU PDP art. 20, GDPR art. 6)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    LEGITIMATE_INTEREST = "legitimate_interest"


class Statement(msgspec.Struct, frozen=True):
    """What one person said of some purposes, when and where: the proof behind every use."""

    granted: Purposes
    refused: Purposes
    time: datetime  # UTC
    evidence: str | None  # the message that said it; none: it repeats what is on record


class Word(NamedTuple):
    """What a person last said of one purpose. Times are microseconds since 1970, UTC."""

    time: int
    yes: bool
    since: int
    """The first yes since the last no: from then on a yes counts."""
    no: int | None
    """The last no: nothing up to then counts, whatever was said later."""

    def then(self, yes: bool, time: int) -> "Word":
        """With one more word, in whatever order they arrive: the later counts, at one moment the no."""
        no = self.no if yes else time if self.no is None else max(self.no, time)
        if time > self.time or (time == self.time and not yes):
            last, answer = time, yes
        else:
            last, answer = self.time, self.yes
        since = min(self.since, time) if yes and self.yes else self.since if self.yes else time
        return Word(last, answer, since if no is None or since > no else last, no)


class Standing(NamedTuple):
    """What one person's statements come to."""

    words: Mapping[int, Word] = MappingProxyType({})
    """For each purpose they spoke of, the last word."""
    granted: Purposes = NOTHING
    """The purposes whose last word is yes."""
    refused: Purposes = NOTHING
    """The purposes whose last word is no."""

    @classmethod
    def of(cls, words: Mapping[int, Word]) -> "Standing":
        """From the words alone."""
        granted = union(purpose for purpose, word in words.items() if word.yes)
        return cls(words, granted, union(words) & ~granted)

    @classmethod
    def together(cls, some: Iterable["Standing"]) -> "Standing":
        """What several come to who are one person."""
        return reduce(cls.merged, some, cls())

    def granted_by(self, time: int) -> Purposes:
        """The purposes that a yes covered at the time: a yes does not reach back."""
        if not self.granted:
            return NOTHING
        return union(one for one, word in self.words.items() if word.yes and word.since <= time)

    def after(self, granted: Purposes, refused: Purposes, time: int) -> "Standing":
        """With one more statement."""
        words = dict(self.words)
        for purpose in _REFUSABLE_BITS:
            if purpose & (granted | refused):
                yes = not purpose & refused
                before = words.get(purpose)
                words[purpose] = before.then(yes, time) if before else Word(time, yes, time, None if yes else time)
        return Standing.of(words)

    def merged(self, other: "Standing") -> "Standing":
        """What two turn out to have said who are one person."""
        words = dict(self.words)
        for purpose, theirs in other.words.items():
            ours = words.get(purpose)
            if ours is None:
                words[purpose] = theirs
                continue
            last = max(ours, theirs, key=lambda word: (word.time, not word.yes))
            nos = [word.no for word in (ours, theirs) if word.no is not None]
            no = max(nos, default=None)
            words[purpose] = last._replace(no=no, since=last.since if no is None or last.since > no else last.time)
        return Standing.of(words)


def purpose(name: str) -> Purpose:
    """The purpose called ``name``.

    Raises:
        SettingsError: there is none.
    """
    try:
        return Purpose[name.strip().upper()]
    except KeyError:
        known = ", ".join(one.label for one in Purpose)
        raise SettingsError(f"there is no purpose {name!r}; there are: {known}") from None


def union(purposes: Iterable[int]) -> Purposes:
    """All of them in one value."""
    together = NOTHING
    for one in purposes:
        together |= one
    return together


def read_preferences(
    preferences: Mapping[str, bool], categories: Mapping[str, Purpose] = CATEGORIES
) -> tuple[Purposes, Purposes]:
    """What a consent tool's categories say: ``(granted, refused)``.

    A category that nobody mapped says nothing. Where two categories of one purpose disagree, the refusal stands:
    a person who declined any part of it has not agreed to it.
    """
    granted = refused = NOTHING
    for category, allowed in preferences.items():
        meant = int(categories.get(category.strip().lower(), NOTHING))
        if allowed:
            granted |= meant
        else:
            refused |= meant
    refused &= ~_ESSENTIAL
    return granted & ~refused, refused


@cache
def coverage(
    said_granted: Purposes,
    said_refused: Purposes,
    standing_granted: Purposes,
    standing_refused: Purposes,
    source: Purposes,
) -> Purposes:
    """The purposes that cover one event, each decided by the first that speaks of it.

    What was ``said`` with the event itself, then the person's ``standing`` word, then what the basis of its ``source``
    covers; where none speaks, no. Where two standing words disagree, the refusal stands.
    """
    silent = ALL & ~(said_granted | said_refused)
    covered = said_granted | (standing_granted & ~standing_refused & silent)
    silent &= ~(standing_granted | standing_refused)
    return covered | (source & silent)
