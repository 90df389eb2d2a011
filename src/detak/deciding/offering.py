"""How the shop's offers stand: what the trial found, by which rule the others are treated, what is spent of the day.

For whoever answers for the shop: counts and averages of many, nobody alone.
"""

from math import isnan

import msgspec

from detak.decide.offers import AVERAGE, Book, allowed, reckoned
from detak.decide.offers_learning import Learnt
from detak.decide.rulebook import OfferRules
from detak.deciding.resuming import Spent
from detak.insights import render
from detak.insights.base import Shop
from detak.money import Money, exponent
from detak.words import say

NO_OFFERS, TOO_DEAR, UNPRICED = "no_offers", "too_dear", "unpriced"
UNLEARNT, TOO_LITTLE = "unlearnt", "too_little"


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
    holdout: float
    budget: Money
    """Of a day."""
    spent: Money
    given: int
    """Offers today."""
    trouble: str = ""
    """Why ``rules.toml`` as it is written is not in force; empty: it is."""


def standing(rules: OfferRules, learnt: Learnt | None, spent: Spent, currency: str, *, usual_price: float) -> Standing:
    """How offers stand by these rules; ``learnt``: the last lesson, if there was one since the start. ``usual_price``
    of the catalogue, 0: nothing in it has one."""
    there = allowed(rules)
    offers = [one.name for one in there]
    if learnt is not None and learnt.book.offers != there:  # the rules are others since
        learnt = None
    if not offers:
        rule = TOO_DEAR if rules.offer else NO_OFFERS
    elif not reckoned(learnt.book if learnt else Book(), rules, usual_price):
        rule = UNPRICED
    elif learnt is None:
        rule = UNLEARNT
    else:
        rule = TOO_LITTLE if learnt.book.version == "too-little" else learnt.book.rule
    p, least = (learnt.p, learnt.average) if learnt else (float("nan"), float("nan"))
    budget = Money(round(rules.budget * 10 ** exponent(currency)), currency)
    return Standing(
        rule, offers, learnt.visits if learnt else 0, None if isnan(p) else p, None if isnan(least) else least,
        rules.trial, rules.holdout, budget, Money(round(spent.amount), currency), spent.offers,
    )  # fmt: skip


def sentences(found: Standing, shop: Shop) -> list[str]:
    """The same in words, the most important first."""
    language = shop.language
    told = {
        "visits": render.whole(found.visits, language),
        "p": "–" if found.p is None else render.decimal(found.p, language, 3),
        "least": "–" if found.least is None else render.decimal(100 * found.least, language),
        "trial": render.percent(found.trial, language),
    }
    lines = [say(language, "offers_now.trouble", trouble=found.trouble)] if found.trouble else []
    lines.append(say(language, f"offers_now.{found.rule}", **told))
    if found.rule in (NO_OFFERS, TOO_DEAR, UNPRICED):
        return lines
    money = {name: render.money(one, language) for name, one in (("spent", found.spent), ("budget", found.budget))}
    if found.rule == AVERAGE:
        lines.append(say(language, "offers_now.simpler"))
    lines.append(say(language, "offers_now.spent", **money, given=render.whole(found.given, language)))
    lines.append(say(language, "offers_now.measured", holdout=render.percent(found.holdout, language), **told))
    if found.least is not None:
        lines.append(say(language, "offers_now.least", **told))
    return lines
