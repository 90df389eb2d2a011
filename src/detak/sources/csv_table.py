"""Any table of orders or events, as delimited text: columns by a mapping file, or by their usual names.

Encoding and delimiter are found out. Rows of one order that follow one another become one order.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from detak import place
from detak.errors import RowError, SourceError
from detak.event import ORDER_CANCELLED, ORDER_COMPLETED, Message, Product, Properties
from detak.sources import delimited
from detak.sources.base import Columns, Parcel, Reading, Reject, parse_time, rows_of, to_utc
from detak.sources.cells import Cells, identifier, moment, number, text, usable
from detak.sources.csv_mapping import (
    COUNTS,
    ORDER_FIELDS,
    ORDER_NUMBERS,
    PRODUCT_FIELDS,
    PRODUCT_NUMBERS,
    ColumnMapping,
    guess,
    load,
    told_columns,
)
from detak.sources.ids import identified
from detak.sources.status import is_cancelled
from detak.sources.tables import ColumnsError, Table, header_of, open_table

_SAMPLE_ROWS = 1_000
_EXAMPLE = '''event = "Order Completed"; [columns] order_id = "No. Nota"; time = "Tanggal"; total = "Total Bayar"'''
_UNIX = re.compile(r"\d{10}(?:\.\d+)?|\d{13}|\d{16}")
_SLASHED = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})\b")
_IDENTITIES = frozenset(("user_id", "anonymous_id", "order_id", "product_id", "sku", "checkout_id", "cart_id"))
_NUMBERS = frozenset((*PRODUCT_NUMBERS, *ORDER_NUMBERS, *COUNTS))


class CsvTable:
    """Delimited text with a header."""

    source: ClassVar[str] = "csv"
    generic: ClassVar[bool] = True

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Text whose header has an order number or an event, and two more columns with usual names."""
        try:
            return delimited.looks_like_text(path) and header_of(path, _tells) is not None
        except SourceError:
            return False

    def guessed(self, path: Path, reading: Reading) -> Columns | None:
        """What the columns are taken for by their usual names; None where a mapping file says it.

        Raises:
            SourceError: the file cannot be read, or the names do not say what they are.
        """
        if reading.mapping is not None:
            return None
        table, mapping = _opened(path, None)
        return told_columns(table.header, mapping)

    def read(self, path: Path, reading: Reading) -> Iterator[Parcel | Reject]:
        """Parcels of one order or event each, and rejects.

        Raises:
            SourceError: the file cannot be read, the mapping does not fit it, or no mapping is given and the names of
                the columns do not say what they are.
        """
        table, mapping = _opened(path, reading.mapping)
        sample = list(islice(table.rows, _SAMPLE_ROWS))
        rows = _rows(table.header, mapping, reading, [cells for _, cells in sample if not isinstance(cells, RowError)])
        lines: list[_Line] = []
        seen: Counter[str] = Counter()
        for row, cells in chain(sample, table.rows):
            try:
                line = rows.line(row, usable(cells))
            except RowError as error:
                yield Reject(row, error.field, error.reason)
                continue
            if lines and not (rows.by_line and line.continues(lines[0])):
                yield _parcel(lines, rows, seen)
                lines = []
            lines.append(line)
        if lines:
            yield _parcel(lines, rows, seen)


class _Line(NamedTuple):
    """What one row says."""

    row: int
    event: str
    time: str | None
    user: str | None
    anonymous: str | None
    order: dict[str, Any]
    product: dict[str, Any]

    @property
    def of_order(self) -> bool:
        """Whether the row belongs to an order: orders have products, other events are about one."""
        return self.event.startswith("Order ")

    def continues(self, first: "_Line") -> bool:
        """Whether it is another line of the order that ``first`` began."""
        known = self.order.get("order_id")
        return self.of_order and known is not None and (known, self.event) == (first.order.get("order_id"), first.event)


