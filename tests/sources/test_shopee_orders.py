"""Shopee's order export: its shapes, its spellings, its traps, and the real file."""

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from detak.errors import SourceError
from detak.event import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED, Product
from detak.sources.delivery import service

from .files import read, write_csv, write_xlsx

RAW = [
    *("No. Pesanan", "Status Pesanan", "Alasan Pembatalan", "Status Pembatalan/ Pengembalian", "No. Resi"),
    *("Opsi Pengiriman", "Waktu Pesanan Dibuat", "Metode Pembayaran", "SKU Induk", "Nama Produk"),
    *("Nomor Referensi SKU", "Nama Variasi", "Harga Awal", "Harga Setelah Diskon", "Jumlah", "Returned quantity"),
    *("Total Harga Produk", "Total Diskon", "Ongkos Kirim Dibayar oleh Pembeli", "Total Pembayaran"),
    *("Username (Pembeli)", "Nama Penerima", "No. Telepon", "Alamat Pengiriman", "Kota/Kabupaten", "Provinsi"),
]
PERSONAL = ("Nama Rahasia", "628000000000", "Jalan Rahasia 1")


def raw_row(order: str, **changes: object) -> list[object]:
    """A row of the raw export: one piece of one product, paid and done, but for the changes."""
    cells: dict[str, object] = {
        "No. Pesanan": order,
        "Status Pesanan": "Selesai",
        "Opsi Pengiriman": "Hemat Kargo-SPX Hemat",
        "Waktu Pesanan Dibuat": "2024-04-01 00:15",
        "Metode Pembayaran": "COD (Bayar di Tempat)",
        "Nama Produk": "Celengan",
        "Nomor Referensi SKU": "C-1",
        "Nama Variasi": "Merah",
        "Harga Awal": "25.000",
        "Harga Setelah Diskon": "20.000",
        "Jumlah": 1,
        "Returned quantity": 0,
        "Total Harga Produk": "20.000",
        "Total Diskon": "5.000",
        "Ongkos Kirim Dibayar oleh Pembeli": "0",
        "Total Pembayaran": "20.000",
        "Username (Pembeli)": "pembeli_satu",
        "Nama Penerima": PERSONAL[0],
        "No. Telepon": PERSONAL[1],
        "Alamat Pengiriman": PERSONAL[2],
        "Kota/Kabupaten": "KAB. BOGOR",
        "Provinsi": "JAWA BARAT",
    }
    cells |= changes
    return [cells.get(name) for name in RAW]


def raw(tmp_path: Path, *rows: list[object]) -> Path:
    """A raw export."""
    return write_xlsx(tmp_path / "Order.all.xlsx", [RAW, *rows])


def test_lines_of_an_order_that_follow_one_another_are_one_order(tmp_path: Path) -> None:
    second = raw_row("A", **{"Nama Produk": "Ember", "Harga Setelah Diskon": "Rp 7.500", "Jumlah": 2})
    found = read("auto", raw(tmp_path, raw_row("A"), second, raw_row("B")))
    assert [list(parcel.rows) for parcel in found.parcels] == [[2, 3], [4]]
    first, other = found.named(ORDER_COMPLETED)
    assert (first.order_id, first.total, first.quantity, first.discount) == ("A", 20_000, 3, 10_000)
    assert [(product.name, product.price, product.quantity) for product in first.products or []] == [
        ("Celengan", 20_000, 1),
        ("Ember", 7_500, 2),
    ]
    assert (first.province, first.city, first.shipping_method) == ("Jawa Barat", "Kab. Bogor", "Hemat Kargo")
    assert other.line is None
    assert found.messages[0].user_id == "shopee:pembeli_satu"
    assert found.messages[0].timestamp == "2024-03-31T17:15:00.000000Z"


