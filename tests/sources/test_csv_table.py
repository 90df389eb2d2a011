"""Any table of orders or events: usual names, a mapping file, encodings, delimiters, damaged rows."""

import textwrap
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from detak.errors import SourceError
from detak.event import ORDER_CANCELLED, ORDER_COMPLETED, Product
from detak.sources import csv_mapping
from detak.sources.csv_table import CsvTable

from .files import READING, Read, read, write_csv

HEADER = ["No. Nota", "Tanggal", "Nama Barang", "Qty", "Harga Satuan", "Total"]
ROWS = [
    ["A1", "01/02/2024 10:00", "Sapu; lidi", 2, "1.500", "3.000"],
    ["A1", "01/02/2024 10:00", "Ember\nbesar", 1, "12.000", "12.000"],
    ["A2", "25/02/2024", "Kopi", 1, "5.000", "5.000"],
]


def mapped(tmp_path: Path, text: str, path: Path) -> Read:
    """Read with a mapping file."""
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(text)
    return read("csv", path, replace(READING, mapping=mapping))


def test_what_columns_are_guessed_to_be_is_told(tmp_path: Path) -> None:
    header = ["No Pesanan", "Jam Beli", "Kode Produk", "Jumlah", "Banderol", ""]
    path = write_csv(tmp_path / "jual.csv", [header, ["1", "kemarin", "P1", 2, 5_000, ""]])
    told = CsvTable().guessed(path, READING)
    assert told is not None
    assert told.taken == {"order_id": "No Pesanan", "product_id": "Kode Produk", "quantity": "Jumlah"}
    assert (told.unused, told.lacking) == (("Jam Beli", "Banderol"), ("time", "price"))
    whole = tmp_path / "semua.csv"
    whole.write_text("order_id,tanggal,total\n1,2025-01-01,5000\n")
    found = CsvTable().guessed(whole, READING)
    assert found is not None
    assert (found.unused, found.lacking) == ((), ())
    mapping = tmp_path / "map.toml"
    mapping.write_text('event = "Order Completed"\n[columns]\norder_id = "No Pesanan"\n')
    assert CsvTable().guessed(path, replace(READING, mapping=mapping)) is None


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_usual_names_in_any_form(tmp_path: Path, delimiter: str, encoding: str) -> None:
    found = read("auto", write_csv(tmp_path / "x.csv", [HEADER, *ROWS], delimiter, encoding))
    assert [list(parcel.rows) for parcel in found.parcels] == [[2, 3], [4]]
    first, second = found.named(ORDER_COMPLETED)
    assert first.products == [
        Product(name="Sapu; lidi", price=1_500, quantity=2, total=3_000),
        Product(name="Ember\nbesar", price=12_000, quantity=1, total=12_000),
    ]
    assert (first.order_id, first.total, first.quantity, first.currency) == ("A1", 15_000, 3, "IDR")
    assert second.total == 5_000
    assert [message.timestamp for message in found.messages] == [
        "2024-02-01T03:00:00.000000Z",
        "2024-02-24T17:00:00.000000Z",
    ]


@pytest.mark.parametrize("encoding", ["cp1252", "gb18030", "cp1251"])
def test_a_legacy_encoding_is_found_out(tmp_path: Path, encoding: str) -> None:
    name = {"cp1252": "Café Müller – crème brûlée", "gb18030": "订单已完成商品名称", "cp1251": "Кофе, чай и сахар"}[
        encoding
    ]
    rows = [["A1", "2024-01-01", name, 1, 5, 5]] * 5
    found = read("auto", write_csv(tmp_path / "x.csv", [HEADER, *rows], ";", encoding))
    assert {product.name for order in found.named(ORDER_COMPLETED) for product in order.products or []} == {name}


