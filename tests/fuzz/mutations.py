"""Messages as clients send them, changed in one to four places: where bugs are, nearer than any random bytes come."""

import copy
import json
from typing import Any

from hypothesis import strategies as st

from detak.event import TYPES

Json = Any

MESSAGES: list[dict[str, Json]] = [
    {
        "type": "track",
        "event": "Order Completed",
        "userId": "ani",
        "anonymousId": "7f3c",
        "timestamp": "2026-10-01T10:00:00.123Z",
        "originalTimestamp": "2026-10-01T17:00:00+07:00",
        "context": {
            "consent": {"categoryPreferences": {"Analytics": True}},
            "library": {"name": "analytics.js", "version": "next-1.81.0"},
            "location": {"city": "Bandung", "region": "Jawa Barat"},
            "page": {"path": "/selesai", "url": "https://toko.example/selesai?x=1"},
            "userAgent": "Mozilla/5.0 (Linux; Android 14) Mobile",
        },
        "properties": {
            "order_id": "O1",
            "total": 27_500,
            "revenue": 25_000.5,
            "shipping": 2_500,
            "currency": "IDR",
            "coupon": "HEMAT",
            "payment_method": "COD",
            "products": [{"product_id": "P1", "price": 12_500, "quantity": 2, "category": "Dapur", "position": 1}],
        },
        "integrations": {"All": True},
    },
    {
        "type": "track",
        "event": "Products Searched",
        "anonymousId": 12,
        "properties": {"query": "mangkok", "results": 3},
    },
    {"type": "identify", "userId": "ani", "traits": {"email": "ani@example.com", "address": {"city": "Bogor"}}},
    {"type": "page", "name": "Beranda", "anonymousId": "7f3c", "properties": {"url": "https://toko.example/?q=a"}},
    {"type": "screen", "name": "Keranjang", "userId": 42, "properties": {}},
    {"type": "group", "userId": "ani", "groupId": "keluarga", "traits": {"size": 4}},
    {"type": "alias", "userId": "ani", "previousId": "7f3c", "sentAt": "2026-10-01T10:00:01Z"},
    {
        "type": "track",
        "event": "Segment Consent Preference Updated",
        "userId": "ani",
        "context": {"consent": {"categoryPreferences": {"Analytics": False, "Marketing": "denied"}}},
    },
]
_ODD: list[Json] = [
    *(None, True, False, 0, -1, -0.0, 0.1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**400, 1e308, 5e-324),
    *(
        "",
        " ",
        "0",
        "nan",
        "Infinity",
        "-1e999",
        "1.000.000,5",
        "Rp 5",
        "null",
        "undefined",
        "\x00",
        "\ud800",
        "😀" * 9,
    ),
    *("a@b.co", "+62 812 0000 0000", "http://[::1", "../../x", "'; --", "x" * 40_000, "IDR", "idr", "XXX", "€"),
    *("9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00+14:00", "2016-12-31T23:59:60Z", "1700000000", "12:00"),
    *([], {}, [None], [[]], {"": None}, [{}], {"products": []}, [[[[[[[[{}]]]]]]]]),
]
_NAMES = "type event messageId userId timestamp sentAt context properties traits products price quantity total currency"
VALUES = st.sampled_from(_ODD) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def _places(value: Json) -> list[tuple[Any, Any]]:
    """Every (container, key) in the value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = []
    for key, inner in inside:
        found.append((value, key))
        found += _places(inner)
    return found


@st.composite
def changed(draw: st.DrawFn, seeds: list[dict[str, Json]]) -> dict[str, Json]:
    """One of the seeds with one to four values replaced, removed, renamed, moved or put deeper."""
    value = copy.deepcopy(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 4))):
        places = _places(value)
        if not places:
            break
        container, key = draw(st.sampled_from(places))
        how = draw(st.sampled_from(["replace", "replace", "remove", "rename", "wrap", "swap"]))
        if how == "remove":
            del container[key]
        elif how == "rename" and isinstance(container, dict):
            name = draw(st.sampled_from(_NAMES.split()) | st.text(max_size=4))
            container[name] = container.pop(key)
        elif how == "wrap":
            for _ in range(draw(st.sampled_from([1, 2, 70, 300]))):
                container[key] = [container[key]]
        elif how == "swap":
            other, place = draw(st.sampled_from(places))
            container[key] = copy.deepcopy(other[place]) if place in (other if isinstance(other, dict) else ()) else 0
        else:
            container[key] = copy.deepcopy(draw(VALUES))  # the odd ones are shared, and may be changed next
    return value


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Bytes with one to four of them changed, cut out, doubled or put in."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        how = draw(st.sampled_from(["flip", "cut", "double", "insert", "end"]))
        length = draw(st.integers(1, 12))
        if how == "flip" and at < len(data):
            data[at] = draw(st.integers(0, 255))
        elif how == "cut":
            del data[at : at + length]
        elif how == "double":
            data[at:at] = data[at : at + length]
        elif how == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=6) | st.sampled_from([b'"', b"\\u", b"{", b"]", b"\0"]))
        elif how == "end" and draw(st.booleans()):
            del data[at:]
    return bytes(data)


messages = changed(MESSAGES)
kinds = st.sampled_from(TYPES)


def encoded(value: Json) -> bytes:
    """As JSON; half a surrogate pair as the escape that a client's text cut in two becomes."""
    return json.dumps(value).encode()
