"""Settings: what a shop writes takes effect, and what cannot be is named."""

from pathlib import Path

import pytest

from detak.consent import Purpose
from detak.errors import SettingsError
from detak.settings import IMPORTED, Settings, SourceSettings, load


def read(folder: Path, text: str) -> Settings:
    path = folder / "detak.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_without_a_file_the_defaults_stand(tmp_path: Path) -> None:
    assert load(tmp_path / "detak.toml") == Settings() == read(tmp_path, "")
    assert Settings().timezone.key == "Asia/Jakarta"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('language = "de"', "language"),
        ('currency = "rupiah"', "currency"),
        ('zone = "Asia/Atlantis"', "Asia/Atlantis"),
        ('zone = "Asia"', "Asia"),
        ('zone = "../etc"', "etc"),
        ("min_group = 0", "min_group"),
        ("part_rows = -1", "part_rows"),
        ('min_group = "few"', "min_group"),
        ('memory = "plenty"', "memory"),
        ("zon = 1", "unknown field `zon`; is `zone` meant?"),
        ('[consent_categories]\niklan = "advertising"', "advertising"),
        ('[sources.web]\nbasis = "whim"', "basis"),
        ('[sources.web]\nbasis = "contract"\npurposes = ["profit"]', "profit"),
        ("[retention_days]\nprofit = 3", "profit"),
        ("[retention_days]\nanalytics = 0", "retention_days.analytics"),
        ("zone = ", "detak.toml"),
        ('zone = "\x00"', "detak.toml"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert named in str(caught.value)
    assert "detak.toml" in str(caught.value)


@pytest.mark.parametrize("zone", ["Asia/Atlantis", "Asia", "../etc", "", "WIB"])
def test_a_zone_that_is_none_is_told_in_plain_words(tmp_path: Path, zone: str) -> None:
    with pytest.raises(SettingsError, match=rf"zone: '{zone}' is no time zone such as Asia/Jakarta$"):
        read(tmp_path, f'zone = "{zone}"')


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "detak.toml").write_bytes('currency = "IDR" # é'.encode("utf-16"))
    with pytest.raises(SettingsError, match=r"detak\.toml"):
        load(tmp_path / "detak.toml")


def test_the_basis_of_a_source(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        """
        [sources."shop-*"]
        basis = "legitimate_interest"
        purposes = ["analytics"]
        [sources.shop-eu]
        basis = "consent"
        purposes = ["analytics"]
        """,
    )
    assert settings.source("shop-id").covers == Purpose.ANALYTICS
    assert settings.source("shop-eu").covers == Purpose(0)  # its own name before a pattern; consent is what people say
    assert settings.source("web") == SourceSettings()
    assert settings.source("web").covers == Purpose(0)
    assert settings.source("web", imported=True) == IMPORTED
    assert IMPORTED.covers == Purpose.ESSENTIAL | Purpose.ANALYTICS


@pytest.mark.parametrize(
    ("event", "essential"),
    [("Order Completed", True), ("Payment Info Entered", True), ("Product Viewed", False), ("Reorder Made", False)],
)
def test_what_an_order_needs(event: str, essential: bool) -> None:
    assert Settings().essential(event) is essential
    assert not Settings(essential_events=()).essential(event)


def test_the_shops_names_for_purposes_come_first(tmp_path: Path) -> None:
    settings = read(tmp_path, '[consent_categories]\n" Iklan" = "marketing"\nanalytics = "research"')
    assert settings.categories["iklan"] == Purpose.MARKETING
    assert settings.categories["analytics"] == Purpose.RESEARCH
    assert settings.categories["functional"] == Purpose.PERSONALISATION
