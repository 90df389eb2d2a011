"""One view of the facts in DuckDB, for one question: tables are shown, and Ibis is asked, as far as the question needs.

A query that was compiled before names its tables. So no name tells of which version of what is kept it was made, and
the next version is read by the same query.
"""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Final

import duckdb
import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa

from detak.beat import Ended, never
from detak.store.base import PERSONS, TABLES
from detak.store.compiled import Compiled, Query, in_one
from detak.store.kept import KeptTables, Look

_KEPT: Final = "kept_"
_MADE: Final = "made_"


def _shape(schema: pa.Schema) -> ibis.Schema:
    """As DuckDB has it: of no column of a view it is said that nothing is missing."""
    return ibis.Schema.from_pyarrow(pa.schema([column.with_nullable(True) for column in schema]))


_SHAPES: Final = {name: _shape(schema) for name, schema in (*TABLES.items(), ("persons", PERSONS))}


class DuckReader:
    """A view for one thread: what the store held when it began, under the names of the tables.

    Args:
        cursor: in the transaction of that moment.
        show: makes the view of one of ``TABLES`` on the cursor.
        kept: what is kept beforehand as of then.
        tables: where what is kept is put.
        compiled: queries that were asked before.
    """

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        show: Callable[[str], None],
        kept: Look,
        tables: KeptTables,
        compiled: Compiled,
    ) -> None:
        self._cursor = cursor
        self._make_view = show
        self.kept = kept
        self._tables = tables
        self._compiled = compiled
        self._shapes = dict(_SHAPES)
        self._shown: set[str] = set()
        self._made: dict[str, str] = {}

    @cached_property
    def _backend(self) -> "ibis.backends.duckdb.Backend":
        return ibis.duckdb.from_connection(self._cursor)

    def table(self, name: str) -> ir.Table:
        """``events``, ``items``, ``volumes`` or ``decisions``; ``persons``: subjects that are another's, and whose; or
        a ``frame``."""
        self._show(name)
        return self._named(name, self._shapes[name])

    def frame(self, name: str, data: pa.Table) -> None:
        """Have a small table of the caller's among the tables, to join with."""
        self._cursor.register(name, data)
        self._shapes[name] = _shape(data.schema)

    def ready(self, name: str) -> ir.Table:
        """What is kept beforehand under a name."""
        return self._view(f"{_KEPT}{name}")

    def run(self, expression: ir.Table) -> pa.Table:
        """Compute an expression."""
        return self._backend.to_pyarrow(expression)

    def run_all(self, key: str, build: Callable[[], Mapping[str, ir.Table]]) -> dict[str, pa.Table]:
        """Compute what ``build`` makes; under a key that was there before, without building and compiling it again."""
        query = self._compiled.get(key)
        if query is None:
            made = build()
            if any(one.op().find(ops.InMemoryTable) for one in made.values()):
                return {name: self.run(one) for name, one in made.items()}  # its rows are no part of the query
            schemas = {name: one.schema().to_pyarrow() for name, one in made.items()}
            query = self._compile(key, in_one(made), schemas)
        self._show(*query.names)
        return query.tables(self._cursor.execute(query.sql).to_arrow_table())

    def keep(
        self,
        key: str,
        build: Callable[[], Mapping[str, ir.Table]],
        orders: Mapping[str, str],
        made: object,
        ended: Ended = never,
    ) -> bool:
        """Make tables that later readers find ``ready``, in these orders; whether they count. Once it has ``ended``
        they do not: what was kept before stays. Under a key that was there before nothing is built and compiled.

        What of an expression is one of those before it is taken from there.
        """
        built: dict[str, ir.Table] = {}

        def query(name: str, before: Mapping[str, str]) -> str:
            self._made.update({f"{_MADE}{one}": table for one, table in before.items()})
            found = self._compiled.get(f"{key} {name}")
            if found is None:
                built.update({} if built else build())
                there = {built[one].op(): self._view(f"{_MADE}{one}").op() for one in before}
                found = self._compile(f"{key} {name}", built[name].op().replace(there).to_expr(), {})
            self._show(*found.names)
            return found.sql

        queries = {name: (partial(query, name), order) for name, order in orders.items()}
        return self._tables.make(self.kept.mark, queries, self._cursor, made, ended)

    def _compile(self, key: str, expression: ir.Table, schemas: Mapping[str, pa.Schema]) -> Query:
        names = frozenset(one.name for one in expression.op().find(ops.DatabaseTable))
        query = Query(str(self._backend.compile(expression)), schemas, names)
        self._compiled.put(key, query)
        return query

    def _view(self, name: str) -> ir.Table:
        self._show(name)
        return self._named(name, self._compiled.shape(name, lambda: self._backend.get_schema(name)))

    def _named(self, name: str, shape: ibis.Schema) -> ir.Table:
        return ops.DatabaseTable(name, shape, self._backend, ops.Namespace()).to_expr()

    def _show(self, *names: str) -> None:
        """Have these tables there."""
        for name in names:
            if name in self._shown:
                continue
            if name in TABLES:
                self._make_view(name)
            elif (table := self._versioned(name)) is not None:
                self._cursor.execute(f"CREATE TEMP VIEW {name} AS FROM {table}")
            self._shown.add(name)

    def _versioned(self, name: str) -> str | None:
        """Which table what is kept, or being made, lies in; None: it is neither."""
        if name.startswith(_KEPT):
            return self.kept.tables[name.removeprefix(_KEPT)]
        return self._made.get(name)
