"""Decisions on their way from the log to the facts: kept once, under a pseudonym only where it is allowed, and gone."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.shop import consenting, track
from tests.store.appending import append_wait
from tests.test_sink import House

from detak.consent import Purpose
from detak.decision import Decided, Decision, Promotion, Reason, Slot, decided_at, decision_ids
from detak.record import Entry, Meta

NOW = 1_790_000_000_000_000
SIGNED_IN = 2  # the events that the house begins with
YES = int(Purpose.PERSONALISATION)


def decided(user: str | None, count: int = 2, **said: int) -> bytes:
    """A record of ``count`` decisions for somebody."""
    decisions = [
        Decision(
            one, "home", [Slot("P1", "for_you", Reason("because_viewed", "P9")), Slot("P2")],
            Promotion("hemat", 0.1) if not at else None,
            "best", 0.75, [Reason("because_viewed", "P9")], "p1", "m1", NOW,
        )
        for at, one in enumerate(decision_ids(NOW, count))
    ]  # fmt: skip
    told = Decided(user, None, said.get("granted", 0), said.get("refused", 0), decisions, [b"\x01\x02"] * count)
    return msgspec.json.encode(told)


def rows(house: House, purpose: Purpose = Purpose.ESSENTIAL) -> list[dict[str, Any]]:
    """What a purpose sees of the decisions."""
    with house.gate.events(purpose, before=datetime(2100, 1, 1, tzinfo=UTC), why="test") as granted:
        found: list[dict[str, Any]] = granted.run(granted.facts.decisions.order_by("id")).to_pylist()
    return found


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A running sink, which knows Ani, who allows personalisation, and Budi, who refuses it."""
    one = House(tmp_path)
    one.sink.start()
    one.send(
        track("Signed In", "1", user="ani", anonymousId="phone", context=consenting(personalisation=True)),
        track("Signed In", "2", user="budi", context=consenting(personalisation=False, analytics=True)),
    ).result(timeout=20)
    yield one
    one.close()


def decide(house: House, body: bytes) -> None:
    """Append a record of decisions, and wait until it is applied."""
    append_wait(house.log, Meta("web", NOW, decided=True), body)
    house.sink.call(house.sink.catch_up)


def test_a_decision_is_kept_as_it_was_answered(house: House) -> None:
    decide(house, decided("ani"))
    first, second = sorted(rows(house), key=lambda row: row["offer"] is None)
    assert decided_at(first["id"]) == NOW
    assert (first["slate"], first["shelves"], first["because"]) == (
        ["P1", "P2"],
        ["for_you", ""],
        ["because_viewed P9", ""],
    )
    assert (first["offer"], first["discount"], second["offer"]) == ("hemat", 0.1, None)
    assert (first["propensity"], first["features"], first["source"]) == (0.75, b"\x01\x02", "web")
    assert msgspec.json.decode(first["reasons"]) == [{"code": "because_viewed", "about": "P9"}]
    assert first["subject"] == second["subject"] == house.vault.lookup([("user", "ani")])["user", "ani"]


def test_a_record_from_before_there_were_arms_is_kept_too(house: House) -> None:
    whole = msgspec.json.decode(decided("ani"))
    for one in whole[4]:
        del one["arm"], one["arm_propensity"]
    decide(house, msgspec.json.encode(whole))
    assert {(row["arm"], row["arm_propensity"]) for row in rows(house)} == {("", 1.0)}


def test_decisions_become_facts_by_themselves_and_many_in_the_process_that_decodes(house: House) -> None:
    append_wait(house.log, Meta("web", NOW, decided=True), decided("ani"))
    wait_for(house, 2)
    assert house.sink._decoder._process is None
    bodies = [decided(user, 60) for user in ("ani", None, "budi", "ani", None, "budi")]
    assert sum(map(len, bodies)) > 64 * 1024
    landed = threading.Semaphore(0)
    house.log.append_all([Entry(Meta("web", NOW, decided=True), one, lambda _: landed.release()) for one in bodies])
    wait_for(house, 362)
    process = house.sink._decoder._process
    assert process is not None
    house.log.append_all([Entry(Meta("web", NOW, decided=True), one, lambda _: landed.release()) for one in bodies])
    wait_for(house, 722)
    assert house.sink._decoder._process is process, "it is started once"
    known = house.vault.lookup([("user", "ani")])["user", "ani"]
    assert [row["subject"] for row in rows(house)].count(known) == 242
    assert {row["subject"] for row in rows(house)} == {known, None}