def test_an_order_that_comes_again_later_in_the_file_goes_on(tmp_path: Path) -> None:
    found = read("auto", raw(tmp_path, raw_row("A"), raw_row("A"), raw_row("B"), raw_row("A")))
    begun, _, continued = found.named(ORDER_COMPLETED)
    assert (begun.line, begun.total) == (None, 20_000)
    assert (continued.order_id, continued.line, continued.total, continued.shipping) == ("A", 2, None, None)
    assert len({message.message_id for message in found.messages}) == 3


def test_a_cancelled_order_does_not_claim_to_have_been_worth_nothing(tmp_path: Path) -> None:
    reason = "Dibatalkan oleh Pembeli. Alasan: Need to change delivery address"
    gone = {"Status Pesanan": "Batal", "Alasan Pembatalan": reason, "Total Pembayaran": 0, "Total Harga Produk": 0}
    found = read("auto", raw(tmp_path, raw_row("A", **gone)))
    (order,) = found.named(ORDER_COMPLETED)
    (cancelled,) = found.named(ORDER_CANCELLED)
    assert (order.total, order.shipping) == (None, None)
    assert order.products == [
        Product(product_id="C-1", sku="C-1", name="Celengan", variant="Merah", price=20_000, quantity=1)
    ]
    assert (cancelled.order_id, cancelled.reason) == ("A", reason)
    assert len({message.timestamp for message in found.messages}) == 1


@pytest.mark.parametrize("status", ["Batal", "Dibatalkan", "Cancelled", "CANCELED", "Pesanan Dibatalkan"])
def test_cancelled_in_every_spelling(tmp_path: Path, status: str) -> None:
    assert read("auto", raw(tmp_path, raw_row("A", **{"Status Pesanan": status}))).named(ORDER_CANCELLED)


@pytest.mark.parametrize("status", ["Selesai", "Perlu Dikirim", "Pembatalan Diajukan", "Belum Bayar"])
def test_what_is_not_cancelled(tmp_path: Path, status: str) -> None:
    assert not read("auto", raw(tmp_path, raw_row("A", **{"Status Pesanan": status}))).named(ORDER_CANCELLED)


def test_returned_pieces_are_a_refund(tmp_path: Path) -> None:
    found = read("auto", raw(tmp_path, raw_row("A", **{"Jumlah": 3, "Returned quantity": 2}), raw_row("A")))
    (refund,) = found.named(ORDER_REFUNDED)
    assert (refund.order_id, refund.quantity) == ("A", 2)
    assert [product.quantity for product in refund.products or []] == [2]


def test_the_deadline_in_a_status_is_no_status(tmp_path: Path) -> None:
    status = "Pesanan diterima, namun Pembeli masih dapat mengajukan pengembalian hingga 2025-12-08."
    (order,) = read("auto", raw(tmp_path, raw_row("A", **{"Status Pesanan": status}))).named(ORDER_COMPLETED)
    assert order.status == "Pesanan diterima"


def test_a_masked_buyer_is_nobody_and_personal_columns_are_not_read(tmp_path: Path) -> None:
    found = read("auto", raw(tmp_path, raw_row("A", **{"Username (Pembeli)": "p***u"}), raw_row("B", Jumlah="dua")))
    assert found.messages[0].user_id is None
    everything = repr(found)
    assert not any(secret in everything for secret in PERSONAL)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("No. Pesanan", "", "is missing"),
        ("Jumlah", "-1", "is negative"),
        ("Harga Setelah Diskon", "gratis", "is not a number"),
        ("Total Pembayaran", -5, "is negative"),
        ("Waktu Pesanan Dibuat", "2024-13-45", "is no date or time that exists"),
        ("Waktu Pesanan Dibuat", "2031-01-01 00:00", "is in the future"),
    ],
)
def test_a_bad_row_is_kept_aside_and_its_neighbours_go_in(
    tmp_path: Path, column: str, value: object, reason: str
) -> None:
    found = read("auto", raw(tmp_path, raw_row("A"), raw_row("B", **{column: value}), raw_row("C")))
    assert [order.order_id for order in found.named(ORDER_COMPLETED)] == ["A", "C"]
    assert [tuple(reject) for reject in found.rejects] == [(3, column, reason)]


