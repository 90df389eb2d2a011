"""The way in reads whatever arrives: a message becomes an arrival or a refusal, and never anything else."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from detak.consent import Purpose, read_preferences
from detak.errors import RowError
from detak.event import TYPES, message_key
from detak.reading.arrivals import arrivals_table, pieces_table
from detak.reading.body import open_batch, with_type
from detak.reading.context import device, page
from detak.reading.intake import Intake
from detak.reading.wire import Arrival, Origin, arrive, moment
from detak.scrub import scrub
from detak.settings import Settings

RECEIVED = 1_790_000_000_000_000  # 2026-09-21T14:13:20Z
ORIGIN = Origin("web", RECEIVED, imported=False, currency="IDR")
IMPORT = Origin("shopee", RECEIVED, imported=True, currency="IDR")
NOW = "2026-09-21T14:13:20Z"
INTAKE = Intake(Settings())


def arrived(message: Any, origin: Origin = ORIGIN, **envelope: Any) -> Arrival:
    """A message sent alone in a batch."""
    opened = open_batch(json.dumps({"batch": [message], **envelope}).encode())
    return arrive(opened.batch[0], origin, opened)


def track(**rest: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Order Completed", "messageId": "m1", **rest}


def refusal(message: Any, origin: Origin = ORIGIN, **envelope: Any) -> tuple[str, str]:
    with pytest.raises(RowError) as caught:
        arrived(message, origin, **envelope)
    return caught.value.field, caught.value.reason


# Whatever arrives

ODD = st.sampled_from(
    [10**400, -(10**30), 1e308, -0.0, "nan", "inf", "-inf", "1e999", "\x00", "😀", "", True, None, [], {}, "a@b.co",
     "http://[::1", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2016-12-31T23:59:60Z", 2**31 - 1, 2**63]
)  # fmt: skip
WORDS = """type event name messageId userId anonymousId timestamp originalTimestamp sentAt context properties traits
products price quantity total revenue currency line results query order_id reason page path url consent device location
categoryPreferences userAgent city region province email product_id"""
KEYS = st.sampled_from(WORDS.split())
VALUES = st.recursive(
    ODD | st.text(max_size=8) | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)
MESSAGES = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES), "event": st.sampled_from(["Order Completed", "x", "Product Viewed"])},
    optional={
        "properties": st.dictionaries(KEYS, VALUES, max_size=6),
        "context": VALUES | st.dictionaries(KEYS, VALUES, max_size=4),
        "traits": VALUES,
        "timestamp": VALUES,
        "messageId": st.text(max_size=4),
        "userId": VALUES,
    },
)


def swallow(raw: bytes, origin: Origin) -> None:
    """As the sink does: an arrival becomes a row of facts; a RowError is an answer, anything else fails the test."""
    with suppress(RowError):
        arrival = arrive(raw, origin)
        events = arrivals_table([(0, 0, arrival)], INTAKE)
        events.validate(full=True)
        pieces_table([arrival], events, 0).validate(full=True)


@given(st.binary(max_size=200), st.sampled_from([ORIGIN, IMPORT]))
@examples(max_examples=150)
def test_any_bytes_are_read_or_refused(raw: bytes, origin: Origin) -> None:
    swallow(raw, origin)
    with suppress(RowError):
        open_batch(raw)


@given(MESSAGES, st.sampled_from([ORIGIN, IMPORT]), st.data())
@examples(max_examples=400)
def test_any_message_is_read_or_refused_whole_or_damaged(message: Any, origin: Origin, data: st.DataObject) -> None:
    raw = bytearray(json.dumps(message, ensure_ascii=data.draw(st.booleans())).encode("utf-8", "surrogatepass"))
    swallow(bytes(raw), origin)
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] = data.draw(st.integers(0, 255))
    swallow(bytes(raw), origin)


DEEP = b"[" * 900 + b"]" * 900


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"track"',
        b'{"type":"track"}',
        b'{"type":"track","event":""}',
        b'{"type":"trick","event":"x"}',
        b'{"type":"track","event":"x","properties":{"a":"\xff"}}',
        b'{"type":"track","event":"x","properties":{"email":1e999}}',
        b'{"type":"track","event":"x","properties":{"price":1e999}}',
        b'{"type":"track","event":"x","properties":{"price":[],"a":1e999}}',
        b'{"type":"identify","traits":{"a":1e999}}',
        b'{"type":"identify","traits":' + DEEP + b"}",
        b'{"type":"identify","traits":' + b'{"a":' * 70 + b"1" + b"}" * 70 + b"}",
        b'{"type":"track","event":"x","properties":{"line":2147483647,"products":[{},{}]}}',
        b'{"type":"track","event":"x","properties":[]}',
    ],
)
def test_what_cannot_be_used_is_a_row_error(raw: bytes) -> None:
    for origin in (ORIGIN, IMPORT):
        with pytest.raises(RowError):
            arrive(raw, origin)


def test_one_bad_event_among_thousands_spoils_none() -> None:
    good = [json.dumps(track(messageId=f"m{number}")) for number in range(3000)]
    body = '{"batch":[' + ",".join([*good, '{"type":"track","event":"x","properties":{"a":1e999,"@":0}}']) + "]}"
    became = []
    for raw in open_batch(body.encode()).batch:
        try:
            became.append(arrive(raw, ORIGIN).key)
        except RowError:
            became.append(0)
    assert became.index(0) == 3000
    assert len(set(became)) == 3001


def test_a_text_cut_inside_an_emoji_costs_that_character_only() -> None:
    body = rb'{"batch":[{"type":"track","event":"x","properties":{"a":"\ud83d","b":"\ud83d\ude00\\ud83d"}}]}'
    arrival = arrive(open_batch(body).batch[0], ORIGIN)
    assert json.loads(arrival.rest or "") == {"a": "\ufffd", "b": "😀\\ud83d"}


@pytest.mark.parametrize("body", [b"{}", b'{"batch":{}}', b"[" * 10_000])
def test_what_is_no_batch_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(RowError, match="the body is not a batch"):
        open_batch(body)


@pytest.mark.parametrize("body", [b"", b'{"batch":[}', b"\xff\xfe{}", b"x" * 10**7])
def test_what_is_no_json_is_refused_in_plain_words(body: bytes) -> None:
    with pytest.raises(RowError, match=r"^body: is not well-formed JSON$"):
        open_batch(body)


def test_reasons_repeat_nothing_personal() -> None:
    for told in ({"timestamp": "ani@example.com"}, {"userId": ["ani@example.com"]}, {"properties": "ani@example.com"}):
        assert "ani" not in "".join(refusal(track(**told)))


# Time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-09-21T14:13:20Z", RECEIVED),
        ("2026-09-21T21:13:20+07:00", RECEIVED),
        ("2026-09-21T14:13:20", RECEIVED),
        ("2026-09-21 14:13:20.000001Z", RECEIVED + 1),
        ("0001-01-01T00:00:00+14:00", -62_135_596_800_000_000 - 14 * 3_600_000_000),
        ("9999-12-31T23:59:59-12:00", 253_402_300_799_000_000 + 12 * 3_600_000_000),
    ],
)
def test_a_moment_is_utc_microseconds(text: str, expected: int) -> None:
    assert moment(text, "timestamp") == expected


@pytest.mark.parametrize(
    "text",
    ["x", "yesterday", "2026-02-30T00:00:00Z", "2016-12-31T23:59:60Z", "10000-01-01", "2026-01-01T25:00:00Z", "1e9"],
)
def test_a_time_that_does_not_exist_is_refused(text: str) -> None:
    assert refusal(track(timestamp=text))[0] == "timestamp"


def test_a_clients_skewed_clock_is_set_right() -> None:
    skewed = track(timestamp="2020-01-01T00:00:00Z")
    assert arrived({**skewed, "sentAt": "2020-01-01T00:00:30Z"}).time == RECEIVED - 30_000_000
    assert arrived(skewed, sentAt="2020-01-01T00:00:30Z").time == RECEIVED - 30_000_000
    assert arrived(skewed, IMPORT, sentAt="2020-01-01T00:00:30Z").time == moment("2020-01-01T00:00:00Z", "")


@pytest.mark.parametrize(
    ("origin", "stated", "expected"),
    [
        (ORIGIN, {}, RECEIVED),
        (IMPORT, {}, None),
        (ORIGIN, {"originalTimestamp": NOW}, RECEIVED),
        (IMPORT, {"timestamp": "2026-09-22T14:13:20Z"}, RECEIVED + 86_400_000_000),
    ],
)
def test_when_it_happened(origin: Origin, stated: dict[str, str], expected: int | None) -> None:
    assert arrived(track(**stated), origin).time == expected


@pytest.mark.parametrize(
    ("origin", "stated", "reason"),
    [
        (ORIGIN, "1989-12-31T23:59:59Z", "before 1990"),
        (IMPORT, "2026-09-22T14:13:20.000001Z", "in the future"),
    ],
)
def test_a_time_no_shop_has_is_refused(origin: Origin, stated: str, reason: str) -> None:
    assert refusal(track(timestamp=stated), origin) == ("timestamp", f"is {reason}")


@pytest.mark.parametrize(
    ("stated", "time", "flag"),
    [
        ("2026-09-21T15:13:20Z", RECEIVED + 3_600_000_000, None),
        ("2026-09-21T15:13:20.000001Z", RECEIVED, "ahead"),
        ("2029-01-01T00:00:00Z", RECEIVED, "ahead"),
        ("2026-08-22T14:13:20Z", RECEIVED - 30 * 86_400_000_000, None),
        ("2026-08-22T14:13:19Z", RECEIVED - 30 * 86_400_000_000 - 1_000_000, "late"),
    ],
)
def test_a_time_beyond_the_limits_is_marked(stated: str, time: int, flag: str | None) -> None:
    arrival = arrived(track(timestamp=stated))
    assert (arrival.time, arrival.flag) == (time, flag)


# Identity of a message


def test_a_message_is_itself_within_its_source() -> None:
    assert arrived(track()).key == message_key("web", "m1") != arrived(track(), IMPORT).key
    bare = {"type": "track", "event": "x", "timestamp": NOW}
    assert arrived(bare).key == arrived(bare).key
    assert arrived(bare).key != arrived({**bare, "event": "y"}).key
    assert arrived(bare).key != arrived({**bare, "timestamp": "2026-09-21T14:13:21Z"}).key


# Properties


def test_properties_without_a_column_survive_as_they_came() -> None:
    own = {"deep": [1, 2.5, None, "é", {"price": 10**30}]}
    arrival = arrived(track(properties={"order_id": "O1", "own": own}))
    assert json.loads(arrival.rest or "") == {"own": own}
    for told in ({}, {"properties": None}, {"properties": {}}, {"properties": {"order_id": "O1"}}):
        assert arrived(track(**told)).rest is None


@pytest.mark.parametrize(
    ("properties", "field"),
    [
        ({"price": -1}, "price"),
        ({"price": "Infinity"}, "price"),
        ({"quantity": -1}, "quantity"),
        ({"total": "nan"}, "total"),
        ({"shipping": "nan"}, "amount"),
        ({"total": -1}, "total"),
        ({"revenue": -1}, "revenue"),
        ({"value": -0.01}, "value"),
        ({"total": {}}, "total"),
        ({"products": [{"price": 1}, {"price": "mahal"}]}, "products[1].price"),
        ({"products": [{"price": 1}, {"price": -1}]}, "products[1].price"),
        ({"products": [{"price": 10**12, "quantity": 10**9}]}, "products[0].price"),
        ({"currency": "rupiah"}, "currency"),
        ({"results": -1}, "results"),
        ({"line": 2**31}, "line"),
    ],
)
def test_a_wrong_amount_spoils_a_sale_and_is_named(properties: dict[str, Any], field: str) -> None:
    assert refusal(track(properties=properties))[0] == field


def test_what_is_odd_elsewhere_costs_only_itself() -> None:
    arrival = arrived(track(properties={"order_id": {}, "coupon": "HEMAT", "position": "first", "total": "25000"}))
    assert (arrival.properties.order_id, arrival.properties.coupon) == (None, "HEMAT")
    assert arrival.amounts.amount == 25_000
    viewed = {"type": "track", "event": "Video Played", "properties": {"value": "high", "query": "x"}}
    assert (arrived(viewed).properties.value, arrived(viewed).properties.query) == (None, "x")


# What names a person does not get into the facts


@pytest.mark.parametrize(
    "told",
    [
        {"email": "x"}, {"firstName": "x"}, {"Phone-Number": "x"}, {"shipping_address": {"street": "x"}},
        {"deep": [{"postalCode": "x"}]}, {"note": "call +62 812-3456-7890"}, {"note": "ani@toko.co.id"},
        {"note": "0812 3456 7890"},
    ],
)  # fmt: skip
def test_what_names_a_person_is_taken_out(told: dict[str, Any]) -> None:
    raw = arrived(track(properties={"own": "O1", **told})).rest or ""
    assert "O1" in raw
    for trace in ('"x"', "7890", "ani"):
        assert trace not in raw


def test_an_escape_hides_nothing() -> None:
    raw = rb'{"type":"track","event":"x","properties":{"e\u006dail":"x","note":"ani\u0040toko.id"}}'
    assert arrive(raw, ORIGIN).rest == '{"note":"[removed]"}'


def test_free_text_columns_are_scrubbed() -> None:
    told = arrived(track(properties={"query": "ani@toko.id", "reason": "hubungi 081234567890"})).properties
    assert (told.query, told.reason) == ("[removed]", "hubungi [removed]")


def test_figures_that_are_no_telephone_number_stay() -> None:
    for text in ("Rp 1.250.000", "85123A", "2026-09-21 14:13", "harga 125000", "pesanan 1"):
        assert scrub(text) == text


@pytest.mark.parametrize("text", ["a" * 10**6 + "@", "0" + " " * 10**6, "+" * 10**6, "1." * 500_000, "a@" * 10**5])
def test_scrubbing_takes_time_in_proportion_to_the_text(text: str) -> None:
    assert isinstance(scrub(text), str)  # at the square of the length this would take an hour


# Context


def test_context_of_the_batch_stands_in_for_a_missing_one() -> None:
    agent = {"userAgent": "Mozilla (iPhone; Mobi)", "library": 7, "device": 3}
    assert device(arrived(track(), context=agent).message.context) == "mobile"
    own = {"device": {"type": "Tablet"}}
    assert device(arrived(track(context=own), context=agent).message.context) == "tablet"


@pytest.mark.parametrize(
    ("agent", "kind"),
    [("Mozilla (iPad; Mobi)", "tablet"), ("Mozilla (Windows)", "desktop"), ("", None), ("Android Mobile", "mobile")],
)
def test_device(agent: str, kind: str | None) -> None:
    assert device(arrived(track(context={"userAgent": agent})).message.context) == kind


@pytest.mark.parametrize(
    ("seen", "path"),
    [
        ({"path": "/cari?q=ani"}, "/cari"),
        ({"url": "https://toko.id/p/1?token=x#y"}, "/p/1"),
        ({"url": "http://[::1"}, None),
        ({"path": "/u/ani@toko.id"}, "/u/[removed]"),
        ({"path": 7}, None),
        ({}, None),
    ],
)
def test_page_is_a_path_that_names_nobody(seen: dict[str, Any], path: str | None) -> None:
    assert page(arrived(track(context={"page": seen})).message) == path


@pytest.mark.parametrize(
    ("said", "granted", "refused"),
    [
        ({"analytics": True, "marketing": False}, Purpose.ANALYTICS, Purpose.MARKETING),
        ({"analytics": "true", "marketing": 0}, Purpose.ANALYTICS, Purpose.MARKETING),
        ({"analytics_storage": "granted", "ad_storage": "denied"}, Purpose.ANALYTICS, Purpose.MARKETING),
        ({"analytics": None, "marketing": {}}, Purpose(0), Purpose.MARKETING),
        ({"unheard of": "denied"}, Purpose(0), Purpose(0)),
    ],
)
def test_no_refusal_is_lost_in_an_odd_context(said: dict[str, Any], granted: Purpose, refused: Purpose) -> None:
    context = {"consent": {"categoryPreferences": said}, "device": "odd"}
    for arrival in (arrived(track(context=context)), arrived(track(), context=context)):
        assert arrival.message.context is not None
        assert arrival.message.context.consent is not None
        assert read_preferences(arrival.message.context.consent.category_preferences or {}) == (granted, refused)


# Single calls


@given(st.dictionaries(st.sampled_from(["type", "event", "a"]), st.text(), max_size=3), st.sampled_from(TYPES))
def test_the_path_says_the_type(message: dict[str, str], kind: str) -> None:
    assert msgspec.json.decode(with_type(json.dumps(message).encode(), kind)) == {**message, "type": kind}


@pytest.mark.parametrize(("body", "kind"), [(b"[]", "track"), (b"", "track"), (b"{}", "trick"), (b'"{}"', "page")])
def test_a_single_call_is_an_object_of_a_known_type(body: bytes, kind: str) -> None:
    with pytest.raises(RowError):
        with_type(body, kind)


@pytest.mark.parametrize("kind", ["page", "screen"])
def test_of_a_page_only_the_path_is_kept(kind: str) -> None:
    properties = {
        "url": "https://shop.id/reset?token=s3cret&nama=Budi", "path": "/reset", "title": "Akun Budi",
        "section": "akun",
        "referrer": "https://mail.example/?q=budi", "search": "?token=s3cret", "from": "see https://x.id/a?b=budi now",
        "no_hp": "6281234567890", "alamat": "Jl. Kenanga 7", "code": 6281234567890, "note": "wa 6281234567890",
        "stock": 6281, "budi@example.com": 1,
    }  # fmt: skip
    raw = msgspec.json.encode({"type": kind, "messageId": "1", "properties": properties})
    arrival = arrive(raw, Origin("web", 1_790_000_000_000_000, False, "IDR"))
    assert page(arrival.message) == "/reset"
    assert arrival.rest is not None
    assert msgspec.json.decode(arrival.rest) == {
        "section": "akun", "from": "see https://x.id/a now", "code": "[removed]", "note": "wa [removed]", "stock": 6281,
        "[removed]": 1,
    }  # fmt: skip
