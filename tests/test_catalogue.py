"""Whose word counts for a product, in whatever order words arrive."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detak.catalogue import (
    API,
    EVENTS,
    FIELDS,
    FILE,
    RANKS,
    UNKNOWN,
    Availability,
    Deleted,
    Entry,
    Product,
    Snapshot,
    Statement,
    merge,
    told,
)
from detak.money import Money

TEXTS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)
MONEY = st.builds(Money, st.integers(0, 10**15), st.sampled_from(["IDR", "USD"]))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": TEXTS,
    "description": TEXTS,
    "price": MONEY,
    "compare_at_price": MONEY,
    "cost": MONEY,
    "margin": MONEY,
    "stock": st.integers(0, 10**9),
    "availability": st.sampled_from(Availability),
    "category": st.lists(TEXTS, min_size=1, max_size=3).map(tuple),
    "brand": TEXTS,
    "variant": TEXTS,
    "sku": TEXTS,
    "group": TEXTS,
    "image_url": TEXTS.map("https://shop.test/{}".format),
    "url": TEXTS.map("/p/{}".format),
    "labels": st.lists(TEXTS, min_size=1, max_size=3).map(tuple),
    "attributes": st.dictionaries(
        TEXTS,
        TEXTS
        | st.booleans()
        | st.integers(-(2**63) + 1, 2**63 - 1)
        | st.floats(-1e15, 1e15)
        | st.lists(TEXTS, min_size=1),
        min_size=1,
        max_size=3,
    ),
    "hidden": st.booleans(),
    "listed": st.integers(0, 4 * 10**15),
}
FIELD_SETS = st.fixed_dictionaries({}, optional={name: st.none() | values for name, values in VALUES.items()})
STATEMENTS = st.builds(
    Statement, st.just("P1"), FIELD_SETS, st.sampled_from(sorted(RANKS)), st.integers(0, 5)
)  # few moments, so that many coincide


def after(*said: Statement) -> Entry:
    held: Entry | Deleted | None = None
    for one in said:
        held = merge(held, one)
    assert isinstance(held, Entry)
    return held


def test_the_strategies_know_every_field() -> None:
    assert sorted(VALUES) == sorted(FIELDS)


@given(
    st.lists(STATEMENTS, min_size=1, max_size=5).flatmap(lambda said: st.tuples(st.just(said), st.permutations(said)))
)
def test_the_order_of_arrival_does_not_matter(orders: tuple[list[Statement], list[Statement]]) -> None:
    first, second = orders
    assert told(after(*first)) == told(after(*second))


@given(st.lists(STATEMENTS, min_size=1, max_size=5))
def test_saying_it_again_changes_nothing(said: list[Statement]) -> None:
    entry = after(*said)
    for one in said:
        assert merge(entry, one) is entry


@given(st.lists(STATEMENTS, min_size=1, max_size=6))
def test_each_field_is_the_latest_word_of_the_highest_rank(said: list[Statement]) -> None:
    entry = after(*said)
    for field in FIELDS:
        words = [one for one in said if field in one.fields]
        if not words:
            assert getattr(entry.product, field) is None
            assert field not in entry.origins
            continue
        best = max((RANKS[one.source], one.time) for one in words)
        stated = [one.fields[field] for one in words if (RANKS[one.source], one.time) == best]
        assert getattr(entry.product, field) in stated
        assert (RANKS[entry.origins[field].source], entry.origins[field].time) == best


def test_events_never_overwrite_what_the_shop_says_but_refresh_what_events_said() -> None:
    entry = after(
        Statement("P1", {"price": Money(12_000, "IDR")}, API, 1),
        Statement("P1", {"price": Money(1, "IDR"), "name": "Mangkok"}, EVENTS, 9),
        Statement("P1", {"name": "Mangkok besar"}, EVENTS, 10),
        Statement("P1", {"name": "Mangkok lama"}, EVENTS, 8),
    )
    assert entry.product == Product(id="P1", name="Mangkok besar", price=Money(12_000, "IDR"))
    assert {field: one.source for field, one in entry.origins.items()} == {"price": API, "name": EVENTS}
    assert (entry.created, entry.updated) == (1, 10)


def test_a_file_and_the_api_are_of_one_rank() -> None:
    newer = Statement("P1", {"stock": 5}, FILE, 2)
    assert after(Statement("P1", {"stock": 1}, API, 1), newer).product.stock == 5
    assert after(newer, Statement("P1", {"stock": 7}, API, 3)).product.stock == 7


def test_a_deleted_product_comes_back_by_the_shop_alone_and_without_its_past() -> None:
    gone = Deleted(5)
    assert merge(gone, Statement("P1", {"name": "A"}, EVENTS, 9)) is gone
    assert merge(gone, Statement("P1", {"name": "A"}, API, 5)) is gone
    back = merge(gone, Statement("P1", {"name": "A"}, API, 6))
    assert isinstance(back, Entry)
    assert (back.product, back.created) == (Product(id="P1", name="A"), 6)


@pytest.mark.parametrize(
    ("fields", "sellable"),
    [
        ({}, True),
        ({"stock": 1}, True),
        ({"stock": 0}, False),
        ({"stock": 0, "availability": Availability.PREORDER}, True),
        ({"stock": 0, "availability": Availability.BACKORDER}, True),
        ({"stock": 3, "availability": Availability.OUT_OF_STOCK}, False),
        ({"availability": Availability.DISCONTINUED}, False),
        ({"stock": 0, "availability": Availability.IN_STOCK}, False),
        ({"stock": 3, "hidden": True}, False),
    ],
)
def test_what_may_be_shown(fields: dict[str, Any], sellable: bool) -> None:
    assert Product(id="P1", **fields).sellable is sellable


@pytest.mark.parametrize(
    ("fields", "earned"),
    [
        ({"price": Money(100, "IDR"), "cost": Money(70, "IDR")}, Money(30, "IDR")),
        ({"price": Money(100, "IDR"), "cost": Money(70, "USD")}, None),
        ({"price": Money(100, "IDR")}, None),
        ({"price": Money(100, "IDR"), "cost": Money(70, "IDR"), "margin": Money(25, "IDR")}, Money(25, "IDR")),
    ],
)
def test_what_selling_one_brings_in(fields: dict[str, Any], earned: Money | None) -> None:
    assert Product(id="P1", **fields).earned == earned


def test_the_arrays_of_a_snapshot_go_with_its_ids() -> None:
    some = [
        Product(id="A", price=Money(5, "IDR"), stock=0),
        Product(id="B", price=Money(7, "USD"), stock=2),
        Product(id="C"),
    ]
    snapshot = Snapshot(3, {one.id: one for one in some})
    assert snapshot.ids == ("A", "B", "C")
    assert snapshot.places["C"] == 2
    assert snapshot.sellable.tolist() == [False, True, True]
    assert snapshot.stock.tolist() == [0, 2, UNKNOWN]
    assert snapshot.prices("IDR").tolist() == [5, UNKNOWN, UNKNOWN]
    with pytest.raises(ValueError, match="read-only"):
        snapshot.stock[0] = 1
