"""Which column of a table is what: a mapping file that a shop writes, or what usual column names say by themselves.

A mapping file is TOML. Every part but ``[columns]`` may be left out; columns that it does not name are not read::

    event = "Order Completed"        # what every row is, where no column says it
    zone = "Asia/Jakarta"            # of times without one
    currency = "IDR"                 # of amounts without one
    grouping = "."                   # the mark that groups thousands: "." in 38.300, "," in 38,300
    time_format = "%d/%m/%Y %H.%M"   # or "unix" (seconds), "unix_ms"; left out: ISO 8601 and day first
    delimiter = ";"                  # left out, as encoding: found out
    encoding = "cp1252"

    [columns]                        # field = column; a time may stand in several columns
    order_id = "No. Nota"
    time = ["Tanggal", "Jam"]
    user_id = "ID Pelanggan"
    name = "Nama Barang"
    quantity = "Qty"
    price = "Harga Satuan"
    total = "Total Bayar"            # of the order, repeated on its lines; "line_total" is that of a line

    [events]                         # what the values of the event column mean
    lihat = "Product Viewed"

    [constants]                      # field = a value that every row has
    channel = "Toko Bandung"
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from detak.errors import SourceError
from detak.event import COUPON_APPLIED, ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED, PRODUCTS_SEARCHED
from detak.sources.base import Columns
from detak.sources.cells import Cells
from detak.sources.tables import Aliases, key, places

MESSAGE_FIELDS = ("event", "time", "user_id", "anonymous_id")
PRODUCT_NUMBERS = ("price", "quantity", "line_total")
PRODUCT_FIELDS = ("product_id", "sku", "name", "category", "brand", "variant", *PRODUCT_NUMBERS)
ORDER_NUMBERS = ("total", "revenue", "value", "shipping", "discount")
COUNTS = ("position", "results")
ORDER_FIELDS = (
    *("order_id", "checkout_id", "cart_id", "query", "currency", "coupon", "payment_method", "shipping_method"),
    *("province", "city", "country", "channel", "reason", "status", "categories", *ORDER_NUMBERS, *COUNTS),
)
FIELDS = (*MESSAGE_FIELDS, *PRODUCT_FIELDS, *ORDER_FIELDS)

_NEEDED: Final = {"time": {"time"}, "price": {"price", "line_total", "total", "revenue", "value"}}

# Usual names of columns, English and Indonesian. Names of people, telephones and addresses are deliberately not here.
USUAL: Aliases = {
    "event": ("event", "event_name", "event_type", "action", "activity", "type", "behavior", "kejadian", "aktivitas"),
    "time": (
        *("time", "timestamp", "event_time", "datetime", "date_time", "created_at", "order_date", "order date"),
        *("purchase_date", "transaction_date", "order_time", "invoice_date", "date", "waktu", "tanggal", "ts"),
        *("tanggal pesanan", "tanggal order", "tanggal transaksi", "waktu pesanan", "waktu transaksi", "tgl"),
        *("tanggal pembelian", "waktu pesanan dibuat", "tgl pesanan", "tgl transaksi", "create_time", "created_time"),
        *("payment_date", "tanggal pembayaran", "waktu pembayaran"),
    ),
    "user_id": (
        *("user_id", "customer_id", "userid", "customerid", "visitor_id", "member_id", "client_id", "buyer_id"),
        *("id pelanggan", "id pembeli", "id user", "id member", "kode pelanggan", "id customer"),
    ),
    "anonymous_id": ("anonymous_id", "session_id", "sessionid", "device_id", "cookie_id", "id sesi"),
    "order_id": (
        *("order_id", "orderid", "order_no", "order_number", "order", "invoice", "invoice_no", "invoice_id"),
        *("transaction_id", "transactionid", "receipt_no", "no pesanan", "nomor pesanan", "id pesanan", "no nota"),
        *("nomor nota", "no invoice", "nomor invoice", "no order", "nomor order", "no transaksi", "id transaksi"),
        *("nomor transaksi", "no faktur", "nomor faktur", "kode pesanan", "kode transaksi"),
    ),
    "product_id": (
        *("product_id", "productid", "item_id", "itemid", "id produk", "kode produk", "kode barang", "id barang"),
        *("article_id", "product_code", "stock_code"),
    ),
    "sku": ("sku", "nomor sku", "sku id", "nomor referensi sku", "kode sku", "seller_sku", "stock keeping unit (sku)"),
    "name": ("product_name", "item_name", "product", "item", "nama produk", "nama barang", "produk", "barang"),
    "category": ("category", "product_category", "category_id", "cat_id", "kategori", "kategori produk"),
    "brand": ("brand", "merek", "merk"),
    "variant": ("variant", "variation", "variasi", "nama variasi", "varian"),
    "price": (
        *("price", "unit_price", "item_price", "selling_price", "harga", "harga satuan", "harga jual"),
        "harga setelah diskon",
    ),
    "quantity": ("quantity", "qty", "units", "jumlah", "kuantitas", "banyak", "jumlah barang", "jumlah produk"),
    "line_total": (
        "line_total",
        "paid_price",
        "subtotal",
        "sub_total",
        "total harga produk",
        "total harga",
        "subtotal produk",
    ),
    "total": (
        *("total", "order_total", "grand_total", "total_amount", "amount", "total_price", "total bayar"),
        *("total pembayaran", "total belanja", "total pesanan", "nilai pesanan"),
    ),
    "revenue": ("revenue", "pendapatan"),
    "shipping": (
        "shipping",
        "total_shipping_fee",
        "shipping_cost",
        "shipping_fee",
        "ongkir",
        "ongkos kirim",
        "biaya kirim",
    ),
    "discount": ("discount", "total_discount", "diskon", "total diskon", "potongan"),
    "currency": ("currency", "mata uang"),
    "coupon": ("coupon", "coupon_code", "voucher", "voucher_code", "kode voucher", "kupon", "kode promo"),
    "payment_method": (
        "payment_method",
        "payment",
        "payment_type",
        "metode pembayaran",
        "pembayaran",
        "cara bayar",
        "pay_method",
    ),
    "shipping_method": ("shipping_method", "courier", "shipping_option", "kurir", "opsi pengiriman", "jasa kirim"),
    "province": ("province", "state", "region", "provinsi", "propinsi", "shipping_region"),
    "city": ("city", "kota", "kota/kabupaten", "kabupaten/kota", "kabupaten", "shipping_city"),
    "country": ("country", "negara"),
    "channel": ("channel", "sales_channel", "marketplace", "platform", "kanal"),
    "status": ("status", "order_status", "status pesanan", "status order", "status transaksi"),
    "reason": ("cancel_reason", "cancellation_reason", "alasan pembatalan", "alasan batal"),
    "query": ("query", "search_query", "search_term", "keyword", "kata kunci", "pencarian"),
    "categories": ("product_categories", "categories"),
}

# What values of an event column usually mean, in the names of the e-commerce spec.
EVENTS: Mapping[str, str] = {
    **dict.fromkeys(("view", "viewed", "detail", "itemview", "productview", "pageview", "lihat"), "Product Viewed"),
    **dict.fromkeys(("click", "clicked", "klik"), "Product Clicked"),
    **dict.fromkeys(("addtocart", "cart", "basket", "tambahkekeranjang", "keranjang"), "Product Added"),
    **dict.fromkeys(("removefromcart", "hapusdarikeranjang"), "Product Removed"),
    **dict.fromkeys(("wishlist", "addtowishlist", "favorite", "favourite", "fav"), "Product Added to Wishlist"),
    **dict.fromkeys(("checkout", "begincheckout"), "Checkout Started"),
    **dict.fromkeys(("transaction", "purchase", "buy", "order", "sale", "beli", "pembelian"), ORDER_COMPLETED),
    **dict.fromkeys(("cancel", "cancelled", "canceled", "batal", "dibatalkan"), ORDER_CANCELLED),
    **dict.fromkeys(("refund", "refunded", "return", "retur", "pengembalian"), ORDER_REFUNDED),
    **dict.fromkeys(("search", "cari", "pencarian"), PRODUCTS_SEARCHED),
    **dict.fromkeys(("coupon", "redeem", "voucher"), COUPON_APPLIED),
}


class ColumnMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a mapping file says."""

    columns: dict[str, str | list[str]]
    event: str | None = None
    zone: str | None = None
    currency: str | None = None
    grouping: Literal[".", ","] | None = None
    time_format: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    events: dict[str, str] = {}
    constants: dict[str, str | int | float] = {}
    guessed: bool = False
    """Made of usual names, by nobody who knows the file."""

    def event_of(self, value: str | None) -> str | None:
        """The event's name for a value of the event column; a value that nobody mapped is its own name."""
        if value is None:
            return self.event
        return self.events.get(value) or EVENTS.get(key(value)) or value

    def names(self) -> list[str]:
        """The columns it reads."""
        return [name for column in self.columns.values() for name in _several(column)]

    def at(self, header: Cells) -> dict[str, tuple[int, ...]]:
        """Field -> where its column, or columns, stand in a header that ``fits``."""
        index = {key(name): place for place, name in reversed(list(enumerate(header)))}
        return {field: tuple(index[key(name)] for name in _several(column)) for field, column in self.columns.items()}

    def fits(self, header: Cells) -> bool:
        """Whether the header has all the columns."""
        return {key(name) for name in self.names()} <= {key(name) for name in header}


