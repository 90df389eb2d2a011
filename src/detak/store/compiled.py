"""Queries that were compiled before: an expression of Ibis costs more to build and compile than many take to run."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import reduce
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import pyarrow as pa

_MOST = 512


class Query(NamedTuple):
    """SQL of one table; or of several, whose one row holds a list of rows for each. And the shapes of these."""

    sql: str
    schemas: Mapping[str, pa.Schema]
    names: frozenset[str]
    """Of the tables that it reads."""

    def tables(self, found: pa.Table) -> dict[str, pa.Table]:
        """The tables, of what the SQL found."""
        if len(self.schemas) == 1:
            return {name: found.cast(schema) for name, schema in self.schemas.items()}
        return {name: _rows(found[name][0], schema) for name, schema in self.schemas.items()}


def in_one(tables: Mapping[str, ir.Table]) -> ir.Table:
    """One question instead of several: what they have in common is then computed once."""
    if len(tables) == 1:
        return next(iter(tables.values()))
    rows = [
        table.agg([ibis.struct({column: table[column] for column in table.columns}).collect().name(name)])
        for name, table in tables.items()
    ]
    return reduce(lambda one, other: one.cross_join(other), rows)


def _rows(found: pa.ListScalar, schema: pa.Schema) -> pa.Table:
    if not found.is_valid:
        return schema.empty_table()
    values: pa.StructArray = found.values
    return pa.Table.from_arrays(values.flatten(), names=list(schema.names)).cast(schema)


class Compiled:
    """The latest queries by key, and the columns of tables whose names always mean the same. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[str, Query] = OrderedDict()
        self._shapes: dict[str, ibis.Schema] = {}

    def get(self, key: str) -> Query | None:
        """What was compiled under the key."""
        with self._lock:
            found = self._found.get(key)
            if found is not None:
                self._found.move_to_end(key)
            return found

    def put(self, key: str, query: Query) -> None:
        """Keep a query; the one that was not asked for the longest goes."""
        with self._lock:
            self._found[key] = query
            while len(self._found) > _MOST:
                self._found.popitem(last=False)

    def shape(self, name: str, ask: Callable[[], ibis.Schema]) -> ibis.Schema:
        """The columns of a table, asked for once."""
        found = self._shapes.get(name)
        if found is None:
            found = self._shapes[name] = ask()
        return found
