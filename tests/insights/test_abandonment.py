from functools import cache
from typing import cast

import msgspec
import numpy as np
import pytest
from tests.facts import JAKARTA, Told, ask, rows, tables
from tests.insights.cart_facts import shop

from detak.errors import UsageError
from detak.insights.abandonment import Abandonment, AbandonmentReport, Reason
from detak.insights.base import Shop
from detak.insights.blocks import Table
from detak.money import Money
from detak.words import LANGUAGES

CARTS = 1_200


@cache
def _told() -> Told:
    return shop(CARTS)


@cache
def _report() -> AbandonmentReport:
    return cast("AbandonmentReport", ask(Abandonment(), _told()))


def _reason(name: str) -> Reason:
    return next(one for one in _report().reasons if one.reason == name)


def _left_at(step: int) -> int:
    """How many carts of the shop went no further than that."""
    names = ["Cart Viewed", "Checkout Started", "Payment Info Entered", "Order Completed"]
    counts = [sum(row["event"] == name for row in _told().events) for name in names]
    return counts[step] - counts[step + 1]


def test_counts_carts_and_what_they_were_worth() -> None:
    report = _report()
    orders = sum(row["event"] == "Order Completed" for row in _told().events)
    assert (report.carts, report.left) == (CARTS, CARTS - orders)
    assert report.money == Money(100_000 * (CARTS - orders), "IDR")
    assert isinstance(report.money.amount, int)


def test_each_cart_left_has_a_reason() -> None:
    assert sum(one.left.value for one in _report().reasons) == pytest.approx(_report().left)
    assert sum(one.share.value for one in _report().reasons) == pytest.approx(1)


def test_who_left_for_what_is_told_apart() -> None:
    assert _reason("only_looking").left.value == pytest.approx(_left_at(0), rel=0.15)
    assert _reason("shipping_cost").left.value == pytest.approx(_left_at(1), rel=0.15)
    assert _reason("payment_failed").left.value == pytest.approx(_left_at(2), rel=0.15)


def test_what_comes_back_is_what_was_taken_and_not_what_goes_along() -> None:
    """Of those told of dear shipping half left, and of these three in ten would have met a failed payment."""
    shipping, payment = _reason("shipping_cost").back, _reason("payment_failed").back
    assert shipping is not None
    assert payment is not None
    expected = _left_at(1) * (1 - 0.3 * 0.5)
    assert shipping.orders.low <= expected <= shipping.orders.high
    assert payment.orders.value == pytest.approx(_left_at(2), rel=0.2)
    assert shipping.money.value == Money(round(shipping.orders.value * 100_000), "IDR")
    assert shipping.money.low.amount < shipping.money.value.amount < shipping.money.high.amount


def test_a_sign_without_an_effect_brings_nothing_back() -> None:
    asked = _reason("needs_to_ask").back
    assert asked is not None
    assert asked.orders.low < 0 < asked.orders.high
    assert asked.evalue_low == 1


def test_the_order_of_rows_does_not_matter() -> None:
    told, random = _told(), np.random.default_rng(4)
    mixed = Told([told.events[at] for at in random.permutation(len(told.events))], told.items[::-1])
    assert ask(Abandonment(), mixed) == _report()


def test_the_newest_carts_are_looked_at() -> None:
    report = ask(Abandonment(most=100), _told())
    assert report.carts == 100
    assert report.until == _report().until
    assert report.since > _report().since
    with pytest.raises(UsageError, match="most"):
        Abandonment(most=0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_says_what_to_do_first(language: str) -> None:
    speaking = Shop(JAKARTA.zone, "IDR", 1, language)
    text = _report().text(speaking)
    assert "{" not in text
    blocks = _report().blocks(speaking)
    opened = [row.key for block in blocks if isinstance(block, Table) for row in block.rows]
    assert set(opened) == {one.reason for one in _report().reasons}


def test_opens_into_the_people_behind() -> None:
    facts = tables(_told().events, _told().items)
    left = {"shipping_cost": "shipping_cost", "only_looking": None}
    for key in left:
        people = [row["subject"] for row in rows(Abandonment().behind(facts, JAKARTA, key))]
        assert len(people) == len(set(people)) > 50
    with pytest.raises(UsageError, match="payment_failed"):
        Abandonment().behind(facts, JAKARTA, "weather")


def test_what_few_people_had_is_not_shown_by_itself() -> None:
    guarded = Shop(JAKARTA.zone, "IDR", 150, "en")
    report = ask(Abandonment(), _told(), guarded)
    assert "payment_failed" in report.few
    assert "payment_failed" not in {one.reason for one in report.reasons}
    assert sum(one.left.value for one in report.reasons) == pytest.approx(report.left)


def test_of_each_cart_left_it_is_said_whose_it_was_and_why() -> None:
    told, insight = _told(), Abandonment()
    made = insight.each(tables(told.events, told.items), JAKARTA, CARTS)
    found = insight.conclude_each({name: table.to_pyarrow() for name, table in made.items()}, JAKARTA)
    assert len(found) == _report().left
    starts = [cart["start"] for _, cart in found]
    assert starts == sorted(starts, reverse=True)
    assert {cart["value"] for _, cart in found} == {100_000}
    for reason in ("shipping_cost", "payment_failed", "only_looking"):
        together = sum(cart["reasons"].get(reason, 0) for _, cart in found)
        assert together == pytest.approx(_reason(reason).left.value, rel=0.05)
    paying = [cart["reasons"] for _, cart in found if cart["stage"] == "paying"]
    assert all(next(iter(one)) == "payment_failed" for one in paying)


def test_what_nothing_says_the_worth_of_is_not_worth_nothing() -> None:
    told = msgspec.structs.replace(_report(), money=Money(0, "IDR"), reasons=[]).text(JAKARTA)
    assert "what they were worth is not recorded" in told
    assert "Rp" not in told
