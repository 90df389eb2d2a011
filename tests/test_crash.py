"""Killed in the middle: what was acknowledged is there after the restart, once."""

import random
from pathlib import Path

import msgspec
import pytest

from detak.event import message_key
from detak.store.log import Log, Meta
from tests.crash.campaign import run
from tests.crash.damage import rubbish, tear
from tests.crash.disk import disk
from tests.crash.facts import Found
from tests.crash.ledger import Leaver, Ledger, Parcel, Wish
from tests.crash.verdict import judge
from tests.store.appending import append_wait


def test_nothing_acknowledged_is_lost_or_doubled(tmp_path: Path) -> None:
    rounds = ["seal", "full", "importing", "forgetting"]
    with disk(tmp_path / "disk", mounted=False) as place:
        report = run(rounds, 1, place, tmp_path, print)
    assert report.faults == []
    assert report.rounds == len(rounds)
    assert report.tally.acknowledged > 300
    assert report.tally.decisions > 0


KEYS = [message_key("web", one) for one in ("n1", "n2", "n3")]


def found(*keys: int, items: tuple[int, ...] = (), visible: tuple[int, ...] = (), accepted: int | None = None) -> Found:
    """Facts of the source ``web``."""
    return Found({"web": list(keys)}, list(items), list(visible), 0, {"web": accepted or len(keys)}, None)


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        (found(KEYS[0]), "web: 1 acknowledged and lost: n2"),
        (found(*KEYS, KEYS[0]), "web: 1 there twice: n1"),
        (found(*KEYS, 7), "web: 1 never sent, or forgotten: 7"),
        (found(*KEYS, accepted=4), "web: 4 are counted as accepted, 3 are there"),
        (found(*KEYS, items=(KEYS[0],)), "web: 1 with the wrong number of products: n1"),
        (found(*KEYS, items=(7,)), "1 events have products and are not there themselves"),
        (found(*KEYS, visible=(KEYS[0],)), "ani said no, and statistics see them"),
        (Found({}, [], [], 0, {}, 3), "the audit chain is broken at row 3"),
    ],
)
def test_the_harness_sees_what_is_wrong(facts: Found, fault: str) -> None:
    tally, faults = judge(facts, told())
    assert fault in faults
    assert tally.acknowledged == 2


def test_decisions_that_were_answered_must_be_there_once() -> None:
    ledger = told()
    ledger.decide(["d1", "d2"])
    faults = judge(msgspec.structs.replace(found(*KEYS), decisions=["d2", "d3", "d3"]), ledger)[1]
    assert faults == ["1 decisions answered and lost: d1", "1 decisions there twice: d3"]


def test_what_nobody_was_told_of_may_be_there_or_not() -> None:
    assert judge(found(*KEYS), told())[1] == judge(found(*KEYS[:2]), told())[1] == []
    assert judge(found(*KEYS), told())[0].unanswered_but_present == 1


def test_somebody_forgotten_must_not_be_there() -> None:
    ledger = Ledger(leavers=[Leaver("l1", ["o-1"], acknowledged=True, wish=Wish.GRANTED)])
    key = message_key("leaving", "o-1")
    facts = Found({"leaving": [key]}, [key, key], [], 0, {}, None)
    assert judge(facts, ledger)[1] == [f"leaving: 1 never sent, or forgotten: {key}"]


def told() -> Ledger:
    """Three messages were sent, two of them answered; the first is of somebody who said no."""
    ledger = Ledger()
    parcels = [Parcel("/v1/track", ({"messageId": one},)) for one in ("n1", "n2", "n3")]
    for parcel in parcels:
        ledger.send(parcel)
    for parcel in parcels[:2]:
        ledger.acknowledge(parcel)
    ledger.refuse("ani", ["n1"])
    return ledger


@pytest.mark.parametrize("seed", range(12))
def test_damage_takes_nothing_that_was_acknowledged(seed: int, tmp_path: Path) -> None:
    bodies = [b'{"batch":[{"messageId":"%s"}]}' % one for one in (b"n1", b"n2", b"n3")]
    log = Log(tmp_path / "log", queue_bytes=1000)
    for body in bodies:
        append_wait(log, Meta("web", 0), body)
    log.close()
    rng = random.Random(seed)
    done = {damage(tmp_path, told(), rng) for damage in (tear, rubbish)}
    again = Log(tmp_path / "log", queue_bytes=1000)
    kept = [record.body for record in again.read(0, 10_000)]
    again.close()
    assert "log torn" in done
    assert kept == bodies[:2]
