"""Google's events into the spec's: names, products, money, people, consent, time, and the same event twice."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detak.dialects.body import UNREADABLE
from detak.dialects.ga4 import EVENTS, translate
from detak.dialects.ga4_validation import remarks

NOW = 1_790_000_000_000_000
ITEM = {
    "item_id": "SKU1",
    "item_name": "Mangkok",
    "item_brand": "Detak",
    "item_category": "Dapur",
    "item_variant": "biru",
    "price": 12_500,
    "quantity": 2,
    "index": 3,
}
PRODUCT = {
    "product_id": "SKU1",
    "name": "Mangkok",
    "brand": "Detak",
    "category": "Dapur",
    "variant": "biru",
    "price": 12_500,
    "quantity": 2,
    "position": 3,
}


def messages(*events: Any, received: int = NOW, **told: Any) -> list[Any]:
    """What becomes of events from one browser."""
    body = {"client_id": "c.1", "events": list(events), **told}
    return json.loads(translate(json.dumps(body).encode(), received))["batch"]


@pytest.mark.parametrize(("google", "spec"), EVENTS.items())
def test_every_name_of_googles_becomes_the_specs(google: str, spec: str) -> None:
    (one,) = messages({"name": google, "params": {}})
    assert (one["type"], one["event"], one["anonymousId"]) == ("track", spec, "c.1")


def test_another_name_stays() -> None:
    (one,) = messages({"name": "spin_the_wheel", "params": {"prize": "mug"}})
    assert (one["event"], one["properties"]) == ("spin_the_wheel", {"prize": "mug"})


def test_one_product_stands_at_the_top() -> None:
    (one,) = messages({"name": "view_item", "params": {"currency": "IDR", "value": 25_000, "items": [ITEM]}})
    assert one["properties"] == {"currency": "IDR", "value": 25_000, **PRODUCT}


def test_a_purchase_is_an_order() -> None:
    params = {
        "transaction_id": "T1",
        "value": 25_000,
        "tax": 2_750,
        "shipping": 9_000,
        "coupon": "HEMAT",
        "currency": "IDR",
        "items": [ITEM, {"item_id": "SKU2", "price": 1}],
    }
    (one,) = messages({"name": "purchase", "params": params})
    products = one["properties"].pop("products")
    assert products == [PRODUCT, {"product_id": "SKU2", "price": 1, "quantity": 1}]
    assert one["properties"] == {
        "order_id": "T1",
        "revenue": 25_000,
        "tax": 2_750,
        "shipping": 9_000,
        "coupon": "HEMAT",
        "currency": "IDR",
    }


@pytest.mark.parametrize(
    ("name", "params", "properties"),
    [
        ("search", {"search_term": "piring"}, {"query": "piring"}),
        ("add_payment_info", {"payment_type": "COD"}, {"payment_method": "COD"}),
        ("add_shipping_info", {"shipping_tier": "Ground"}, {"shipping_method": "Ground"}),
        ("view_item_list", {"item_list_id": "L", "items": [ITEM]}, {"list_id": "L", "products": [PRODUCT]}),
        ("view_promotion", {"promotion_id": "P", "promotion_name": "11.11"}, {"promotion_id": "P", "name": "11.11"}),
    ],
)
def test_parameters_take_the_specs_names(name: str, params: Any, properties: Any) -> None:
    (one,) = messages({"name": name, "params": params})
    assert one["properties"] == properties


def test_a_page_is_a_page() -> None:
    params = {"page_location": "https://shop.example/bowls", "page_title": "Bowls"}
    (page,) = messages({"name": "page_view", "params": params})
    assert (page["type"], page["name"]) == ("page", "Bowls")
    assert page["properties"] == {"url": "https://shop.example/bowls", "title": "Bowls"}
    (screen,) = messages(
        {"name": "screen_view", "params": {"screen_name": "Cart"}}, client_id=None, app_instance_id="a"
    )
    assert (screen["type"], screen["name"], screen["anonymousId"]) == ("screen", "Cart", "a")


def test_who_where_and_on_what() -> None:
    place = {"city": "Bandung", "region_id": "ID-JB", "country_id": "ID"}
    (one,) = messages(
        {"name": "a"}, user_id="ani", user_location=place, device={"category": "mobile"}, user_agent="Mozilla/5.0"
    )
    assert one["userId"] == "ani"
    assert one["context"]["location"] == {"city": "Bandung", "region": "ID-JB", "country": "ID"}
    assert (one["context"]["device"], one["context"]["userAgent"]) == ({"type": "mobile"}, "Mozilla/5.0")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"consent": {"ad_user_data": "GRANTED", "ad_personalization": "DENIED"}}, (True, False)),
        ({"consent": {"ad_user_data": "granted"}}, (True, None)),
        ({"consent": {"ad_user_data": None, "ad_personalization": "perhaps"}}, (None, False)),
        ({"non_personalized_ads": True}, (None, False)),
        ({"consent": {"ad_personalization": "GRANTED"}, "non_personalized_ads": True}, (None, False)),
        ({"consent": "GRANTED"}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_consent_comes_by_googles_names(told: Any, said: Any) -> None:
    (one,) = messages({"name": "a"}, **told)
    preferences = one["context"]["consent"]["categoryPreferences"]
    assert (preferences.get("ad_user_data"), preferences.get("ad_personalization")) == said


def test_user_properties_are_traits() -> None:
    identify, _ = messages({"name": "a"}, user_id="ani", user_properties={"tier": {"value": "gold"}, "age": 3})
    assert (identify["type"], identify["traits"]) == ("identify", {"tier": "gold", "age": 3})


@pytest.mark.parametrize("micros", [1_789_999_999_123_456, "1789999999123456", 1_789_999_999_123_456.0])
def test_the_time_of_an_event_goes_before_that_of_the_body(micros: Any) -> None:
    one, other = messages(
        {"name": "a", "timestamp_micros": micros}, {"name": "b"}, timestamp_micros=1_789_000_000_000_000
    )
    assert one["timestamp"] == "2026-09-21T14:13:19.123456+00:00"
    assert other["timestamp"] == "2026-09-10T00:26:40+00:00"


@pytest.mark.parametrize("micros", ["soon", "", 10**30, -(10**30), {}, []])
def test_what_is_no_time_is_handed_on(micros: Any) -> None:
    (one,) = messages({"name": "a", "timestamp_micros": micros})
    assert one["timestamp"] == str(micros)


def keys(*events: Any, **told: Any) -> list[str]:
    """The message ids of events."""
    return [one["messageId"] for one in messages(*events, **told)]


def test_sent_again_it_is_the_same_message() -> None:
    event = {"name": "a", "params": {"x": 1, "y": 2}, "timestamp_micros": NOW - 5}
    turned = {"timestamp_micros": NOW - 5, "params": {"y": 2, "x": 1}, "name": "a"}
    assert keys(event) == keys(turned, received=NOW + 10**12)


def test_an_order_is_the_same_whenever_it_is_sent() -> None:
    event = {"name": "purchase", "params": {"transaction_id": "T"}}
    assert keys(event) == keys(event, received=NOW + 10**12)


def test_without_a_time_it_is_the_same_for_ten_minutes() -> None:
    begin = NOW - NOW % (600 * 10**6)
    event = {"name": "a"}
    assert keys(event, received=begin) == keys(event, received=begin + 599 * 10**6)
    assert keys(event, received=begin) != keys(event, received=begin + 600 * 10**6)


def test_what_differs_is_another_message() -> None:
    told = [
        keys({"name": "a"}),
        keys({"name": "b"}),
        keys({"name": "a", "params": {"x": 1}}),
        keys({"name": "a"}, client_id="c.2"),
        keys({"name": "a"}, user_id="ani"),
        keys({"name": "a", "timestamp_micros": 5}),
        keys({"name": "a"}, user_properties={"x": {"value": 1}})[:1],
    ]
    assert len({one for (one,) in told}) == len(told)


def test_twice_in_one_body_is_two() -> None:
    both = keys({"name": "a"}, {"name": "a"})
    assert len(set(both)) == 2
    assert both == keys({"name": "a"}, {"name": "a"})


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"events":{}}', b"\xff", b"[" * 5000, b'{"events":null}'])
def test_a_body_without_events_is_one_bad_message(body: bytes) -> None:
    assert translate(body, NOW) == UNREADABLE


def test_what_is_no_event_is_handed_on_as_it_is() -> None:
    assert messages(1, "a", None, [2]) == [1, "a", None, [2]]
    (odd,) = messages({"name": 7, "params": [1]})
    assert odd["event"] == 7
    (odder,) = messages({"name": [], "params": {"value": 9.5, "items": [ITEM]}})
    assert odder["event"] == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["client_id", "user_id", "timestamp_micros", "consent", "user_properties", "user_location", "device", "events"]
)
PARAMS = st.dictionaries(st.sampled_from(["items", "value", "page_title", "search_term"]), JSON | st.just([ITEM]))
NAME = JSON | st.sampled_from(sorted(EVENTS))
EVENT = st.fixed_dictionaries({}, optional={"name": NAME, "params": JSON | PARAMS, "timestamp_micros": JSON}) | JSON


@given(st.dictionaries(NAMES, JSON), st.lists(EVENT, max_size=4))
def test_whatever_comes_becomes_a_batch(told: Any, events: Any) -> None:
    body = json.dumps({**told, "events": events}).encode()
    try:
        body.decode().encode()
    except UnicodeEncodeError:
        return
    found = json.loads(translate(body, NOW))["batch"]
    extra = 1 if told.get("user_properties") and isinstance(told["user_properties"], dict) else 0
    assert found == [None] or len(found) == len(events) + extra
    remarks(body)


def codes(body: Any) -> list[tuple[str, str]]:
    """What is remarked of a body, briefly."""
    return [(one.field_path, one.validation_code) for one in remarks(json.dumps(body).encode())]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"client_id": "c", "events": [{"name": "purchase", "params": {}}]}, []),
        ({"events": [{"name": "a"}]}, [("client_id", "VALUE_REQUIRED")]),
        ({"client_id": "c"}, [("events", "VALUE_REQUIRED")]),
        ({"client_id": "c", "events": []}, [("events", "VALUE_REQUIRED")]),
        ({"client_id": "c", "events": [{"name": "a b"}]}, [("events[0].name", "NAME_INVALID")]),
        ({"client_id": "c", "events": [{"name": "ga_x"}]}, [("events[0].name", "NAME_RESERVED")]),
        ({"client_id": "c", "events": [{"name": "a", "params": 1}]}, [("events[0].params", "VALUE_INVALID")]),
        ({"client_id": "c", "events": [5]}, [("events[0]", "VALUE_INVALID")]),
        ({"client_id": "c", "events": [{"name": "a"}] * 26}, [("events", "EXCEEDED_MAX_ENTITIES")]),
        (
            {"client_id": "c", "events": [{"name": "a", "timestamp_micros": "x"}]},
            [("events[0].timestamp_micros", "VALUE_INVALID")],
        ),
        ([], [("", "VALUE_INVALID")]),
    ],
)
def test_a_body_is_checked_as_google_checks(body: Any, expected: Any) -> None:
    assert codes(body) == expected
