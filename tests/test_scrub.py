"""What people leave in free text and in a shop's own keys does not reach the facts; what is no person's stays."""

import pytest

from detak.scrub import scrub, without_people


@pytest.mark.parametrize(
    "key",
    [
        "nama", "Nama Lengkap", "namaDepan", "nama_pembeli", "alamat", "alamat_lengkap", "telp", "No. Telp", "telepon",
        "hp", "no_hp", "nomorHp", "wa", "No WA", "kode_pos", "penerima", "penerima_paket", "buyer_name", "buyerId",
        "customer_email", "customerEmail", "contact-phone", "shippingPhone", "ship.address", "EMAIL", "e-mail",
    ],
)  # fmt: skip
def test_keys_that_name_a_person_go(key: str) -> None:
    assert without_people({"deep": [{key: "x", "own": 1}]}) == {"deep": [{"own": 1}]}


@pytest.mark.parametrize(
    "key",
    [
        "name", "nama_produk", "namaBarang", "nama_toko", "Nama Variasi", "headphone", "smartphones", "phone_case",
        "jumlah_pembeli", "warna", "email_campaign", "hp_laptop", "harga", "", "_", "...",
    ],
)  # fmt: skip
def test_keys_of_things_stay(key: str) -> None:
    assert without_people({key: "x"}) == {key: "x"}


@pytest.mark.parametrize(
    "text",
    ["6281234567890", "62 812-3456-7890", "+62 (0)812 3456 7890", "081234567890", "0812.3456.7890", "+6281234567890"],
)
def test_telephone_numbers_as_people_here_write_them_go(text: str) -> None:
    assert scrub(f"hubungi {text} ya") == "hubungi [removed] ya"
    assert without_people({text: [text]}) == {"[removed]": ["[removed]"]}


@pytest.mark.parametrize("number", [62812345678, 6281234567890, 628123456789012, 6281234567890.0])
def test_a_telephone_number_may_be_a_number(number: float) -> None:
    assert without_people({"code": number}) == {"code": "[removed]"}


@pytest.mark.parametrize(
    "value",
    [6281234567, 6281234567890123, 1_790_000_000_000, -6281234567890, 62_812_345_678.5, True, None, 1e308,
     10**400, "625000", "Rp 6.281.000", "6281", "ORD-2410-6281"],
)  # fmt: skip
def test_figures_stay(value: object) -> None:
    assert without_people({"code": value}) == {"code": value}


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("https://toko.id/reset?token=1&nama=Budi#x", "https://toko.id/reset"),
        ("see http://toko.id/a?b=budi now, HTTPS://x.id/#budi", "see http://toko.id/a now, HTTPS://x.id/"),
        ("https://ani:rahasia@toko.id:8080/p", "https://toko.id:8080/p"),
        ("app://cart?user=ani", "app://cart"),
        ("//toko.id/p?u=ani", "//toko.id/p"),
        ("www.toko.id/p?u=ani", "www.toko.id/p"),
        ("/cari?q=ani", "/cari"),
        ("?q=ani", ""),
        ("/cari", "/cari"),
        ("berapa? 5/6?", "berapa? 5/6?"),
        ("?", "?"),
    ],
)
def test_of_an_address_of_a_page_the_query_goes(told: str, kept: str) -> None:
    assert without_people({"from": told}) == {"from": kept}


@pytest.mark.parametrize("text", ["/" * 10**6, "://" * 300_000, "a" * 10**6, "?=" * 500_000, "://" + "a" * 10**6])
def test_addresses_take_time_in_proportion_to_the_text(text: str) -> None:
    assert isinstance(without_people([text])[0], str)  # at the square of the length this would take an hour
