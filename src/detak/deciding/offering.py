"""How the shop's offers stand: what the trial found, by which rule the others are treated, what is spent of the day.

For whoever answers for the shop: counts and averages of many, nobody alone.
"""

from collections.abc import Sequence
from datetime import datetime
from math import isnan
from typing import Literal

import msgspec
from msgspec.structs import replace

from detak.clock import from_micros
from detak.decide.offers import AVERAGE, RESTING, Book, allowed, reckoned, trial_share
from detak.decide.offers_learning import Learnt
from detak.decide.offers_worth import Brought
from detak.decide.rulebook import OfferRules, Rulebook
from detak.deciding.resuming import Spent
from detak.estimates.inference import Estimate
from detak.insights import render
from detak.insights.base import Shop
from detak.insights.between import Between, MoneyBetween
from detak.money import Money, exponent
from detak.recommending.standing_rules import StandingRules
from detak.words import say

NO_OFFERS, TOO_DEAR, NO_BUDGET, UNPRICED = "no_offers", "too_dear", "no_budget", "unpriced"
UNLEARNT, TOO_LITTLE = "unlearnt", "too_little"


Verdict = Literal["earned", "lost", "unsure"]


class Dates(msgspec.Struct, frozen=True):
    """From when until when an offer holds, UTC; null: it has no beginning, or no end."""

    offer: str
    state: Literal["waiting", "holding", "over"]
    begins: datetime | None
    ends: datetime | None


class Worth(msgspec.Struct, frozen=True):
    """What an offer did on the visits on which it was given, beyond what would have come without it."""

    offer: str
    given: int
    """Visits (of a person, a day) on which chance had a part in it."""
    without: int
    """Visits that they are held against: chance gave none."""
    discounts: Money
    orders: Between
    revenue: MoneyBetween
    profit: MoneyBetween
    verdict: Verdict
    """Whether the profit's interval lies above nothing, below, or on both sides."""


class Standing(msgspec.Struct, frozen=True):
    """How offers stand. ``rule``: ``uplift``, ``average``, ``nothing``, or why there is none yet."""

    rule: str
    offers: list[str]
    """Those that may be given."""
    visits: int
    """What the trial and the others have shown so far."""
    p: float | None
    """Of the test that people differ in what an offer does to them; null: it could not be made."""
    least: float | None
    """Extra orders a visit that the best offer brings at least (95%)."""
    trial: float
    """Share of people whose offer chance decides now."""
    holdout: float
    budget: Money
    """Of a day."""
    spent: Money
    given: int
    """Offers today."""
    trouble: str = ""
    """Why ``rules.toml`` as it is written is not in force; empty: it is."""
    built_in: bool = False
    """Whether it never was since the start: then the built-in rules stand, with no offer."""
    dates: list[Dates] = []
    """Of the offers that have any."""
    dear: list[str] = []
    """Those that hold and are given to nobody: they leave less of the price than the floor of the margin."""
    margin: float = 0.0
    """What the shop keeps of a price, which profit is counted by."""
    brought: list[Worth] = []
    """Of the offers that were given often enough to tell."""
    loses: bool = False
    """Whether an offer to everybody surely costs more than it brings; then the trial is smaller than the rules say."""


def dates(book: Rulebook, now: int) -> list[Dates]:
    """The offers that hold for a while only; ``book`` is what holds at that moment (microseconds since 1970, UTC)."""
    return [
        Dates(
            one.name,
            "holding" if one.holds(now) else "over" if one.ends is not None and one.ends <= now else "waiting",
            *(None if edge is None else from_micros(edge) for edge in (one.begins, one.ends)),
        )
        for one in (*book.offers.offer, *book.resting)
        if one.begins is not None or one.ends is not None
    ]


