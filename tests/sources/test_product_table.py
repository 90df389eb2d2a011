"""Files of products: shops' own tables, feeds, shop systems' exports, marketplaces' forms, JSON."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.sources.files import READING, write_csv, write_xlsx

from detak.errors import SourceError
from detak.product_fields import read_row
from detak.sources.base import Reject
from detak.sources.product_cells import amount
from detak.sources.product_table import ProductRow, read_products


def read(path: Path) -> tuple[dict[str, dict[str, Any]], list[Reject]]:
    """The products by id, each acceptable to the catalogue; and the rows turned away."""
    found = list(read_products(path, READING))
    products = {one.product["id"]: one.product for one in found if isinstance(one, ProductRow)}
    for product in products.values():
        read_row(product, "IDR")
    return products, [one for one in found if isinstance(one, Reject)]


def rupiah(value: int) -> dict[str, object]:
    return {"amount": value, "currency": "IDR"}


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(",", "utf-8"), (";", "cp1252"), ("\t", "utf-8-sig"), ("|", "utf-16")]
)
def test_a_shops_own_table(tmp_path: Path, delimiter: str, encoding: str) -> None:
    header = [
        "Kode Produk",
        "Nama Produk",
        "Harga (Rp)",
        "Harga Coret",
        "HPP",
        "Stok",
        "Kategori",
        "Gambar",
        "Merek",
        "Warna",
    ]
    row = [
        "KB-1",
        "Mangkok “É”",
        "Rp 12.000",
        "15.000",
        "8000",
        "1.250",
        "Rumah > Dapur",
        "https://shop.test/a.jpg",
        "Ayam",
        "Merah",
    ]
    products, rejects = read(write_csv(tmp_path / "produk.csv", [header, row], delimiter, encoding))
    assert rejects == []
    assert products == {
        "KB-1": {
            "id": "KB-1", "name": "Mangkok “É”", "price": rupiah(12_000), "compare_at_price": rupiah(15_000),
            "cost": rupiah(8_000), "stock": 1_250, "category": ["Rumah", "Dapur"], "brand": "Ayam",
            "image_url": "https://shop.test/a.jpg", "attributes": {"color": "Merah"},
        }
    }  # fmt: skip


def test_a_feed_for_google(tmp_path: Path) -> None:
    header = ["id", "title", "link", "image_link", "availability", "price", "sale_price", "sale_price_effective_date",
              "google_product_category", "product_type", "brand", "item_group_id", "cost_of_goods_sold",
              "custom_label_0", "custom_label_3", "gtin"]  # fmt: skip
    now = "2026-11-01T00:00+0700/2026-11-30T23:59+0700"
    then = "2026-10-01T00:00+0700/2026-10-31T23:59+0700"
    rows = [
        ["A1", "Kaos", "https://shop.test/p", "https://shop.test/1.jpg", "in stock", "150000.00 IDR", "120000 IDR", now,
         "Apparel & Accessories > Clothing", "", "Erigo", "G1", "90000 IDR", "laris", "musim hujan", "8991234567890"],
        ["A2", "Mug", "https://shop.test/p", "https://shop.test/2.jpg", "out_of_stock", "15.00 USD", "12.00 USD", then,
         "2169", "Rumah > Dapur", "", "", "", "", "", ""],
    ]  # fmt: skip
    products, rejects = read(write_csv(tmp_path / "feed.tsv", [header, *rows], "\t"))
    assert rejects == []
    assert products["A1"]["price"] == rupiah(120_000)
    assert products["A1"]["compare_at_price"] == rupiah(150_000)
    assert products["A1"]["category"] == ["Apparel & Accessories", "Clothing"]
    assert products["A1"]["labels"] == ["laris", "musim hujan"]
    assert products["A1"]["attributes"] == {"gtin": "8991234567890"}
    assert (products["A1"]["group"], products["A1"]["cost"]) == ("G1", rupiah(90_000))
    assert products["A2"]["price"] == {"amount": 1_500, "currency": "USD"}
    assert "compare_at_price" not in products["A2"]
    assert (products["A2"]["availability"], products["A2"]["category"]) == ("out_of_stock", ["Rumah", "Dapur"])


def shopee_update(*rows: Sequence[object]) -> list[Sequence[object]]:
    return [
        ["et_title_product_id", "et_title_product_name", "et_title_variation_id", "et_title_variation_name",
         "et_title_parent_sku", "et_title_variation_sku", "et_title_variation_price", "ps_gtin_code",
         "et_title_variation_stock"],
        ["sales_info", "8dddd2f7", "0", "74562936", "{}", None, None, None, None],
        ["Kode Produk", "Nama Produk", "Kode Variasi", "Nama Variasi", "SKU Induk", "SKU", "Harga", "GTIN", "Stok"],
        [None, None, None, None, None, None, "Wajib", None, "Wajib"],
        ["Tidak dapat diubah"] * 4 + [None] * 5,
        [None, None, None, None, None, None, "Harga 1 - 150.000.000", None, "Stok 0 - 999.999"],
        *rows,
    ]  # fmt: skip


def test_shopees_mass_update_folds_the_variants_of_a_listing(tmp_path: Path) -> None:
    rows = shopee_update(
        ["44105980850", "Kaos", "208571", "Merah", "KAOS", "KAOS-M", "75.000", None, "3"],
        ["44105980850", "Kaos", "208572", "Biru", "KAOS", "KAOS-B", "70.000", None, "0"],
        ["44105980851", "Mug", "0", None, None, "MUG-1", "28000", "899", "12"],
        ["44105980852", "Topi", "0", None, None, None, "30000", None, "-1"],
        ["44105980853", "Rusak", "0", None, None, "R-1", "gratis", None, "1"],
    )
    products, rejects = read(write_xlsx(tmp_path / "mass_update_sales_info.xlsx", rows))
    assert products == {
        "KAOS": {"id": "KAOS", "name": "Kaos", "price": rupiah(70_000), "stock": 3},
        "MUG-1": {
            "id": "MUG-1", "name": "Mug", "sku": "MUG-1", "price": rupiah(28_000), "stock": 12,
            "group": "44105980851", "attributes": {"gtin": "899"},
        },
        "44105980852": {"id": "44105980852", "name": "Topi", "price": rupiah(30_000), "stock": 0},
    }  # fmt: skip
    assert rejects == [Reject(11, "et_title_variation_price", "is not a number")]


def test_shopees_mass_upload_form(tmp_path: Path) -> None:
    header = [
        "ps_category|0|0", "ps_product_name|1|0", "ps_product_description|1|0", "ps_sku_parent_short|0|0",
        "et_title_variation_integration_no|0|0", "et_title_option_for_variation_1|0|0", "ps_price|1|1", "ps_stock|0|1",
        "ps_sku_short|0|0", "ps_item_cover_image|0|3", "ps_weight|1|1",
    ]  # fmt: skip
    notes = [
        ["basic", "8dddd2f7", "0", "72444654"] + [None] * 7,
        ["Kategori", "Nama Produk", "Deskripsi Produk", "SKU Induk", "Kode Integrasi Variasi", "Varian", "Harga",
         "Stok", "Kode Variasi", "Foto Sampul", "Berat (kg)"],
        ["Opsional"] + ["Wajib"] * 10,
        [None] * 6 + ["Harus angka"] + [None] * 4,
        [None, "Panduan"] + [None] * 9,
    ]  # fmt: skip
    rows = [
        ["Fashion/Pria/Kaos", "Kaos", "Adem", "KAOS", "INT-1", "S", 75_000, 3, "KAOS-S", "https://cf.test/1.jpg", 0.2],
        [None, None, None, None, "INT-1", "M", 72_500, 4, "KAOS-M", None, None],
        ["101213", "Mug", None, None, None, None, 28_000, 9, "MUG-1", None, None],
    ]
    products, rejects = read(write_xlsx(tmp_path / "basic_template.xlsx", [header, *notes, *rows]))
    assert rejects == []
    assert list(products) == ["KAOS", "MUG-1"]
    assert (products["KAOS"]["price"], products["KAOS"]["stock"]) == (rupiah(72_500), 7)
    assert products["KAOS"]["category"] == ["Fashion", "Pria", "Kaos"]
    assert (products["KAOS"]["name"], products["KAOS"]["image_url"]) == ("Kaos", "https://cf.test/1.jpg")
    assert "variant" not in products["KAOS"]


def test_the_seller_center_of_tiktok_shop_and_tokopedia(tmp_path: Path) -> None:
    header = ["product_id", "category", "product_name", "product_status", "sku_id", "variation_value", "brand", "price",
              "quantity", "seller_sku", "main_image"]  # fmt: skip
    notes = [
        ["V4", "All_Information", "metric", *[None] * 8],
        ["Nama"] * 11,
        ["Wajib"] * 11,
        ["Tidak dapat diubah"] * 11,
    ]
    rows = [
        ["173655", "Perkakas (882952)", "Mata gerinda", "Aktif(1)", "17365501", "1 pcs", "golden lion (70726302)",
         "115000", "50", "MG-1", "https://p16.test/a.jpeg?idc=my2&width=2000"],
        ["173655", "Perkakas (882952)", "Mata gerinda", "Aktif(1)", "17365502", "5 pcs", "golden lion (70726302)",
         "545000", "10", None, "https://p16.test/a.jpeg?idc=my2&width=2000"],
        ["173698", "Gergaji (883720)", "Mata gergaji", "Nonaktif(0)", "17369801", None, None, "9", None, None, None],
    ]  # fmt: skip
    products, rejects = read(write_xlsx(tmp_path / "all_information.xlsx", [header, *notes, *rows]))
    assert rejects == []
    assert list(products) == ["MG-1", "173655", "173698"]
    first, last = products["MG-1"], products["173698"]
    assert (first["brand"], first["category"], first["hidden"]) == ("golden lion", ["Perkakas"], False)
    assert (first["group"], first["variant"], first["stock"]) == ("173655", "1 pcs", 50)
    assert last["hidden"] is True
    assert "stock" not in last


def test_an_export_of_shopify(tmp_path: Path) -> None:
    header = ["Handle", "Title", "Vendor", "Type", "Tags", "Option1 Value", "Variant SKU", "Variant Inventory Qty",
              "Variant Price", "Variant Compare At Price", "Image Src", "Cost per item", "Status"]  # fmt: skip
    rows = [
        ["kaos", "Kaos", "Erigo", "Pakaian", "baru, katun", "S", "K-S", "3", "75000", "90000", "https://cdn.test/1.jpg",
         "50000", "active"],
        ["kaos", "", "", "", "", "M", "K-M", "-2", "70000", "", "", "", ""],
        ["kaos", "", "", "", "", "", "", "", "", "", "https://cdn.test/2.jpg", "", ""],
        ["mug", "Mug", "", "", "", "", "", "", "28000", "", "", "", "draft"],
    ]  # fmt: skip
    products, rejects = read(write_csv(tmp_path / "products_export.csv", [header, *rows]))
    assert rejects == []
    kaos = products["kaos"]
    assert (kaos["price"], kaos["stock"], kaos["labels"]) == (rupiah(70_000), 3, ["baru", "katun"])
    assert "compare_at_price" not in kaos
    assert (kaos["image_url"], kaos["hidden"], products["mug"]["hidden"]) == ("https://cdn.test/1.jpg", False, True)


def test_an_export_of_woocommerce(tmp_path: Path) -> None:
    header = ["ID", "Type", "SKU", "Name", "Published", "In stock?", "Stock", "Sale price", "Regular price",
              "Categories", "Tags", "Images"]  # fmt: skip
    rows = [
        ["41", "simple", "K-1", "Kaos", "1", "1", "", "50000", "75000", "Fashion > Pria, Fashion > Promo, Baru", "a, b",
         "https://shop.test/1.jpg, https://shop.test/2.jpg"],
        ["42", "simple", "K-2", "Mug", "0", "0", "0", "", "28000", "Dapur", "", ""],
    ]  # fmt: skip
    products, rejects = read(write_csv(tmp_path / "wc-product-export.csv", [header, *rows]))
    assert rejects == []
    assert products["41"] == {
        "id": "41", "sku": "K-1", "name": "Kaos", "price": rupiah(50_000), "compare_at_price": rupiah(75_000),
        "availability": "in_stock", "hidden": False, "category": ["Fashion", "Pria"], "labels": ["a", "b"],
        "image_url": "https://shop.test/1.jpg",
    }  # fmt: skip
    assert (products["42"]["hidden"], products["42"]["availability"], products["42"]["stock"]) == (
        True,
        "out_of_stock",
        0,
    )


def test_json_lines_speak_of_major_units_like_any_file_unless_they_say_which(tmp_path: Path) -> None:
    lines = [
        {
            "id": 7,
            "title": "Mug",
            "price": 27.5,
            "currency": "USD",
            "category": ["Rumah", "Dapur"],
            "attributes": {"a": 1},
        },
        {"sku": "S1", "nama": "Kaos", "harga": "Rp 75.000", "price": None, "tags": ["x", "y"], "hidden": True},
        {"id": "B", "price": {"amount": 2_750, "currency": "USD"}, "created": "2026-11-01T00:00:00Z", "origins": {}},
    ]
    path = tmp_path / "products.jsonl"
    path.write_text("\n\n".join(map(json.dumps, lines)))
    products, rejects = read(path)
    assert rejects == []
    assert products["7"]["price"] == products["B"]["price"] == {"amount": 2_750, "currency": "USD"}
    assert (products["7"]["category"], products["7"]["attributes"]) == (["Rumah", "Dapur"], {"a": 1})
    assert (products["S1"]["labels"], products["S1"]["hidden"], products["S1"]["sku"]) == (["x", "y"], True, "S1")


@pytest.mark.parametrize(
    "content",
    [
        '[{"id": "A", "name": "x"},\n {"id": "B"}, 5]',
        '\ufeff{"products": [{"id": "A", "name": "x"}, {"id": "B"}, 5], "cursor": null}',
        '{\n "products": [\n  {"id": "A", "name": "x"},\n  {"id": "B"}, 5\n ]\n}',
    ],
)
def test_json_in_one_value(tmp_path: Path, content: str) -> None:
    path = tmp_path / "products.json"
    path.write_text(content)
    products, rejects = read(path)
    assert list(products) == ["A", "B"]
    assert rejects == [Reject(3, "", "is no JSON object")]


def test_bad_lines_of_json_are_told_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "products.jsonl"
    path.write_bytes(
        b'{"id": "A"}\n{"id": \n[1]\n{"name": "x"}\n{"id": "B", "name": {"id": 5}}\n{"id":"\xff"}\n{"id": "C"}\n'
    )
    products, rejects = read(path)
    assert list(products) == ["A", "C"]
    assert [(one.row, one.field) for one in rejects] == [(2, ""), (3, ""), (4, "id"), (5, "name"), (6, "")]


def test_bad_rows_of_a_table_are_told_by_its_own_columns(tmp_path: Path) -> None:
    header = ["Kode Barang", "Nama Barang", "Harga", "Stok", "Harga Promo", "Mata Uang"]
    rows = [
        ["A", "x", "gratis", "1", "", ""],
        ["", "x", "5", "1", "", ""],
        ["C", "x", "5", "banyak", "", ""],
        ["D", "x", "5", "1", "murah", ""],
        ["E", "x", "5", "1", "", "rupiah"],
        ["F", "x"],
        ["G", "x", "5", "habis", "4", "USD"],
    ]
    products, rejects = read(write_csv(tmp_path / "p.csv", [header, *rows]))
    assert [(one.row, one.field) for one in rejects] == [
        (2, "Harga"), (3, "Kode Barang"), (4, "Stok"), (5, "Harga Promo"), (6, "Mata Uang"), (7, ""),
    ]  # fmt: skip
    assert products["G"]["availability"] == "out_of_stock"
    assert products["G"]["price"] == {"amount": 400, "currency": "USD"}


def test_rows_of_one_id_in_a_plain_table_stay_rows(tmp_path: Path) -> None:
    """Nothing says that they are variants: the later row counts, as everywhere."""
    path = write_csv(tmp_path / "p.csv", [["id", "name", "stock"], ["A", "x", 1], ["A", "y", 2]])
    assert [one.product["stock"] for one in read_products(path, READING) if isinstance(one, ProductRow)] == [1, 2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n1,2\n", "the columns id, sku, name, price, stock were looked for; the file has a, b"),
        (b"", "is empty"),
        (b"{\n{\n", "is neither JSON nor JSON Lines"),
        (b"[1, 2", "is neither JSON nor JSON Lines"),
        (b"PK\x03\x04broken", "the spreadsheet cannot be read"),
    ],
)
def test_a_file_that_is_none_is_told_in_words(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "products"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=message):
        read(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be opened"):
        read(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("cell", "currency", "value", "code"),
    [
        ("12000 IDR", "USD", 12_000, "IDR"),
        ("IDR 12.000", "USD", 12_000, "IDR"),
        ("12,000", "IDR", 12_000, "IDR"),
        ("12.000,00", "IDR", 12_000, "IDR"),
        ("12000.00 IDR", "IDR", 12_000, "IDR"),
        ("Rp12.000", "USD", 12_000, "IDR"),
        ("$1,299.99", "IDR", 129_999, "USD"),
        ("$1,299.99", "SGD", 129_999, "SGD"),
        ("1.299,99 €", "IDR", 129_999, "EUR"),
        ("1,299.99", "USD", 129_999, "USD"),
        ("1,299", "USD", 129_900, "USD"),
        ("1299.9", "USD", 129_990, "USD"),
        (27.5, "USD", 2_750, "USD"),
        (38_300.0, "IDR", 38_300, "IDR"),
        ("¥500", "IDR", 500, "JPY"),
        ("15.00 SGD", "IDR", 1_500, "SGD"),
    ],
)
def test_amounts_as_people_and_programs_write_them(cell: object, currency: str, value: int, code: str) -> None:
    assert amount(cell, currency, "price") == {"amount": value, "currency": code}


@pytest.mark.parametrize("cell", ["", None, "-", "n/a", float("nan")])
def test_an_empty_amount_says_nothing(cell: object) -> None:
    assert amount(cell, "IDR", "price") is None


def test_where_no_column_numbers_products_their_names_do(tmp_path: Path) -> None:
    products, rejects = read(write_csv(tmp_path / "p.csv", [["Nama", "Harga", "Stok"], ["Mug", "5000", 1], ["", 1, 1]]))
    assert products == {"Mug": {"id": "Mug", "name": "Mug", "price": rupiah(5_000), "stock": 1}}
    assert rejects == [Reject(3, "Nama", "is empty: nothing says which product this is")]


def test_orders_are_no_products(tmp_path: Path) -> None:
    """Their quantities would be taken for stock."""
    header = ["No. Pesanan", "Nama Produk", "Nomor Referensi SKU", "Harga", "Jumlah"]
    with pytest.raises(SourceError, match="holds orders, not products"):
        read(write_csv(tmp_path / "p.csv", [header, ["A1", "Mug", "M", 1, 1]]))


def test_the_real_export_of_orders_is_no_file_of_products(shared_data: Callable[[str], Path]) -> None:
    folder = shared_data("indonesia-shopee-orders")
    tables = [path for path in sorted(folder.rglob("*")) if path.suffix in {".csv", ".xlsx"}]
    assert tables
    for path in tables:
        with pytest.raises(SourceError):
            list(read_products(path, READING))
