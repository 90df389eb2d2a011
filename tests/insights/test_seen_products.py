"""What events say of products: the latest word, nobody's name, and what ran out."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from tests.facts import RECEIVED, Row, Told, tables

from detak.catalogue import EVENTS, Availability, Entry, Product, Statement, merge
from detak.insights.seen_products import cuts, reduce, statements, until
from detak.money import Money

SINCE = datetime(2025, 1, 1, tzinfo=UTC)


def asked(told: Told, since: datetime = SINCE) -> dict[str, pa.Table]:
    sums = reduce(tables(told.events, told.items), since)
    return {name: table.to_pyarrow() for name, table in sums.items()}


def learnt(told: Told, since: datetime = SINCE) -> dict[str, Product]:
    return merged(statements(asked(told, since), "IDR"))


def merged(said: Iterable[Statement]) -> dict[str, Product]:
    held: dict[str, Any] = {}
    for one in said:
        assert one.source == EVENTS
        held[one.id] = merge(held.get(one.id), one)
    return {named: entry.product for named, entry in held.items() if isinstance(entry, Entry)}


def item(named: str | None, **columns: Any) -> Row:
    return {"product_id": named, "currency": "IDR", **columns}


def at(minutes: int) -> datetime:
    return RECEIVED - timedelta(minutes=1_000 - minutes)


def test_each_field_is_the_latest_that_was_said_whatever_came_in_first() -> None:
    told = Told()
    told.event("Product Viewed", time=at(5), items=[item("P1", name="Mangkok baru", price=15_000)])
    told.event("Product Viewed", time=at(1), items=[item("P1", name="Mangkok", price=12_000, brand="Ayam")])
    told.event("Product List Viewed", time=at(9), items=[item("P1", category="Rumah > Dapur"), item(None, name="?")])
    assert learnt(told) == {
        "P1": Product(
            id="P1", name="Mangkok baru", brand="Ayam", price=Money(15_000, "IDR"), category=("Rumah", "Dapur")
        )
    }


def test_the_columns_of_items_become_fields() -> None:
    told = Told()
    told.event("Product Viewed", items=[item("P1", variant="Merah", image="https://cdn.shop.test/a.jpg?u=ani")])
    assert learnt(told)["P1"] == Product(id="P1", variant="Merah", image_url="https://cdn.shop.test/a.jpg")


def test_a_price_keeps_its_currency_and_nothing_is_not_a_price() -> None:
    told = Told()
    told.event("Product Viewed", time=at(1), items=[item("P1", price=2_750, currency="USD")])
    told.event("Product Viewed", time=at(2), items=[item("P1", price=0), item("P1", price=None)])
    assert learnt(told)["P1"].price == Money(2_750, "USD")


def test_a_cancelled_order_repeats_an_old_price() -> None:
    told = Told()
    told.order("O1", time=at(1), items=[item("P1", price=10_000)])
    told.event("Product Viewed", time=at(2), items=[item("P1", price=12_000)])
    told.cancel("O1", "Ubah pesanan", time=at(3), items=[item("P1", price=10_000, name="Mangkok")])
    assert (learnt(told)["P1"].price, learnt(told)["P1"].name) == (Money(12_000, "IDR"), "Mangkok")


def test_a_clock_that_runs_ahead_does_not_have_the_last_word() -> None:
    told = Told()
    told.event("Product Viewed", time=RECEIVED + timedelta(hours=20), items=[item("P1", price=1)])
    told.event("Product Viewed", time=RECEIVED + timedelta(seconds=1), items=[item("P1", price=2)])
    assert learnt(told)["P1"].price == Money(2, "IDR")


def test_bots_teach_nothing() -> None:
    told = Told()
    told.event("Product Viewed", time=at(1), items=[item("P1", price=5)])
    told.event("Product Viewed", time=at(2), bot="agent", items=[item("P1", price=1), item("P2", price=1)])
    assert learnt(told) == {"P1": Product(id="P1", price=Money(5, "IDR"))}


def test_names_do_not_carry_people() -> None:
    told = Told()
    told.event("Product Viewed", items=[item("P1", name="Kue untuk ani@example.com", brand="0812-3456-7890")])
    found = learnt(told)["P1"]
    assert "ani" not in str(found.name)
    assert "3456" not in str(found.brand)


def test_free_properties_of_the_latest_view() -> None:
    told = Told()
    first = {"compare_at_price": 20_000, "tags": ["baru", "hub 081234567890"], "stock": 4, "email": "ani@example.com"}
    told.event("Product Viewed", time=at(1), properties=json.dumps(first), items=[item("P1")])
    told.event("Product Viewed", time=at(2), properties='{"colour": "red"}', items=[item("P1")])
    told.event("Product List Viewed", time=at(3), properties='{"stock": 0}', items=[item("P1"), item("P2")])
    found = learnt(told)["P1"]
    assert (found.compare_at_price, found.stock) == (Money(20_000, "IDR"), 4)
    assert found.labels is not None
    assert found.labels[0] == "baru"
    assert "0812" not in found.labels[1]
    assert found.attributes is None


def test_free_properties_in_minor_units_of_their_currency() -> None:
    told = Told()
    told.event("Product Added", properties='{"compareAtPrice": 27.5}', items=[item("P1", currency="USD")])
    assert learnt(told)["P1"].compare_at_price == Money(2_750, "USD")


def test_what_cannot_be_said_is_left_out_and_the_rest_is_learnt() -> None:
    told = Told()
    nonsense = '{"stock": "many", "availability": "perhaps", "compare_at_price": 1e300, "tags": {"a": 1}}'
    told.event("Product Viewed", properties=nonsense, items=[item("P1", name="Mangkok", brand="x" * 2_000)])
    told.event("Product Viewed", properties='["stock"]', items=[item("P" * 300, name="Mangkok")])
    assert learnt(told) == {"P1": Product(id="P1", name="Mangkok")}


def test_a_product_runs_out_when_orders_are_cancelled_for_it_and_is_back_when_it_is_had() -> None:
    told = Told()
    told.order("O1", time=at(1), items=[item("P1")])
    told.cancel("O1", "Dibatalkan oleh Penjual. Alasan: Stok habis", time=at(2))
    assert learnt(told)["P1"].availability is Availability.OUT_OF_STOCK
    told.event("Product Added", time=at(3), items=[item("P1")])
    assert learnt(told)["P1"].availability is Availability.IN_STOCK


def test_other_reasons_and_orders_of_several_products_say_nothing_of_stock() -> None:
    told = Told()
    told.order("O1", time=at(1), items=[item("P1")])
    told.cancel("O1", "Dibatalkan oleh Pembeli. Alasan: Ubah alamat", time=at(2))
    told.order("O2", time=at(3), items=[item("P2"), item("P3")])
    told.cancel("O2", "Stok habis", time=at(4))
    told.order("O3", time=at(5), items=[item("P4"), item(None, name="Hadiah")])
    told.cancel("O3", "Stok habis", time=at(6))
    assert {product.availability for product in learnt(told).values()} == {Availability.IN_STOCK}


def test_only_what_came_in_since_is_asked_and_a_later_cancellation_finds_its_order() -> None:
    told = Told()
    told.order("O1", time=at(1), items=[item("P1", name="Mangkok")])
    told.cancel("O1", "Stok habis", time=at(2))
    since = (RECEIVED + timedelta(seconds=1)).replace(tzinfo=UTC)
    assert learnt(told, since) == {"P1": Product(id="P1", availability=Availability.OUT_OF_STOCK)}


def test_asking_in_parts_teaches_what_asking_at_once_does() -> None:
    told = Told()
    for number in range(12):
        shown = item(f"P{number % 3}", name=f"N{number}" if number % 2 else None, price=number * 7 % 5 * 1_000)
        told.event("Product Viewed", time=at(number * 5 % 12), items=[shown])
    parts: list[Statement] = []
    for second in (6, 0, 3, 9):
        since = (RECEIVED + timedelta(seconds=second)).replace(tzinfo=UTC)
        parts += statements(asked(told, since), "IDR")
    assert merged(parts) == learnt(told)


def test_the_answer_does_not_hang_on_the_order_of_rows() -> None:
    told = Told()
    for name in ("A", "B", "C"):
        told.event("Product Viewed", time=at(1), items=[item("P1", name=name, price=len(told.events) + 1)])
    first = list(statements(asked(told), "IDR"))
    told.items.reverse()
    told.events.reverse()
    assert list(statements(asked(told), "IDR")) == first


def test_until_when() -> None:
    told = Told()
    assert until(asked(told)) is None
    assert learnt(told) == {}
    told.event("Product Viewed", items=[item("P1")])
    told.event("Product Viewed", items=[item("P1")])
    assert until(asked(told)) == (RECEIVED + timedelta(seconds=1)).replace(tzinfo=UTC)


def test_nobody_is_in_what_leaves_the_facts() -> None:
    told = Told()
    told.order("O1", subject=12_345, items=[item("P1")])
    told.cancel("O1", "Stok habis", subject=12_345)
    for table in asked(told).values():
        assert not {"subject", "order_id", "event_id", "id"} & set(table.column_names)


def test_parts_of_what_was_received_say_together_what_all_of_it_says() -> None:
    told = Told()
    for minute in range(9):
        name = f"Mangkok {minute}" if minute != 8 else None
        priced = item(f"P{minute % 2}", name=name, price=10_000 + minute)
        told.event(
            "Product Viewed", time=at(minute), received=at(minute), items=[priced],
            properties=json.dumps({"stock": minute}) if minute < 5 else None,
        )  # fmt: skip
    facts = tables(told.events, told.items)
    (seconds,) = cuts(facts, SINCE, 3).to_pyarrow()["second"].to_pylist()
    first, second = (datetime.fromtimestamp(one, UTC) for one in seconds)
    assert at(1).replace(tzinfo=UTC) < first < second < at(8).replace(tzinfo=UTC)
    parts = [reduce(facts, SINCE, first), reduce(facts, first, second), reduce(facts, second)]
    found = [{name: table.to_pyarrow() for name, table in part.items()} for part in parts]
    assert [len(part["columns"]) for part in found] == [2, 2, 2]
    assert merged(one for part in found for one in statements(part, "IDR")) == learnt(told)
