"""One row an order, whatever number of events told of it."""

from datetime import datetime, timedelta

from tests.facts import RECEIVED, Row, Told, rows, tables

from detak.event import ORDER_UPDATED
from detak.insights.orders import headers, order_items, orders

MORNING = datetime(2025, 5, 1, 2, 0)


def _orders(told: Told) -> dict[str, Row]:
    return {row["order_id"]: row for row in rows(orders(tables(told.events, told.items)))}


def _items(told: Told) -> list[tuple[str, int, str]]:
    found = rows(order_items(tables(told.events, told.items)))
    return sorted((row["order_id"], row["line"], row["product_id"]) for row in found)


def test_a_page_loaded_again_is_one_order() -> None:
    told = Told()
    for _ in range(2):
        told.order("1", time=MORNING, amount=900, quantity=3.0, items=[{"product_id": "a"}, {"product_id": "b"}])
    (order,) = _orders(told).values()
    assert (order["amount"], order["quantity"], order["time"]) == (900, 3.0, MORNING)
    assert _items(told) == [("1", 0, "a"), ("1", 1, "b")]


def test_parts_are_added_up() -> None:
    told = Told()
    told.order("1", amount=500, quantity=2.0, items=[{"product_id": "a"}, {"product_id": "b"}])
    told.order("1", amount=70, quantity=1.0, line=2, items=[{"product_id": "c"}])
    told.order("1", amount=80, quantity=1.0, line=2, items=[{"product_id": "d"}])
    (order,) = _orders(told).values()
    assert (order["amount"], order["quantity"]) == (580, 3.0)
    assert _items(told) == [("1", 0, "a"), ("1", 1, "b"), ("1", 2, "d")]


def test_an_update_replaces_the_items_even_with_fewer() -> None:
    told = Told()
    told.order("1", items=[{"product_id": "a"}, {"product_id": "b"}])
    told.event(ORDER_UPDATED, order_id="1", items=[{"product_id": "c"}])
    assert _items(told) == [("1", 0, "c")]


def test_what_is_received_last_wins_attribute_by_attribute() -> None:
    told = Told()
    told.order("1", payment="COD", province="Bali", received=RECEIVED)
    told.order("1", payment="Transfer", received=RECEIVED + timedelta(days=1))
    told.order("1", payment="Kartu", received=RECEIVED - timedelta(days=1), city="Kuta")
    (order,) = _orders(told).values()
    assert (order["payment"], order["province"], order["city"]) == ("Transfer", "Bali", "Kuta")


def test_the_same_number_in_two_sources_is_two_orders() -> None:
    told = Told()
    told.order("1", source="web")
    told.order("1", source="shopee")
    assert len(rows(orders(tables(told.events, told.items)))) == 2


def test_without_a_number_a_completed_order_is_one_by_itself() -> None:
    told = Told()
    first, second = told.order(None, items=[{"product_id": "a"}]), told.order(None)
    told.event(ORDER_UPDATED, payment="COD")
    told.event("Product Viewed", order_id="9")
    assert set(_orders(told)) == {str(first), str(second)}
    assert _items(told) == [(str(first), 0, "a")]


def test_cancelled_with_its_reason() -> None:
    told = Told()
    told.order("1", time=MORNING, status="Selesai")
    told.order("2", time=MORNING)
    told.cancel("2", "Produk habis", time=MORNING + timedelta(days=1))
    told.cancel("3", "Stok habis", time=MORNING)
    found = _orders(told)
    assert {key: (row["cancelled"], row["reason"]) for key, row in found.items()} == {
        "1": (False, None),
        "2": (True, "Produk habis"),
        "3": (True, "Stok habis"),
    }
    assert found["2"]["time"] == MORNING, "an order's time is when it was placed, not when it was cancelled"
    assert found["3"]["time"] == MORNING


def test_an_unknown_time_stays_unknown_though_the_cancellation_has_one() -> None:
    told = Told()
    told.order("1")
    told.cancel("1", time=MORNING)
    assert _orders(told)["1"]["time"] is None


def test_a_later_export_revives_an_order_and_a_page_loaded_again_does_not() -> None:
    told = Told()
    for order in ("revived", "reloaded", "still"):
        told.order(order, status="Batal")
        told.cancel(order, "Lainnya")
    told.order("revived", status="Selesai")
    told.order("reloaded")
    told.order("still", status="Dibatalkan", line=4)
    cancelled = {key: (row["cancelled"], row["reason"]) for key, row in _orders(told).items()}
    assert cancelled == {"revived": (False, None), "reloaded": (True, "Lainnya"), "still": (True, "Lainnya")}


def test_cancelled_after_an_earlier_export_said_it_was_on_its_way() -> None:
    told = Told()
    told.order("1", status="Sedang Dikirim")
    told.order("1", status="Batal")
    told.cancel("1")
    assert _orders(told)["1"]["cancelled"] is True


def test_the_amount_falls_back_to_the_items_only_where_all_are_known() -> None:
    told = Told()
    told.order("whole", items=[{"amount": 30, "quantity": 1.0}, {"amount": 12, "quantity": 2.0}])
    told.order("partly", items=[{"amount": 30, "quantity": 1.0}, {}])
    told.order("none")
    found = _orders(told)
    assert [(found[key]["amount"], found[key]["quantity"]) for key in ("whole", "partly", "none")] == [
        (42, 3.0),
        (None, None),
        (None, None),
    ]


def test_a_zero_on_the_cancellation_does_not_replace_what_the_order_cost() -> None:
    told = Told()
    told.order("1", amount=500)
    told.cancel("1", amount=0)
    told.cancel("2", amount=0)
    told.cancel("3", amount=700)
    found = _orders(told)
    assert [found[key]["amount"] for key in "123"] == [500, None, 700]


def test_what_a_cancellation_lists_counts_only_where_nothing_else_does() -> None:
    told = Told()
    told.order("1", items=[{"product_id": "a"}])
    told.cancel("1", items=[{"product_id": "x"}, {"product_id": "y"}])
    told.cancel("2", items=[{"product_id": "z"}])
    assert _items(told) == [("1", 0, "a"), ("2", 0, "z")]


def test_category_of_one_of_several_and_of_none() -> None:
    told = Told()
    told.order("one", items=[{"category": "Piring"}, {"category": "Piring"}])
    told.order("several", items=[{"category": "Piring"}, {"category": "Gelas"}])
    told.order("none", items=[{}])
    found = {key: (row["category"], row["several"]) for key, row in _orders(told).items()}
    assert found == {"one": ("Piring", False), "several": (None, True), "none": (None, False)}


def test_headers_say_the_same_as_orders() -> None:
    told = Told()
    told.order("1", payment="COD", currency="IDR", time=MORNING)
    told.cancel("1", "Lainnya")
    facts = tables(told.events, told.items)
    (header,), (order,) = rows(headers(facts)), rows(orders(facts))
    assert header.items() <= order.items()
