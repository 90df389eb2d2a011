"""Free text and free JSON without what names a person. Pure.

What people type into fields that were not made for it: an address in a search, a telephone number in a note.
"""

import re
from typing import Any, Final

# fmt: off
_PERSONAL_KEYS: Final = (
    "email", "e_mail", "mail", "email_address", "customer_email", "phone", "phone_number", "telephone", "mobile",
    "mobile_number", "msisdn", "whatsapp", "first_name", "last_name", "full_name", "customer_name", "username",
    "recipient", "recipient_name", "address", "address1", "address2", "shipping_address", "billing_address", "street",
    "postal_code", "postcode", "zip", "zip_code", "ip", "ip_address", "nik", "ktp", "npwp", "birthday", "birth_date",
    "date_of_birth", "card_number", "iban", "account_number", "password", "token", "latitude", "longitude", "lat",
    "lng", "lon", "hp", "no_hp", "nomor_hp", "no_telp", "nomor_telp", "telp", "telepon", "no_telepon", "nomor_telepon",
    "handphone", "wa", "no_wa", "nomor_wa", "kode_pos", "penerima", "tanggal_lahir",
)
_PERSONAL_FIRST: Final = ("nama", "alamat", "buyer", "recipient", "penerima")  # whatever follows: nama_depan, buyer_id
_PERSONAL_LAST: Final = frozenset({"email", "phone", "telp", "telepon", "hp", "wa", "whatsapp", "address", "alamat"})
_NAMED_THINGS: Final = (
    "produk", "product", "barang", "item", "kategori", "merek", "merk", "brand", "varian", "variasi", "toko",
    "kampanye", "promo", "voucher", "kupon", "kurir", "ekspedisi", "halaman", "event",
)
# fmt: on
_SEPARATORS: Final = re.compile(r"[\W_]+")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")  # customer|Email
_BARE_KEYS: Final = frozenset(_SEPARATORS.sub("", key) for key in _PERSONAL_KEYS)
# Each starts only where a word starts: tried at every letter of a long word it would take the square of its length.
_ADDRESS: Final = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE: Final = re.compile(r"(?<![\w.-])(?:\+\d{1,3}|0|62(?=[\s.-]*8))[\s().-]*(?:\d[\s().-]*){8,13}\d(?!\w)")
_MOBILES: Final = [(628 * 10**more, 629 * 10**more) for more in range(8, 13)]  # Indonesian ones, as numbers
_LOGIN: Final = re.compile(r"(?<=://)[^\s/?#@]{1,256}@")
_QUERY: Final = re.compile(r"(://[^\s?#]*|(?<!\S)(?:/|www\.)[^\s?#]*)(?:[?#]\S*)?|^\?(?=[^\s=]*=)\S*$")
_REMOVED: Final = "[removed]"


def scrub(text: str) -> str:
    """Free text without e-mail addresses and telephone numbers."""
    return _PHONE.sub(_REMOVED, _ADDRESS.sub(_REMOVED, text))


def without_people(value: Any) -> Any:
    """Decoded JSON without the keys and the texts that name a person.

    Raises:
        RecursionError: it is nested too deeply.
    """
    if isinstance(value, dict):
        return {scrub(key): without_people(one) for key, one in value.items() if not _personal(key)}
    if isinstance(value, list):
        return [without_people(one) for one in value]
    if isinstance(value, str):
        return scrub(_QUERY.sub(r"\1", _LOGIN.sub("", value)))
    return _REMOVED if isinstance(value, int | float) and _mobile(value) else value


def _mobile(number: float) -> bool:
    return any(least <= number < beyond for least, beyond in _MOBILES) and number % 1 == 0


def _personal(key: str) -> bool:
    words = [word for word in _SEPARATORS.split(_HUMP.sub("_", key).lower()) if word]
    bare = "".join(words)
    first = next((word for word in _PERSONAL_FIRST if bare.startswith(word)), None)
    if first == "nama" and bare[len(first) :].startswith(_NAMED_THINGS):
        return False
    return bare in _BARE_KEYS or first is not None or not _PERSONAL_LAST.isdisjoint(words[-1:])
