"""Read together or read alone: the same columns, and nobody's oddity costs a neighbour anything."""

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reading.test_wire import VALUES

from detak.event import TYPES
from detak.reading import decode as decoding
from detak.reading.arrivals import ARRIVALS, PIECES
from detak.reading.decode import Decoded, decode
from detak.reading.intake import Intake
from detak.record import Meta, Record
from detak.settings import Settings

RECEIVED = 1_790_000_000_000_000  # 2026-09-21T14:13:20Z
INTAKE = Intake(Settings())
LIVE, IMPORT = Meta("web", RECEIVED), Meta("shopee", RECEIVED, imported=True)


def read(bodies: list[bytes], meta: Meta = LIVE) -> Decoded:
    return decode([Record(end, meta, body) for end, body in enumerate(bodies)], INTAKE)


def alone(bodies: list[bytes], meta: Meta = LIVE) -> Decoded:
    """Every message through the way that mends and refuses."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(decoding, "open_plain", lambda _: None)
        return read(bodies, meta)


TIMES = st.sampled_from(
    ["2026-09-21T14:13:20Z", "2026-09-21T14:13:20.123Z", "2026-09-21T21:13:20+07:00", "2026-09-21 14:13:20",
     "2026-07-01T00:00:00Z", "2026-09-21T18:00:00Z", "2029-01-01T00:00:00Z", "1980-01-01T00:00:00Z", "soon", "", None]
)  # fmt: skip
MONEY = st.sampled_from([0, 1, 12_500, 2.5, -1, "25000", 10**13, None, True])
TEXTS = st.sampled_from(["A", "", "ani@toko.id", None, 7, "x" * 5000])
PRODUCTS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "product_id": TEXTS, "sku": TEXTS, "name": TEXTS, "category": TEXTS, "price": MONEY, "quantity": MONEY,
            "total": MONEY, "position": st.sampled_from([0, 3, None, 1.0]), "url": TEXTS, "image_url": TEXTS,
        },
    ),
    max_size=3,
)  # fmt: skip
PROPERTIES = st.fixed_dictionaries(
    {},
    optional={
        "order_id": TEXTS, "cart_id": TEXTS, "decision_id": TEXTS, "coupon": TEXTS, "query": TEXTS, "reason": TEXTS,
        "total": MONEY, "revenue": MONEY, "value": MONEY, "shipping": MONEY, "discount": MONEY, "price": MONEY,
        "quantity": MONEY, "currency": st.sampled_from(["IDR", "usd", "Rp", "", None, 7]), "province": TEXTS,
        "results": st.sampled_from([0, 12, -1, None, 2**31]), "line": st.sampled_from([0, 2, None]),
        "product_id": TEXTS, "name": TEXTS, "category": TEXTS, "products": PRODUCTS | st.none(), "own": VALUES,
        "path": TEXTS, "url": TEXTS, "email": TEXTS,
    },
)  # fmt: skip
CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "userAgent": st.sampled_from(["Mozilla (iPhone; Mobi)", "", None]),
        "device": st.sampled_from([{"type": "Tablet"}, {}, None]),
        "page": st.sampled_from([{"path": "/a?b"}, {"url": "https://toko.id/p/1?x"}, {"url": "http://[::1"}, None]),
        "location": st.sampled_from([{"city": "bogor", "region": "WEST JAVA", "country": "ID"}, None]),
        "consent": st.sampled_from([{"categoryPreferences": {"analytics": True, "marketing": False}}, {}, None]),
    },
)
MESSAGES = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES), "event": st.sampled_from(["Order Completed", "Product Viewed", "x" * 200])},
    optional={
        "messageId": st.sampled_from(["m1", "m2", "", None]),
        "userId": st.sampled_from(["u1", " ", "null", 7, None]),
        "anonymousId": st.sampled_from(["a1", "a2", None]),
        "previousId": st.sampled_from(["a0", None]),
        "user_id": st.sampled_from(["u1", 7, None, {}]),
        "anonymous_id": st.sampled_from(["a1", None]),
        "timestamp": TIMES,
        "originalTimestamp": TIMES,
        "sentAt": TIMES,
        "context": CONTEXTS | st.none(),
        "properties": PROPERTIES | st.none(),
        "traits": st.sampled_from([{"city": "Bogor"}, {}, None, [], {"a": [[[]]]}]),
    },
)
BATCHES = st.lists(
    st.fixed_dictionaries({"batch": st.lists(MESSAGES, max_size=4)}, optional={"sentAt": TIMES, "context": CONTEXTS}),
    min_size=1,
    max_size=3,
)


def same(one: pa.Table, other: pa.Table) -> None:
    assert one.schema == other.schema
    for left, right in zip(one.to_pylist(), other.to_pylist(), strict=True):
        assert left == right


@given(BATCHES, st.sampled_from([LIVE, IMPORT]))
@settings(max_examples=300)
def test_read_together_or_alone_it_is_the_same(batches: list[dict[str, Any]], meta: Meta) -> None:
    bodies = [json.dumps(one).encode() for one in batches]
    together, single = read(bodies, meta), alone(bodies, meta)
    assert together.events.schema == ARRIVALS
    assert together.items.schema == PIECES
    together.events.validate(full=True)
    same(together.events, single.events)
    same(together.items, single.items)
    assert [one[:3] for one in together.refused] == [one[:3] for one in single.refused]
    assert together.messages == single.messages == [len(one["batch"]) for one in batches]


@given(st.lists(st.binary(max_size=60) | st.just(b'{"batch":[]}'), max_size=4))
def test_any_bytes_are_read_or_refused(bodies: list[bytes]) -> None:
    read(bodies)


def test_each_message_is_read_or_refused_once() -> None:
    good = {"type": "track", "event": "x", "messageId": "g", "properties": {"product_id": "p", "price": 1}}
    odd = {**good, "messageId": "o", "properties": {"product_id": "q", "price": "1"}}
    bad = {"type": "track", "messageId": "b"}
    bodies = [json.dumps({"batch": [good, odd, bad, good]}).encode(), b"{", json.dumps({"batch": [odd]}).encode()]
    decoded = read(bodies)
    assert decoded.messages == [4, 1, 1]
    assert decoded.events["at"].to_pylist() == [0, 1, 3, 5]
    assert [(one.at, one.record) for one in decoded.refused] == [(2, 0), (4, 1)]
    assert decoded.items["product_id"].to_pylist() == ["p", "q", "p", "q"]
    assert decoded.items["parent"].to_pylist() == [0, 1, 2, 3]
    assert json.loads(decoded.refused[0].raw) == bad


def test_a_number_no_column_holds_costs_only_itself() -> None:
    good = {"type": "track", "event": "x", "messageId": "g", "properties": {"price": 1}}
    huge = {"type": "track", "event": "x", "messageId": "h", "properties": {"own": 10**400, "position": 10**30}}
    decoded = read([json.dumps({"batch": [good, huge, good]}).encode()])
    assert decoded.events.num_rows + len(decoded.refused) == 3
    assert decoded.events.num_rows >= 2


@pytest.mark.parametrize("price", [1, "1"], ids=["together", "alone"])
def test_whoever_is_named_in_other_words_than_the_spec_s_is_nobody_and_it_is_said(price: object) -> None:
    spelt = {"type": "track", "event": "x", "userId": "u", "properties": {"price": price}}
    other = {**spelt, "user_id": "u", "anonymous_id": "a", "messageId": "o"}
    del other["userId"]
    silent = {**spelt, "messageId": "s", "user_id": None}
    decoded = read([json.dumps({"batch": [spelt, other, silent]}).encode()])
    assert decoded.events["user"].to_pylist() == ["u", None, "u"]
    told = decoded.events["flaws"].to_pylist()[1].splitlines()
    assert "unfit:user_id: is called “userId” in the spec" in told
    assert "unfit:anonymous_id: is called “anonymousId” in the spec" in told
    assert all("user_id" not in (flaws or "") for flaws in decoded.events["flaws"].to_pylist()[::2])


def test_a_file_of_the_shop_s_own_is_not_held_against_the_spec() -> None:
    own = {"type": "track", "event": "x", "messageId": "m", "user_id": "u"}
    assert read([json.dumps({"batch": [own]}).encode()], IMPORT).events["flaws"].to_pylist() == [None]
