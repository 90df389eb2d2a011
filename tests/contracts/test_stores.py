"""Every store of facts keeps what it is given, shows it whole, and forgets without a trace."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.rows import DAY, START, batch, keys_in, knows

from detak.store.base import TABLES, Store
from detak.store.duckdb import DuckStore

Open = Callable[[Path], Store]

STORES: dict[str, Open] = {"duckdb": lambda folder: DuckStore(folder, part_rows=7, memory="200MB")}


@pytest.fixture(params=STORES.values(), ids=STORES)
def opening(request: pytest.FixtureRequest) -> Open:
    """How to open a store in a folder."""
    chosen: Open = request.param
    return chosen


@pytest.fixture
def store(opening: Open, tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    one = opening(tmp_path)
    yield one
    one.close()


def bytes_with(folder: Path, marker: bytes) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and marker in path.read_bytes()]


def test_an_empty_store_has_every_table_with_its_columns(store: Store) -> None:
    with store.reader() as reader:
        for name, schema in TABLES.items():
            found = reader.run(reader.table(name))
            assert found.num_rows == 0
            assert found.schema.names == schema.names
            assert found.schema.types == schema.types
    assert (store.offset, store.sealed, store.unsealed_rows) == (0, 0, 0)
    assert knows(store, 1, -1) == [False, False]
    store.seal()
    store.compact()
    assert store.erase([1]) == 0


def test_what_is_sealed_reads_like_what_is_not(store: Store) -> None:
    told = batch(10, range(12), query="mangkok é \x00", amount=-(2**53), quantity=-0.0, properties='{"a":"\U0001f600"}')

    def seen(name: str) -> pa.Table:
        with store.reader() as reader:
            return reader.run(reader.table(name)).sort_by("received").sort_by(TABLES[name].names[0])

    store.append(told)
    before = {name: seen(name) for name in TABLES}
    store.seal()
    for name in TABLES:
        rows = getattr(told, name)
        assert seen(name).equals(before[name])
        assert before[name].to_pylist() == rows.sort_by(TABLES[name].names[0]).to_pylist()
        assert before[name].schema.types == TABLES[name].types


def test_the_offset_is_sealed_with_the_facts(store: Store, opening: Open, tmp_path: Path) -> None:
    store.append(batch(10, [1, 2]))
    store.seal()
    store.append(batch(20, [3]))
    assert (store.offset, store.sealed, store.unsealed_rows) == (20, 10, 3)
    store.close()
    again = opening(tmp_path)
    assert (again.offset, again.sealed, again.unsealed_rows) == (10, 10, 0)
    assert keys_in(again) == [1, 2]
    assert knows(again, 1, 2, 3) == [True, True, False]
    again.append(batch(20, [3]))
    assert keys_in(again) == [1, 2, 3]
    again.append(batch(30, []))
    again.seal()
    assert again.sealed == 30
    again.close()


ACTIONS = st.lists(st.sampled_from(["append", "append", "seal", "compact", "erase", "reopen"]), max_size=14)


@pytest.mark.parametrize("opening", STORES.values(), ids=STORES)
@given(actions=ACTIONS)
@settings(max_examples=12)
def test_holds_and_knows_exactly_what_it_was_given(opening: Open, actions: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = opening(Path(folder))
        everything: set[int] = set()
        held: dict[int, int] = {}  # key -> subject
        sealed: dict[int, int] = {}
        for number, action in enumerate(actions, 1):
            if action == "append":
                fresh = range(number * 10 - 1, number * 10 + 3)
                store.append(batch(number, fresh, subject=number % 3))
                everything |= set(fresh)
                held |= dict.fromkeys(fresh, number % 3)
            elif action == "seal":
                store.seal()
                sealed = dict(held)
            elif action == "compact":
                store.compact()
            elif action == "erase":
                gone = {key for key, subject in held.items() if subject == 1}
                assert store.erase([1]) == len(gone)
                held = {key: subject for key, subject in held.items() if subject != 1}
                sealed = dict(held)
            else:
                store.close()
                store = opening(Path(folder))
                held = dict(sealed)
            assert keys_in(store) == keys_in(store, "items") == sorted(held)
            assert knows(store, *sorted(everything)) == [key in held for key in sorted(everything)]
        store.close()


def test_merging_keeps_every_row(store: Store) -> None:
    for number in range(1, 25):
        store.append(batch(number, [number, number + 1000]))
        store.seal()
    before = keys_in(store)
    store.compact()
    store.compact()
    assert keys_in(store) == keys_in(store, "items") == before
    assert len(before) == 48
    assert all(knows(store, *before))
    assert not any(knows(store, 0, 500, 2000))


def test_no_byte_of_an_erased_person_is_left(store: Store, tmp_path: Path) -> None:
    marker = "zqxjkvbpwy"
    for number in range(1, 12):
        store.append(batch(number, [number * 2], subject=7, properties=marker, query=marker, name=marker))
        store.append(batch(number, [number * 2 + 1], subject=8, properties="somebody else"))
        if number % 3 == 0:
            store.seal()
        if number == 9:
            store.compact()
    store.seal()
    assert bytes_with(tmp_path, marker.encode()) or bytes_with(tmp_path, b"query")  # compressed or not, it is looked at
    assert store.erase([7]) == 11
    with store.reader() as reader:
        for name in ("events", "items"):
            assert set(reader.run(reader.table(name))["subject"].to_pylist()) == {8}
    assert bytes_with(tmp_path, marker.encode()) == []
    assert knows(store, 2, 3) == [False, True]
    assert store.erase([7]) == 0


def test_items_are_erased_even_where_their_event_is_nobodys(store: Store) -> None:
    nobody, theirs = batch(1, [1], subject=None), batch(1, [1], subject=7)
    store.append(nobody._replace(items=theirs.items))
    store.erase([7])
    assert keys_in(store, "items") == []
    assert keys_in(store) == [1]


def test_a_reader_sees_one_state_whatever_happens_meanwhile(store: Store) -> None:
    for number in range(1, 9):
        store.append(batch(number, [number]))
        store.seal()
    store.append(batch(9, [9]))
    with store.reader() as reader:
        count = reader.table("events").count().as_table()
        assert reader.run(count).to_pylist()[0].popitem()[1] == 9
        store.append(batch(10, [10]))
        assert keys_in(store) == list(range(1, 11))
        store.seal()
        store.compact()
        eraser = threading.Thread(target=store.erase, args=([1],))
        eraser.start()
        while keys_in(store):  # the eraser waits for this reader, while newer ones see the new state
            assert eraser.is_alive()
        assert len(reader.run(reader.table("events"))["id"]) == 9
        assert len(reader.run(reader.table("items"))["event_id"]) == 9
    eraser.join(10)
    assert not eraser.is_alive()


def test_erasing_is_not_kept_waiting_by_readers_that_come_later(store: Store) -> None:
    store.append(batch(1, range(20)))
    stop = threading.Event()

    def read_on() -> None:
        while not stop.is_set():
            with store.reader() as reader:
                reader.run(reader.table("events").count().as_table())

    readers = [threading.Thread(target=read_on) for _ in range(3)]
    for one in readers:
        one.start()
    try:
        eraser = threading.Thread(target=store.erase, args=([1],))
        eraser.start()
        eraser.join(20)
        assert not eraser.is_alive()
    finally:
        stop.set()
        for one in readers:
            one.join()
    assert keys_in(store) == []


def test_readers_beside_a_writer_see_whole_batches(store: Store) -> None:
    failures: list[object] = []
    stop = threading.Event()

    def read_on() -> None:
        while not stop.is_set():
            try:
                with store.reader() as reader:
                    events = reader.run(reader.table("events").count().as_table()).to_pylist()[0].popitem()[1]
                    items = reader.run(reader.table("items").count().as_table()).to_pylist()[0].popitem()[1]
                if events != items or events % 5:
                    failures.append((events, items))
            except Exception as error:  # a thread's own exception would be lost
                failures.append(error)

    readers = [threading.Thread(target=read_on) for _ in range(2)]
    for one in readers:
        one.start()
    for number in range(1, 16):
        store.append(batch(number, range(number * 5, number * 5 + 5), subject=number % 4))
        if number % 3 == 0:
            store.seal()
        if number % 7 == 0:
            store.compact()
            store.erase([1])
    stop.set()
    for one in readers:
        one.join()
    assert failures == []


def test_a_callers_table_and_a_literal_one_join_with_the_facts(store: Store) -> None:
    store.append(batch(1, [1, 2], subject=7))
    store.append(batch(2, [3], subject=8))
    store.seal()
    with store.reader() as reader:
        reader.frame("refusing", pa.table({"subject": pa.array([7], pa.int64())}))
        refusing = reader.table("refusing")
        events = reader.table("events")
        assert reader.run(events.anti_join(refusing, "subject"))["id"].to_pylist() == [3]
        reader.frame("refusing", pa.table({"subject": pa.array([8], pa.int64())}))
        assert sorted(reader.run(events.anti_join(refusing, "subject"))["id"].to_pylist()) == [1, 2]
        literal = ibis.memtable(pa.table({"subject": pa.array([8], pa.int64())}))
        assert reader.run(events.semi_join(literal, "subject"))["id"].to_pylist() == [3]


@pytest.mark.parametrize("time", [None, -62_135_596_800_000_000, 253_402_300_799_999_999, -1, START + DAY - 1])
def test_any_time_there_is_survives_sealing(store: Store, time: int | None) -> None:
    store.append(batch(1, [1], time=time))
    store.seal()
    with store.reader() as reader:
        assert reader.run(reader.table("events"))["time"].cast(pa.int64()).to_pylist() == [time]