def wait_for(house: House, many: int) -> None:
    """Until so many decisions are facts, which nobody asks for."""
    until = time.monotonic() + 20
    while house.store.unsealed_rows < many + SIGNED_IN and time.monotonic() < until:
        time.sleep(0.02)
    assert len(rows(house)) == many


@pytest.mark.parametrize(
    ("user", "said", "kept"),
    [
        ("ani", {}, True),
        ("ani", {"refused": YES}, False),  # with the question itself
        ("budi", {}, False),
        ("budi", {"granted": YES}, True),
        ("nobody", {"granted": YES}, False),  # nobody is known behind the id, and nobody is made up
    ],
)
def test_whose_it_is_is_kept_where_they_allow_it(house: House, user: str, said: dict[str, int], kept: bool) -> None:
    decide(house, decided(user, 1, **said))
    (row,) = rows(house)
    assert (row["subject"] is not None) is kept
    assert bool(row["purposes"] & YES) is (kept or bool(said.get("granted")))


def test_a_no_said_later_hides_what_was_decided_for_them(house: House) -> None:
    decide(house, decided("ani"))
    assert len(rows(house, Purpose.PERSONALISATION)) == 2
    house.send(track("Left", "3", user="ani", context=consenting(personalisation=False)), ticket=2).result(timeout=20)
    assert rows(house, Purpose.PERSONALISATION) == []


def test_a_restart_applies_decisions_once(tmp_path: Path) -> None:
    first = House(tmp_path)
    append_wait(first.log, Meta("web", NOW, decided=True), decided("ani", 3))
    first.abandon()  # acknowledged, not applied
    second = House(tmp_path)
    second.sink.start()
    second.sink.call(second.sink.catch_up)
    append_wait(second.log, Meta("web", NOW, decided=True), decided("ani", 2))
    second.sink.call(second.sink.settle)
    second.sink.call(second.sink.catch_up)
    second.close()
    third = House(tmp_path)
    assert len({row["id"] for row in rows(third)}) == len(rows(third)) == 5
    third.abandon()


def test_events_and_decisions_share_a_chunk(tmp_path: Path) -> None:
    house = House(tmp_path)
    append_wait(house.log, Meta("web", NOW, decided=True), decided("ani", 1))
    future = house.send(track("A", "1", user="ani"), {"type": "track"})
    append_wait(house.log, Meta("web", NOW, decided=True), decided(None, 1))
    house.sink.start()
    assert [one.what for one in future.result(timeout=20)] == ["accepted", "rejected"]
    house.sink.call(house.sink.catch_up)
    assert len(rows(house)) == 2
    house.close()


def test_a_record_that_is_none_is_kept_aside(house: House) -> None:
    append_wait(house.log, Meta("web", NOW, decided=True), b"[1]")
    decide(house, decided("ani", 1))
    assert len(rows(house)) == 1
    assert list((house.folder / "rejects").glob("aside-*.body"))


def test_each_row_is_its_askers_whatever_stands_beside_it(house: House) -> None:
    asked = [("ani", 3, 0), (None, 1, 1), ("budi", 0, 2), ("nobody", 2, 3), ("ani", 1, 4)]
    landed = threading.Semaphore(0)
    house.log.append_all(
        [
            Entry(Meta(f"s{at}", NOW + at, decided=True), decided(user, count), lambda _: landed.release())
            for user, count, at in asked
        ]
    )
    assert all(landed.acquire(timeout=20) for _ in asked)
    house.sink.call(house.sink.catch_up)
    ani = house.vault.lookup([("user", "ani")])["user", "ani"]
    wanted = [
        (f"s{at}", ani if user == "ani" else None, at, bool(at in (0, 4)))
        for user, count, at in asked
        for _ in range(count)
    ]
    start = datetime.fromtimestamp(NOW / 1e6, UTC).replace(tzinfo=None)
    found = [
        (
            row["source"],
            row["subject"],
            round((row["received"] - start).total_seconds() * 1e6),
            bool(row["purposes"] & YES),
        )
        for row in rows(house)
    ]
    assert sorted(found, key=str) == sorted(wanted, key=str)


def test_ids_tell_when_and_nothing_else() -> None:
    many = decision_ids(NOW, 1000)
    assert len(set(many)) == 1000
    assert {decided_at(one) for one in many} == {NOW}
    assert [decided_at(one) for one in ("", "x" * 32, "0" * 31)] == [None] * 3