def test_a_line_that_does_not_decode_costs_only_itself(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", [HEADER, ["A1", "2024-01-01", "Café", 1, 5, 5], *ROWS])
    path.write_bytes(path.read_bytes() + b"A9,2024-01-01,Caf\xe9,1,5,5\r\nA10,2024-01-01,Teh,1,5,5\r\n")
    found = read("auto", path)
    assert [tuple(one) for one in found.rejects] == [
        (6, "", "holds bytes that are no text in the encoding of the file")
    ]
    assert [order.order_id for order in found.named(ORDER_COMPLETED)] == ["A1", "A1", "A2", "A10"][1:]


def test_an_open_quotation_mark_does_not_swallow_the_rows_behind_it(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", [HEADER, ["A0", "2024-01-01", "x", 1, 1, 1]])
    bad = 'A1,2024-01-01,"Sapu,1,5,5\r\n'
    good = "".join(f'B{number},2024-01-01,"a, b",1,5,5\r\n' for number in range(50))
    path.write_text(path.read_text() + bad + good)
    found = read("auto", path)
    assert [(one.row, one.reason) for one in found.rejects] == [(3, "a quotation mark is opened and not closed")]
    assert sorted(found.rows) == list(range(2, 54))


def test_rows_of_another_width_are_kept_aside(tmp_path: Path) -> None:
    rows = [["A1", "2024-01-01", "x", 1, 5, 5], ["A2", "2024-01-01"], ["A3", "2024-01-01", "x", 1, 5, 5, "", ""]]
    found = read("auto", write_csv(tmp_path / "x.csv", [HEADER, *rows, [], ["A4", *rows[0][1:], "more"]]))
    assert [tuple(one) for one in found.rejects] == [
        (3, "", "has 2 cells where the header has 6"),
        (6, "", "has 7 cells where the header has 6"),
    ]
    assert [order.order_id for order in found.named(ORDER_COMPLETED)] == ["A1", "A3"]


def test_events_by_their_usual_words(tmp_path: Path) -> None:
    header = ["timestamp", "visitorid", "event", "itemid", "transactionid"]
    rows = [[1433221332117, 257597.0, "view", 355908, ""], [1433221400, 257597, "addtocart", 355908, ""]]
    rows.append([1433221999, 257597, "transaction", 355908, 4000])
    found = read("auto", write_csv(tmp_path / "x.csv", [header, *rows]))
    assert [message.event for message in found.messages] == ["Product Viewed", "Product Added", ORDER_COMPLETED]
    assert found.messages[0].timestamp == "2015-06-02T05:02:12.117000Z"
    assert {message.user_id for message in found.messages} == {"257597"}
    viewed, _, bought = (message.properties for message in found.messages)
    assert (viewed.product_id, viewed.products) == ("355908", None)
    assert (bought.order_id, bought.products) == ("4000", [Product(product_id="355908")])


def test_a_month_that_cannot_be_shows_that_months_come_first(tmp_path: Path) -> None:
    header = ["order_id", "order_date", "total"]
    rows = [["A1", "03/04/2024 10:00", 5], ["A2", "03/25/2024 10:00", 5]]
    found = read("auto", write_csv(tmp_path / "x.csv", [header, *rows]))
    assert [message.timestamp for message in found.messages] == [
        "2024-03-04T03:00:00.000000Z",
        "2024-03-25T03:00:00.000000Z",
    ]


def test_a_mapping_file(tmp_path: Path) -> None:
    header = ["bon", "hari", "jam", "pembeli", "isi", "potongan harga", "bayar", "catatan", "keadaan", "sebab"]
    rows = [
        ["B1", "2024.02.01", "10.30", "c1", "Kopi, Teh", "1,5", "1.200,5", "rumah Rahasia", "ok", ""],
        ["B2", "2024.02.01", "10.31", "c2", "Kopi", "0", "0", "", "batal", "habis"],
    ]
    text = """
        event = "Order Completed"
        zone = "UTC"
        currency = "EUR"
        grouping = "."
        time_format = "%Y.%m.%d %H.%M"
        delimiter = ";"
        [columns]
        order_id = "Bon"
        time = ["hari", "jam"]
        user_id = "pembeli"
        categories = "isi"
        discount = "potongan harga"
        total = "bayar"
        status = "keadaan"
        reason = "sebab"
        [constants]
        channel = "Toko Bandung"
        """
    found = mapped(tmp_path, text, write_csv(tmp_path / "x.csv", [["Laporan"], header, *rows], ";"))
    first, second = found.named(ORDER_COMPLETED)
    assert (first.total, first.discount, first.currency, first.channel) == (1200.5, 1.5, "EUR", "Toko Bandung")
    assert first.products == [Product(category="Kopi"), Product(category="Teh")]
    assert (found.messages[0].user_id, found.messages[0].timestamp) == ("c1", "2024-02-01T10:30:00.000000Z")
    assert second.total is None
    assert [order.reason for order in found.named(ORDER_CANCELLED)] == ["habis"]
    assert "Rahasia" not in repr(found)


def test_the_mapping_file_in_the_documentation_is_one(tmp_path: Path) -> None:
    example = (csv_mapping.__doc__ or "").partition("::\n")[2]
    (tmp_path / "mapping.toml").write_text(textwrap.dedent(example))
    assert csv_mapping.load(tmp_path / "mapping.toml").columns["time"] == ["Tanggal", "Jam"]


def test_a_file_without_a_header_does_not_put_people_into_a_message(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read("csv", write_csv(tmp_path / "x.csv", [["kopi", "orang@contoh.id", "081200000000"]]))
    assert "kopi" in str(caught.value)
    assert "contoh" not in str(caught.value)
    assert "0812" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[columns]\nharga = 'x'\nevent = 'y'", "there is no field 'harga'; there are: event, time, user_id"),
        ("[columns]\ntotal = 'x'", "neither the event nor the column"),
        ("zone = 'Mars'\nevent = 'x'\n[columns]\ntotal = 'x'", "zone: is no time zone"),
        ("colums = 1", "the mapping file is not understood"),
        ("= = =", "the mapping file is not understood"),
        ("event = 'x'\n[columns]\ntotal = 'Bayar'", "Bayar were looked for; the file has No. Nota, Tanggal"),
    ],
)
def test_a_mapping_that_cannot_be(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        mapped(tmp_path, text, write_csv(tmp_path / "x.csv", [HEADER, *ROWS]))


def test_a_header_that_does_not_tell_says_which_mapping_to_write(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"the file has a, b; say which column is what in a mapping file: event ="):
        read("csv", write_csv(tmp_path / "x.csv", [["a", "b"], [1, 2]]))


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("Qty", "-1", "is negative"),
        ("Harga Satuan", "lima", "is not a number"),
        ("Tanggal", "31/02/2024", "is no date or time that exists"),
        ("No. Nota", "", "is missing"),
    ],
)
def test_bad_cells_name_their_column(tmp_path: Path, column: str, value: str, reason: str) -> None:
    bad = [value if name == column else cell for name, cell in zip(HEADER, ROWS[0], strict=True)]
    found = read("auto", write_csv(tmp_path / "x.csv", [HEADER, bad, ROWS[2]]))
    assert [tuple(one) for one in found.rejects] == [(2, column, reason)]
    assert [order.order_id for order in found.named(ORDER_COMPLETED)] == ["A2"]


