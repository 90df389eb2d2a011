"""Live state: what is happening right now, in memory, fed by each applied batch. Counts only: nobody is in it."""

import threading
from collections import Counter, deque
from collections.abc import Iterable

import msgspec
import pyarrow as pa

from detak.alerts import Alerts
from detak.reading.hearing import counts

_SECONDS = 600
_NAMES = 200  # a second; names are the clients' to choose, and there may be as many as events
_OTHERS = "…"


class Pulse(msgspec.Struct, frozen=True):
    """The shop's pulse. ``beats`` are events a second, oldest first, up to the last whole second."""

    now: int  # seconds since 1970, UTC
    beats: list[int]
    events: dict[str, int]  # by name, over the same time
    outcomes: dict[str, int]  # accepted, duplicate, rejected, withheld, since the engine started
    unsealed: int = 0
    behind: int = 0  # bytes acknowledged but not yet applied


class Live:
    """A ring of the last ten minutes. Any thread writes and reads."""

    def __init__(self) -> None:
        self._ring: deque[tuple[int, Counter[str]]] = deque(maxlen=_SECONDS)
        self._outcomes: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self.alerts = Alerts()
        """What is broken now, as far as counts tell."""

    def apply(self, counted: Iterable[tuple[int, str, str, str, str, int]]) -> None:
        """Add (received, source, event, outcome, detail, count); the beat is when they came in."""
        seconds: dict[int, Counter[str]] = {}
        outcomes: Counter[tuple[str, str]] = Counter()
        for received, source, event, outcome, _, count in counted:
            outcomes[source, outcome] += count
            if outcome == "accepted":
                _add(seconds.setdefault(received // 1_000_000, Counter()), event, count)
        with self._lock:
            self._outcomes += outcomes
            for second, events in sorted(seconds.items()):
                if self._ring and self._ring[-1][0] >= second:
                    for event, count in events.items():
                        _add(self._ring[-1][1], event, count)
                else:
                    self._ring.append((second, events))

    def hear(self, events: pa.Table) -> None:
        """Count what was tried and failed, of ``event.EVENTS`` as they were admitted."""
        self.alerts.add(counts(events))

    def pulse(self, now: int, seconds: int = 120, *, unsealed: int = 0, behind: int = 0) -> Pulse:
        """The pulse over the last ``seconds``."""
        beats = [0] * seconds
        events: Counter[str] = Counter()
        with self._lock:
            for second, names in self._ring:
                at = second - (now - seconds)
                if 0 <= at < seconds:
                    beats[at] += names.total()
                    events += names
            outcomes: Counter[str] = Counter()
            for (_, outcome), count in self._outcomes.items():
                outcomes[outcome] += count
        return Pulse(now, beats, dict(events.most_common(12)), dict(outcomes), unsealed, behind)

    def outcomes(self) -> dict[tuple[str, str], int]:
        """(source, outcome) -> how many messages since the engine started."""
        with self._lock:
            return dict(self._outcomes)


def _add(events: Counter[str], event: str, count: int) -> None:
    events[event if event in events or len(events) < _NAMES else _OTHERS] += count
