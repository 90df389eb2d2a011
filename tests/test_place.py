"""Places under one name."""

import pytest

from detak.place import PROVINCES, city, province


def test_there_are_38_provinces_and_each_is_its_own_name() -> None:
    assert len(set(PROVINCES)) == 38
    assert [province(name) for name in PROVINCES] == list(PROVINCES)
    assert [province(name.upper()) for name in PROVINCES] == list(PROVINCES)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("NANGGROE ACEH DARUSSALAM (NAD)", "Aceh"),
        ("NUSA TENGGARA BARAT (NTB)", "Nusa Tenggara Barat"),
        ("NTT", "Nusa Tenggara Timur"),
        ("BANGKA BELITUNG", "Kepulauan Bangka Belitung"),
        ("Kep. Riau", "Kepulauan Riau"),
        ("D.I. YOGYAKARTA", "DI Yogyakarta"),
        ("Daerah Istimewa Yogyakarta", "DI Yogyakarta"),
        ("Jakarta", "DKI Jakarta"),
        ("  west   java ", "Jawa Barat"),
        ("West Java Province", "Jawa Barat"),
        ("Provinsi Jawa Timur", "Jawa Timur"),
        ("Sumatra Utara", "Sumatera Utara"),
        ("PAPUA BARAT DAYA", "Papua Barat Daya"),
        ("nordrhein-westfalen", "Nordrhein-Westfalen"),
        ("Île-de-France", "Île-de-France"),
        ("", None),
        ("-", None),
        (None, None),
    ],
)
def test_province(written: str | None, expected: str | None) -> None:
    assert province(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("KAB. BOGOR", "Kab. Bogor"),
        ("Kabupaten Bogor", "Kab. Bogor"),
        ("Bogor Regency", "Kab. Bogor"),
        ("KOTA JAKARTA BARAT", "Kota Jakarta Barat"),
        ("Kota Administrasi Jakarta Barat", "Kota Jakarta Barat"),
        ("Kab. Adm. Kepulauan Seribu", "Kab. Kepulauan Seribu"),
        ("Bandung City", "Kota Bandung"),
        ("KOTA", "Kota"),
        ("McAllen", "McAllen"),
        ("l'AQUILA", "l'AQUILA"),
        (None, None),
    ],
)
def test_city(written: str | None, expected: str | None) -> None:
    assert city(written) == expected
