"""What of the events that just came in is counted for alerts: what was tried, and what failed, by the minute."""

from collections import Counter
from datetime import timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from detak.alerts import WATCHED, Count, Of
from detak.clock import to_micros
from detak.consent import Purpose

_LATE: Final = timedelta(minutes=15)
"""What happened longer before it came in says nothing of now: an import, a telephone that was off."""
_MINUTE: Final = 60_000_000
_TRIES: Final = {watched.tries: (reason, watched.by) for reason, watched in WATCHED.items()}
_FAILS: Final = {watched.fails: (reason, watched.by) for reason, watched in WATCHED.items()}
_NAMES: Final = pa.array([*_TRIES, *_FAILS])


def counts(events: pa.Table) -> list[Count]:
    """From ``event.EVENTS`` as they were admitted. What programs did, and what analytics may not use, is left out.

    A person counts once a minute: whoever tries a blocked card ten times is no outage.
    """
    fits = pc.and_(pc.is_in(events["event"], _NAMES), pc.is_null(events["bot"]))
    if not pc.any(fits).as_py():
        return []
    found = events.filter(fits).select(["subject", "time", "received", "event", "purposes", "payment"])
    seen: set[tuple[int, Of, bool, int]] = set()
    totals: Counter[tuple[int, Of, bool]] = Counter()
    for row in found.to_pylist():
        if not row["purposes"] & Purpose.ANALYTICS or row["received"] - (row["time"] or row["received"]) > _LATE:
            continue
        failed = row["event"] in _FAILS
        reason, by = (_FAILS if failed else _TRIES)[row["event"]]
        what = (to_micros(row["received"]) // _MINUTE, (reason, row[by] or "" if by else ""), failed)
        if row["subject"] is not None and (*what, row["subject"]) in seen:
            continue
        seen.add((*what, row["subject"]))
        totals[what] += 1
    keys = dict.fromkeys((minute, of) for minute, of, _ in totals)
    return [Count(minute, of, totals[minute, of, False], totals[minute, of, True]) for minute, of in keys]
