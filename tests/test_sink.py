"""The sink: exactly once in effect, whatever fails between the log and the facts."""

import errno
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detak.consent import Basis
from detak.decision import Decided, Decision
from detak.errors import StoreError
from detak.live import Live
from detak.reading.outcomes import ACCEPTED, DUPLICATE, REJECTED, WITHHELD, Outcome
from detak.receipt import Signer
from detak.record import Meta
from detak.settings import Settings, SourceSettings
from detak.sink import Sink
from detak.store.duckdb import DuckStore
from detak.store.log import Log
from detak.store.registry import Registry
from detak.store.rejects import Rejects
from detak.store.vault import Vault
from detak.trust.gate import Gate
from tests.store.appending import append_wait
from tests.store.rows import keys_in

SETTINGS = Settings(sources={"web": SourceSettings(basis=Basis.CONTRACT, purposes=("analytics",))}, seal_seconds=3600)
RECEIVED = 1_790_000_000_000_000


class House:
    """A sink with everything it needs, on one folder; ``crash`` leaves the folder as a killed process would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = DuckStore(folder / "facts", part_rows=1000, memory="200MB")
        self.log = Log(folder / "log", queue_bytes=2**24, start=self.store.sealed)
        self.vault, self.registry = Vault(folder / "vault.db"), Registry(folder / "registry.db")
        self.gate = Gate(self.store, self.vault, self.registry, SETTINGS, Signer(folder / "key"))
        self.rejects = Rejects(folder / "rejects" / "live.jsonl")
        self.live = Live()
        self.sink = Sink(self.log, self.store, self.gate, self.live, self.rejects, SETTINGS)

    def send(self, *messages: dict[str, Any], source: str = "web", ticket: int = 1) -> "Future[list[Outcome]]":
        future: Future[list[Outcome]] = Future()

        def landed(became: list[Outcome] | Exception) -> None:
            if isinstance(became, Exception):
                future.set_exception(became)
            else:
                future.set_result(became)

        self.sink.expect(ticket, landed)
        append_wait(self.log, Meta(source, RECEIVED, False, ticket), msgspec.json.encode({"batch": messages}))
        return future

    def close(self) -> None:
        self.log.close()
        self.sink.stop()
        self.abandon()

    def abandon(self) -> None:
        self.log.close()
        for part in (self.store, self.vault, self.registry):
            part.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    one = House(tmp_path)
    yield one
    one.close()


def order(number: int, **rest: Any) -> dict[str, Any]:
    named = {"type": "track", "event": "Order Completed", "messageId": f"m{number}", "userId": f"u{number % 3}"}
    return {**named, "properties": {"order_id": f"O{number}"}, **rest}


def kinds(future: "Future[list[Outcome]]") -> list[str]:
    return [one.what for one in future.result(20)]


def test_each_message_is_told_what_became_of_it(house: House) -> None:
    house.sink.start()
    sent = [order(1), order(1), {"type": "track"}, order(2, properties={"price": -1}), order(3)]
    assert kinds(house.send(*sent)) == [ACCEPTED, DUPLICATE, REJECTED, REJECTED, ACCEPTED]
    assert kinds(house.send(order(1), order(4), ticket=2)) == [DUPLICATE, ACCEPTED]
    viewed = {"type": "track", "event": "Product Viewed", "messageId": "m1"}
    assert kinds(house.send(viewed, source="unknown", ticket=3)) == [WITHHELD]
    assert len(keys_in(house.store)) == 3
    told = house.live.pulse(RECEIVED // 1_000_000 + 1)
    assert told.outcomes == {ACCEPTED: 3, DUPLICATE: 2, REJECTED: 2, WITHHELD: 1}
    assert house.rejects._path.read_bytes().count(b"\n") == 2


@pytest.mark.parametrize("sealed", [True, False])
def test_a_restart_applies_what_was_acknowledged_once(tmp_path: Path, sealed: bool) -> None:
    first = House(tmp_path)
    first.sink.start()
    first.send(order(1), order(2), {"type": "track"}).result(20)
    if sealed:
        first.sink.call(first.sink.settle)
    append_wait(first.log, Meta("web", RECEIVED), msgspec.json.encode({"batch": [order(2), order(3), {}]}))
    first.sink.call(first.sink.catch_up)
    first.sink._stop.set()
    first.sink._due = lambda **_: False  # type: ignore[method-assign]  # killed: nothing is sealed on the way out
    first.sink.stop()
    first.abandon()
    second = House(tmp_path)
    second.sink.start()
    second.sink.call(second.sink.catch_up)
    assert len(keys_in(second.store)) == 3
    assert kinds(second.send(order(1), order(4))) == [DUPLICATE, ACCEPTED]
    assert second.rejects._path.read_bytes().count(b"\n") == 2
    second.close()
    assert second.registry is not None
    third = House(tmp_path)
    assert len(keys_in(third.store)) == 4
    assert third.store.sealed == third.log.end == third.log.begin
    third.abandon()


@pytest.mark.parametrize(("part", "method"), [("rejects", "add"), ("store", "append"), ("vault", "write")])
def test_a_disk_that_is_full_for_a_while_loses_and_doubles_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, part: str, method: str
) -> None:
    real: Callable[..., Any] = getattr(getattr(house, part), method)
    failures = iter(range(2))

    def full(*rest: Any) -> Any:
        if next(failures, None) is not None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*rest)

    monkeypatch.setattr(getattr(house, part), method, full)
    monkeypatch.setattr(house.sink._stop, "wait", lambda seconds: time.sleep(0.01))
    house.sink.start()
    assert kinds(house.send(order(1), {"type": "track"}, order(2))) == [ACCEPTED, REJECTED, ACCEPTED]
    assert len(keys_in(house.store)) == len(set(keys_in(house.store))) == 2
    assert house.rejects._path.read_bytes().count(b"\n") == 1


def test_a_record_of_unforeseen_shape_is_kept_aside_and_its_neighbours_go_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = house.store.append

    def picky(batch: Any) -> None:
        if "poison" in batch.events["order_id"].to_pylist():
            raise ValueError("unforeseen")
        real(batch)

    monkeypatch.setattr(house.store, "append", picky)
    futures = [
        house.send(order(1), ticket=1),
        house.send(order(2, properties={"order_id": "poison"}), order(3), ticket=2),
        house.send(order(4), ticket=3),
    ]
    house.sink.start()
    assert [kinds(one) for one in futures] == [[ACCEPTED], [REJECTED, REJECTED], [ACCEPTED]]
    assert len(keys_in(house.store)) == 2
    assert len(list((house.folder / "rejects").glob("aside-*"))) == 1


@pytest.mark.parametrize("kind", [ValueError, OSError])
@pytest.mark.parametrize(
    ("part", "method"), [("gate", "remember"), ("live", "apply"), ("live", "hear"), ("sink", "_notify")]
)
def test_what_breaks_after_the_facts_writes_nothing_twice(
    house: House, monkeypatch: pytest.MonkeyPatch, part: str, method: str, kind: type[Exception]
) -> None:
    """Decisions beside events: they are known by their numbers alone, and nothing else keeps them from doubling."""

    def broken(*_: Any) -> None:
        raise kind("unforeseen")

    monkeypatch.setattr(getattr(house, part), method, broken)
    for number in range(2):
        append_wait(
            house.log,
            Meta("web", RECEIVED, False, number),
            msgspec.json.encode({"batch": [order(number), {"type": "track"}]}),
        )
        append_wait(house.log, Meta("web", RECEIVED, decided=True), decided(f"d{number}"))
    house.sink.start()
    house.sink.caught_up()
    with house.store.reader() as reader:
        numbers = reader.run(reader.table("decisions").select("id"))["id"].to_pylist()
        counted = reader.run(reader.table("volumes")).to_pylist()
    assert sorted(numbers) == ["d0", "d1"]
    assert len(keys_in(house.store)) == 2
    assert sum(row["count"] for row in counted if row["outcome"] == ACCEPTED) == 2
    assert sum(row["count"] for row in counted if row["outcome"] == DUPLICATE) == 0
    assert house.rejects._path.read_bytes().count(b"\n") == 2
    assert not list((house.folder / "rejects").glob("aside-*"))


def decided(number: str) -> bytes:
    """As the log keeps it: one placement, shown to nobody in particular."""
    decision = Decision(number, "home", [], None, "best", 1.0, [], "rank", "none", RECEIVED)
    return msgspec.json.encode(Decided(None, None, 0, 0, [decision], [b""]))


def test_who_gave_up_waiting_disturbs_nobody(house: House, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Any) -> None:
        raise RuntimeError("ani")

    given_up = house.send(order(1), ticket=1)
    assert given_up.cancel()
    told = house.send(order(2), ticket=2)
    house.sink.expect(3, broken)
    append_wait(house.log, Meta("web", RECEIVED, False, 3), msgspec.json.encode({"batch": [order(3)]}))
    last = house.send(order(4), ticket=4)
    house.sink.start()
    assert [kinds(told), kinds(last)] == [[ACCEPTED], [ACCEPTED]]
    assert len(keys_in(house.store)) == 4
    assert not list((house.folder / "rejects").glob("aside-*"))
    assert "RuntimeError" in caplog.text
    assert "ani" not in caplog.text


def test_who_gave_up_waiting_disturbs_nobody_at_the_end_either(house: House) -> None:
    given_up = house.send(order(1), ticket=1)
    waiting = house.send(order(2), ticket=2)
    given_up.cancel()
    house.sink._step = lambda **_: False  # type: ignore[method-assign]
    house.sink.start()
    house.sink.stop()
    with pytest.raises(StoreError, match="was closed"):
        waiting.result(5)


def test_names_that_clients_make_up_do_not_fill_the_memory() -> None:
    live = Live()
    for part in range(3):
        live.apply([(RECEIVED, "web", f"n{part}-{number}", ACCEPTED, "", 1) for number in range(300)])
        live.apply([(RECEIVED, "web", "n0-0", ACCEPTED, "", 1)])
    (_, names) = live._ring[0]
    assert (len(names), names["n0-0"], names["…"]) == (201, 4, 700)
    assert sum(live.pulse(RECEIVED // 1_000_000 + 1).beats) == 903


def test_a_call_runs_between_batches_and_answers_at_once(house: House) -> None:
    house.sink.start()
    assert house.sink.call(lambda: threading.current_thread().name) == "detak-sink"
    with pytest.raises(ZeroDivisionError):
        house.sink.call(lambda: 1 // 0)
    begun = time.monotonic()
    for _ in range(40):
        house.sink.call(lambda: None)
    assert time.monotonic() - begun < 5  # each would wait out the sink's quarter of a second if nothing woke it


def test_whoever_waits_at_the_end_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.sink.start()

    def broken(*_: Any) -> Any:
        raise OSError(errno.EIO, "the disk is gone")

    monkeypatch.setattr(house.store, "append", broken)
    waiting = house.send(order(1))
    house.sink.stop()
    with pytest.raises(StoreError, match="was closed"):
        waiting.result(5)
    with pytest.raises(StoreError, match="closed"):
        house.sink.call(lambda: None)


def test_what_a_crash_kept_in_the_log_is_deleted_at_the_start(tmp_path: Path) -> None:
    first = House(tmp_path)
    append_wait(first.log, Meta("web", RECEIVED), msgspec.json.encode({"batch": [order(1, userId="zqxjkvbpwy")]}))
    first.sink._step(wait=False)
    first.store.seal()  # and killed before the log let go
    first.abandon()
    assert any(b"zqxjkvbpwy" in path.read_bytes() for path in (tmp_path / "log").iterdir())
    second = House(tmp_path)
    second.sink.start()
    assert not any(b"zqxjkvbpwy" in path.read_bytes() for path in (tmp_path / "log").iterdir())
    assert len(keys_in(second.store)) == 1
    second.close()
