"""The tracking plan: lenient where data is poor, firm where an event means nothing, and never wrong about a repeat."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detak.errors import RowError, SettingsError
from detak.event import CONSENT_UPDATED
from detak.reading.plan import Flaw, Plan, load_plan

NOWHERE = Path("no-such-plan.toml")
PLAN = load_plan(NOWHERE)
SPEC = """Products Searched; Product List Viewed; Product List Filtered; Promotion Viewed; Promotion Clicked;
Product Clicked; Product Viewed; Product Added; Product Removed; Cart Viewed; Checkout Started; Checkout Step Viewed;
Checkout Step Completed; Payment Info Entered; Order Updated; Order Completed; Order Refunded; Order Cancelled;
Coupon Entered; Coupon Applied; Coupon Denied; Coupon Removed; Product Added to Wishlist; Product Removed from Wishlist;
Wishlist Product Added to Cart; Product Shared; Cart Shared; Product Reviewed"""
NAMES = [" ".join(name.split()) for name in SPEC.split(";")]
WHOLE = {
    "order_id": "A1",
    "total": 150_000,
    "currency": "IDR",
    "products": [{"product_id": 7, "name": "Mangkok", "price": 75_000, "quantity": 2}],
}


def plan(tmp_path: Path, text: str) -> Plan:
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return load_plan(path)


def told(event: str, properties: dict[str, Any], by: Plan = PLAN) -> list[str]:
    """The flaws as they are counted."""
    return [f"{flaw.outcome} {flaw.detail}" for flaw in by.flaws(event, properties)]


@pytest.mark.parametrize("name", NAMES)
def test_every_event_of_the_spec_is_in_the_plan(name: str) -> None:
    assert not any(flaw.field == "event" for flaw in PLAN.flaws(name, {}))
    assert PLAN.flaws(name, {}), "nothing is asked of it"


@pytest.mark.parametrize("name", ["Page Viewed", "Screen Viewed", "Identified", "Grouped", "Aliased", CONSENT_UPDATED])
def test_events_of_other_types_are_known_and_free(name: str) -> None:
    assert PLAN.flaws(name, {"anything": -1, "price": -1}) == ()


def test_a_whole_order_has_no_flaw() -> None:
    assert PLAN.flaws("Order Completed", WHOLE) == ()


def test_an_order_that_says_nothing_is_put_aside_and_one_that_says_something_is_used() -> None:
    aside = [flaw for flaw in PLAN.flaws("Order Completed", {"affiliation": "web"}) if flaw.aside]
    assert [(flaw.field.split("|")[0], flaw.problem) for flaw in aside] == [("order_id", "is missing")]
    for part, value in WHOLE.items():
        assert any(flaw.aside for flaw in PLAN.flaws("Order Completed", {part: value})) is (part == "currency")
    assert told("Order Completed", {"order_id": "A1"}) == [
        "missing total|revenue|value",
        "missing currency",
        "missing products|product_id|sku",
    ]


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_empty_are_missing(nothing: object) -> None:
    assert told("Order Completed", {**WHOLE, "order_id": nothing}) == ["missing order_id"]
    assert any(flaw.aside for flaw in PLAN.flaws("Order Completed", {"order_id": nothing}))


@pytest.mark.parametrize(
    ("field", "value", "flaw"),
    [
        ("total", "150000", "unfit total: is text, not a number"),
        ("total", -1, "unfit total: is negative"),
        ("total", True, "unfit total: is true or false, not a number"),
        ("currency", 360, "unfit currency: is a whole number, not text"),
        ("products", {}, "unfit products: is an object, not a list"),
        ("order_id", 12.5, "unfit order_id: is a number, not text"),
    ],
)
def test_what_does_not_fit_is_told_and_used(field: str, value: object, flaw: str) -> None:
    (found,) = PLAN.flaws("Order Completed", {**WHOLE, field: value})
    assert (f"{found.outcome} {found.detail}", found.aside) == (flaw, False)


def test_products_are_looked_at_one_by_one_and_told_together() -> None:
    products = [
        {"product_id": "a", "name": "Mangkok", "price": -5, "quantity": 1},
        {"name": "Piring", "price": "5", "quantity": 1},
        {"sku": "", "name": "Gelas", "price": -7, "quantity": 1},
        "Sendok",
    ]
    assert told("Order Completed", {**WHOLE, "products": products}) == [
        "unfit products[].price: is negative",
        "missing products[].product_id|sku",
        "unfit products[].price: is text, not a number",
        "unfit products[]: is not an object",
    ]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("order_completed", "Order Completed"),
        ("Order completed", "Order Completed"),
        ("orderCompleted", "Order Completed"),
        ("ORDER COMPLETED", "Order Completed"),
        ("Completed Order", "Order Completed"),
        ("Order Compelted", "Order Completed"),
        ("Purchase", "Order Completed"),
        ("product_view", "Product Viewed"),
        ("Order Canceled", "Order Cancelled"),
        ("coupon-deny", "Coupon Denied"),
        ("add_to_cart", "Product Added"),
    ],
)
def test_names_beside_the_spec_are_told_what_they_mean(name: str, meant: str) -> None:
    assert PLAN.flaws(name, {}) == (Flaw("event", f"is called “{meant}” in the plan", aside=False),)


@pytest.mark.parametrize(
    "name",
    ["Newsletter Subscribed", "Product Compared", "Product Liked", "Order Shipped", "Cart Updated", "Order", "🤖", ""],
)
def test_a_shops_own_events_pass(name: str) -> None:
    assert PLAN.flaws(name, {"price": "anything"}) == ()


def test_unknown_events_as_the_shop_says(tmp_path: Path) -> None:
    flagged = plan(tmp_path, 'unknown_events = "flag"').flaws("Kuis Dimulai", {})
    assert flagged == (Flaw("event", "is not in the plan", aside=False),)
    strict = plan(tmp_path, 'unknown_events = "aside"\n[events."Kuis Dimulai"]\n')
    assert strict.flaws("Kuis Dimulai", {}) == ()
    assert [flaw.aside for flaw in strict.flaws("Kuis Selesai Sekali", {})] == [True]


def test_a_shop_adds_and_overrides_key_by_key(tmp_path: Path) -> None:
    own = plan(
        tmp_path,
        """
        [fields]
        discount_percent = { type = "number", least = 0, most = 100 }
        [events."Order Completed"]
        expected = ["order_id", "discount_percent"]
        [events."Kuis Dimulai"]
        required = ["quiz_id"]
        """,
    )
    assert told("Order Completed", {**WHOLE, "discount_percent": 101}, own) == ["unfit discount_percent: is above 100"]
    assert told("Order Completed", {**WHOLE, "products": [{}]}, own)[0] == "missing discount_percent"
    assert "missing products[].name" in told("Order Completed", {**WHOLE, "products": [{}]}, own), (
        "products stay asked for"
    )
    assert any(flaw.aside for flaw in own.flaws("Order Completed", {})), "required stays"
    assert [flaw.aside for flaw in own.flaws("Kuis Dimulai", {})] == [True]
    assert own.flaws("Product Viewed", {}) == PLAN.flaws("Product Viewed", {})


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('unknown_events = "drop"', "unknown_events"),
        ("[events.X]\nneeded = []", "needed"),
        ('[fields]\nx = { type = "date" }', "type"),
        ("[events", "end of document"),
    ],
)
def test_a_plan_that_cannot_be_is_told_by_its_file_and_key(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(SettingsError, match=rf"plan\.toml: .*{key}"):
        plan(tmp_path, text)


values = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False), st.sampled_from(["", "x"]))
products = st.lists(
    st.one_of(values, st.dictionaries(st.sampled_from(["product_id", "price", "name"]), values)), max_size=8
)
events = st.tuples(
    st.sampled_from(["Order Completed", "Product Viewed", "order_completed", "Kuis"]),
    st.dictionaries(st.sampled_from(["order_id", "total", "currency", "name", "x"]), values)
    | st.fixed_dictionaries({"order_id": values, "products": products}),
)


@given(st.lists(events, max_size=30))
def test_what_was_judged_before_never_changes_a_verdict(history: list[tuple[str, dict[str, Any]]]) -> None:
    """Shapes are remembered: a plan that has seen much says of each event what a fresh one says."""
    seasoned = load_plan(NOWHERE)
    for event, properties in history:
        assert seasoned.flaws(event, properties) == load_plan(NOWHERE).flaws(event, properties)


def test_shapes_without_end_do_not_pile_up() -> None:
    own = load_plan(NOWHERE)
    for at in range(20_000):
        own.flaws("Product Viewed", {f"x{at}": 1})
    assert len(own._shapes) <= 8_192


def test_a_detail_is_short_enough_to_count_by() -> None:
    assert len(Flaw("x" * 500, "is missing", aside=False).detail) == 160


def test_the_way_in_is_told_what_to_count_and_what_to_put_aside() -> None:
    assert PLAN.check("Order Completed", WHOLE) is None
    assert PLAN.check("Order Completed", {**WHOLE, "order_id": "", "total": -1}) == (
        "missing:order_id\nunfit:total: is negative"
    )
    with pytest.raises(RowError) as found:
        PLAN.check("Order Completed", {})
    assert (found.value.field.split("|")[0], found.value.reason) == ("order_id", "is missing")