def standing(
    rules: OfferRules, learnt: Learnt | None, spent: Spent, known: tuple[str, float], dated: Sequence[Dates] = ()
) -> Standing:
    """How offers stand by the rules that hold now.

    Args:
        rules: those that hold.
        learnt: the last lesson, if there was one since the start.
        spent: of the day's budget.
        known: the shop's currency, and the usual price in its catalogue; 0: nothing in it has one.
        dated: offers that hold for a while only.
    """
    currency, usual_price = known
    there = allowed(rules)
    offers = [one.name for one in there]
    if learnt is not None and not any(map(learnt.book.knows, there)):  # the rules are others since
        learnt = None
    if not offers:
        rule = TOO_DEAR if rules.offer else RESTING if dated else NO_OFFERS
    elif not rules.budget:
        rule = NO_BUDGET
    elif not reckoned(learnt.book if learnt else Book(), rules, usual_price):
        rule = UNPRICED
    elif learnt is None:
        rule = UNLEARNT
    else:
        rule = TOO_LITTLE if learnt.book.version == "too-little" else learnt.book.rule
    p, least = (learnt.p, learnt.average) if learnt else (float("nan"), float("nan"))
    loses = learnt is not None and learnt.book.loses
    budget = Money(round(rules.budget * 10 ** exponent(currency)), currency)
    return Standing(
        rule, offers, learnt.visits if learnt else 0, None if isnan(p) else p, None if isnan(least) else least,
        trial_share(rules, loses=loses), rules.holdout, budget, Money(round(spent.amount), currency), spent.offers,
        dates=list(dated),
        dear=[one.name for one in rules.offer if one not in there],
        margin=rules.margin, brought=[_worth(one, currency) for one in learnt.brought] if learnt else [],
        loses=loses,
    )  # fmt: skip


def troubled(found: Standing, rules: StandingRules, language: str) -> Standing:
    """With what is wrong with the file of rules, as it is written now."""
    trouble = rules.told(language)
    return replace(found, trouble=trouble, built_in=bool(trouble) and not rules.known)


def sentences(found: Standing, shop: Shop) -> list[str]:
    """The same in words, the most important first."""
    language = shop.language
    told = {
        "visits": render.whole(found.visits, language),
        "p": "–" if found.p is None else render.decimal(found.p, language, 3),
        "least": "–" if found.least is None else render.decimal(100 * found.least, language),
        "trial": render.percent(found.trial, language),
    }
    if found.built_in:
        return [say(language, "offers_now.trouble_at_start", trouble=found.trouble)]
    lines = [say(language, "offers_now.trouble", trouble=found.trouble)] if found.trouble else []
    lines.append(say(language, f"offers_now.{found.rule}", **told))
    if found.offers:  # else that is what has been said
        lines += [say(language, "offers_now.dear", offer=one) for one in found.dear]
    lines += [_dated(one, shop) for one in found.dates]
    worth = [_said(one, found.margin, language) for one in found.brought]
    if found.rule in (NO_OFFERS, RESTING, TOO_DEAR, NO_BUDGET, UNPRICED):
        return lines + worth
    money = {name: render.money(one, language) for name, one in (("spent", found.spent), ("budget", found.budget))}
    if found.rule == AVERAGE:
        lines.append(say(language, "offers_now.simpler"))
    lines.append(say(language, "offers_now.spent", **money, given=render.whole(found.given, language)))
    lines.append(say(language, "offers_now.measured", holdout=render.percent(found.holdout, language), **told))
    if found.least is not None:
        lines.append(say(language, "offers_now.least", **told))
    if found.loses:
        lines.append(say(language, "offers_now.loses", **told))
    return lines + worth


def _worth(found: Brought, currency: str) -> Worth:
    def money(of: Estimate) -> MoneyBetween:
        return MoneyBetween(*(Money(round(one), currency) for one in of))

    verdict: Verdict = "earned" if found.profit.low > 0 else "lost" if found.profit.high < 0 else "unsure"
    return Worth(
        found.offer, found.given, found.without, Money(round(found.off), currency),
        Between(*found.orders), money(found.revenue), money(found.profit), verdict,
    )  # fmt: skip


def _said(found: Worth, margin: float, language: str) -> str:
    orders, revenue, profit = found.orders, found.revenue, found.profit
    told = {
        "offer": found.offer,
        "given": render.whole(found.given, language),
        "off": render.money(found.discounts, language),
        "margin": render.percent(margin, language),
        "orders": render.whole(orders.value, language),
        "orders_low": render.whole(orders.low, language),
        "orders_high": render.whole(orders.high, language),
    }
    for name, one in (("revenue", revenue), ("profit", profit)):
        told[name] = render.money(one.value, language)
        told[f"{name}_low"] = render.money(one.low, language)
        told[f"{name}_high"] = render.money(one.high, language)
    verdict = say(language, f"offers_now.{found.verdict}")
    return f"{say(language, 'offers_now.brought', **told)} {verdict}"


def _dated(one: Dates, shop: Shop) -> str:
    language, zone = shop.language, shop.zone
    begins = render.since(one.begins.astimezone(zone), language) if one.begins else ""
    ends = render.till(one.ends.astimezone(zone), language) if one.ends else ""
    span = "span" if begins and ends else "since" if begins else "till"
    when = say(language, f"offers_now.{span}", begins=begins, ends=ends)
    return say(language, f"offers_now.{one.state}", offer=one.offer, when=when)
