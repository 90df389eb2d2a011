"""Facts by hand: a few words an event, and the report that an insight draws from them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import msgspec
import pyarrow as pa
from ibis.expr.operations import DatabaseTable

from detak.decision import DECISIONS
from detak.event import EVENTS, ITEMS, ORDER_CANCELLED, ORDER_COMPLETED, VOLUMES, message_key
from detak.insights.base import Facts, Insight, Report, Shop
from detak.store.compiled import Compiled
from detak.store.duck_reader import DuckReader

JAKARTA = Shop(zone=ZoneInfo("Asia/Jakarta"), currency="IDR", min_group=1, language="en")
RECEIVED = datetime(2025, 6, 1)
_COMPILED = Compiled()
_SHAPES: dict[str, DatabaseTable] = {}

Row = dict[str, Any]


@dataclass
class Told:
    """Events and items, in the order they were told; each is received a second after the one before."""

    events: list[Row] = field(default_factory=list)
    items: list[Row] = field(default_factory=list)

    def event(self, event: str, *, items: Sequence[Row] = (), **columns: Any) -> int:
        """An event with its items; its id."""
        row: Row = {
            "id": message_key("test", str(len(self.events))),
            "received": RECEIVED + timedelta(seconds=len(self.events)),
            "type": "track",
            "event": event,
            "source": "web",
            "purposes": 2,
            "line": 0,
            **columns,
        }
        self.events.append(row)
        shared = {name: row.get(name) for name in ("subject", "time", "received", "event", "source", "purposes")}
        for at, item in enumerate(items):
            place = {"event_id": row["id"], "order_id": row.get("order_id"), "line": row["line"] + at}
            self.items.append({**shared, **place, **item})
        return int(row["id"])

    def order(self, order_id: str | None, *, items: Sequence[Row] = (), **columns: Any) -> int:
        """A completed order."""
        return self.event(ORDER_COMPLETED, items=items, order_id=order_id, **columns)

    def cancel(self, order_id: str, reason: str | None = None, **columns: Any) -> int:
        """A cancelled order."""
        return self.event(ORDER_CANCELLED, order_id=order_id, reason=reason, **columns)


def tables(
    events: Iterable[Row], items: Iterable[Row], volumes: Iterable[Row] = (), decisions: Iterable[Row] = ()
) -> Facts:
    """The rows as the gate hands them out."""
    given = {"events": (events, EVENTS), "items": (items, ITEMS), "volumes": (volumes, VOLUMES)}
    database = ibis.duckdb.connect()
    for name, (told, schema) in {**given, "decisions": (decisions, DECISIONS)}.items():
        database.con.register("told", pa.Table.from_pylist(list(told), schema=schema))
        database.con.execute(f"CREATE TABLE {name} AS FROM told")
    return Facts(*(_table(database, name) for name in ("events", "items", "volumes", "decisions")))


def _table(database: Any, name: str) -> ibis.Table:
    """One of the tables. Their columns are asked for once, for they are the same in every database here."""
    if name not in _SHAPES:
        _SHAPES[name] = database.table(name).op()
    return _SHAPES[name].copy(source=database).to_expr()


def rows(table: ibis.Table) -> list[Row]:
    """The result of an expression."""
    return list(table.to_pyarrow().to_pylist())


def ask(insight: Insight, told: Told, shop: Shop = JAKARTA) -> Any:
    """The report."""
    return ask_facts(insight, tables(told.events, told.items), shop)


def ask_facts(insight: Insight, facts: Facts, shop: Shop = JAKARTA) -> Report:
    """The report on what ``tables`` made."""
    report = insight.conclude(sums(insight, facts, shop), shop)
    msgspec.json.encode(report)  # no number of NumPy's is in it: over HTTP and on the disk there could be none
    return report


def sums(insight: Insight, facts: Facts, shop: Shop = JAKARTA) -> dict[str, pa.Table]:
    """What of the facts crosses into Python. A question that was asked before is not compiled again, as in a store."""
    reader = DuckReader(facts.events.get_backend().con, _is_there, None, None, _COMPILED)  # nothing is kept
    key = f"{insight!r} {shop.zone} {shop.min_group} {_words(facts.events)} {_words(facts.items)}"
    return reader.run_all(key, lambda: insight.reduce(facts, shop))


def _is_there(name: str) -> None:
    """The tables are no views."""


def _words(table: ibis.Table) -> str:
    """What stands for the table in a key."""
    return table.get_name() if isinstance(table.op(), DatabaseTable) else ibis.to_sql(table)
