"""Queries that were compiled before: an expression of Ibis costs more to build and compile than many take to run."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from functools import reduce
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import pyarrow as pa

_MOST = 512


class Query(NamedTuple):
    """SQL whose one row holds a list of rows for each table asked for, and the shapes of these."""

    sql: str
    schemas: Mapping[str, pa.Schema]

    def tables(self, found: pa.Table) -> dict[str, pa.Table]:
        """The tables, from the row."""
        return {name: _rows(found[name][0], schema) for name, schema in self.schemas.items()}


def in_one(tables: Mapping[str, ir.Table]) -> ir.Table:
    """One question instead of several: what they have in common is then computed once."""
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
    """The latest queries by key. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[str, Query] = OrderedDict()

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