def test_a_line_that_says_nothing_but_a_number_is_no_order(tmp_path: Path) -> None:
    sums = ["Total", *("" for _ in RAW[1:])]
    found = read("auto", write_xlsx(tmp_path / "x.xlsx", [RAW, raw_row("A1"), sums]))
    assert [one.row for one in found.rejects] == [3]
    assert len(found.parcels) == 1


def test_an_order_without_a_time_is_still_an_order(tmp_path: Path) -> None:
    found = read("auto", raw(tmp_path, raw_row("A", **{"Waktu Pesanan Dibuat": "-"})))
    assert not found.rejects
    assert found.messages[0].timestamp is None


def test_both_spellings_of_the_headers_say_the_same(tmp_path: Path) -> None:
    other = {
        "No. Pesanan": "NOMOR  PESANAN",
        "Status Pembatalan/ Pengembalian": "Status Pembatalan/Pengembalian",
        "Returned quantity": "Jumlah Dikembalikan",
        "Total Harga Produk": "Subtotal Pesanan",
        "Waktu Pesanan Dibuat": "waktu pesanan dibuat ",
        "Total Pembayaran": "Total Pembayaran (Rp)",
    }
    row = raw_row("A", **{"Jumlah": 2, "Returned quantity": 1})
    one = read("auto", write_xlsx(tmp_path / "one.xlsx", [RAW, row]))
    two = read("auto", write_csv(tmp_path / "two.csv", [[other.get(name, name) for name in RAW], row], ";"))
    assert one.messages == two.messages


def test_english_headers_below_a_title(tmp_path: Path) -> None:
    header = ["Order ID", "Order Status", "Cancel reason", "Shipping Option", "Order Creation Date", "Product Name"]
    header += ["Deal Price", "Quantity", "Grand Total"]
    row = ["E1", "Cancelled", "Need to modify order", "Standard Delivery", "01/04/2024 00:15", "Mug", 10, 2, 0]
    found = read("auto", write_xlsx(tmp_path / "e.xlsx", [["My orders"], [], header, row]))
    assert [list(parcel.rows) for parcel in found.parcels] == [[4]]
    (order,) = found.named(ORDER_COMPLETED)
    assert (order.shipping_method, order.total, order.quantity) == ("Reguler", None, 2)
    assert found.messages[0].timestamp == "2024-03-31T17:15:00.000000Z"


def test_a_cleaned_file_has_one_row_an_order(tmp_path: Path) -> None:
    header = ["order_id", "total_qty", "product_categories", "Status Pesanan", "Opsi Pengiriman", "Total Pembayaran"]
    header += ["Ongkos Kirim Dibayar oleh Pembeli", "Waktu Pesanan Dibuat"]
    one = ["A", 3, "Celengan", "Selesai", "SPX Hemat", 38_300.0, 8_300.0, "2024-04-01 00:15"]
    two = ["B", 2, "Keranjang, Other, Keranjang", "Selesai", "JNE YES", 10_000, 0, ""]
    found = read("auto", write_csv(tmp_path / "c.csv", [header, one, two, one]))
    first, second, again = found.named(ORDER_COMPLETED)
    assert first.products == [Product(category="Celengan", quantity=3, total=30_000)]
    assert second.products == [Product(category="Keranjang"), Product(category="Other")]
    assert (again.order_id, again.line) == ("A", None)
    assert found.messages[0].message_id == found.messages[2].message_id