def test_a_real_event_log(shared_data: Callable[[str], Path]) -> None:
    found = read("auto", shared_data("retailrocket-events") / "events.csv")
    assert found.rows == list(range(2, 46_352))
    assert Counter(message.event for message in found.messages).keys() == {
        "Product Viewed",
        "Product Added",
        ORDER_COMPLETED,
    }
    assert found.messages[0].timestamp == "2015-09-10T02:36:33.000000Z"


def test_order_lists_of_other_marketplaces(tmp_path: Path) -> None:
    tokopedia = [
        [
            "Order ID",
            "Invoice",
            "Payment Date",
            "Order Status",
            "Product ID",
            "Product Name",
            "Quantity",
            "Price (Rp.)",
        ],
        ["7", "INV/1", "02-11-2026 10:00:00", "Pesanan Selesai", "P1", "Sapu", 2, "45.000"],
    ]
    (order,) = read("auto", write_csv(tmp_path / "t.csv", tokopedia, ",", "utf-8-sig")).messages
    assert (order.timestamp, order.properties.quantity) == ("2026-11-02T03:00:00.000000Z", 2)
    assert [one.price for one in order.properties.products or []] == [45_000]
    lazada = [
        ["orderNumber", "createTime", "sellerSku", "itemName", "unitPrice", "paidPrice", "shippingCity", "status"],
        ["9", "1 Nov 2026 08:15", "LZ-1", "Sepatu", "80000.00", "75000.00", "Bandung", "delivered"],
    ]
    (order,) = read("auto", write_csv(tmp_path / "l.csv", lazada, ";", "utf-8")).messages
    assert (order.timestamp, order.properties.city) == ("2026-11-01T01:15:00.000000Z", "Bandung")
    assert [(one.sku, one.price, one.total) for one in order.properties.products or []] == [("LZ-1", 80_000, 75_000)]


def test_months_by_their_names(tmp_path: Path) -> None:
    dates = ["17 Agustus 2023 09.30", "5-Okt-2023 10:00", "2 May 2023", "3 Des. 2023 23:59:58", "4 Foo 2023"]
    rows = [[f"A{at}", date, "Kopi", 1, 5, 5] for at, date in enumerate(dates)]
    found = read("auto", write_csv(tmp_path / "x.csv", [HEADER, *rows], ",", "utf-8"))
    assert [message.timestamp for message in found.messages] == [
        "2023-08-17T02:30:00.000000Z",
        "2023-10-05T03:00:00.000000Z",
        "2023-05-01T17:00:00.000000Z",
        "2023-12-03T16:59:58.000000Z",
    ]
    assert [one.row for one in found.rejects] == [6]
