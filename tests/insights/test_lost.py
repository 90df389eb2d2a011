"""What cancelled orders would have been worth."""

import numpy as np
import pytest
from tests.facts import Told, ask

from detak.insights.cancellations import Cancellations
from detak.insights.lost import Lost

ONE = {"category": "Piring", "currency": "IDR"}


def _lost(told: Told) -> Lost | None:
    found: Lost | None = ask(Cancellations(), told).lost
    return found


def test_recorded_amounts_count_as_they_are() -> None:
    told = Told()
    told.order("1", amount=700, currency="IDR")
    told.cancel("1")
    told.order("2", items=[{**ONE, "amount": 300, "quantity": 1.0}])
    told.cancel("2")
    assert _lost(told) == Lost(1000, "IDR", "recorded")


def test_a_price_that_never_varies_is_found_exactly() -> None:
    told = Told()
    for at in range(20):
        told.order(f"kept {at}", amount=500 * (at % 4 + 1), quantity=float(at % 4 + 1), currency="IDR", items=[ONE])
    told.order("gone", quantity=3.0, currency="IDR", items=[ONE])
    told.cancel("gone", amount=0)
    assert _lost(told) == Lost(1500, "IDR", "estimated")


def test_without_a_quantity_the_mean_order_stands_in() -> None:
    told = Told()
    for at, amount in enumerate([100, 300]):
        told.order(f"kept {at}", amount=amount, quantity=1.0, currency="IDR")
    told.order("gone", currency="IDR")
    told.cancel("gone")
    assert _lost(told) == Lost(200, "IDR", "estimated")


def test_nothing_to_go_by_is_unknown_and_never_zero() -> None:
    told = Told()
    told.order("1", quantity=2.0)
    told.cancel("1", "Lainnya")
    told.order("2", quantity=1.0, amount=0)
    report = ask(Cancellations(), told)
    assert report.lost == Lost(None, "IDR", "unknown")
    assert report.reasons[0].lost == Lost(None, "IDR", "unknown")
    assert "cannot be computed" in " ".join(report.words)


def test_nothing_cancelled_loses_nothing_to_speak_of() -> None:
    told = Told()
    told.order("1", amount=100, currency="IDR")
    assert _lost(told) is None


def test_currencies_stand_apart_and_the_shops_main_one_comes_first() -> None:
    told = Told()
    for order, currency, amount in (("1", "USD", 100), ("2", "USD", 200), ("3", "IDR", 9_000)):
        told.order(order, amount=amount, currency=currency)
        told.cancel(order, "Lainnya")
    report = ask(Cancellations(), told)
    assert report.lost == Lost(300, "USD", "recorded")
    assert report.lost_other == [Lost(9_000, "IDR", "recorded")]
    assert [one.lost for one in report.reasons] == [Lost(300, "USD", "recorded")]


def test_reasons_add_up_to_the_total() -> None:
    told = Told()
    for at in range(30):
        told.order(f"kept {at}", amount=100 * (at + 1), quantity=1.0, currency="IDR")
    for at, reason in enumerate(["Stok habis", "Lainnya", "Stok habis"]):
        told.order(f"gone {at}", quantity=float(at + 1), currency="IDR")
        told.cancel(f"gone {at}", reason)
    report = ask(Cancellations(), told)
    assert sum(one.lost.amount for one in report.reasons) == pytest.approx(report.lost.amount, abs=1)


def test_an_estimate_comes_close_where_the_truth_is_known() -> None:
    """Two categories, cheaper by the dozen; cancelled orders are larger than kept ones, their amounts hidden."""
    random = np.random.default_rng(5)
    told, truth = Told(), 0.0
    for at in range(3_000):
        cancelled = at % 3 == 0
        category, price = [("Celengan", 12_000.0), ("Rak", 60_000.0)][
            int(random.random() < (0.5 if cancelled else 0.2))
        ]
        quantity = int(
            random.choice([1, 2, 4, 8, 20], p=[0.3, 0.2, 0.2, 0.2, 0.1] if cancelled else [0.6, 0.2, 0.1, 0.07, 0.03])
        )
        amount = quantity * price * quantity**-0.15 * random.lognormal(0, 0.2)
        known = None if cancelled else round(amount)
        told.order(str(at), amount=known, quantity=float(quantity), currency="IDR", items=[{"category": category}])
        if cancelled:
            told.cancel(str(at))
            truth += amount
    found = _lost(told)
    assert found is not None
    assert found.basis == "estimated"
    assert found.amount == pytest.approx(truth, rel=0.03)
