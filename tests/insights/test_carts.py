from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.facts import JAKARTA, Told, rows, tables
from tests.insights.cart_facts import BEGIN, visit

from detak.insights.abandonment import MOST
from detak.insights.cart_strata import REASONS, UNKNOWN, banded, read_strata, reduce_strata
from detak.insights.carts import CART, CHECKOUT, DELIVERY, ORDERED, PAYING, SEEN, carts
from detak.insights.filled import filled
from detak.insights.trail import Kept, visits


def _carts(told: Told) -> list[dict[str, Any]]:
    return sorted(
        rows(carts(tables(told.events, told.items), JAKARTA, MOST)), key=lambda row: (row["subject"], row["start"])
    )


def test_how_far_it_came() -> None:
    told = Told()
    steps = {
        "cart": CART,
        "seen": SEEN,
        "address": CHECKOUT,
        "delivery": DELIVERY,
        "paying": PAYING,
        "ordered": ORDERED,
    }
    for subject, until in enumerate(steps):
        visit(told, subject, until=until)
    found = _carts(told)
    assert [cart["stage"] for cart in found] == list(steps.values())
    assert [cart["bought"] for cart in found] == [False] * 5 + [True]
    for cart in found:
        assert (cart["value"], cart["category"], cart["looks"], cart["pieces"]) == (100_000, "Sepatu", 1, 1)


def test_a_sign_tells_of_its_reason_alone() -> None:
    shown: dict[str, dict[str, Any]] = {
        "found_cheaper": {"sorted": True},
        "needs_to_ask": {"chat": True},
        "out_of_stock": {"gone": True},
        "slow_page": {"load": 4_001},
        "shipping_cost": {"shipping": 20_001},
        "coupon_refused": {"denied": True},
        "payment_failed": {"failed": True},
    }
    told = Told()
    for subject, one in enumerate([*shown.values(), {}]):
        visit(told, subject, **one)
    signs = [{name for name in REASONS if cart[name] == 1} for cart in _carts(told)]
    assert signs == [*({name} for name in shown), set()]


def test_what_is_not_said_is_unknown_and_not_absent() -> None:
    told = Told()
    visit(told, 1, load=None, shipping=None)
    (cart,) = _carts(told)
    assert cart["slow_page"] is None
    assert cart["shipping_cost"] is None
    strata = read_strata(reduce_strata(banded(carts(tables(told.events, told.items), JAKARTA, MOST))).to_pyarrow())
    assert strata.signs["slow_page"].tolist() == [UNKNOWN]


def test_half_an_hour_of_silence_and_an_order_end_a_cart() -> None:
    told = Told()
    visit(told, 1, until="seen")
    visit(told, 1, BEGIN + timedelta(minutes=20), until="seen")
    visit(told, 1, BEGIN + timedelta(minutes=55))
    visit(told, 1, BEGIN + timedelta(minutes=62), until="seen")
    found = _carts(told)
    assert [cart["stage"] for cart in found] == [SEEN, ORDERED, SEEN]
    assert [(cart["before"], cart["ordered_before"]) for cart in found] == [(0, 0), (1, 0), (2, 1)]


def test_an_order_that_names_the_cart_later_bought_it() -> None:
    told = Told()
    visit(told, 1, until="address")
    told.order("O", subject=1, cart_id=f"C1-{BEGIN:%m%d%H%M}", time=BEGIN + timedelta(days=2))
    assert [cart["stage"] for cart in _carts(told)] == [ORDERED]


def test_nobody_and_no_time_make_no_cart() -> None:
    told = Told()
    visit(told, 1)
    nobody = [{**row, "subject": None} for row in told.events]
    timeless = [{**row, "time": None} for row in told.events]
    assert _carts(Told([*nobody, *timeless], told.items)) == []


def test_alike_carts_are_one_group() -> None:
    told = Told()
    for subject in range(9):
        visit(told, subject, until="seen")
    visit(told, 20, until="seen", chat=True)
    strata = reduce_strata(banded(carts(tables(told.events, told.items), JAKARTA, MOST))).to_pyarrow()
    assert sorted(strata["carts"].to_pylist()) == [1, 9]
    assert sorted(strata["value"].to_pylist()) == [100_000, 900_000]


def test_of_many_the_newest_are_looked_at_with_all_that_their_people_did() -> None:
    told = Told()
    for day, subject in enumerate((1, 2, 3, 1)):
        visit(told, subject, begin=BEGIN + timedelta(days=day), until="cart")
    found = rows(carts(tables(told.events, told.items), JAKARTA, 1))
    assert sorted(row["subject"] for row in found) == [1, 1, 3]


def test_what_was_kept_of_everybody_says_the_same() -> None:
    told = Told()
    for day, subject in enumerate((1, 2, 3, 1)):
        visit(
            told, subject, begin=BEGIN + timedelta(days=day), shipping=day * 20_000, denied=day == 1, load=day or None
        )
    facts = tables(told.events, told.items)
    every = filled(facts.events, facts.items, facts.events.select("subject").distinct())
    kept = replace(facts, kept=Kept(visits(facts.events), filled=every))
    for most in (1, MOST):
        made = [carts(one, JAKARTA, most).order_by("subject", "start") for one in (facts, kept)]
        assert rows(made[0]) == rows(made[1].select(made[0].columns))
