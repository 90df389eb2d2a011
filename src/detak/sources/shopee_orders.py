"""Shopee's seller order export, in every shape it comes: one row an order (cleaned), one row a product line (raw).

The buyer's name, phone, address and notes are columns of the raw export. They are not read.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

from detak import place
from detak.errors import RowError
from detak.event import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED, Message, Product, Properties
from detak.sources.base import Parcel, Reading, Reject, rows_of
from detak.sources.cells import Cells, usable
from detak.sources.delivery import service
from detak.sources.ids import identified
from detak.sources.status import is_cancelled
from detak.sources.tables import Aliases, Columns, header_of, key, open_table, places

# The first spellings are those of the Indonesian seller centre, then its English one, then the cleaned file's.
COLUMNS: Aliases = {
    "order_id": ("No. Pesanan", "Nomor Pesanan", "ID Pesanan", "Order ID", "Order No.", "Order SN", "order_id"),
    "status": ("Status Pesanan", "Order Status"),
    "reason": ("Alasan Pembatalan", "Cancel reason", "Cancellation Reason", "Cancelation Reason"),
    "returning": (
        *("Status Pembatalan/ Pengembalian", "Status Pengembalian", "Return / Refund Status"),
        *("Cancellation/Return Status", "Return Status"),
    ),
    "shipping_method": ("Opsi Pengiriman", "Jasa Kirim", "Shipping Option", "Delivery Option"),
    "time": (
        *("Waktu Pesanan Dibuat", "Tanggal Pesanan Dibuat", "Tanggal Pesanan", "Order Creation Date"),
        *("Order Creation Time", "Order Created Time", "Order Time"),
    ),
    "payment_method": ("Metode Pembayaran", "Payment Method"),
    "product_id": ("SKU Induk", "Parent SKU Reference No.", "Parent SKU"),
    "sku": ("Nomor Referensi SKU", "No. Referensi SKU", "Nomor SKU", "SKU Reference No."),
    "name": ("Nama Produk", "Product Name"),
    "variant": ("Nama Variasi", "Variasi", "Variation Name", "Variation"),
    "list_price": ("Harga Awal", "Harga Awal Produk", "Original Price"),
    "price": ("Harga Setelah Diskon", "Harga Satuan Produk", "Deal Price"),
    "quantity": ("Jumlah", "Kuantitas", "Quantity", "Qty"),
    "line_total": ("Total Harga Produk", "Subtotal Pesanan", "Subtotal Produk", "Product Subtotal"),
    "order_quantity": (
        *("total_qty", "Jumlah Produk di Pesan", "Jumlah Produk Dipesan", "Jumlah Produk yang Dipesan"),
        *("No of product in order", "Number of products in order"),
    ),
    "returned": (
        *("Returned quantity", "Jumlah Dikembalikan", "Jumlah Produk Dikembalikan", "Return quantity"),
        "total_returned_qty",
    ),
    "discount": ("Total Diskon", "Total Discount"),
    "shipping": (
        *("Ongkos Kirim Dibayar oleh Pembeli", "Ongkos Kirim yang Dibayar oleh Pembeli"),
        *("Ongkos Kirim Dibayar Pembeli", "Ongkir Dibayar Pembeli", "Ongkos Kirim yang Dibebankan ke Pembeli"),
        *("Buyer Paid Shipping Fee", "Shipping Fee Paid by Buyer"),
    ),
    "total": (
        *("Total Pembayaran", "Total Buyer Payment", "Buyer Total Payment", "Total Payment", "Order Total Amount"),
        *("Grand Total", "Total Amount"),
    ),
    "user": ("Username (Pembeli)", "Username Pembeli", "Username (Buyer)", "Buyer Username", "Username"),
    "city": ("Kota/Kabupaten", "Kabupaten/Kota", "City"),
    "province": ("Provinsi", "Province", "State"),
    "categories": ("product_categories", "Kategori Produk", "Product Categories", "Product Category", "Kategori"),
}
REQUIRED = ("order_id", "status")
# What tells a Shopee export from any other list of orders: three of these beside the required.
_TELLING = ("reason", "returning", "shipping_method", "time", "payment_method", "returned", "shipping", "total", "user")
_TELLING_ENOUGH = 3

_PRODUCT = ("name", "sku", "product_id", "variant", "price", "list_price", "line_total")

_INDONESIAN = frozenset(key(name) for name in (*COLUMNS["order_id"][:3], COLUMNS["status"][0]))


@dataclass(frozen=True)
class ShopeeOrders:
    """Shopee's order export, xlsx or csv, raw or cleaned, in Indonesian or English."""

    source: ClassVar[str] = "shopee-orders"
    generic: ClassVar[bool] = False

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """An order number and a status, and three more of a Shopee export's own columns."""
        return header_of(path, _is_header) is not None

    def read(self, path: Path, reading: Reading) -> Iterator[Parcel | Reject]:
        """Parcels of one order each, and rejects.

        Raises:
            SourceError: the file cannot be read, or has no order number and status.
        """
        table = open_table(path, _has_required, [COLUMNS[name][0] for name in REQUIRED])
        indonesian = not _INDONESIAN.isdisjoint(key(name) for name in table.header)
        currency = "IDR" if indonesian else reading.currency
        columns = Columns(table.places(COLUMNS), table.header, reading, "." if currency == "IDR" else ",")
        lines: list[_Line] = []
        seen: Counter[str] = Counter()
        by_line = columns.has(*_PRODUCT) or (columns.has("quantity") and not columns.has("order_quantity"))
        for row, cells in table.rows:
            try:
                line = _line(row, usable(cells), columns, by_line=by_line)
            except RowError as error:
                yield Reject(row, error.field, error.reason)
                continue
            if lines and not (by_line and line.order_id == lines[0].order_id):
                yield _parcel(lines, currency, seen)
                lines = []
            lines.append(line)
        if lines:
            yield _parcel(lines, currency, seen)


