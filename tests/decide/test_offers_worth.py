"""What offers brought: the truth within its interval as often as it says, whoever was chosen, and nothing of a few."""

import numpy as np
import pytest

from detak.decide.offers_worth import Brought, brought
from detak.decide.rulebook import Offer
from detak.decide.visits import Visits

HEMAT = Offer("hemat", 0.2, "H20")
MARGIN = 0.3
PRICE = 100_000.0


class Shop:
    """People who come again and again; a third is moved by an offer, and those are given it far more often."""

    def __init__(self, seed: int, people: int = 300, times: int = 10) -> None:
        rng = np.random.default_rng(seed)
        self.subject = np.repeat(np.arange(people), times)
        moved = np.repeat(rng.random(people) < 0.33, times)
        self.chance = np.where(moved, 0.8, 0.25)
        given = rng.random(len(moved)) < self.chance
        usual = np.repeat(rng.beta(0.7, 3.0, people), times)  # people differ in how often they buy
        self.gain = np.where(moved, 0.3 * (1 - usual), 0.02 * (1 - usual))
        self.orders = (rng.random(len(moved)) < usual + given * self.gain).astype(np.float64)
        self.offer = np.where(given, 0, -1)
        self.profit = PRICE * ((MARGIN - HEMAT.discount) * (usual + self.gain) - MARGIN * usual)
        """Of a visit with an offer beyond the same without it, on average."""

    def brought(self) -> Brought:
        """As the engine tells it."""
        told = Visits(self.subject, self.offer, self.chance, self.orders, self.orders, self.orders * PRICE)
        (found,) = brought(told, [HEMAT], MARGIN)
        return found

    def truth(self, each: np.ndarray) -> float:
        """Of all visits with an offer."""
        return float(each[self.offer == 0].sum())


def test_the_truth_lies_within_the_interval_as_often_as_it_says_whoever_was_chosen() -> None:
    shops = [Shop(seed) for seed in range(200)]
    found = [one.brought() for one in shops]
    orders = [(told.orders, shop.truth(shop.gain)) for told, shop in zip(found, shops, strict=True)]
    profit = [(told.profit, shop.truth(shop.profit)) for told, shop in zip(found, shops, strict=True)]
    for each in (orders, profit):
        held = np.mean([one.low <= truth <= one.high for one, truth in each])
        assert 0.90 <= held <= 0.99
        wide = np.mean([one.high - one.low for one, _ in each])
        assert abs(np.mean([one.value - truth for one, truth in each])) < wide / 25


def test_whoever_comes_often_is_one_witness() -> None:
    shop = Shop(3, people=2_000, times=1)
    once = shop.brought().orders
    for name in ("subject", "chance", "orders", "offer"):
        setattr(shop, name, np.tile(getattr(shop, name), 4))
    four_times = shop.brought().orders
    assert four_times == pytest.approx([4 * one for one in once])


def test_discounts_are_what_orders_tell_of_and_the_offers_at_least() -> None:
    shop = Shop(5)
    given = (shop.offer == 0) & (shop.orders > 0)
    first = np.flatnonzero(given)[0]
    off = np.where(np.arange(len(given)) == first, 0.5 * PRICE, 0.0)
    amount = shop.orders * PRICE
    told = Visits(shop.subject, shop.offer, shop.chance, shop.orders, shop.orders, amount, off=off)
    (found,) = brought(told, [HEMAT], MARGIN)
    assert found.off == pytest.approx((given.sum() - 1) * 0.2 * PRICE + 0.5 * PRICE)
    assert (found.given, found.without) == ((shop.offer == 0).sum(), (shop.offer < 0).sum())


def test_those_that_could_not_have_had_it_and_those_whom_nobody_drew_for_do_not_count() -> None:
    shop = Shop(7)
    before = shop.brought()
    n = len(shop.subject)
    beside = np.r_[np.ones(n), np.zeros(n), np.ones(n)].astype(np.bool_)[:, None]
    many = Visits(
        np.tile(shop.subject, 3),
        np.r_[shop.offer, np.full(n, -1), shop.offer],
        np.r_[shop.chance, shop.chance, np.full(n, np.nan)],
        np.tile(shop.orders, 3),
        np.r_[shop.orders, np.ones(n), np.ones(n)],
        np.tile(shop.orders * PRICE, 3),
        beside=beside,
    )
    assert brought(many, [HEMAT], MARGIN) == [before]


def test_of_few_people_and_of_an_offer_that_nobody_got_nothing_is_told() -> None:
    few = Shop(9, people=29, times=40)
    told = Visits(few.subject, few.offer, few.chance, few.orders, few.orders, few.orders * PRICE)
    assert brought(told, [HEMAT], MARGIN) == []
    shop = Shop(9)
    told = Visits(shop.subject, shop.offer, shop.chance, shop.orders, shop.orders, shop.orders * PRICE)
    assert [one.offer for one in brought(told, [HEMAT, Offer("kilat", 0.1)], MARGIN)] == ["hemat"]
    nobody = Visits(*(column[:0] for column in (shop.subject, shop.offer, shop.chance, *[shop.orders] * 3)))
    assert brought(nobody, [HEMAT], MARGIN) == []
