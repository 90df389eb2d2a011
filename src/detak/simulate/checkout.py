"""From what was put in carts to orders: the lines, what becomes of each cart, what is paid."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detak.simulate import reasons
from detak.simulate.browsing import Browsing
from detak.simulate.config import Flags, Floats, Ints
from detak.simulate.people import PAYMENTS
from detak.simulate.reasons import Carts, Outcome
from detak.simulate.visits import Visits
from detak.simulate.world import World

_COUPON_PART: Final = 0.1
_COUPON_MOST: Final = 50_000  # Rupiah


@dataclass(frozen=True)
class Lines:
    """Arrays by cart line; those of a cart follow one another."""

    cart: Ints
    product: Ints
    """As put in."""
    bought: Ints
    """As bought: another one where the first was out of stock."""
    quantity: Ints
    gone: Flags


@dataclass(frozen=True)
class Checkout:
    """Carts and what becomes of them. Arrays by cart."""

    visit: Ints
    carts: Carts
    lines: Lines
    count: Ints
    """Lines of each cart."""
    outcome: Outcome
    payment: Ints
    """Index into ``PAYMENTS``: what is paid with in the end."""
    subtotal: Ints
    """Rupiah, of what is bought in the end."""
    discount: Ints
    """Rupiah."""
    retried: Flags
    """A payment failed, and another one did not."""

    @property
    def revenue(self) -> Ints:
        """Rupiah that an order brings: what is bought, less discounts; shipping goes to the courier."""
        return self.subtotal - self.discount


def check_out(world: World, visits: Visits, browsing: Browsing, discount: Floats, rng: np.random.Generator) -> Checkout:
    """Draw what becomes of the carts that the visits filled. ``discount`` by visit: the part of the price promised."""
    looks = browsing.looks
    added = np.flatnonzero(looks.added)
    owner = looks.visit[added]
    first = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]]) if len(owner) else np.zeros(0, np.int64)
    visit = owner[first]
    count = np.diff(np.append(first, len(owner)))
    cart = np.repeat(np.arange(len(visit)), count)
    product, quantity, gone = looks.product[added], looks.quantity[added], looks.gone[added]
    worth = world.goods.price[product] * quantity
    carts = Carts(
        visits.person[visit], visits.start[visit], browsing.intent[visit],
        _sums(worth, first), _sums(quantity, first), product[_dearest(worth, cart, first)],
        _sums(gone.astype(np.int64), first) > 0, visits.sure[visit],
    )  # fmt: skip
    outcome = reasons.decide(world, carts, rng)
    bought = np.where(gone & ~outcome.deadly[cart, reasons.STOCK], _instead(world, product, gone, rng), product)
    subtotal = _sums(world.goods.price[bought] * quantity, first)
    accepted = outcome.coupon & ~outcome.exposed[:, reasons.COUPON]
    off = np.minimum(accepted * _COUPON_PART * subtotal, _COUPON_MOST) + discount[visit] * subtotal
    retried = outcome.exposed[:, reasons.PAYMENT] & outcome.bought
    usual = world.people.payment[carts.person]
    other = (usual + rng.integers(1, len(PAYMENTS), len(usual))) % len(PAYMENTS)
    payment = np.where(retried & (rng.random(len(usual)) < 0.6), other, usual)
    lines = Lines(cart, product, bought, quantity, gone)
    return Checkout(
        visit, carts, lines, count, outcome, payment, subtotal, (off // 100 * 100).astype(np.int64), retried
    )


def _sums(values: Ints, first: Ints) -> Ints:
    return np.add.reduceat(values, first) if len(first) else np.zeros(0, np.int64)


def _dearest(worth: Ints, cart: Ints, first: Ints) -> Ints:
    """By cart: which line is worth the most."""
    return np.lexsort((-worth, cart))[first]


def _instead(world: World, product: Ints, gone: Flags, rng: np.random.Generator) -> Ints:
    """Another product of the same category that is there; without one, the same."""
    page = world.pages[world.goods.category[product], rng.integers(0, world.pages.shape[1], len(product))]
    missing = np.zeros(len(world.goods.price), np.bool_)
    missing[product[gone]] = True
    there = ~missing[page]
    found = np.take_along_axis(page, there.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.where(there.any(axis=1), found, product)
