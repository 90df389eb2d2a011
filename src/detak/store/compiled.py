"""Queries that were compiled before: an expression of Ibis costs more to build and compile than many take to run."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

import pyarrow as pa

_MOST = 512


class Query(NamedTuple):
    """SQL, and the shape of its result."""

    sql: str
    schema: pa.Schema


class Compiled:
    """The latest queries by key. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[str, Mapping[str, Query]] = OrderedDict()

    def get(self, key: str) -> Mapping[str, Query] | None:
        """What was compiled under the key."""
        with self._lock:
            found = self._found.get(key)
            if found is not None:
                self._found.move_to_end(key)
            return found

    def put(self, key: str, queries: Mapping[str, Query]) -> None:
        """Keep queries; the one that was not asked for the longest goes."""
        with self._lock:
            self._found[key] = queries
            while len(self._found) > _MOST:
                self._found.popitem(last=False)
