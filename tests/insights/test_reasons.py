"""One code for the many spellings of a reason."""

import pytest

from detak.insights.reasons import ACTORS, codes, read, stated
from detak.words import knows

UNITED = {
    "change_address": [
        "Need to change delivery address",
        "Perlu mengubah alamat pengiriman",
        "perlu  mengubah ALAMAT pengiriman.",
        "Change of Delivery Address",
        "Need to Change Delivery Address",
        "Salah alamat",
    ],
    "change_order": [
        "Ubah Pesanan yang Ada",
        "Perlu mengubah pesanan",
        "Need to modify order",
        "Need to modify order (size, color, quantity, etc.)",
        "Modify existing order (colour, size, address, voucher, etc.)",
        "Ingin mengubah rincian & membuat pesanan baru",
    ],
    "change_voucher": [
        "Perlu mengubah Voucher",
        "Need to input / Change Voucher Code",
        "Forgot to Input Voucher Code",
        "Lupa memasukkan kode promo",
    ],
    "changed_mind": [
        "Lainnya/ berubah pikiran",
        "Others / change of mind",
        "Change of mind / others",
        "Tidak ingin membeli lagi",
        "Don't Want to Buy Anymore",
        "Don’t want to buy anymore",
        "Tidak jadi beli",
    ],
    "unpaid": ["Pesanan belum dibayar", "Unpaid Order", "Payment timeout", "Pembeli tidak membayar tepat waktu"],
    "payment_difficult": ["Proses pembayaran sulit", "Payment Procedure too Troublesome"],
    "payment_failed": ["Unsuccessful / Rejected Payment", "Pembayaran gagal"],
    "found_cheaper": ["Menemukan yang lebih murah", "Found Cheaper Elsewhere", "Found a better price elsewhere"],
    "seller_unresponsive": [
        "Penjual tidak responsif terhadap pertanyaan Pembeli",
        "Seller is not Responsive to buyer's Inquires",
        "Penjual tidak merespon",
    ],
    "out_of_stock": [
        "Produk habis",
        "Stok habis",
        "Out of Stock",
        "Product out of stock",
        "Sourcing Delay(cannot find)",
    ],
    "seller_late_to_ship": [
        "Penjual gagal mengirimkan pesanan tepat waktu",
        "Penjual tidak mengatur pengiriman tepat waktu",
        "Seller did not Ship",
        "Seller failed to arrange shipment on time",
    ],
    "delivery_failed": ["Pengiriman gagal", "Failed Delivery", "Package delivery failed"],
    "lost_in_transit": [
        "Paket hilang di perjalanan. Kompensasi yang memenuhi syarat telah dikreditkan ke Saldo Penjual-mu.",
        "Parcel is Lost",
    ],
    "delivery_too_slow": ["Delivery time is too long", "Too long delivery time", "Waktu pengiriman terlalu lama"],
    "duplicate_order": ["Duplicate order", "Pesanan ganda"],
    "other": ["Lainnya", "Other", "Others", "Alasan lainnya", "Auto Cancel"],
    "unrecognised": ["Kucing saya duduk di atas keyboard"],
    "unstated": ["", "   ", "-"],
}


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in UNITED.items() for text in texts])
def test_spellings_of_one_reason_are_united(code: str, text: str) -> None:
    assert read(text).reason == code


@pytest.mark.parametrize(
    ("text", "actor"),
    [
        ("Dibatalkan oleh Pembeli. Alasan: Lainnya", "buyer"),
        ("Cancelled by Buyer. Reason: Others", "buyer"),
        ("Canceled by buyer. Reason: Others", "buyer"),
        ("Dibatalkan oleh Penjual. Alasan: Lainnya", "seller"),
        ("Cancelled by Seller. Reason: Other", "seller"),
        ("Dibatalkan secara otomatis oleh sistem. Alasan: Lainnya", "system"),
        ("Cancelled automatically by Shopee's system. Reason: Other", "system"),
        ("Pesanan dibatalkan oleh sistem karena lainnya", "system"),
        ("Lainnya", "unknown"),
    ],
)
def test_who_cancelled_is_as_the_text_says(text: str, actor: str) -> None:
    assert read(text) == ("other", actor)


def test_who_cancelled_is_who_alone_can_have_the_reason() -> None:
    assert read("Produk habis").actor == "seller"
    assert read("Berubah pikiran").actor == "buyer"
    assert read("Pesanan belum dibayar").actor == "system"
    assert read("Dibatalkan oleh Penjual. Alasan: Berubah pikiran").actor == "seller"


def test_who_without_why() -> None:
    assert read("Dibatalkan oleh Pembeli") == ("unstated", "buyer")
    assert read("Cancelled by seller.") == ("unstated", "seller")
    assert read("Dibatalkan oleh Pembeli. Alasan:") == ("unstated", "buyer")
    assert read("Cancelled automatically by Shopee") == ("unstated", "system")
    assert read("Batal") == ("unstated", "unknown")
    assert read(None) == ("unstated", "unknown")


def test_why_without_the_word_for_it() -> None:
    assert read("Batal beli, tidak jadi") == ("changed_mind", "buyer")
    assert read("Dibatalkan oleh sistem, penjual tidak mengirim") == ("seller_late_to_ship", "system")
    assert read("Cancelled order by mistake") == ("ordered_by_mistake", "buyer")
    assert read("Pembatalan: kucing saya") == ("unrecognised", "unknown")
    assert read("Cancelled by Seller. Reason: kucing saya") == ("unrecognised", "seller")


def test_the_spelling_is_shown_without_who_cancelled() -> None:
    assert stated("Dibatalkan oleh Pembeli.  Alasan:  Produk  habis") == "Produk habis"
    assert stated("Cancelled by Buyer. Reason: Others") == "Others"
    assert stated("Produk habis") == "Produk habis"


def test_every_code_and_actor_has_a_label_in_both_languages() -> None:
    for language in ("id", "en"):
        assert all(knows(language, f"reason.{code}") for code in codes())
        assert all(knows(language, f"actor.{actor}") for actor in ACTORS)
