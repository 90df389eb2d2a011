"""The catalogue on disk: what is put in comes out, bad rows stay out alone, and snapshots follow."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.test_catalogue import FIELD_SETS, TEXTS

from detak.catalogue import API, EVENTS, FILE, Rejected, Statement, told
from detak.errors import StoreError, UsageError
from detak.money import Money
from detak.store.catalogue import Catalogue


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    opened = Catalogue(tmp_path / "catalogue.db", "IDR")
    yield opened
    opened.close()


def product(catalogue: Catalogue, named: str) -> Any:
    entry = catalogue.get(named)
    assert entry is not None
    return entry.product


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40)
@given(st.dictionaries(TEXTS, FIELD_SETS, min_size=1, max_size=4))
def test_what_is_put_in_comes_out(catalogue: Catalogue, some: dict[str, dict[str, Any]]) -> None:
    """As values, as the API answers them, and put back in as they were answered."""
    catalogue.delete(list(some))
    result = catalogue.put([{"id": named, **fields} for named, fields in some.items()])
    assert (result.upserted, result.rejected) == (len(some), [])
    for named, fields in some.items():
        entry = catalogue.get(named)
        assert entry is not None
        assert {name: getattr(entry.product, name) for name in fields} == fields
        assert {one.source for one in entry.origins.values()} <= {API}
        answered = msgspec.json.decode(msgspec.json.encode(told(entry)))
        assert catalogue.put([answered]).rejected == []
        assert product(catalogue, named) == entry.product
        assert catalogue.snapshot().products[named] == entry.product


def test_bad_rows_are_told_and_good_ones_beside_them_go_in(catalogue: Catalogue) -> None:
    result = catalogue.put([{"id": "A", "price": 5}, {"id": "B", "price": -5}, 7, {"id": "C"}])
    assert result.upserted == 2
    assert result.rejected == [Rejected(1, "price", "is negative"), Rejected(2, "", "is not an object")]
    assert [one.product.id for one in catalogue.page().entries] == ["A", "C"]


def test_what_a_row_leaves_out_stays_and_null_says_that_there_is_none(catalogue: Catalogue) -> None:
    catalogue.put([{"id": "A", "name": "Mangkok", "price": 12_000, "brand": "X"}])
    catalogue.put([{"id": "A", "price": 15_000, "brand": None}])
    catalogue.learn([Statement("A", {"brand": "Y"}, EVENTS, 2**52)], until=0)
    assert (product(catalogue, "A").name, product(catalogue, "A").price) == ("Mangkok", Money(15_000, "IDR"))
    assert product(catalogue, "A").brand is None


def test_of_two_rows_for_one_product_the_later_counts(catalogue: Catalogue) -> None:
    catalogue.put([{"id": "A", "stock": 5}, {"id": "A", "stock": 1}, {"id": "A", "stock": 4}])
    assert product(catalogue, "A").stock == 4


def test_everything_survives_being_opened_again(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.put([{"id": "Ö 1", "name": "Çay – 茶 🍵", "price": 10**15}], FILE)
    catalogue.put([{"id": "B"}])
    catalogue.delete(["B"])
    catalogue.learn([], until=77)
    before, version = catalogue.get("Ö 1"), catalogue.version
    catalogue.close()
    again = Catalogue(tmp_path / "catalogue.db", "IDR")
    assert (again.get("Ö 1"), again.get("B"), again.count()) == (before, None, 1)
    assert (again.version, again.learnt) == (version, 77)
    again.close()


def test_deleted_is_gone_until_the_shop_puts_it_back(catalogue: Catalogue) -> None:
    catalogue.put([{"id": "A", "name": "x"}, {"id": "B"}])
    assert catalogue.delete(["A", "A", "nobody"]) == 1
    catalogue.learn([Statement("A", {"name": "y"}, EVENTS, 2**52)], until=1)
    assert catalogue.get("A") is None
    assert catalogue.count() == 1
    assert list(catalogue.snapshot().products) == ["B"]
    catalogue.put([{"id": "A", "stock": 2}])
    assert (product(catalogue, "A").name, product(catalogue, "A").stock) == (None, 2)


def test_pages_come_in_the_order_of_ids_and_end(catalogue: Catalogue) -> None:
    ids = sorted([f"P{number}" for number in range(25)] + ["é", "茶", "🍵", "a b"])
    catalogue.put([{"id": named} for named in reversed(ids)])
    found, cursor = [], None
    for _ in range(10):
        page = catalogue.page(cursor, 7)
        found += [entry.product.id for entry in page.entries]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == ids
    assert list(catalogue.snapshot().products) == ids


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("dapur", ["A"]),
        ("RUMAH", ["A", "B"]),
        ("Rumah > Kamar", ["B"]),
        ("Rumah>Kamar", ["B"]),
        ("Kamar > Rumah", []),
        ("Ruma", []),
        ("%", []),
        ("", []),
    ],
)
def test_a_category_is_a_step_of_the_path_or_several(catalogue: Catalogue, asked: str, found: list[str]) -> None:
    catalogue.put(
        [{"id": "A", "category": ["Rumah", "Dapur"]}, {"id": "B", "category": ["Rumah", "Kamar"]}, {"id": "C"}]
    )
    assert [entry.product.id for entry in catalogue.page(category=asked).entries] == found


@pytest.mark.parametrize("n", [0, -1, 1_001])
def test_a_page_has_a_size(catalogue: Catalogue, n: int) -> None:
    with pytest.raises(UsageError, match="1 to 1,000"):
        catalogue.page(n=n)


def test_restocking_needs_a_product_and_changes_nothing_else(catalogue: Catalogue) -> None:
    catalogue.put([{"id": "A", "stock": 1, "name": "x"}])
    result = catalogue.restock(
        [{"id": "A", "stock": 0}, {"id": "B", "stock": 1}, {"id": "A", "price": 1}, {"id": "A"}, 5]
    )
    assert result.upserted == 1
    assert [(one.index, one.field) for one in result.rejected] == [(1, "id"), (2, ""), (3, ""), (4, "")]
    assert (product(catalogue, "A").stock, product(catalogue, "A").name, catalogue.count()) == (0, "x", 1)


def test_only_the_shop_itself_puts(catalogue: Catalogue) -> None:
    with pytest.raises(UsageError, match="'events'"):
        catalogue.put([], EVENTS)


def test_the_version_changes_with_each_change_and_only_then(catalogue: Catalogue) -> None:
    versions = [catalogue.version]
    catalogue.put([{"id": "A", "stock": 1}])
    versions.append(catalogue.version)
    catalogue.restock([{"id": "A", "stock": 2}])
    versions.append(catalogue.version)
    catalogue.delete(["A"])
    versions.append(catalogue.version)
    assert sorted(set(versions)) == versions
    catalogue.put([{"id": "B", "stock": 2}])
    snapshot, version = catalogue.snapshot(), catalogue.version
    catalogue.put([{"id": "B", "stock": 2}])
    catalogue.put([{"id": "C", "stock": -2}])
    assert catalogue.version == version
    assert catalogue.snapshot() is snapshot


def test_a_snapshot_stays_what_it_was_and_the_next_one_follows(catalogue: Catalogue) -> None:
    catalogue.put([{"id": named, "stock": 1} for named in "ACE"])
    before = catalogue.snapshot()
    catalogue.put([{"id": "B"}])
    catalogue.restock([{"id": "E", "stock": 0}])
    catalogue.delete(["C"])
    after = catalogue.snapshot()
    assert [list(one.products) for one in (before, after)] == [["A", "C", "E"], ["A", "B", "E"]]
    assert [one.products["E"].stock for one in (before, after)] == [1, 0]
    assert before.version < after.version


def test_a_snapshot_is_as_if_made_anew(catalogue: Catalogue, tmp_path: Path) -> None:
    for round_ in range(5):
        catalogue.put([{"id": f"P{number % 7}", "stock": number + round_} for number in range(round_, 12)])
        catalogue.delete([f"P{round_}"])
        fresh = Catalogue(tmp_path / "catalogue.db", "IDR")
        assert list(catalogue.snapshot().products.items()) == list(fresh.snapshot().products.items())
        fresh.close()


def test_a_snapshot_says_whether_the_shop_itself_spoke(catalogue: Catalogue, tmp_path: Path) -> None:
    assert not catalogue.snapshot().whole
    catalogue.learn([Statement("a", {"name": "Mangkok"}, EVENTS, 5)], 5)
    told_by_events = catalogue.snapshot()
    assert not told_by_events.whole
    catalogue.put([{"id": "a", "name": "Mangkok"}], FILE)  # the same, in the shop's own words
    assert catalogue.version > told_by_events.version
    assert catalogue.snapshot().whole
    assert not told_by_events.whole
    again = Catalogue(tmp_path / "catalogue.db", "IDR")
    assert again.snapshot().whole
    again.close()


def test_who_takes_a_product_out_has_spoken(catalogue: Catalogue, tmp_path: Path) -> None:
    said = [Statement(one, {"name": "Mangkok"}, EVENTS, 5) for one in "ab"]
    catalogue.learn(said, 5)
    again = Catalogue(tmp_path / "catalogue.db", "IDR")
    assert not again.snapshot().whole
    again.close()
    catalogue.delete(["a"])
    assert catalogue.snapshot().whole
    again = Catalogue(tmp_path / "catalogue.db", "IDR")
    assert again.snapshot().whole
    again.close()


def test_learning_twice_is_learning_once(catalogue: Catalogue) -> None:
    said = [Statement("A", {"name": "x"}, EVENTS, 5), Statement("B", {"name": "y"}, EVENTS, 6)]
    assert catalogue.learn(said, until=10) == 2
    version = catalogue.version
    assert catalogue.learn(said, until=12) == 0
    assert (catalogue.version, catalogue.learnt) == (version, 12)


def test_what_fails_midway_leaves_nothing(catalogue: Catalogue) -> None:
    def said() -> Iterator[Statement]:
        yield from (Statement(f"P{number}", {"name": "x"}, EVENTS, 1) for number in range(6_000))
        raise StoreError("the disk is gone")

    with pytest.raises(StoreError):
        catalogue.learn(said(), until=5)
    assert (catalogue.count(), catalogue.learnt, catalogue.version) == (0, 0, 0)
    assert dict(catalogue.snapshot().products) == {}


def test_threads_that_put_at_once_lose_nothing(catalogue: Catalogue) -> None:
    def work(number: int) -> None:
        for step in range(5):
            catalogue.put([{"id": f"P{number}-{step}"}, {"id": "shared", "attributes": {f"{number}": step}}])
            catalogue.snapshot()
            catalogue.page(n=3)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert catalogue.count() == 31
    assert len(catalogue.snapshot().products) == 31


def test_a_file_that_is_no_database_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "catalogue.db").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="is damaged"):
        Catalogue(tmp_path / "catalogue.db", "IDR")


def test_deleted_bytes_are_overwritten(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.put([{"id": "A", "name": "Mangkok rahasia"}])
    catalogue.delete(["A"])
    catalogue.close()
    with sqlite3.connect(tmp_path / "catalogue.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"rahasia" not in (tmp_path / "catalogue.db").read_bytes()


def test_a_clock_that_was_set_back_does_not_make_the_shops_word_an_old_one(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue.put([{"id": "A", "stock": 1}])
    monkeypatch.setattr("detak.store.catalogue.time.time_ns", lambda: 10**18)
    again = Catalogue(tmp_path / "catalogue.db", "IDR")
    again.put([{"id": "A", "stock": 2}])
    assert product(again, "A").stock == 2
    again.close()
