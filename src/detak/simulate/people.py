"""The shoppers: where they live, what they like and can pay, how they are moved, when they shop, what they allow.

Income, patience with pages and intent hang together with how far away someone lives, as strongly as the configuration's
``confounding`` says; with a trait of which no event tells, as strongly as ``hidden`` says.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detak.simulate.calendar import hours
from detak.simulate.config import DAY_MS, Config, Flags, Floats, Ints, sigmoid, stream, table
from detak.simulate.goods import LATENT, categories
from detak.simulate.places import places

UPLIFT: Final = ("persuadable", "sure_thing", "lost_cause", "do_not_disturb")
UPLIFT_SHARES: Final = (0.25, 0.20, 0.45, 0.10)
PAYMENTS: Final = (
    "COD",
    "GoPay",
    "OVO",
    "ShopeePay",
    "Virtual Account BCA",
    "Virtual Account Mandiri",
    "PayLater",
    "Kartu Kredit",
)
PAYMENT_SHARES: Final = (0.44, 0.14, 0.09, 0.12, 0.09, 0.05, 0.05, 0.02)
CONSENTS: Final = ("Analytics", "Personalisation", "Marketing")
"""Of a person's consent the bits, lowest first."""
DEVICES: Final = ("mobile", "desktop", "tablet")


@dataclass(frozen=True)
class People:
    """Arrays by person."""

    place: Ints
    income: Floats
    """Of the logarithm, around 0."""
    hidden: Floats
    """What no event tells: standard normal."""
    thrift: Floats
    """How much prices and fees weigh, around 1."""
    intent: Floats
    """How much they mean to buy when they come, around 0."""
    taste: Floats
    """People x categories: sums to 1."""
    latent: Floats
    """People x LATENT."""
    rate: Floats
    """Visits on a plain day."""
    peak: Floats
    """Their own hour of the day, in their zone: when they shop, and when they read messages."""
    pace: Floats
    """How slowly they go from one thing to the next, around 1."""
    agent: Ints
    """People x 2: the client programs they use, the usual one first."""
    old_device: Flags
    payment: Ints
    uplift: Ints
    """Index into ``UPLIFT``."""
    untreated: Floats
    """The chance to buy because of a campaign's day when the message does not come."""
    treated: Floats
    """The chance when it does."""
    joined: Ints
    """Day on which they make an account; -1: they have one; beyond all days: they never do."""
    consent: Ints
    """People x 2: bits of ``CONSENTS`` before and after they change their mind."""
    changes: Ints
    """When they change it: milliseconds since 1970, UTC; beyond all time if never."""
    habit: Ints
    """The category they buy again and again; -1: none."""
    every: Ints
    """Days from one such purchase to the next; 0: none."""
    phase: Ints


@dataclass(frozen=True)
class Agents:
    """Client programs."""

    name: tuple[str, ...]
    device: Ints
    share: Floats


def agents() -> Agents:
    """Those of people, with their share."""
    rows = [(device, *row) for device in DEVICES for row in table("agents")["people"][device]]
    share = np.array([row[1] for row in rows], dtype=np.float64)
    device = np.array([DEVICES.index(row[0]) for row in rows])
    return Agents(tuple(row[2] for row in rows), device, share / share.sum())


def make_people(config: Config) -> People:
    """The shoppers of a world."""
    rng = stream(config, "people")
    n = config.shoppers
    where = places()
    place = rng.choice(len(where.share), n, p=where.share)
    far = (where.remote[place] - 0.16) / 0.18  # about standard: mean and deviation over the country's people
    hidden = rng.standard_normal(n)
    income = 0.45 * rng.standard_normal(n) - 0.22 * config.confounding * far
    pull = -0.35 * config.confounding * far - 0.8 * config.hidden * hidden
    habit, every = _habits(config, n)
    uplift, untreated, treated = _response(config, n)
    before, after, changes = _consents(config, n)
    return People(
        place, income, hidden,
        thrift=np.exp(0.3 * rng.standard_normal(n) - 0.35 * income),
        intent=0.45 * rng.standard_normal(n) + 0.3 * income + pull,
        taste=_tastes(config, n),
        latent=rng.standard_normal((n, LATENT)),
        rate=np.minimum(rng.gamma(0.8, 0.15, n) + 0.01, 1.5),
        peak=rng.choice(24, n, p=hours()) + rng.random(n),
        pace=np.exp(0.35 * rng.standard_normal(n)),
        agent=_agents_of(rng, n),
        old_device=rng.random(n) < sigmoid(-0.7 - 1.3 * config.confounding * income),
        payment=rng.choice(len(PAYMENTS), n, p=PAYMENT_SHARES),
        uplift=uplift, untreated=untreated, treated=treated,
        joined=np.where(
            rng.random(n) < 0.55, -1, np.where(rng.random(n) < 0.6, rng.integers(0, config.days + 30, n), 10**6)
        ),
        consent=np.stack([before, after], axis=1), changes=changes,
        habit=habit, every=every, phase=rng.integers(0, 10_000, n),
    )  # fmt: skip


def _tastes(config: Config, n: int) -> Floats:
    rng = stream(config, "tastes")
    share = np.array([kind.share for kind in categories()])
    drawn = rng.standard_gamma(share / share.sum() * 4, (n, len(share))) + 1e-4
    return np.asarray(drawn / drawn.sum(axis=1, keepdims=True))


def _agents_of(rng: np.random.Generator, n: int) -> Ints:
    share = agents().share
    usual = rng.choice(len(share), n, p=share)
    other = rng.choice(len(share), n, p=share)
    return np.stack([usual, np.where(rng.random(n) < 0.35, other, usual)], axis=1)


def _habits(config: Config, n: int) -> tuple[Ints, Ints]:
    """A third buy something that is used up, again and again."""
    rng = stream(config, "habits")
    refills = np.array([kind.refill for kind in categories()])
    used_up = np.flatnonzero(refills)
    habit = np.where(rng.random(n) < 0.33, rng.choice(used_up, n), -1)
    every = np.maximum(5, np.round(refills[habit] * rng.lognormal(0, 0.25, n))).astype(np.int64)
    return habit, np.where(habit >= 0, every, 0)


def _response(config: Config, n: int) -> tuple[Ints, Floats, Floats]:
    """Kind of response to a message, and the chances to buy without it and with it."""
    rng = stream(config, "uplift")
    kind = rng.choice(len(UPLIFT), n, p=UPLIFT_SHARES)
    base = np.choose(kind, [0.004, 1.0, 0.001, 1.0]) * np.where(np.isin(kind, (1, 3)), rng.uniform(0.02, 0.05, n), 1.0)
    gain = np.choose(kind, [1.0, 0.0, 0.0, -0.7])
    return kind, base, base + np.where(kind == 0, rng.uniform(0.02, 0.07, n), gain * base)


def _consents(config: Config, n: int) -> tuple[Ints, Ints, Ints]:
    """What people allow at first and later, and when they change their minds."""
    rng = stream(config, "consent")
    everything = (1 << len(CONSENTS)) - 1
    some = np.array([0, 1, 3, 5])
    before = np.where(rng.random(n) < config.refusals, rng.choice(some, n, p=[0.5, 0.25, 0.15, 0.1]), everything)
    changing = rng.random(n) < min(0.04, config.refusals)
    after = np.where(before == everything, rng.choice(some, n), everything)
    when = config.midnight(0) + (rng.random(n) * config.days * DAY_MS).astype(np.int64)
    return before, np.where(changing, after, before), np.where(changing, when, 2**62)