class _Line(NamedTuple):
    """What one row says: of its order, and of the products in it."""

    row: int
    order_id: str
    time: str | None
    user: str | None
    cancelled: bool
    reason: str | None
    returned: float
    by_line: bool
    order: Properties
    """The order as this row has it, without its products."""
    products: list[Product]


def _has_required(header: Cells) -> bool:
    return len(places(header, {name: COLUMNS[name] for name in REQUIRED})) == len(REQUIRED)


def _is_header(header: Cells) -> bool:
    found = places(header, COLUMNS)
    return _has_required(header) and len(found.keys() & _TELLING) >= _TELLING_ENOUGH


def _line(row: int, cells: Cells, columns: Columns, *, by_line: bool) -> _Line:
    """One row, read.

    Raises:
        RowError: a cell of it cannot be used.
    """
    order_id = columns.text(cells, "order_id")
    if order_id is None:
        raise RowError(columns.name("order_id"), "is missing")
    if not any(columns.text(cells, field) for field in COLUMNS if field != "order_id"):
        raise RowError(columns.name("status"), "is missing")  # a line of sums, or what is left of a row
    status, reason = columns.text(cells, "status"), columns.text(cells, "reason")
    cancelled = is_cancelled(status, reason)
    order = _order(cells, columns, cancelled=cancelled)
    order.order_id = order_id
    # "Pesanan diterima, namun Pembeli masih dapat mengajukan pengembalian hingga ...": the deadline is no status.
    order.status = status.partition(",")[0] if status else None
    return _Line(
        row=row,
        order_id=order_id,
        time=columns.moment(cells, "time"),
        user=_user(columns.text(cells, "user")),
        cancelled=cancelled,
        reason=reason,
        returned=columns.number(cells, "returned") or 0,
        by_line=by_line,
        order=order,
        products=_product(cells, columns, order) if columns.has(*_PRODUCT) else _categories(cells, columns, order),
    )