def test_a_published_raw_file_without_products_still_has_lines(tmp_path: Path) -> None:
    header = ["No. Pesanan", "Status Pesanan", "Alasan Pembatalan", "Opsi Pengiriman", "Jumlah", "product_categories"]
    header += ["Total Pembayaran", "Ongkos Kirim Dibayar oleh Pembeli", "Waktu Pesanan Dibuat"]
    one = ["A", "Selesai", "", "SPX Hemat", 2, "Celengan", "30.000", "5.000", "2024-04-01 00:15"]
    two = ["A", "Selesai", "", "SPX Hemat", 1, "Ember", "30.000", "5.000", "2024-04-01 00:15"]
    found = read("auto", write_csv(tmp_path / "c.csv", [header, one, two, ["B", *one[1:]]]))
    first, second = found.named(ORDER_COMPLETED)
    assert (first.total, first.quantity) == (30_000, 3)
    assert first.products == [Product(category="Celengan", quantity=2), Product(category="Ember", quantity=1)]
    assert second.products == [Product(category="Celengan", quantity=2, total=25_000)]


def test_a_changed_status_is_another_message_of_the_same_order(tmp_path: Path) -> None:
    before = read("auto", raw(tmp_path, raw_row("A", **{"Status Pesanan": "Perlu Dikirim"})))
    after = read("auto", raw(tmp_path, raw_row("A")))
    assert before.named(ORDER_COMPLETED)[0].order_id == after.named(ORDER_COMPLETED)[0].order_id
    assert before.messages[0].message_id != after.messages[0].message_id


def test_a_named_source_says_which_columns_are_missing(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", [["a", "b"], [1, 2]])
    with pytest.raises(SourceError, match=r"No\. Pesanan, Status Pesanan were looked for; the file has a, b"):
        read("shopee-orders", path)


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("Hemat Kargo-SPX Hemat", "Hemat Kargo"),
        ("SPX Hemat", "Hemat Kargo"),
        ("Hemat Kargo", "Hemat Kargo"),
        ("J&T Economy", "Hemat Kargo"),
        ("Reguler (Cashless)-JNE Reguler", "Reguler"),
        ("J&T Express", "Reguler"),
        ("Instant (Versi Lama)-SPX Instant (Versi Lama)", "Instant"),
        ("GrabExpress Instant", "Instant"),
        ("GoSend Instant Prioritas", "Instant Prioritas"),
        ("GrabExpress Sameday", "Same Day"),
        ("Same-Day-Grab", "Same Day"),
        ("JNE Trucking (JTR)", "Kargo"),
        ("JNE YES", "Next Day"),
        ("SPX Express Point", "Agen SPX Express"),
        ("Drone-Angkasa", "Drone"),
        (None, None),
    ],
)
def test_a_delivery_service_has_one_name(option: str | None, expected: str | None) -> None:
    assert service(option) == expected


@pytest.mark.parametrize("name", ["all_months_clean.xlsx", "all_months_clean.csv"])
def test_the_real_file(shared_data: Callable[[str], Path], name: str) -> None:
    found = read("auto", shared_data("indonesia-shopee-orders") / name)
    assert not found.rejects
    assert found.rows == list(range(2, 20_850))
    assert Counter(message.event for message in found.messages) == {
        ORDER_COMPLETED: 20_848,
        ORDER_CANCELLED: 2_830,
        ORDER_REFUNDED: 157,
    }
    placed = [message for message in found.messages if message.event == ORDER_COMPLETED]
    assert sum(message.timestamp is not None for message in placed) == 18_868
    orders = found.named(ORDER_COMPLETED)
    assert len({order.province for order in orders}) == 34
    assert {order.shipping_method for order in orders} == {
        *("Hemat Kargo", "Reguler", "Instant", "Instant Prioritas", "Same Day", "Next Day", "Kargo"),
        "Agen SPX Express",
    }
    with (shared_data("indonesia-shopee-orders") / "all_months_clean.csv").open(encoding="utf-8-sig") as file:
        paid = sum(float(row["Total Pembayaran"]) for row in csv.DictReader(file))
    assert sum(order.total or 0 for order in orders) == paid


def test_xlsx_and_csv_of_the_real_file_are_the_same_messages(shared_data: Callable[[str], Path]) -> None:
    folder = shared_data("indonesia-shopee-orders")
    books = [
        {message.message_id for message in read("auto", folder / f"all_months_clean.{kind}").messages}
        for kind in ("xlsx", "csv")
    ]
    assert books[0] == books[1]
