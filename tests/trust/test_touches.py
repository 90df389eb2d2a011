"""Touches: which facts they are, and which of them are one."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from detak.consent import Purpose
from detak.event import ITEMS
from detak.recommend.content import Kind
from detak.trust.touches import NOTHING, ONE_VISIT, Touches, arrived, runs, with_session

WHEN = datetime(2026, 10, 1)


def item(**told: Any) -> dict[str, Any]:
    """A row of items."""
    whose = {"event_id": 1, "subject": 7, "time": WHEN, "received": WHEN + timedelta(hours=1), "line": 0}
    what = {"event": "Product Viewed", "source": "web", "purposes": int(Purpose.PERSONALISATION), "product_id": "a"}
    return {**whose, **what, **told}


def read(*rows: dict[str, Any]) -> list[tuple[str, int]]:
    found = arrived(pa.Table.from_pylist(list(rows), schema=ITEMS))
    return [(product, int(kind)) for product, kind in zip(found.product, found.kind, strict=True)]


def test_what_counts_and_as_what() -> None:
    assert read(
        item(product_id="seen"),
        item(product_id="cart", event="Product Added"),
        item(product_id="order", event="Order Completed", purposes=int(Purpose.MARKETING)),
        item(product_id="analytics", purposes=int(Purpose.ANALYTICS | Purpose.ESSENTIAL)),
        item(product_id="shown", event="Product List Viewed"),
        item(product_id="nobody", subject=None),
        item(product_id="bot", bot="agent"),
        item(product_id=None),
    ) == [("seen", Kind.VIEW), ("cart", Kind.CART), ("order", Kind.BUY)]
    assert read() == []


def test_nothing_happens_after_it_came_in() -> None:
    rows = [item(time=WHEN + timedelta(days=3)), item(time=None), item()]
    found = arrived(pa.Table.from_pylist(rows, schema=ITEMS)).time.astype("datetime64[us]")
    hour = timedelta(hours=1)
    assert found.tolist() == [WHEN + hour, WHEN + hour, WHEN]


def test_a_click_the_page_and_the_cart_are_one_touch() -> None:
    person = np.array([1, 1, 1, 1, 1, 2])
    product = np.array([5, 5, 5, 6, 5, 5])
    kind = np.array([Kind.VIEW, Kind.CART, Kind.VIEW, Kind.VIEW, Kind.VIEW, Kind.BUY], np.int8)
    time = np.array([0, 10, 20, 30, 40, 41])
    found = runs(person, product, kind, time)
    assert found.last.tolist() == [2, 3, 4, 5]
    assert found.kind.tolist() == [Kind.CART, Kind.VIEW, Kind.VIEW, Kind.BUY]
    apart = runs(person[:2], product[:2], kind[:2], np.array([0, ONE_VISIT + 1]))
    assert apart.last.tolist() == [0, 1]
    assert runs(person[:0], product[:0], kind[:0], time[:0]).last.tolist() == []


def test_a_session_comes_last_and_counts_once() -> None:
    now = 10 * ONE_VISIT
    stored = Touches.of(("a", "b", "c"), np.array([0, 3, 0], np.int8), np.array([1, now - 5, now - 4]))
    found = with_session(stored, ("b", "d"), now)
    assert found.product == ("a", "c", "b", "d")
    assert found.time.tolist() == [1, now - 4, now, now]
    assert with_session(NOTHING, (), now) is NOTHING
