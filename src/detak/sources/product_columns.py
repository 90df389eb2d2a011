"""What columns of product files are called: shops' own in English and Indonesian, and the forms of marketplaces.

Shopee's mass-upload and mass-update forms name their columns by codes in the first row (``ps_product_name|1|0``,
``et_title_product_id``); so does the Seller Center of TikTok Shop and Tokopedia (``seller_sku``). The codes are alike
in every language. Google's names are those of its product data specification; Shopify's and WooCommerce's of their
product exports.
"""

from collections.abc import Mapping
from typing import Final

from detak.sources.tables import Aliases

PRODUCTS: Final[Aliases] = {
    "id": (
        *("id", "product_id", "item_id", "id produk", "kode produk", "id barang", "kode barang", "kode item", "handle"),
        *("product_code", "item_code", "article_id", "stock_code", "et_title_product_id", "kode"),
    ),
    "sku": (
        *("et_title_variation_sku", "ps_sku_short", "seller_sku", "variant sku", "sku", "kode sku", "nomor sku"),
        *("sku penjual", "sku name", "kode variasi", "nomor referensi sku", "sku_id", "barcode"),
    ),
    "parent_sku": ("et_title_parent_sku", "ps_sku_parent_short", "sku induk", "parent sku", "induk sku"),
    "form": ("et_title_variation_integration_no", "kode integrasi variasi"),
    "group": ("item_group_id", "group_id", "group", "parent_id", "parent"),
    "name": (
        *("et_title_product_name", "ps_product_name", "name", "product_name", "title", "item_name", "nama produk"),
        *("nama barang", "nama item", "nama", "judul", "judul produk", "produk", "barang", "product"),
    ),
    "variant": (
        *("et_title_variation_name", "et_title_option_for_variation_1", "variation_value", "variant", "variation"),
        *("variasi", "nama variasi", "varian", "varian untuk variasi 1", "option1 value"),
    ),
    "description": (
        *("et_title_product_description", "ps_product_description", "product_description", "description", "deskripsi"),
        *("deskripsi produk", "body (html)", "short description", "keterangan"),
    ),
    "price": (
        *("et_title_variation_price", "ps_price", "variant price", "price", "regular price", "harga", "harga jual"),
        *("harga satuan", "harga produk", "unit_price", "selling_price", "item_price", "harga normal"),
    ),
    "sale_price": (
        "sale_price",
        "special_price",
        "specialprice",
        "harga promo",
        "harga diskon",
        "harga setelah diskon",
    ),
    "sale_dates": ("sale_price_effective_date",),
    "compare_at_price": (
        *("compare_at_price", "variant compare at price", "list_price", "original_price", "was_price", "msrp"),
        *("harga coret", "harga asli", "harga awal", "harga sebelum diskon"),
    ),
    "cost": (
        *("cost", "cost_of_goods_sold", "cost per item", "cost_price", "unit_cost", "cogs", "harga pokok", "hpp"),
        *("harga modal", "harga beli", "modal"),
    ),
    "margin": ("margin", "profit", "laba", "keuntungan"),
    "currency": ("currency", "mata uang", "currencycode", "kode mata uang"),
    "stock": (
        *("et_title_variation_stock", "ps_stock", "variant inventory qty", "stock", "stok", "quantity", "qty"),
        *("jumlah stok", "stok produk", "stok tersedia", "sisa stok", "inventory", "inventory_quantity", "jumlah"),
        *("quantity_to_sell_on_facebook", "stock_quantity"),
    ),
    "availability": ("availability", "stock_status", "in stock?", "in_stock", "ketersediaan", "status stok"),
    "status": ("product_status", "status", "status produk", "published", "active", "aktif"),
    "hidden": ("hidden", "is_hidden", "tersembunyi", "disembunyikan"),
    "category": (
        *("ps_category", "et_title_product_category", "product_type", "category", "categories", "product_category"),
        *("kategori", "kategori produk", "nama kategori", "type", "jenis"),
    ),
    "google_category": ("google_product_category", "product category", "fb_product_category"),
    "brand": ("brand", "brands", "ps_brand", "vendor", "merek", "merk", "manufacturer"),
    "image_url": (
        *("ps_item_cover_image", "main_image", "image_link", "image_url", "image", "images", "image src"),
        *(
            "foto sampul",
            "gambar",
            "url gambar",
            "gambar produk",
            "gambar 1",
            "gambar produk 1",
            "url gambar 1",
            "foto",
        ),
        *("foto produk", "foto produk 1", "link gambar", "ps_item_image_1", "ps_item_image.1", "mainimage", "picture"),
    ),
    "url": ("link", "url", "product_url", "page_url", "permalink", "tautan", "link produk", "url produk"),
    "labels": ("labels", "tags", "label", "tag", "kata kunci"),
    "listed": ("listed", "created_at", "date_created", "tanggal dibuat", "published_at"),
}

ATTRIBUTES: Final[Aliases] = {
    "color": ("color", "colour", "warna"),
    "size": ("size", "ukuran"),
    "material": ("material", "bahan"),
    "pattern": ("pattern", "motif"),
    "gender": ("gender", "jenis kelamin"),
    "age_group": ("age_group", "kelompok usia"),
    "condition": ("condition", "kondisi"),
    "gtin": ("gtin", "ps_gtin_code", "ean", "upc", "isbn", "variant barcode"),
    "mpn": ("mpn",),
    "weight": ("ps_weight", "weight", "berat", "berat (kg)", "berat (gram)", "shipping_weight", "parcel_weight"),
}

LABELS: Final[Aliases] = {f"custom_label_{number}": (f"custom_label_{number}",) for number in range(5)}

FORM_CODES: Final = ("et_title_", "ps_")
"""How Shopee's codes of columns begin."""

SELLER_CENTER: Final = frozenset(
    {"product_id", "sku_id", "product_name", "variation_value", "seller_sku", "main_image"}
)
"""Codes of columns of TikTok Shop's and Tokopedia's Seller Center; several of them together are its form."""

NOTES_UNTIL: Final = 6
"""Rows up to this one explain a marketplace's form; products come after them."""

HIDDEN: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("active", "aktif", "published", "publish", "live", "1", "true", "yes", "ya", "on"), False),
    **dict.fromkeys(
        ("draft", "archived", "inactive", "nonaktif", "tidak aktif", "hidden", "unlisted", "0", "-1", "false", "no",
         "tidak", "off", "deleted", "banned", "private"),
        True,
    ),
}  # fmt: skip
"""What words in a column of states mean."""
