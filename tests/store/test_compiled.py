"""Several questions in one: the same rows and types as each by itself."""

import duckdb
import ibis
import pyarrow as pa

from detak.store.compiled import Query, in_one

DATA = pa.table(
    {
        "time": pa.array([1, 2, None], pa.timestamp("us")),
        "word": pa.array(["a", None, "c"]),
        "part": pa.array([True, False, None]),
    }
)


def test_tables_come_back_as_they_are() -> None:
    with duckdb.connect() as connection:
        connection.register("data", DATA)
        table = ibis.duckdb.from_connection(connection).table("data")
        asked = {
            "all": table,
            "none": table.filter(table.word == "z"),
            "counted": table.agg(rows=table.count(), words=table.word.nunique(), mean=table.part.mean()),
        }
        backend = ibis.duckdb.from_connection(connection)
        schemas = {name: one.schema().to_pyarrow() for name, one in asked.items()}
        expected = {name: backend.to_pyarrow(one).cast(schemas[name]) for name, one in asked.items()}

        def answer(*names: str) -> dict[str, pa.Table]:
            sql = backend.compile(in_one({name: asked[name] for name in names}))
            query = Query(sql, {name: schemas[name] for name in names}, frozenset({"data"}))
            return query.tables(connection.execute(sql).to_arrow_table())

        found = answer(*asked)
        assert found == expected
        assert [answer(name) for name in asked] == [{name: expected[name]} for name in asked], "and alone"
        assert found["none"].schema == found["all"].schema
        assert found["counted"].to_pylist() == [{"rows": 3, "words": 2, "mean": 0.5}]
