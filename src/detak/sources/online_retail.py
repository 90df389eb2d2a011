"""UCI's Online Retail: the invoice lines of a British wholesaler of gifts, December 2009 to December 2011.

Chen, Sain, Guo (2012), "Data mining for the online retail industry". Parquet, xlsx and csv, both editions' headers.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import lru_cache, partial
from itertools import chain, islice
from pathlib import Path
from typing import ClassVar, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from detak.errors import RowError
from detak.event import ORDER_COMPLETED, ORDER_REFUNDED, Message, Product, Properties
from detak.sources.base import Parcel, Reading, Reject, rows_of, to_utc
from detak.sources.cells import Cell, Cells, identifier, moment, number, text, usable
from detak.sources.ids import identified
from detak.sources.parquet import Chunk, runs
from detak.sources.tables import Aliases, Table, header_of, open_table, places

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
        invoice: _Lines | None = None
        seen: Counter[str] = Counter()
        for lines in _lines(table, _sheet(table.header, reading)):
            if isinstance(lines, Reject):
                yield lines
            elif invoice is not None and lines.number == invoice.number:
                invoice.rows.extend(lines.rows)
                invoice.products.extend(lines.products)
            else:
                if invoice is not None:
                    yield _parcel(invoice, seen)
                invoice = lines
        if invoice is not None:
            yield _parcel(invoice, seen)


class _Sheet(NamedTuple):
    """How the cells of this file are read."""

    at: tuple[int, ...]
    """Where the columns stand, in the order of ``COLUMNS``."""
    names: dict[str, str]
    """The file's own names of the columns."""
    utc: Callable[[Cell], str | None]


class _Lines(NamedTuple):
    """Lines of one invoice that follow one another; what the first of them says of the invoice."""

    rows: list[int]
    number: str
    time: str | None
    customer: str | None
    country: str | None
    products: list[Product]


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

    return _Sheet(tuple(at[field] for field in COLUMNS), names, utc)


def _month_first(words: str, reading: Reading, field: str) -> str:
    """``12/1/2010 8:26`` is the first of December: the spreadsheet was American."""
    for pattern in _MONTH_FIRST:
        try:
            return to_utc(datetime.strptime(words, pattern), reading, field)
        except ValueError:
            continue
    raise RowError(field, "is no date or time that exists")


def _lines(table: Table, sheet: _Sheet) -> Iterator[_Lines | Reject]:
    if table.chunks is None:
        return (_line(row, cells, sheet) for row, cells in table.rows)
    return chain.from_iterable(_of_chunk(chunk, sheet) for chunk in table.chunks)


def _of_chunk(chunk: Chunk, sheet: _Sheet) -> Iterator[_Lines | Reject]:
    """The lines of a chunk, as many at a time as follow one another."""
    invoice, code, name, pieces, date, unit_price, customer, country = sheet.at
    words = ((invoice, partial(_number, names=sheet.names)), (code, identifier), (name, text), (date, sheet.utc))
    columns = [chunk.read(*one) for one in (*words, (customer, identifier), (country, text))]
    numbers, codes, names, times, customers, countries = (column.values for column in columns)
    quantities, prices = (
        chunk.numbers(place, partial(number, field="", grouping=",")) for place in (pieces, unit_price)
    )
    refunds = np.array([number_ is not None and _is_refund(number_) for number_ in numbers], bool)
    sound = np.logical_and.reduce([column.usable for column in columns])
    # What is missing is not a number here, and no comparison with it is true.
    sound &= (prices >= 0) & ((quantities >= 0) | (refunds & (quantities < 0)))
    products = map(_product, *(column[sound].tolist() for column in (codes, names, prices, abs(quantities))))
    others = chunk.some(~sound)
    for start, stop, usable_ in runs(numbers, sound):
        row = chunk.first + start
        if usable_:
            rows, mine = list(range(row, chunk.first + stop)), list(islice(products, stop - start))
            yield _Lines(rows, numbers[start], times[start], customers[start], countries[start], mine)
        elif row in others:
            yield _line(row, others[row], sheet)


def _line(row: int, cells: Cells | RowError, sheet: _Sheet) -> _Lines | Reject:
    """One line of an invoice, or why it is none."""
    try:
        cells = usable(cells)
        invoice, code, name, pieces, date, unit_price, customer, country = (cells[place] for place in sheet.at)
        number_ = _number(invoice, sheet.names)
        quantity, price = _amounts(pieces, unit_price, sheet.names, refund=_is_refund(number_))
        product = _product(identifier(code), text(name), price, abs(quantity))
        return _Lines([row], number_, sheet.utc(date), identifier(customer), text(country), [product])
    except RowError as error:
        return Reject(row, error.field, error.reason)


def _product(code: str | None, name: str | None, price: float, quantity: float) -> Product:
    return Product(product_id=code, name=name, price=price, quantity=quantity)


def _is_refund(number_: str) -> bool:
    return number_[0] in "Cc"


def _number(cell: Cell, names: dict[str, str]) -> str:
    """The number of an invoice.

    Raises:
        RowError: it has none, or is neither a sale nor a refund.
    """
    number_ = identifier(cell)
    if number_ is None:
        raise RowError(names["invoice"], "is missing")
    if not (_is_refund(number_) or number_[0].isdigit()):
        raise RowError(names["invoice"], "is no invoice but a correction of the books")
    return number_


def _amounts(pieces: Cell, unit_price: Cell, names: dict[str, str], *, refund: bool) -> tuple[float, float]:
    """The quantity of a line and the price of a piece.

    Raises:
        RowError: one is missing, no number, or less than it can be.
    """
    quantity = number(pieces, names["quantity"], ",")
    price = number(unit_price, names["price"], ",")
    if quantity is None or price is None:
        raise RowError(names["quantity" if quantity is None else "price"], "is missing")
    if quantity < 0 and not refund:
        raise RowError(names["quantity"], "is negative outside a refund: a stock adjustment, not an order")
    if price < 0:
        raise RowError(names["price"], "is negative")
    return quantity, price


def _parcel(lines: _Lines, seen: Counter[str]) -> Parcel:
    """One invoice, from the lines of it that follow one another."""
    before = seen[lines.number]
    seen[lines.number] += len(lines.rows)
    message = Message(
        type="track",
        event=ORDER_REFUNDED if _is_refund(lines.number) else ORDER_COMPLETED,
        user_id=lines.customer,
        timestamp=lines.time,
        properties=Properties(
            order_id=lines.number,
            total=round(sum((product.price or 0) * (product.quantity or 0) for product in lines.products), 2),
            quantity=sum(product.quantity or 0 for product in lines.products),
            currency=CURRENCY,
            country=lines.country,
            products=lines.products,
            line=before or None,
        ),
    )
    return Parcel(rows_of(lines.rows), (identified(message),))
