"""Whole histories of several people, and what sessions, funnels and retention are by definition."""

from datetime import datetime, timedelta

from hypothesis import strategies as st
from tests.facts import Told

BEGAN = datetime(2025, 3, 3)
NAMES = ("A", "B", "C", "Page Viewed", "Order Completed")
History = list[tuple[datetime, str]]


def histories() -> st.SearchStrategy[list[History]]:
    """Of up to twenty people: events minutes, hours or days apart, some at one moment."""
    gaps = st.sampled_from([0, 1, 29, 30, 31, 600, 1_440, 4_000])
    steps = st.lists(st.tuples(gaps, st.sampled_from(NAMES)), max_size=12)
    return st.lists(steps.map(_timed), min_size=1, max_size=20)


def told(people: list[History]) -> Told:
    """As facts, person 1 first."""
    facts = Told()
    for subject, history in enumerate(people, 1):
        for at, (time, event) in enumerate(history):
            facts.event(event, subject=subject, time=time, page=f"/{at % 3}" if event == "Page Viewed" else None)
    return facts


def sessions(history: History) -> list[History]:
    """Cut where more than half an hour passes."""
    found: list[History] = []
    for time, event in sorted(history, key=lambda one: one[0]):
        if found and time - found[-1][-1][0] <= timedelta(minutes=30):
            found[-1].append((time, event))
        else:
            found.append([(time, event)])
    return found


def furthest(history: History, steps: tuple[str, ...], within: timedelta) -> int:
    """How far the person got, by trying every first step there is."""
    best = 0
    for start, event in history:
        if event == steps[0]:
            best = max(best, _followed(history, steps, start, start + within))
    return best


def _followed(history: History, steps: tuple[str, ...], start: datetime, until: datetime) -> int:
    """Taking each next step as early as possible is never worse."""
    now, got = start, 1
    for name in steps[1:]:
        later = [time for time, event in history if event == name and now <= time <= until]
        if not later:
            return got
        now, got = min(later), got + 1
    return got


def _timed(steps: list[tuple[int, str]]) -> History:
    now, found = BEGAN, []
    for gap, event in steps:
        now += timedelta(minutes=gap)
        found.append((now, event))
    return found
