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
    "lng", "lon", "hp", "no_hp", "nomor_hp", "no_telp", "telp", "telepon", "no_telepon", "wa", "no_wa", "alamat",
    "alamat_pengiriman", "kode_pos", "penerima", "nama_penerima", "nama_pembeli", "nama_pelanggan", "nama_lengkap",
    "buyer_name", "buyer_email", "buyer_phone", "buyer_username", "tanggal_lahir",
)
# fmt: on
_SEPARATORS: Final = re.compile(r"[_\s-]")
_BARE_KEYS: Final = frozenset(_SEPARATORS.sub("", key) for key in _PERSONAL_KEYS)
# Each starts only where a word starts: tried at every letter of a long word it would take the square of its length.
_ADDRESS: Final = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE: Final = re.compile(r"(?<![\w.-])(?:\+\d{1,3}|0|62(?=[\s.-]*8))[\s().-]*(?:\d[\s().-]*){8,13}\d(?!\w)")
_MOBILE: Final = re.compile(r"628\d{8,11}")  # an Indonesian mobile number, as a number
_QUERY: Final = re.compile(r"(\bhttps?://[^\s?#]*)[?#]\S*")
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
        return {
            scrub(key): without_people(one)
            for key, one in value.items()
            if _SEPARATORS.sub("", key).lower() not in _BARE_KEYS
        }
    if isinstance(value, list):
        return [without_people(one) for one in value]
    if isinstance(value, str):
        return _QUERY.sub(r"\1", scrub(value))
    return _REMOVED if isinstance(value, int) and _MOBILE.fullmatch(str(value)) else value
