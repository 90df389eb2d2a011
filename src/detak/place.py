"""Places in Indonesia, each under one name however an export spells it. Other countries' names pass through."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

# The 38 provinces since 2022, each with the other spellings, English names and abbreviations that exports use.
_PROVINCES: Final[Mapping[str, tuple[str, ...]]] = {
    "Aceh": ("Nanggroe Aceh Darussalam", "NAD", "Daerah Istimewa Aceh", "DI Aceh"),
    "Sumatera Utara": ("Sumatra Utara", "North Sumatra", "North Sumatera", "Sumut"),
    "Sumatera Barat": ("Sumatra Barat", "West Sumatra", "West Sumatera", "Sumbar"),
    "Riau": (),
    "Jambi": (),
    "Sumatera Selatan": ("Sumatra Selatan", "South Sumatra", "South Sumatera", "Sumsel"),
    "Bengkulu": (),
    "Lampung": (),
    "Kepulauan Bangka Belitung": ("Bangka Belitung", "Bangka Belitung Islands", "Kep Bangka Belitung", "Babel"),
    "Kepulauan Riau": ("Riau Islands", "Kep Riau", "Kepri"),
    "DKI Jakarta": (
        *("Jakarta", "Jakarta Raya", "Daerah Khusus Ibukota Jakarta", "Daerah Khusus Jakarta", "DK Jakarta", "DKJ"),
        *("DKI", "Special Capital Region of Jakarta", "Jakarta Special Capital Region"),
    ),
    "Jawa Barat": ("West Java", "Jabar"),
    "Jawa Tengah": ("Central Java", "Jateng"),
    "DI Yogyakarta": (
        *("Yogyakarta", "Daerah Istimewa Yogyakarta", "DIY", "Jogja", "Jogjakarta", "DI Jogjakarta", "D.I. Yogyakarta"),
        *("Special Region of Yogyakarta", "Yogyakarta Special Region"),
    ),
    "Jawa Timur": ("East Java", "Jatim"),
    "Banten": (),
    "Bali": (),
    "Nusa Tenggara Barat": ("NTB", "West Nusa Tenggara"),
    "Nusa Tenggara Timur": ("NTT", "East Nusa Tenggara"),
    "Kalimantan Barat": ("West Kalimantan", "Kalbar"),
    "Kalimantan Tengah": ("Central Kalimantan", "Kalteng"),
    "Kalimantan Selatan": ("South Kalimantan", "Kalsel"),
    "Kalimantan Timur": ("East Kalimantan", "Kaltim"),
    "Kalimantan Utara": ("North Kalimantan", "Kaltara"),
    "Sulawesi Utara": ("North Sulawesi", "Sulut"),
    "Sulawesi Tengah": ("Central Sulawesi", "Sulteng"),
    "Sulawesi Selatan": ("South Sulawesi", "Sulsel"),
    "Sulawesi Tenggara": ("Southeast Sulawesi", "South East Sulawesi", "Sultra"),
    "Gorontalo": (),
    "Sulawesi Barat": ("West Sulawesi", "Sulbar"),
    "Maluku": (),
    "Maluku Utara": ("North Maluku", "Malut"),
    "Papua": (),
    "Papua Barat": ("West Papua", "Irian Jaya Barat"),
    "Papua Selatan": ("South Papua",),
    "Papua Tengah": ("Central Papua",),
    "Papua Pegunungan": ("Highland Papua", "Papua Highlands"),
    "Papua Barat Daya": ("Southwest Papua", "South West Papua"),
}
PROVINCES: Final = tuple(_PROVINCES)
"""The canonical names."""

_CENTRAL: Final = (
    *("Bali", "Nusa Tenggara Barat", "Nusa Tenggara Timur", "Kalimantan Selatan", "Kalimantan Timur"),
    *("Kalimantan Utara", "Sulawesi Utara", "Sulawesi Tengah", "Sulawesi Selatan", "Sulawesi Tenggara", "Gorontalo"),
    "Sulawesi Barat",
)
_EASTERN: Final = (
    *("Maluku", "Maluku Utara", "Papua", "Papua Barat", "Papua Selatan", "Papua Tengah", "Papua Pegunungan"),
    "Papua Barat Daya",
)
HOURS_AHEAD: Final[Mapping[str, int]] = {
    **dict.fromkeys(PROVINCES, 7),
    **dict.fromkeys(_CENTRAL, 8),
    **dict.fromkeys(_EASTERN, 9),
}
"""Hours ahead of UTC by province: WIB, WITA and WIT (Keppres 41/1987); there is no summer time."""

_LETTERS = re.compile(r"[\W_]+")
_BRACKETS = re.compile(r"\s*\([^)]*\)")
_PREFIX = re.compile(r"^(?:provinsi|prov\.?|province of)\s+|\s+province$", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_REGENCY = re.compile(r"^(?:kabupaten|kab\.?)\s+(?:administrasi\s+|adm\.?\s+)?|\s+regency$", re.IGNORECASE)
_CITY = re.compile(r"^kota\s+(?:administrasi\s+|adm\.?\s+)?|\s+city$", re.IGNORECASE)
_UPPER = frozenset({"dki", "di", "dk", "usa", "uk", "uae", "rsa", "eire"})


def _key(name: str) -> str:
    return _LETTERS.sub("", name.casefold())


_BY_KEY: Final[Mapping[str, str]] = {
    _key(spelling): name for name, others in _PROVINCES.items() for spelling in (name, *others)
}


@lru_cache(maxsize=4096)
def province(name: str | None) -> str | None:
    """The province's one name: ``NANGGROE ACEH DARUSSALAM (NAD)`` is ``Aceh``, ``West Java`` is ``Jawa Barat``.

    A name that is no Indonesian province comes back in title case; nothing is None.
    """
    tidy = _tidy(name)
    if tidy is None:
        return None
    bare = _PREFIX.sub("", _BRACKETS.sub("", tidy)).strip() or tidy
    return _BY_KEY.get(_key(bare)) or _BY_KEY.get(_key(tidy)) or _title(tidy)


@lru_cache(maxsize=8192)
def city(name: str | None) -> str | None:
    """The regency or city: ``KAB. BOGOR`` is ``Kab. Bogor``, ``Bogor City`` is ``Kota Bogor``; others in title case."""
    tidy = _tidy(name)
    if tidy is None:
        return None
    for pattern, prefix in ((_REGENCY, "Kab."), (_CITY, "Kota")):
        bare, found = pattern.subn("", tidy)
        if found and bare:
            return f"{prefix} {_title(bare)}"
    return _title(tidy)


def _tidy(name: str | None) -> str | None:
    words = " ".join(name.split()) if name else ""
    return None if words.lower() in {"", "-", "nan", "null", "none"} else words


def _title(name: str) -> str:
    """Title case, where the name is written all in one case; ``McAllen`` and ``DI Yogyakarta`` stay as they are."""
    if not (name.isupper() or name.islower()):
        return name
    return _WORD.sub(lambda word: word[0].upper() if word[0].lower() in _UPPER else word[0].capitalize(), name)
