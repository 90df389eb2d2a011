"""UCI's Online Retail: the invoice lines of a British wholesaler of gifts, December 2009 to December 2011.

Chen, Sain, Guo (2012), "Data mining for the online retail industry". Parquet, xlsx and csv, both editions' headers.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import ClassVar, NamedTuple
from zoneinfo import ZoneInfo

from detak.errors import RowError
from detak.event import ORDER_COMPLETED, ORDER_REFUNDED, Message, Product, Properties
from detak.sources.base import Parcel, Reading, Reject, rows_of, to_utc
from detak.sources.ids import identified
from detak.sources.tables import (
    Aliases,
    Cell,
    Cells,
    header_of,
    identifier,
    moment,
    number,
    open_table,
    places,
    text,
    usable,
)

COLUMNS: Aliases = {
    "invoice": ("InvoiceNo", "Invoice"),
    "stock_code": ("StockCode",),
    "description": ("Description",),
    "quantity": ("Quantity",),
    "date": ("InvoiceDate",),
    "price": ("UnitPrice", "Price"),
    "customer": ("CustomerID", "Customer ID"),
    "country": ("Country",),
}
ZONE = ZoneInfo("Europe/London")
CURRENCY = "GBP"

_MONTH_FIRST = ("%m/%d/%Y %H:%M", "%m/%d/%y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y")


class OnlineRetail:
    """The invoices, in sterling and London time; consecutive lines of one invoice are one order."""

    source: ClassVar[str] = "online-retail"
    generic: ClassVar[bool] = False

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """All eight columns are there."""
        return header_of(path, _is_header) is not None

    def read(self, path: Path, reading: Reading) -> Iterator[Parcel | Reject]:
        """Parcels of one invoice each, and rejects: stock adjustments, corrections of the books, impossible cells.

        Raises:
            SourceError: the file cannot be read, or a column is missing.
        """
        table = open_table(path, _is_header, [names[0] for names in COLUMNS.values()])
        sheet = _sheet(table.header, reading)
        lines: list[_Line] = []
        seen: Counter[str] = Counter()
        for row, cells in table.rows:
            try:
                line = _line(row, cells, sheet)
            except RowError as error:
                yield Reject(row, error.field, error.reason)
                continue
            if lines and line.invoice != lines[0].invoice:
                yield _parcel(lines, seen)
                lines = []
            lines.append(line)
        if lines:
            yield _parcel(lines, seen)


class _Sheet(NamedTuple):
    """How the cells of this file are read."""

    pick: Callable[[Cells], tuple[Cell, ...]]
    """The cells of a row in the order of ``COLUMNS``."""
    names: dict[str, str]
    """The file's own names of the columns."""
    utc: Callable[[Cell], str | None]


class _Line(NamedTuple):
    row: int
    invoice: str
    time: str | None
    customer: str | None
    country: str | None
    product: Product


def _is_header(header: Cells) -> bool:
    return len(places(header, COLUMNS)) == len(COLUMNS)


def _sheet(header: tuple[str, ...], reading: Reading) -> _Sheet:
    at = places(header, COLUMNS)
    names = {field: header[place] for field, place in at.items()}
    london = replace(reading, zone=ZONE)

    @lru_cache(maxsize=1024)
    def utc(cell: Cell) -> str | None:
        if isinstance(cell, str) and "/" in cell:
            return _month_first(cell.strip(), london, names["date"])
        return moment(cell, london, names["date"])

    return _Sheet(itemgetter(*(at[field] for field in COLUMNS)), names, utc)


def _month_first(words: str, reading: Reading, field: str) -> str:
    """``12/1/2010 8:26`` is the first of December: the spreadsheet was American."""
    for pattern in _MONTH_FIRST:
        try:
            return to_utc(datetime.strptime(words, pattern), reading, field)
        except ValueError:
            continue
    raise RowError(field, "is no date or time that exists")


def _line(row: int, cells: Cells | RowError, sheet: _Sheet) -> _Line:
    """One line of an invoice.

    Raises:
        RowError: a cell of it cannot be used, or the line is no sale and no refund.
    """
    invoice, stock_code, description, pieces, date, unit_price, customer, country = sheet.pick(usable(cells))
    names = sheet.names
    number_ = identifier(invoice)
    if number_ is None:
        raise RowError(names["invoice"], "is missing")
    refund = number_[0] in "Cc"
    if not (refund or number_[0].isdigit()):
        raise RowError(names["invoice"], "is no invoice but a correction of the books")
    quantity = number(pieces, names["quantity"], ",")
    price = number(unit_price, names["price"], ",")
    if quantity is None or price is None:
        raise RowError(names["quantity" if quantity is None else "price"], "is missing")
    if quantity < 0 and not refund:
        raise RowError(names["quantity"], "is negative outside a refund: a stock adjustment, not an order")
    if price < 0:
        raise RowError(names["price"], "is negative")
    product = Product(product_id=identifier(stock_code), name=text(description), price=price, quantity=abs(quantity))
    return _Line(row, number_, sheet.utc(date), identifier(customer), text(country), product)


def _parcel(lines: list[_Line], seen: Counter[str]) -> Parcel:
    """One invoice, from the lines of it that follow one another."""
    first = lines[0]
    before = seen[first.invoice]
    seen[first.invoice] += len(lines)
    products = [line.product for line in lines]
    message = Message(
        type="track",
        event=ORDER_REFUNDED if first.invoice[0] in "Cc" else ORDER_COMPLETED,
        user_id=first.customer,
        timestamp=first.time,
        properties=Properties(
            order_id=first.invoice,
            total=round(sum((product.price or 0) * (product.quantity or 0) for product in products), 2),
            quantity=sum(product.quantity or 0 for product in products),
            currency=CURRENCY,
            country=first.country,
            products=products,
            line=before or None,
        ),
    )
    return Parcel(rows_of([line.row for line in lines]), (identified(message),))
