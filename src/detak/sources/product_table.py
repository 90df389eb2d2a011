"""Files of products: tables (CSV, TSV, xlsx, Parquet) with usual column names, marketplaces' forms, and JSON Lines.

Each product becomes an object as the catalogue's API takes it, with the rows it came from. Several rows of one listing,
a row for each variant, are one product (``product_cells.folded``).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from detak.errors import FileError, RowError
from detak.sources.base import Reading, Reject
from detak.sources.cells import Cells, identifier, text, usable
from detak.sources.csv_mapping import USUAL
from detak.sources.product_cells import Row, folded, product
from detak.sources.product_columns import ATTRIBUTES, FORM_CODES, LABELS, NOTES_UNTIL, PRODUCTS, SELLER_CENTER
from detak.sources.tables import ColumnsError, key, open_table, places

_CODE_NUMBERS: Final = re.compile(r"\|\d+\|\d+$")  # ps_price|1|1
_BOM: Final = b"\xef\xbb\xbf"
_LOOKED_FOR: Final = ("id", "sku", "name", "price", "stock")
_KNOWN_BY: Final = frozenset({"id", "sku", "parent_sku", "name"})
_ORDERS: Final = {
    "order": tuple(name for name in USUAL["order_id"] if name != "order")
}  # which may be a place in a list
_NESTED: Final = frozenset({"category", "labels", "image_url", "price", "compare_at_price", "cost", "margin"})
_FORM_KEYS: Final = frozenset(map(key, SELLER_CENTER))
_FORM_COLUMNS: Final = 4  # of those: as many make it the form


class ProductRow(NamedTuple):
    """A product as the API takes it, and the rows it stands in (the header is row 1)."""

    rows: tuple[int, ...]
    product: Row


class _Line(NamedTuple):
    """One row: which product it is about, and what it says."""

    number: int
    about: str
    product: Row


@dataclass(frozen=True)
class _Sheet:
    """Where the fields of products stand in rows; complaints name the file's own columns."""

    fields: Mapping[str, int]
    attributes: Mapping[str, int]
    labels: Mapping[str, int]
    stated: tuple[str, ...]
    order: tuple[str, ...]
    """The fields that may name a product, the best first."""
    form: bool
    """A marketplace's: notes stand above the products, and each variant of one has a row."""
    variants: bool
    """Rows with one id are variants of one product."""

    def column(self, field: str) -> str:
        """The file's own name for a field."""
        return self.stated[self.fields[field]] if field in self.fields else field


def read_products(path: Path, reading: Reading) -> Iterator[ProductRow | Reject]:
    """The products of a file, in its order, and the rows that cannot be used.

    Raises:
        SourceError: the file cannot be read, or has no columns of products.
    """
    try:
        with path.open("rb") as file:
            begin = file.read(64).removeprefix(_BOM).lstrip()[:1]
    except OSError as error:
        raise FileError("file_closed", {"path": path, "why": error.strerror}) from None
    lines = _json_lines(path, reading) if begin in (b"{", b"[") else _table_lines(path, reading)
    for about, some in groupby(lines, key=lambda one: one.about if isinstance(one, _Line) else None):
        together = list(some)
        if about is None:
            yield from (one for one in together if isinstance(one, Reject))
        else:
            told = [one for one in together if isinstance(one, _Line)]
            yield ProductRow(tuple(one.number for one in told), folded([one.product for one in told]))


def _is_header(cells: Cells) -> bool:
    found = places(_cleaned(cells), PRODUCTS).keys()
    return bool(found & _KNOWN_BY) and len(found) >= 2


def _cleaned(header: Cells) -> list[str]:
    """Names of columns without what forms add to them: ``ps_price|1|1``, ``g:price``."""
    named = (str(cell if cell is not None else "").strip() for cell in header)
    return [_CODE_NUMBERS.sub("", name).removeprefix("g:") for name in named]


@lru_cache(maxsize=256)
def _sheet(stated: tuple[str, ...], *, table: bool) -> _Sheet:
    header = _cleaned(stated)
    keys = set(map(key, header))
    form = any(name.startswith(FORM_CODES) for name in header) or len(_FORM_KEYS & keys) >= _FORM_COLUMNS
    fields, attributes, labels = (places(header, aliases) for aliases in (PRODUCTS, ATTRIBUTES, LABELS))
    order: tuple[str, ...] = ("parent_sku", "sku", "id") if form else ("id", "sku", "parent_sku")
    if table and fields.keys().isdisjoint(order):
        order = ("name",)  # as reports name a product that has no number
    return _Sheet(fields, attributes, labels, stated, order, form, form or "handle" in keys)


