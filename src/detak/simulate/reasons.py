"""Why a filled cart is left: for each reason whether it was there, and whether it was enough; so what became of it.

A reason that is present (``exposed``) and enough for this person (``deadly``) makes them leave. A cart is bought when
no reason is both. So what *would* have become of it without one reason is known: it is bought if no other is both.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from detak.simulate.config import Flags, Floats, Ints, sigmoid
from detak.simulate.goods import categories
from detak.simulate.places import places
from detak.simulate.world import World

REASONS: Final = (
    "only_looking",
    "found_cheaper",
    "needs_to_ask",
    "out_of_stock",
    "slow_page",
    "shipping_cost",
    "coupon_refused",
    "payment_failed",
)
"""In the order in which people come to them; the first that is enough is the one they leave for."""
LOOKING, CHEAPER, ASK, STOCK, SLOW, SHIPPING, COUPON, PAYMENT = range(len(REASONS))
STAGES: Final = ("cart", "cart_viewed", "address", "shipping", "payment", "ordered")
_LEAVES_AT: Final = np.array([0, 1, 1, 1, 2, 3, 3, 4])
SLOW_MS: Final = 4_000
DEAR: Final = 0.2  # of the cart's value: from here on the cost of shipping is a shock
FREE_FROM: Final = 200_000  # Rupiah: the shop pays up to _SUBSIDY of the shipping
_SUBSIDY: Final = 20_000
COUPON_REASONS: Final = (
    "Kupon sudah kedaluwarsa",
    "Belanja belum mencapai minimum",
    "Kupon tidak berlaku untuk produk ini",
    "Kuota kupon habis",
)
_FAILURE: Final = np.array([0.02, 0.1, 0.13, 0.1, 0.1, 0.12, 0.18, 0.2])  # by payment, on a plain day


@dataclass(frozen=True)
class Carts:
    """Arrays by cart, as they are filled."""

    person: Ints
    start: Ints
    """When the visit began: milliseconds since 1970, UTC."""
    intent: Floats
    value: Ints
    """Rupiah, without shipping."""
    pieces: Ints
    main: Ints
    """The dearest product in it."""
    gone: Flags
    """Something in it is out of stock."""
    sure: Flags


class Outcome(NamedTuple):
    """What becomes of carts. Arrays by cart."""

    exposed: Flags
    """Carts x REASONS."""
    deadly: Flags
    """Carts x REASONS: enough, were it there."""
    reason: Ints
    """Index into ``REASONS``; -1: bought."""
    stage: Ints
    """Index into ``STAGES``: how far they come."""
    shipping: Ints
    """Rupiah."""
    load_ms: Ints
    """Of the checkout's slowest page."""
    coupon: Flags
    """A coupon is tried."""

    @property
    def bought(self) -> Flags:
        """Whether it ends in an order."""
        return np.asarray(self.reason < 0)

    def bought_without(self, reason: int) -> Flags:
        """Whether it would have ended in an order without that reason."""
        fatal = self.exposed & self.deadly
        fatal[:, reason] = False
        return np.asarray(~fatal.any(axis=1))


def decide(world: World, carts: Carts, rng: np.random.Generator) -> Outcome:
    """Draw what becomes of each cart."""
    people, who = world.people, carts.person
    thrift = people.thrift[who]
    shipping = shipping_cost(world, carts)
    load = load_times(world, who, rng)
    coupon = rng.random(len(who)) < sigmoid(-1.0 + 1.2 * np.log(thrift))
    exposed = _exposed(world, carts, rng)
    exposed[:, SHIPPING] = shipping > DEAR * carts.value
    exposed[:, SLOW] = load > SLOW_MS
    exposed[:, COUPON] = coupon & (rng.random(len(who)) < 0.45)
    chance = _chances(world, carts, shipping / np.maximum(carts.value, 1), load)
    deadly = (rng.random(chance.shape) < chance) & ~carts.sure[:, None]
    fatal = exposed & deadly
    left = fatal.any(axis=1)
    reason = np.where(left, fatal.argmax(axis=1), -1)
    stage = np.where(left, _LEAVES_AT[reason], len(STAGES) - 1)
    curious = (reason == LOOKING) * rng.choice(4, len(who), p=[0.45, 0.33, 0.07, 0.15])  # looks how far it goes
    return Outcome(exposed, deadly, reason, stage + curious, shipping, load, coupon)


def shipping_cost(world: World, carts: Carts) -> Ints:
    """What the parcel costs the buyer: by place and pieces; of large carts the shop pays a part."""
    base = places().shipping[world.people.place[carts.person]]
    full = base * (1 + 0.2 * (carts.pieces - 1))
    return np.asarray(np.maximum(0, full - np.where(carts.value >= FREE_FROM, _SUBSIDY, 0)) // 500 * 500).astype(
        np.int64
    )


def load_times(world: World, person: Ints, rng: np.random.Generator) -> Ints:
    """Milliseconds that a page takes: longer on old devices and, where the world is confounded, far away."""
    people, config = world.people, world.config
    far = (places().remote[people.place[person]] - 0.16) / 0.18
    slow = (
        0.3 * config.confounding * far + 0.4 * people.old_device[person] + 0.4 * config.hidden * people.hidden[person]
    )
    drawn = 7.55 + slow + 0.5 * rng.standard_normal(len(person))
    return np.exp(np.minimum(drawn, 10.5)).astype(np.int64)


def failing(world: World, payment: Ints, time: Ints) -> Floats:
    """The chance that a payment fails at first: almost always while its provider is down."""
    chance = _FAILURE[payment]
    for method, begin, end in world.outages.tolist():
        chance = np.where((payment == method) & (time >= begin) & (time < end), 0.9, chance)
    return np.asarray(chance)


def _exposed(world: World, carts: Carts, rng: np.random.Generator) -> Flags:
    """Which reasons are there; those that follow from the checkout are filled in by ``decide``."""
    n = len(carts.person)
    thrift = world.people.thrift[carts.person]
    doubts = np.array([kind.doubt for kind in categories()])[world.goods.category[carts.main]]
    exposed = np.zeros((n, len(REASONS)), dtype=np.bool_)
    exposed[:, LOOKING] = True
    exposed[:, CHEAPER] = (world.goods.rival[carts.main] < 1.0) & (rng.random(n) < np.minimum(0.55 * thrift, 0.9))
    exposed[:, ASK] = rng.random(n) < doubts
    exposed[:, STOCK] = carts.gone
    payment = world.people.payment[carts.person]
    exposed[:, PAYMENT] = rng.random(n) < failing(world, payment, carts.start)
    return exposed


def _chances(world: World, carts: Carts, ratio: Floats, load: Ints) -> Floats:
    """For each reason the chance that it would be enough for this person to leave."""
    thrift = world.people.thrift[carts.person]
    weak = sigmoid(-0.5 - 1.2 * carts.intent)
    chance = np.zeros((len(thrift), len(REASONS)))
    chance[:, LOOKING] = weak
    chance[:, CHEAPER] = 0.6
    chance[:, ASK] = 0.4
    chance[:, STOCK] = 0.75
    chance[:, SLOW] = np.clip(0.35 + (load - SLOW_MS) / 12_000, 0, 0.85)
    chance[:, SHIPPING] = np.clip((0.25 + 0.8 * (ratio - DEAR)) * np.sqrt(thrift), 0, 0.85)
    chance[:, COUPON] = np.clip(0.45 * thrift, 0, 0.8)
    chance[:, PAYMENT] = 0.6
    return chance