def _order(cells: Cells, columns: Columns, *, cancelled: bool) -> Properties:
    total, shipping = columns.number(cells, "total"), columns.number(cells, "shipping")
    if cancelled and not total:
        # The export writes 0 where nothing was paid in the end: what the order was worth is unknown, not nothing.
        total = shipping = None
    ordered, pieces = columns.number(cells, "order_quantity"), columns.number(cells, "quantity")
    return Properties(
        total=total,
        shipping=shipping,
        discount=columns.number(cells, "discount"),
        quantity=pieces if ordered is None else ordered,
        payment_method=columns.text(cells, "payment_method"),
        shipping_method=service(columns.text(cells, "shipping_method")),
        province=place.province(columns.text(cells, "province")),
        city=place.city(columns.text(cells, "city")),
        channel="Shopee",
    )


def _product(cells: Cells, columns: Columns, order: Properties) -> list[Product]:
    """The one product of a row of the raw export. A line total of 0 leaves the line to its price and quantity."""
    sku = columns.text(cells, "sku")
    price, listed = columns.number(cells, "price"), columns.number(cells, "list_price")
    quantity = columns.number(cells, "quantity")
    product = Product(
        product_id=columns.text(cells, "product_id") or sku,
        sku=sku,
        name=columns.text(cells, "name"),
        variant=columns.text(cells, "variant"),
        category=columns.text(cells, "categories"),
        price=listed if price is None else price,
        quantity=order.quantity if quantity is None else quantity,
        total=columns.number(cells, "line_total") or None,
    )
    return [product]


def _categories(cells: Cells, columns: Columns, order: Properties) -> list[Product]:
    """The categories of a cleaned export's order: a list without products. One alone has all the pieces."""
    names = [name.strip() for name in (columns.text(cells, "categories") or "").split(",") if name.strip()]
    products = [Product(category=name) for name in dict.fromkeys(names)]
    if len(products) == 1:
        products[0].quantity = order.quantity
    return products


def _user(username: str | None) -> str | None:
    """A buyer's identity at Shopee; a masked name such as ``a***z`` is nobody's."""
    return None if username is None or "*" in username else f"shopee:{username}"


def _parcel(lines: list[_Line], currency: str, seen: Counter[str]) -> Parcel:
    """One order, from the rows of it that follow one another."""
    first = lines[0]
    order = first.order
    order.currency = currency
    order.products = [product for line in lines for product in line.products] or None
    if first.by_line:
        _add_up(order, lines, seen[first.order_id])
        seen[first.order_id] += len(lines)
    _value_single(order)
    messages = [_message(ORDER_COMPLETED, order, first)]
    if first.cancelled and not order.line:
        about = Properties(order_id=first.order_id, reason=first.reason, status=order.status, currency=currency)
        messages.append(_message(ORDER_CANCELLED, about, first))
    if returned := sum(line.returned for line in lines):
        messages.append(_message(ORDER_REFUNDED, _refund(lines, order, returned), first))
    return Parcel(rows_of([line.row for line in lines]), tuple(messages))


def _add_up(order: Properties, lines: list[_Line], before: int) -> None:
    """What the raw export states line by line, for the order; what it repeats on each line is stated once."""
    order.quantity = _sum(product.quantity for line in lines for product in line.products) or order.quantity
    order.discount = _sum(line.order.discount for line in lines)
    if before:
        order.line, order.total, order.shipping = before, None, None


def _value_single(order: Properties) -> None:
    """What an order's only product came to, where no price says it: what was paid, less the shipping."""
    if order.products is None or len(order.products) > 1 or order.total is None or order.line:
        return
    (product,) = order.products
    if product.price is None and product.total is None:
        product.total = max(order.total - (order.shipping or 0), 0)


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _refund(lines: list[_Line], order: Properties, returned: float) -> Properties:
    products = [
        Product(
            product_id=product.product_id,
            sku=product.sku,
            name=product.name,
            variant=product.variant,
            category=product.category,
            price=product.price,
            quantity=line.returned,
        )
        for line in lines
        if line.by_line and line.returned
        for product in line.products
    ]
    return Properties(
        order_id=order.order_id, currency=order.currency, quantity=returned, products=products or None, line=order.line
    )


def _message(event: str, properties: Properties, first: _Line) -> Message:
    message = Message(type="track", event=event, user_id=first.user, timestamp=first.time, properties=properties)
    return identified(message)
