"""Many rounds on one store, counted: after every ten, and at the end, the facts are held against the ledger."""

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx
import msgspec

from tests.crash.damage import DAMAGES
from tests.crash.disk import Disk
from tests.crash.facts import Found
from tests.crash.ledger import Ledger
from tests.crash.rounds import DECK, KINDS, Stage, calm
from tests.crash.server import ENVIRONMENT, ROOT, ServerError
from tests.crash.verdict import Tally, judge, traces

_CHECK_EVERY = 10
_READING = 300.0  # seconds


class Report(msgspec.Struct):
    """What a campaign came to. ``kills`` and ``damages`` are counted by kind."""

    seed: int
    disk: str
    rounds: int = 0
    seconds: float = 0
    kills: dict[str, int] = {}
    damages: dict[str, int] = {}
    retried: int = 0
    replayed: int = 0
    turned_away: int = 0
    tally: Tally = msgspec.field(default_factory=Tally)
    faults: list[str] = []


def run(rounds: Sequence[str], seed: int, disk: Disk, work: Path, say: Callable[[str], None]) -> Report:
    """Play the rounds, the kinds of which are named; ends at the first check that finds a fault.

    Args:
        rounds: names of ``rounds.KINDS``.
        seed: everything is drawn from it; only the moments are the machine's.
        disk: where the store lies.
        work: for the files of the harness itself.
        say: told how far it is.
    """
    began = time.monotonic()
    rng = random.Random(seed)
    ledger = Ledger()
    report = Report(seed, disk.kind)
    kills: Counter[str] = Counter()
    damages: Counter[str] = Counter()
    for number, kind in enumerate([*rounds, "calm"], 1):
        stage = Stage(disk, ledger, work / "server.log", random.Random(rng.random()), f"{number}")
        try:
            if number <= len(rounds):
                kills[KINDS[kind](stage)] += 1
                damages[rng.choice(DAMAGES)(stage.store, ledger, stage.rng)] += 1
                report.rounds = number
            else:
                calm(stage)
        except (ServerError, httpx.HTTPError) as error:
            ledger.fault(f"round {number}, {kind}: {error}")
        if number % _CHECK_EVERY == 0 or number > len(rounds) or ledger.faults:
            report.tally, report.faults = _check(stage.store, ledger, work)
            say(f"{report.rounds} rounds: {_sentence(report.tally)}")
        if report.faults:
            break
    report.kills, report.damages = dict(kills), dict(damages)
    report.retried, report.replayed, report.turned_away = ledger.retried, ledger.replayed, ledger.turned_away
    report.seconds = round(time.monotonic() - began, 1)
    return report


def schedule(rounds: int, seed: int) -> Iterator[str]:
    """Kinds of rounds; every ten have each kind."""
    rng = random.Random(f"rounds {seed}")
    for _ in range(0, rounds, len(DECK)):
        yield from rng.sample(DECK, len(DECK))[:rounds]
        rounds -= len(DECK)


def _check(store: Path, ledger: Ledger, work: Path) -> tuple[Tally, list[str]]:
    answer = work / "facts.json"
    command = [sys.executable, "-m", "tests.crash.facts", str(store), str(answer)]
    read = subprocess.run(
        command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=_READING, check=False
    )
    if read.returncode:
        return Tally(), [*ledger.faults, f"the store cannot be read: {read.stderr[-2000:]}"]
    tally, faults = judge(msgspec.json.decode(answer.read_bytes(), type=Found), ledger)
    return tally, [*faults, *traces(store, ledger)]


def _sentence(tally: Tally) -> str:
    return (
        f"{tally.acknowledged:,} acknowledged, {tally.lost} lost, {tally.doubled} doubled, "
        f"{tally.unanswered_but_present:,} unanswered but present"
    )