def load(path: Path) -> ColumnMapping:
    """The mapping in a file.

    Raises:
        SourceError: it cannot be read or says what cannot be; the message names the key.
    """
    try:
        mapping = msgspec.toml.decode(path.read_bytes(), type=ColumnMapping)
        if mapping.zone is not None:
            ZoneInfo(mapping.zone)
    except OSError as error:
        raise SourceError(f"{path}: the mapping file cannot be opened: {error.strerror}") from None
    except ZoneInfoNotFoundError:
        raise SourceError(f"{path}: zone: is no time zone such as Asia/Jakarta") from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise SourceError(f"{path}: the mapping file is not understood: {error}") from None
    unknown = [field for field in (*mapping.columns, *mapping.constants) if field not in FIELDS]
    if unknown:
        raise SourceError(f"{path}: there is no field {unknown[0]!r}; there are: {', '.join(FIELDS)}")
    if mapping.event is None and not {"event", "order_id"} & mapping.columns.keys():
        raise SourceError(f'{path}: says neither the event nor the column that holds it; add event = "Order Completed"')
    return mapping


def guess(header: Cells) -> ColumnMapping | None:
    """The mapping that usual column names give; None where they do not say what a row is."""
    found = places(header, USUAL)
    if not {"event", "order_id"} & found.keys() or len(found) < 3:
        return None
    return ColumnMapping(columns={field: str(header[place]) for field, place in found.items()}, guessed=True)


def told_columns(header: Cells, mapping: ColumnMapping) -> Columns:
    """What the columns of the header are taken for."""
    at = mapping.at(header)
    used = {place for places_ in at.values() for place in places_}
    return Columns(
        {field: " ".join(str(header[place]) for place in found) for field, found in at.items()},
        tuple(str(name) for place, name in enumerate(header) if place not in used and str(name or "").strip()),
        tuple(need for need, fields in _NEEDED.items() if not at.keys() & fields),
    )


def _several(column: str | list[str]) -> list[str]:
    return [column] if isinstance(column, str) else column