def _table_lines(path: Path, reading: Reading) -> Iterator[_Line | Reject]:
    table = open_table(path, _is_header, _LOOKED_FOR)
    if places(table.header, _ORDERS):
        raise ColumnsError("file_orders", {"path": path})
    sheet = _sheet(table.header, table=True)
    before: _Line | None = None
    for number, cells in table.rows:
        if _is_note(sheet, number, cells):
            continue
        try:
            before = _line(sheet, number, usable(cells), reading, before)
            yield before
        except RowError as error:
            yield Reject(number, error.field, error.reason)


def _is_note(sheet: _Sheet, number: int, cells: Cells | RowError) -> bool:
    """Whether the row explains the columns: one of a form's first, without a number where a product has one."""
    if not sheet.form or number > NOTES_UNTIL:
        return False
    field = next((name for name in ("id", "price", "stock") if name in sheet.fields), None)
    if field is None or isinstance(cells, RowError):
        return True
    said = identifier(cells[sheet.fields[field]]) or ""
    return not any(map(str.isdigit, said)) or any(map(str.isalpha, said))


def _line(sheet: _Sheet, number: int, cells: Cells, reading: Reading, before: _Line | None) -> _Line:
    """What a row says.

    Raises:
        RowError: a cell cannot be, or nothing names the product.
    """
    said = {field: cells[place] for field, place in sheet.fields.items()}
    code = identifier(said.get("form"))
    about = f"code {code}" if code else None
    try:
        # A form says the listing's own fields with its first variant; the others follow under the same code.
        follows = before is not None and about == before.about
        named = before.product["id"] if before is not None and follows else _id(sheet, said)
        found = {"id": named, **product(said, reading, form=sheet.form)}
    except RowError as error:
        raise RowError(sheet.column(error.field), error.reason) from None
    listing = identifier(said.get("parent_sku")) or identifier(said.get("id"))
    if sheet.form and listing and listing != named:
        found["group"] = listing
    attributes = {name: words for name, place in sheet.attributes.items() if (words := text(cells[place]))}
    labels = [words for place in sheet.labels.values() if (words := text(cells[place]))]
    if attributes:
        found["attributes"] = attributes
    if labels:
        found["labels"] = [*found.get("labels", ()), *labels]
    return _Line(number, about or (f"id {named}" if sheet.variants else f"row {number}"), found)


def _id(sheet: _Sheet, said: Mapping[str, object]) -> str:
    """By the shop's own numbers, as its orders name products; where there are none, by the marketplace's."""
    found = next((one for field in sheet.order if (one := identifier(said.get(field)))), None)
    if found is None:
        column = next((field for field in sheet.order if field in sheet.fields), "id")
        raise RowError(column, "is empty: nothing says which product this is")
    return found


def _json_lines(path: Path, reading: Reading) -> Iterator[_Line | Reject]:
    """Objects, one a line, or a list of them: their keys are columns, and amounts are in major units as in tables."""
    for number, found in _objects(path):
        if not isinstance(found, dict):
            yield Reject(number, "", found.reason if isinstance(found, RowError) else "is no JSON object")
            continue
        try:
            yield _object_line(number, found, reading)
        except RowError as error:
            yield Reject(number, error.field, error.reason)


def _object_line(number: int, found: dict[str, Any], reading: Reading) -> _Line:
    sheet = _sheet(tuple(found), table=False)
    for field in sheet.fields.keys() - _NESTED:
        if isinstance(found[sheet.column(field)], list | dict):
            raise RowError(sheet.column(field), "is neither text nor a number")
    line = _line(sheet, number, list(found.values()), reading, None)
    attributes = found.get("attributes")
    if isinstance(attributes, dict):
        line.product["attributes"] = {**line.product.get("attributes", {}), **attributes}
    return line


def _objects(path: Path) -> Iterator[tuple[int, object]]:
    """Numbered by lines; where all of the file is one value, by their places in it."""
    with path.open("rb") as file:
        lines = ((number, words) for number, line in enumerate(file, 1) if (words := line.removeprefix(_BOM).strip()))
        first, words = next(lines)
        found = _decoded(words)
        if isinstance(found, dict) and "products" not in found:
            yield first, found
            yield from ((number, _decoded(words)) for number, words in lines)
            return
    yield from enumerate(_whole(path), 1)


def _whole(path: Path) -> Iterable[object]:
    found = _decoded(path.read_bytes().removeprefix(_BOM))
    if isinstance(found, RowError):
        raise FileError("file_not_json", {"path": path})
    if isinstance(found, dict):
        found = found.get("products", found)
    return found if isinstance(found, list) else [found]


def _decoded(data: bytes) -> object:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return RowError("", "is no JSON")
