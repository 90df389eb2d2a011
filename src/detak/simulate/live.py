"""A world in accelerated real time: visits begin, are shown what a policy decides, and go on as tastes have it."""

import heapq
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Final, NamedTuple

import msgspec
import numpy as np

from detak.simulate.bots import bots_of
from detak.simulate.config import DAY_MS
from detak.simulate.notices import notices_of
from detak.simulate.policies import POLICIES, Policy
from detak.simulate.scene import Scene, play, senders
from detak.simulate.sending import Sender
from detak.simulate.shelf import make_shelf
from detak.simulate.timeline import Messages
from detak.simulate.visits import Visits, visits_of
from detak.simulate.world import World

TICK: Final = 0.5
"""Seconds of real time in which visits are gathered."""
_LIVE: Final = 1_000_000  # blocks of live visits are numbered from here: no history has so many in a day
_NORMAL_95: Final = 1.959964


class Drive(NamedTuple):
    """Where to send a live run, and how."""

    url: str
    key: str
    policy: str = "none"
    """One of ``POLICIES``."""
    speed: float = 600.0
    seconds: float = 60.0
    """Of real time."""
    first: int = 0
    """When it begins in the world: milliseconds since 1970, UTC."""
    crowd: float = 1.0
    """How many times as many visits as usual begin, until a day's worth of them has come."""


class Summary(msgspec.Struct):
    """What came of a live run. Money in Rupiah."""

    policy: str
    visitors: int
    visits: int
    orders: int
    revenue: int
    revenue_per_visitor: float
    revenue_per_visitor_low: float
    revenue_per_visitor_high: float
    messages: int
    waits: int
    asked: int
    unanswered: int


class Live:
    """The world going on from a moment. Iterating answers what is to be sent in each tick.

    In a crowd the visits of a day begin sooner one after another; each of them goes on at its own pace.
    """

    def __init__(self, world: World, policy: Policy, first: int, step: int, crowd: float = 1.0) -> None:
        """``first`` and ``step`` (the length of a tick) in milliseconds of the world."""
        self._world = world
        self._shelf = make_shelf(world)
        self._policy = policy
        self._now = self._drawn = first
        self._step, self._crowd = step, crowd
        self._first = self._until = first
        self._queue: list[tuple[int, int, bytes]] = []
        self._turn = count()
        self._tick = count(_LIVE)
        self._days: dict[int, Visits] = {}
        self.revenue: dict[int, int] = {}
        """By visitor."""
        self.visits = self.orders = 0

    def ticks(self, until: int) -> Iterator[list[bytes]]:
        """Of each tick up to ``until`` (milliseconds) the messages, in order of time; last what visits still do."""
        self._until = until
        while self._now < until:
            yield self.advance()
        yield [line for _, _, line in sorted(self._queue)]
        self._queue.clear()

    def advance(self) -> list[bytes]:
        """The messages of one more tick."""
        now, self._now = self._now, self._now + self._step
        times = self._crowd if self._drawn < self._first + DAY_MS else 1.0
        begin, self._drawn = self._drawn, self._drawn + round(self._step * times)
        middle = (begin - self._world.config.midnight(0)) // DAY_MS
        tick = next(self._tick)
        for day in (middle - 1, middle, middle + 1):
            visits = self._of_day(day)
            some = visits.only(slice(*np.searchsorted(visits.start, (begin, self._drawn)).tolist()))
            if len(some):
                start = now + ((some.start - begin) / times).astype(np.int64)
                self._play(day, replace(some, start=start), tick)
        due = []
        while self._queue and self._queue[0][0] < self._now:
            due.append(heapq.heappop(self._queue)[2])
        return due

    def _of_day(self, day: int) -> Visits:
        """The day's visits; with them come its programs and notices."""
        if day not in self._days:
            self._days = {one: visits for one, visits in self._days.items() if one >= day - 2}
            drawn = visits_of(self._world, max(day, 0))
            self._days[day] = drawn if day >= 0 else drawn.only(slice(0, 0))
            if day >= 0:
                self._push(bots_of(self._world, self._shelf, day, len(drawn))[0], self._until)
                self._push(notices_of(self._world, self._shelf, day), self._until)
        return self._days[day]

    def _play(self, day: int, visits: Visits, tick: int) -> None:
        number = (tick,)
        who = senders(self._world, self._shelf, day, visits, number)
        showing = self._policy.fill(day, visits, who)
        scene = play(self._world, self._shelf, day, visits, number, showing)
        self._policy.learn(scene)
        self._push(scene.messages)
        self._count(scene)

    def _push(self, messages: Messages, until: int = 2**62) -> None:
        """Queue what is not past already, and before ``until``: a visit that has begun goes on to its end."""
        some = slice(*np.searchsorted(messages.time, (self._first, until)).tolist())
        for when, line in zip(messages.time[some].tolist(), messages.line[some].to_pylist(), strict=True):
            heapq.heappush(self._queue, (when, next(self._turn), line.encode()))

    def _count(self, scene: Scene) -> None:
        it = scene.checkout
        self.visits += len(scene.visits)
        for person in scene.visits.person.tolist():
            self.revenue.setdefault(person, 0)
        bought = it.outcome.bought
        self.orders += int(bought.sum())
        for person, worth in zip(it.carts.person[bought].tolist(), it.revenue[bought].tolist(), strict=True):
            self.revenue[person] += worth


def drive(world: World, to: Drive, stop: threading.Event | None = None) -> Summary:
    """Send visits to a running engine until the time is over, or until ``stop`` is set.

    Raises:
        StoreError: the engine does not answer, for longer than a restart takes.
        DeniedError: it does not know the key.
    """
    stop = stop or threading.Event()
    with Sender(to.url, to.key) as sender:
        policy = POLICIES[to.policy](world, sender.ask)
        live = Live(world, policy, to.first, max(1, round(TICK * to.speed * 1000)), to.crowd)
        began = time.monotonic()
        for number, lines in enumerate(live.ticks(to.first + round(to.seconds * to.speed * 1000)), 1):
            sender.send(lines)
            ahead = number * TICK - (time.monotonic() - began)
            if stop.wait(max(0.0, min(ahead, TICK))):
                break
        return _sum_up(to.policy, live, policy, sender)


def _sum_up(name: str, live: Live, policy: Policy, sender: Sender) -> Summary:
    """The mean over visitors, with a normal interval around it."""
    each = np.array(list(live.revenue.values()), dtype=np.float64)
    n = len(each)
    mean = float(each.mean()) if n else 0.0
    wide = _NORMAL_95 * float(each.std(ddof=1)) / n**0.5 if n > 1 else 0.0
    return Summary(
        policy=name, visitors=n, visits=live.visits, orders=live.orders, revenue=int(each.sum()),
        revenue_per_visitor=round(mean, 1), revenue_per_visitor_low=round(mean - wide, 1),
        revenue_per_visitor_high=round(mean + wide, 1), messages=sender.messages, waits=sender.waits,
        asked=policy.asked, unanswered=policy.unanswered,
    )  # fmt: skip
