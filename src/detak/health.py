"""Whether a source has fallen silent: nothing came for longer than its own habit explains.

A source's habit is how many of the minutes of each hour of the week brought something, over the last four weeks.
Minutes and not events, for those come in bursts: a hundred in one minute are one sign of life. Silence is loud when it
would happen less than once in a million times (Poisson: exp of minus the minutes expected), lasts as long as asked and
is stranger than any silence before it but one: a habit that fits badly calls nobody, an earlier breakdown hides none.
"""

from datetime import datetime
from math import exp, log
from typing import Any, Final, Literal, NamedTuple

import msgspec
import numpy as np

from detak.clock import from_micros

WINDOW_DAYS: Final = 28
MINUTES: Final = 15
"""Minutes of silence before which nobody is called."""

_CHANCE: Final = 1e-6
_MINUTE: Final = 60_000_000  # microseconds
_HOUR: Final = 60  # minutes
_DAY: Final = 24 * _HOUR
_WEEK: Final = 7 * 24  # hours
_REGULAR: Final = 0.5  # of its days a source must have been there, to be missed on another

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
State = Literal["beating", "silent", "unknown"]


class Beat(NamedTuple):
    """What came from one source, by minute: minutes since 1970 (UTC), unsorted, and how many messages in each."""

    minutes: Ints
    counts: Ints


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a source is."""

    source: str
    state: State
    """``unknown``: too new or too rare to have a habit."""
    last: datetime
    """The minute that last brought something, UTC."""
    minutes: int
    """Since then."""
    expected: float
    """Messages that the source's habit would have brought since then."""
    chance: float
    """How likely such a silence is, by that habit."""


def judge(source: str, beat: Beat, now: datetime, least: int = MINUTES) -> Health | None:
    """How a source is; None where nothing came from it in the last four weeks.

    Args:
        source: its name.
        beat: what came from it; what lies outside the last four weeks is left out of account.
        now: the moment to judge.
        least: minutes of silence before which nobody is called.
    """
    end = int(now.timestamp()) // _HOUR
    within = (beat.minutes > end - WINDOW_DAYS * _DAY) & (beat.minutes <= end)
    if not within.any():
        return None
    active, where = np.unique(beat.minutes[within], return_inverse=True)
    counts = np.bincount(where, weights=beat.counts[within]).astype(np.float64)
    hours = np.arange(active[0], end + 1) // _HOUR % _WEEK  # of each minute from the first one on
    signs = _mass(active, np.ones(len(active)), hours)
    last = int(active[-1])
    mass = float(signs[-1] - signs[last - active[0]])
    silent = end - last >= least and mass > max(-log(_CHANCE), _strangest_but_one(active, signs))
    return Health(
        source=source,
        state="unknown" if not _regular(active) else "silent" if silent else "beating",
        last=from_micros(last * _MINUTE),
        minutes=end - last,
        expected=round(float(np.ptp(_mass(active, counts, hours)[[last - active[0], -1]])), 1),
        chance=exp(-mass),
    )


def _mass(active: Ints, weights: Floats, hours: Any) -> Floats:
    """What the habit expects from the first minute up to each minute, the minute that is not over left out."""
    rate = _habit(active, weights)[hours]
    rate[-1] = 0
    return np.cumsum(rate)


def _habit(active: Ints, weights: Floats) -> Floats:
    """For each hour of the week, what a minute of it brings.

    An hour of the week that was never seen is taken for the poorest of that hour on the other days.
    """
    seen = np.bincount(np.arange(active[0], active[-1] + 1) // _HOUR % _WEEK, minlength=_WEEK)
    brought = np.bincount(active // _HOUR % _WEEK, weights=weights, minlength=_WEEK)
    rate = np.where(seen > 0, brought / np.maximum(seen, _HOUR), np.inf).reshape(7, 24)
    poorest = rate.min(axis=0)
    return np.where(np.isfinite(rate), rate, np.where(np.isfinite(poorest), poorest, 0)).ravel()


def _strangest_but_one(active: Ints, signs: Floats) -> float:
    """The second largest mass of the silences between two signs of life."""
    at = active - active[0]
    passed = signs[at[1:] - 1] - signs[at[:-1]]
    return float(np.sort(passed)[-2]) if len(passed) > 1 else 0.0


def _regular(active: Ints) -> bool:
    """Whether the source is there on most days, so that its absence says something."""
    days = (active[-1] - active[0]) / _DAY
    return bool(days >= 1 and len(np.unique(active // _DAY)) >= _REGULAR * days)
