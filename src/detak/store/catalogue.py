"""The catalogue on disk, in one SQLite file, and a snapshot of it in memory. It holds products only, never a person."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, Row, String, Table, func, or_, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert

from detak.catalogue import (
    API,
    FILE,
    MOST,
    Deleted,
    Entry,
    Origin,
    Page,
    Product,
    Rejected,
    Result,
    Snapshot,
    Statement,
    merge,
)
from detak.errors import RowError, UsageError
from detak.product_fields import read_id, read_row
from detak.store.sqlite import chunks, open_sqlite

_CHUNK = 5_000  # ids in one statement: SQLite takes 32,766
_BETWEEN = "\x1f"  # between the steps of a path; no text holds it
_tables = MetaData()
_products = Table(
    "products",
    _tables,
    Column("id", String, primary_key=True),
    Column("created", Integer, nullable=False),  # microseconds since 1970, UTC, as all times here
    Column("updated", Integer, nullable=False),  # of a deleted product: when it was deleted
    Column("category", String, nullable=False),  # the path, to search in
    Column("product", LargeBinary),  # JSON; null: deleted
    Column("origins", LargeBinary),  # JSON
)
_upsert = insert(_products)
_anew = {column.name: _upsert.excluded[column.name] for column in _products.columns if not column.primary_key}
# As text: bound row by row in SQLAlchemy, parameters cost as much as all the rest of a large put.
_UPSERT = str(_upsert.on_conflict_do_update(index_elements=["id"], set_=_anew).compile(dialect=sqlite.dialect()))
_counters = Table(
    "counters",
    _tables,
    Column("name", String, primary_key=True),
    Column("value", Integer, nullable=False),
)

_product = msgspec.json.Decoder(Product)
_origins = msgspec.json.Decoder(dict[str, Origin])
_encode = msgspec.json.Encoder().encode


class Catalogue:
    """The products of one shop. Any thread may call it; one writes at a time.

    Args:
        path: the file; made if absent.
        currency: of amounts that come without one.

    Raises:
        StoreError: the file is no database, or a damaged one.
    """

    def __init__(self, path: Path, currency: str) -> None:
        self._engine = open_sqlite(path, _tables)
        self._currency = currency
        self._writing = threading.RLock()
        with self._engine.connect() as connection:
            self._version = _counter(connection, "version")
            self._learnt = _counter(connection, "learnt")
            # A clock that was set back must not make the shop's next word an old one.
            self._last = int(connection.execute(select(func.max(_products.c.updated))).scalar() or 0)
            self._stated = _stated(connection)
        self._cached: Snapshot | None = None
        self._changed: set[str] = set()  # since the cached snapshot

    @property
    def version(self) -> int:
        """Another one after each change of a product, over restarts too."""
        return self._version

    @property
    def learnt(self) -> int:
        """Until when (received: microseconds since 1970, UTC) events have told what they know."""
        return self._learnt

    def put(self, rows: Sequence[object], source: str = API) -> Result:
        """Take rows in: new products, or new words on fields of known ones. What a row leaves out stays as it is.

        Args:
            rows: objects as ``product_fields.read_row`` reads them. Good ones go in beside bad ones.
            source: who says so: ``api`` or ``file``.

        Raises:
            UsageError: there is no such source.
        """
        return self._take(rows, source, lambda row: read_row(row, self._currency))

    def restock(self, rows: Sequence[object], source: str = API) -> Result:
        """Set the stock, or availability, of products that are in the catalogue; others are rejected.

        Raises:
            UsageError: there is no such source.
        """
        with self._writing:  # so that none of them is deleted meanwhile
            with self._engine.connect() as connection:
                known = _held(connection, [one for row in rows if (one := _id_or_none(row)) is not None])

            def read(row: object) -> tuple[str, dict[str, Any]]:
                named, fields = read_row(row, self._currency)
                if not isinstance(known.get(named), Entry):
                    raise RowError("id", "is not in the catalogue; put the product there first")
                if not fields or fields.keys() - {"stock", "availability"}:
                    raise RowError("", "states stock or availability, and nothing else, beside the id")
                return named, fields

            return self._take(rows, source, read)

    def learn(self, said: Iterable[Statement], until: int) -> int:
        """Take in what events say, and remember until when they were asked. How many products changed.

        Saying the same again changes nothing, so that whoever was interrupted can ask again from ``learnt``.
        """
        with self._writing:
            return self._apply(said, until)

    def get(self, named: str) -> Entry | None:
        """One product with its provenance; None where there is none, or no longer."""
        with self._engine.connect() as connection:
            found = _held(connection, [named]).get(named)
        return found if isinstance(found, Entry) else None

    def delete(self, ids: Sequence[str]) -> int:
        """Take products out; how many were there. What events say later does not bring them back."""
        with self._writing:
            with self._engine.begin() as connection:
                held = _held(connection, ids)
                present = {one for one, entry in held.items() if isinstance(entry, Entry)}
                _write(connection, dict.fromkeys(present, Deleted(self._now())))
                self._count(connection, present, self._learnt, stated=bool(present))
            self._committed(present, self._learnt, stated=bool(present))
        return len(present)

    def page(self, cursor: str | None = None, n: int = 100, category: str | None = None) -> Page:
        """``n`` products behind the cursor, in the order of ids.

        Args:
            cursor: what the page before answered; None begins.
            n: 1 to ``MOST``.
            category: a step of the path, or several with ``>`` between them; capitals do not matter.

        Raises:
            UsageError: ``n`` is beyond its limits.
        """
        if not 1 <= n <= MOST:
            raise UsageError(f"n: ask for 1 to {MOST:,} products at a time")
        wanted = select(_products).where(_products.c.product.is_not(None)).order_by(_products.c.id).limit(n + 1)
        if cursor is not None:
            wanted = wanted.where(_products.c.id > cursor)
        if category is not None:
            steps = [step.strip() for step in category.split(">")]
            wanted = wanted.where(func.instr(_products.c.category, _searchable(steps)) > 0)
        with self._engine.connect() as connection:
            found = [entry for row in connection.execute(wanted) if isinstance(entry := _read(row), Entry)]
        return Page(found[:n], found[n - 1].product.id if len(found) > n else None)

    def count(self) -> int:
        """How many products there are."""
        present = select(func.count()).select_from(_products).where(_products.c.product.is_not(None))
        with self._engine.connect() as connection:
            return int(connection.execute(present).scalar_one())

    def snapshot(self) -> Snapshot:
        """All products. Only what changed since the last one is read; the same one where nothing did.

        While somebody writes, the snapshot from before: nobody who reads waits for a long import.
        """
        cached = self._cached
        if cached is not None and cached.version == self._version:
            return cached
        if not self._writing.acquire(blocking=cached is None):
            assert cached is not None  # noqa: S101 - an acquire that blocks succeeds
            return cached
        try:
            self._cached = self._renewed(self._cached)
            self._changed = set()
            return self._cached
        finally:
            self._writing.release()

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def _take(
        self, rows: Sequence[object], source: str, read: Callable[[object], tuple[str, dict[str, Any]]]
    ) -> Result:
        if source not in (API, FILE):
            raise UsageError(f"there is no source {source!r} of products; there are: {API}, {FILE}")
        taken, rejected = [], []
        for index, row in enumerate(rows):
            try:
                taken.append(read(row))
            except RowError as error:
                rejected.append(Rejected(index, error.field, error.reason))
        with self._writing:
            said = (Statement(named, fields, source, self._now()) for named, fields in taken)
            self._apply(said, self._learnt, stated=bool(taken))
        return Result(len(taken), rejected)

    def _apply(self, said: Iterable[Statement], learnt: int, *, stated: bool = False) -> int:
        """Merge statements in, all or none; ``stated``: they are the shop's own. How many products are not what they
        were."""
        changed: set[str] = set()
        with self._engine.begin() as connection:
            for some in chunks(said, _CHUNK):
                before = _held(connection, [one.id for one in some])
                after = dict(before)
                for one in some:
                    after[one.id] = merge(after.get(one.id), one)
                fresh = {named: entry for named, entry in after.items() if entry is not before.get(named)}
                _write(connection, fresh)
                changed.update(named for named, entry in fresh.items() if not _same(before.get(named), entry))
            self._count(connection, changed, learnt, stated=stated)
        self._committed(changed, learnt, stated=stated)
        return len(changed)

    def _count(self, connection: Connection, changed: set[str], learnt: int, *, stated: bool) -> None:
        for name, value in (("version", self._after(changed, stated=stated)), ("learnt", learnt)):
            counted = insert(_counters).values(name=name, value=value)
            connection.execute(counted.on_conflict_do_update(index_elements=["name"], set_={"value": value}))

    def _committed(self, changed: set[str], learnt: int, *, stated: bool) -> None:
        self._changed |= changed
        self._learnt = learnt
        self._version = self._after(changed, stated=stated)
        self._stated |= stated

    def _after(self, changed: set[str], *, stated: bool) -> int:
        """The version after a change."""
        return self._version + (bool(changed) or (stated and not self._stated))

    def _renewed(self, cached: Snapshot | None) -> Snapshot:
        version, stated = self._version, self._stated
        columns = select(_products.c.id, _products.c.product)
        with self._engine.connect() as connection:
            if cached is None:
                everything = connection.execute(
                    columns.where(_products.c.product.is_not(None)).order_by(_products.c.id)
                )
                products = {named: _product.decode(held) for named, held in everything}
                return Snapshot(version, MappingProxyType(products), stated)
            products = dict(cached.products)
            for some in chunks(self._changed, _CHUNK):
                for named, held in connection.execute(columns.where(_products.c.id.in_(some))):
                    products.pop(named, None) if held is None else products.update({named: _product.decode(held)})
        if products.keys() - cached.products.keys():
            products = dict(sorted(products.items()))
        return Snapshot(version, MappingProxyType(products), stated)

    def _now(self) -> int:
        """A moment after every one before: of two words the one said later must win."""
        self._last = max(self._last + 1, time.time_ns() // 1_000)
        return self._last


def _counter(connection: Connection, name: str) -> int:
    return int(connection.execute(select(_counters.c.value).where(_counters.c.name == name)).scalar() or 0)


def _stated(connection: Connection) -> bool:
    """Whether the shop itself put, or deleted, any product."""
    own = (func.instr(_products.c.origins, f'["{one}",'.encode()) > 0 for one in (API, FILE))
    found = select(_products.c.id).where(or_(_products.c.product.is_(None), *own)).limit(1)
    return connection.execute(found).first() is not None


def _write(connection: Connection, fresh: Mapping[str, Entry | Deleted]) -> None:
    if fresh:
        connection.exec_driver_sql(_UPSERT, [_row(named, entry) for named, entry in fresh.items()])


def _held(connection: Connection, ids: Iterable[str]) -> dict[str, Entry | Deleted]:
    found = {}
    for some in chunks(dict.fromkeys(ids), _CHUNK):
        for row in connection.execute(select(_products).where(_products.c.id.in_(some))):
            found[row.id] = _read(row)
    return found


def _read(row: Row[Any]) -> Entry | Deleted:
    if row.product is None:
        return Deleted(row.updated)
    return Entry(
        product=_product.decode(row.product),
        created=row.created,
        updated=row.updated,
        origins=_origins.decode(row.origins),
    )


def _row(named: str, entry: Entry | Deleted) -> tuple[object, ...]:
    """In the order of the table's columns."""
    if isinstance(entry, Deleted):
        return (named, entry.time, entry.time, "", None, None)
    product = entry.product
    where = _searchable(product.category or ())
    return (named, entry.created, entry.updated, where, _encode(product), _encode(entry.origins))


def _searchable(steps: Sequence[str]) -> str:
    return _BETWEEN.join(["", *(step.casefold() for step in steps), ""])


def _same(before: Entry | Deleted | None, after: Entry | Deleted) -> bool:
    """Whether a product is what it was, even if somebody said so again."""
    ours, theirs = (getattr(one, "product", None) for one in (before, after))
    return ours is not None and theirs is not None and _encode(ours) == _encode(theirs)


def _id_or_none(row: object) -> str | None:
    try:
        return read_id(row.get("id")) if isinstance(row, Mapping) else None
    except RowError:
        return None
