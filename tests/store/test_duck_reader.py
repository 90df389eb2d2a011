"""A reader shows what is asked for, takes queries that were compiled before, and reckons in UTC wherever it runs."""

from collections.abc import Iterator
from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa
import pytest
from tests.store.rows import batch

from detak.store.base import TABLES
from detak.store.duckdb import DuckStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckStore]:
    opened = DuckStore(tmp_path, part_rows=5, memory="200MB")
    opened.append(batch(1, range(3)))
    opened.seal()
    opened.append(batch(2, range(3, 5)))
    yield opened
    opened.close()


def nothing() -> dict[str, ir.Table]:
    raise AssertionError("it was compiled before")


def test_tables_have_the_columns_that_the_database_gives_them(store: DuckStore) -> None:
    with store.reader() as reader:
        reader.frame(
            "some", pa.table({"subject": pa.array([1], pa.int64()), "until": pa.array([1], pa.timestamp("us"))})
        )
        for name in (*TABLES, "persons", "some"):
            assert reader.table(name).schema() == reader._backend.table(name).schema(), name


def counted(store: DuckStore, *, compiled: bool) -> list[int]:
    with store.reader() as reader:

        def build() -> dict[str, ir.Table]:
            ids, later = reader.ready("ids"), reader.ready("later")
            return {"n": ids.agg(n=ids.count()).union(later.agg(n=later.count()))}

        found = reader.run_all("counted", nothing if compiled else build)
    return sorted(found["n"]["n"].to_pylist())


def keep(store: DuckStore, *, compiled: bool) -> bool:
    with store.reader() as reader:

        def build() -> dict[str, ir.Table]:
            ids = reader.table("events").select("id")
            return {"ids": ids, "later": ids.filter(ids["id"] > 1)}

        return reader.keep("keeping", nothing if compiled else build, {"ids": "id", "later": "id"}, None)


def test_what_is_kept_anew_is_made_and_read_by_the_queries_of_before(store: DuckStore) -> None:
    assert keep(store, compiled=False)
    assert counted(store, compiled=False) == [3, 5]
    store.append(batch(3, [5]))
    assert keep(store, compiled=True)
    assert counted(store, compiled=True) == [4, 6]


def test_a_query_of_before_reads_the_facts_and_the_callers_table_of_now(store: DuckStore) -> None:
    def found(subject: int, *, compiled: bool) -> list[int]:
        with store.reader() as reader:
            reader.frame("some", pa.table({"subject": pa.array([subject], pa.int64())}))

            def build() -> dict[str, ir.Table]:
                return {"theirs": reader.table("events").semi_join(reader.table("some"), "subject").select("id")}

            return sorted(reader.run_all("theirs", nothing if compiled else build)["theirs"]["id"].to_pylist())

    store.append(batch(3, [7], subject=70))
    assert found(70, compiled=False) == [7]
    store.append(batch(4, [8], subject=80))
    assert found(80, compiled=True) == [8]


def test_it_reckons_in_utc_and_takes_no_variable_for_a_table(store: DuckStore) -> None:
    """Whatever the machine's zone is, and though nothing of Ibis is asked for."""
    with store.reader() as reader:
        told = "SELECT current_setting('TimeZone'), current_setting('python_enable_replacements')"
        assert reader._cursor.execute(told).fetchall() == [("UTC", False)]