@dataclass(frozen=True)
class _Rows:
    """How the rows of this file are read."""

    at: dict[str, tuple[int, ...]]
    header: tuple[str, ...]
    mapping: ColumnMapping
    reading: Reading
    month_first: bool

    @property
    def by_line(self) -> bool:
        """Whether rows are lines of orders."""
        return "order_id" in self.at and any(field in self.at for field in ("product_id", "sku", "name", "variant"))

    def line(self, row: int, cells: Cells) -> _Line:
        """One row, read.

        Raises:
            RowError: a cell of it cannot be used, or nothing says what happened.
        """
        order = {field: self.value(cells, field) for field in ORDER_FIELDS}
        event = self.mapping.event_of(self.text(cells, "event"))
        if event is None and order["order_id"] is None:
            field = "event" if "event" in self.at else "order_id"
            raise RowError(self.name(field), "is missing")
        return _Line(
            row=row,
            event=event or ORDER_COMPLETED,
            time=self.time(cells),
            user=self.text(cells, "user_id"),
            anonymous=self.text(cells, "anonymous_id"),
            order={field: value for field, value in order.items() if value is not None},
            product={field: value for field in PRODUCT_FIELDS if (value := self.value(cells, field)) is not None},
        )

    def name(self, field: str) -> str:
        """The file's own name of the field's column."""
        return " ".join(self.header[index] for index in self.at[field]) if field in self.at else field

    def text(self, cells: Cells, field: str) -> str | None:
        """The field as text; several columns are joined by a space."""
        as_text = identifier if field in _IDENTITIES else text
        found = [words for index in self.at.get(field, ()) if (words := as_text(cells[index])) is not None]
        return " ".join(found) or None

    def value(self, cells: Cells, field: str) -> str | float | int | None:
        """The field as what it is: a number that is not negative, or text; a constant where the row has none."""
        if field not in self.at:
            return self.mapping.constants.get(field)
        if field not in _NUMBERS:
            words = self.text(cells, field)
            return self.mapping.constants.get(field) if words is None else words
        found = number(cells[self.at[field][0]], self.name(field), self.grouping)
        if found is not None and found < 0:
            raise RowError(self.name(field), "is negative")
        return int(found) if found is not None and field in COUNTS else found

    @property
    def grouping(self) -> str:
        """The mark that groups thousands."""
        return self.mapping.grouping or ("." if self.reading.currency == "IDR" else ",")

    def time(self, cells: Cells) -> str | None:
        """When it happened, UTC."""
        places = self.at.get("time", ())
        if len(places) == 1 and not isinstance(cells[places[0]], str):
            return moment(cells[places[0]], self.reading, self.name("time"))
        words = self.text(cells, "time")
        return None if words is None else self.parse(words, self.name("time"))

    def parse(self, words: str, field: str) -> str:
        """A time as this file writes it, to UTC.

        Raises:
            RowError: it is no date or time that exists.
        """
        pattern = self.mapping.time_format
        if pattern is None and not _UNIX.fullmatch(words):
            return parse_time(_day_first(words) if self.month_first else words, self.reading, field)
        try:
            if pattern is None or pattern.startswith("unix"):
                return to_utc(_since_1970(words, pattern), self.reading, field)
            return to_utc(datetime.strptime(words, pattern), self.reading, field)
        except (ValueError, OverflowError, OSError):
            raise RowError(field, "is no date or time that exists") from None


def _tells(header: Cells) -> bool:
    return guess(header) is not None


def _opened(path: Path, mapping_file: Path | None) -> tuple[Table, ColumnMapping]:
    """The table and how its columns are read.

    Raises:
        SourceError: the mapping does not fit the file, or there is none and the header does not tell.
    """
    if mapping_file is not None:
        mapping = load(mapping_file)
        form = delimited.Form(mapping.encoding, mapping.delimiter)
        return open_table(path, mapping.fits, mapping.names(), form), mapping
    try:
        table = open_table(path, _tells, ("order_id or event", "and two more such as time, product_id, total"))
    except ColumnsError as error:
        raise SourceError(f"{error}; say which column is what in a mapping file: {_EXAMPLE}") from None
    found = guess(table.header)
    if found is None:
        raise SourceError(f"{path}: the header does not tell what its columns are")
    return table, found


def _rows(header: tuple[str, ...], mapping: ColumnMapping, reading: Reading, sample: Sequence[Cells]) -> _Rows:
    zone = ZoneInfo(mapping.zone) if mapping.zone else reading.zone
    reading = replace(reading, zone=zone, currency=mapping.currency or reading.currency)
    rows = _Rows(mapping.at(header), header, mapping, reading, month_first=False)
    dates = [_SLASHED.match(rows.text(cells, "time") or "") for cells in sample]
    numbers = [(int(date[1]), int(date[2])) for date in dates if date]
    # Day first is the custom where no row says otherwise; one that has a 25th month is proof of the other.
    return replace(rows, month_first=any(b > 12 for _, b in numbers) and not any(a > 12 for a, _ in numbers))


