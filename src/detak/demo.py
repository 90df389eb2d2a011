"""The demo: sixty days of a simulated Indonesian shop, taken in as a shop's own export would be, and its next visitors
live over HTTP.

History ends now. From there on the visitors of one day come in a crowd, each at the pace of a person and by the clock,
and then as many as ever come: whoever is in the shop is there now.
"""

import signal
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import ibis

from detak.consent import Purpose
from detak.engine import Engine
from detak.reading.outcomes import Outcome
from detak.server.run import serve
from detak.settings import Settings, SourceSettings
from detak.simulate.config import Config
from detak.simulate.history import history
from detak.simulate.live import TICK, Drive, drive
from detak.simulate.world import World

DAYS: Final = 60
_SOURCE: Final = "web"
_AT_ONCE: Final = 2_000  # messages of a body
_LOOKED_AT: Final = 50  # people
_FLYING: Final = 32  # bodies taken in and not yet applied
_YEARS: Final = 10 * 365 * 86_400.0
_RULES: Final = """
[offers]
budget = 1_000_000
trial = 0.3
offer = [{name = "hemat", discount = 0.1, code = "HEMAT10"}]
"""


class Open(NamedTuple):
    """A shop that can be looked at."""

    url: str
    token: str
    """With it a browser opens what is about single people, too."""
    store: str
    regulars: list[str]
    """Two of its people, as ``/view-as`` takes them."""


def run(
    *,
    port: int,
    crowd: float,
    seconds: float | None,
    shoppers: int,
    ready: Callable[[Open], None],
    say: Callable[[str], None],
) -> bool:
    """Open a throw-away store, fill it, serve it, and let shoppers come until told to stop.

    Whether a fit is still going on, which nobody need wait for.

    Args:
        port: where to listen; 0 takes a free one.
        crowd: how many times as many visitors as usual come, until a day's worth of them has come.
        seconds: stop by itself after so long; None: run until interrupted.
        shoppers: how many there are.
        ready: called once the page can be opened.
        say: progress, in words.
    """
    # Every visitor of this shop was asked, and answered: only what they agreed to counts.
    settings = Settings(sources={_SOURCE: SourceSettings()})
    begin = datetime.now(UTC)
    first_day = begin.astimezone(settings.timezone).date() - timedelta(days=DAYS)
    world = World.make(Config(shoppers=shoppers, days=DAYS + 1, start=first_day))
    with tempfile.TemporaryDirectory(prefix="detak-demo-") as folder, Engine(Path(folder), settings) as engine:
        say(f"{DAYS} days of {shoppers:,} shoppers ...")
        count = fill(engine, world, begin)
        say(f"{count:,} events taken in. The shop opens.")
        (Path(folder) / "rules.toml").write_text(_RULES)
        key = engine.write_key(_SOURCE)
        stop = threading.Event()
        two = regulars(engine)

        def open_shop(url: str, token: str) -> None:
            ready(Open(url, token, folder, two))
            threading.Thread(
                target=_live, args=(world, Drive(url, key, "detak", crowd=crowd), stop), daemon=True
            ).start()
            if seconds is not None:
                timer = threading.Timer(seconds, lambda: signal.raise_signal(signal.SIGINT))
                timer.daemon = True
                timer.start()

        serve(engine, host="127.0.0.1", port=port, sign_in=False, ready=open_shop)
        stop.set()
    return engine.models.left_working


def fill(engine: Engine, world: World, until: datetime) -> int:
    """Take in what happened before ``until``; how many messages that were."""
    flying: deque[Future[list[Outcome]]] = deque()
    count = 0
    for lines in _bodies(world, round(until.timestamp() * 1000)):
        count += len(lines)
        flying.append(engine.take(_SOURCE, b'{"batch":[' + b",".join(lines) + b"]}", imported=True))
        while len(flying) > _FLYING:
            flying.popleft().result()
    for one in flying:
        one.result()
    engine.settle()
    return count


def regulars(engine: Engine, most: int = 2) -> list[str]:
    """Two who did most of those who allow personalisation and have an account, as ``/view-as`` takes them."""
    why = "two people to look at in the demo"
    with engine.gate.events(Purpose.PERSONALISATION, before=datetime.now(UTC), why=why) as granted:
        events = granted.facts.events
        known = events.filter(events.subject.notnull())
        counted = known.group_by("subject").aggregate(many=known.count())
        subjects = granted.run(counted.order_by(ibis.desc("many"), "subject").limit(_LOOKED_AT))["subject"].to_pylist()
    people = engine.gate.people(Purpose.PERSONALISATION, subjects, why=why)
    named = [one.value for person in people for one in person.identifiers if one.kind == "user"]
    return [f"user:{one}" for one in named[:most]]


def _bodies(world: World, until: int) -> Iterator[list[bytes]]:
    """The messages before ``until`` (milliseconds since 1970), some at a time."""
    for chunk in history(world, range(DAYS + 1)):
        messages = chunk.messages
        lines = [line.encode() for line in messages.line.filter(messages.time < until).to_pylist()]
        for at in range(0, len(lines), _AT_ONCE):
            yield lines[at : at + _AT_ONCE]


def _live(world: World, to: Drive, stop: threading.Event) -> None:
    """Visitors from now on, shown what the engine decides."""
    first = round((time.time() - TICK) * 1000)
    drive(world, to._replace(speed=1, seconds=_YEARS, first=first), stop)