def _day_first(words: str) -> str:
    """``12/31/2010 8:26`` as ``31/12/2010 8:26``."""
    return _SLASHED.sub(lambda date: f"{date[2]}/{date[1]}/{date[3]}", words, count=1)


def _since_1970(words: str, unit: str | None) -> datetime:
    """A count of seconds, or by its length of milli- or microseconds."""
    digits = len(words.partition(".")[0])
    scale = {"unix": 0, "unix_ms": 3}.get(unit or "", 6 if digits > 13 else 3 if digits > 10 else 0)
    return datetime.fromtimestamp(float(words) / 10**scale, UTC)


def _parcel(lines: list[_Line], rows: _Rows, seen: Counter[str]) -> Parcel:
    """One order from its lines, or one event from its row."""
    first = lines[0]
    properties = _order(lines, rows, seen) if first.of_order else _about_one(first)
    if first.of_order or properties.total is not None or properties.price is not None:
        properties.currency = properties.currency or rows.reading.currency
    messages = [_message(first.event, properties, first)]
    if first.event == ORDER_COMPLETED and not properties.line and is_cancelled(properties.status, properties.reason):
        about = Properties(order_id=properties.order_id, reason=properties.reason, status=properties.status)
        about.currency = properties.currency
        messages.append(_message(ORDER_CANCELLED, about, first))
    return Parcel(rows_of([line.row for line in lines]), tuple(messages))


def _message(event: str, properties: Properties, first: _Line) -> Message:
    return identified(
        Message(
            type="track",
            event=event,
            user_id=first.user,
            anonymous_id=first.anonymous,
            timestamp=first.time,
            properties=properties,
        )
    )


def _about_one(line: _Line) -> Properties:
    """An event about one product, whose keys stand at the top level."""
    stated = {**line.product, **line.order}
    line_total = stated.pop("line_total", None)
    categories = stated.pop("categories", None)
    properties = _properties(stated)
    properties.total = line_total if properties.total is None else properties.total
    properties.category = properties.category or categories
    return properties


def _order(lines: list[_Line], rows: _Rows, seen: Counter[str]) -> Properties:
    """An order: what its first line says of it, and the products of all."""
    first = lines[0]
    categories = str(first.order.get("categories", "")).split(",")
    order = _properties({field: value for field, value in first.order.items() if field != "categories"})
    order.products = [product for line in lines if (product := _product(line.product))] or [
        Product(category=name.strip()) for name in categories if name.strip()
    ]
    order.products = order.products or None
    quantities = [line.product["quantity"] for line in lines if "quantity" in line.product]
    order.quantity = sum(quantities) if quantities else None
    if rows.mapping.guessed and order.products and _are_line_totals(lines):
        for product, line in zip(order.products, lines, strict=False):
            product.total = line.order.get("total")
        order.total = sum(line.order.get("total", 0) for line in lines)
    if is_cancelled(order.status, order.reason) and not order.total:
        order.total = order.shipping = None
    if rows.by_line and order.order_id is not None:
        _continue(order, seen, len(lines))
    return order


def _continue(order: Properties, seen: Counter[str], lines: int) -> None:
    """Where lines of the order came before, these go on after them, and do not state its total again."""
    number = str(order.order_id)
    before = seen[number]
    seen[number] += lines
    if before:
        order.line = before
        order.total = order.revenue = order.value = order.shipping = order.discount = None


def _are_line_totals(lines: list[_Line]) -> bool:
    """Whether a column called "total" holds each line's own: they differ within an order, or are price x quantity."""
    totals = [line.order.get("total") for line in lines]
    if len(lines) < 2 or None in totals:
        return False
    each = [line.product.get("price", 0) * line.product.get("quantity", 1) for line in lines]
    return len(set(totals)) > 1 or all(abs(total - own) < 0.005 for total, own in zip(totals, each, strict=True))


def _product(stated: dict[str, Any]) -> Product | None:
    """The product of a line, if the line says which, or of which category."""
    if not {"product_id", "sku", "name", "category"} & stated.keys():
        return None
    product = msgspec.convert({field: value for field, value in stated.items() if field != "line_total"}, Product)
    product.total = stated.get("line_total")
    return product


def _properties(stated: dict[str, Any]) -> Properties:
    properties = msgspec.convert(stated, Properties)
    properties.province = place.province(properties.province)
    properties.city = place.city(properties.city)
    return properties
