"""How offers stand, in words: nobody to tell apart, too little, too dear, none."""

import dataclasses
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from msgspec.structs import replace

from detak.clock import to_micros
from detak.decide.offers import AVERAGE, NOTHING, UPLIFT, Book
from detak.decide.offers_learning import Learnt
from detak.decide.offers_worth import Brought
from detak.decide.rulebook import Offer, OfferRules, read_rulebook
from detak.deciding.offering import dates, sentences, standing
from detak.deciding.resuming import Spent
from detak.estimates.inference import Estimate
from detak.insights.base import Shop
from detak.money import Money

RULES = OfferRules(offer=(Offer("hemat", 0.1, "H10"),), budget=500_000, trial=0.2)


def learnt(rule: str, version: str = "v") -> Learnt:
    return Learnt(Book(rule, RULES.offer, version=version), 0.417, 0.013, 4_100, np.zeros(0))


@pytest.mark.parametrize(
    ("rules", "lesson", "rule", "said"),
    [
        (OfferRules(), None, "no_offers", "no offers"),
        (OfferRules(offer=(Offer("dear", 0.4),)), None, "too_dear", "floor of the margin"),
        (RULES, None, "unpriced", "no product has a price"),
        (RULES, learnt(NOTHING), "unpriced", "no product has a price"),
        (RULES, None, "unlearnt", "not learnt yet"),
        (RULES, learnt(NOTHING, "too-little"), "too_little", "in play so far: 4,100."),
        (RULES, learnt(NOTHING), "nothing", "the simplest rule holds: only the trial"),
        (RULES, learnt(AVERAGE), "average", "Nobody can be told apart"),
        (RULES, learnt(UPLIFT), "uplift", "People differ"),
        (OfferRules(offer=(Offer("kilat", 0.05),), budget=1), learnt(UPLIFT), "unlearnt", "not learnt yet"),
        (OfferRules(offer=(Offer("hemat", 0.1),)), learnt(UPLIFT), "no_budget", "the day's budget is 0"),
    ],
)
def test_it_says_by_which_rule_people_are_treated(
    rules: OfferRules, lesson: Learnt | None, rule: str, said: str
) -> None:
    found = standing(rules, lesson, Spent(0, 120_000.0, 8), ("IDR", 0.0 if rule == "unpriced" else 1.0))
    told = {lang: sentences(found, Shop(ZoneInfo("Asia/Jakarta"), "IDR", 5, lang)) for lang in ("en", "id")}
    assert found.rule == rule
    assert said in told["en"][0]
    assert len(told["en"]) == len(told["id"])
    if rule == AVERAGE:
        assert told["en"][1].startswith("So the simpler rule holds: all are treated alike")
        assert "Rp 120,000 of Rp 500,000" in told["en"][2].replace("\xa0", " ")
        assert "1.3 more orders per 100 visits" in told["en"][4]


def test_it_says_which_offers_that_hold_are_given_to_nobody() -> None:
    rules = OfferRules(offer=(Offer("hemat", 0.1), Offer("gajian", 0.3)), budget=500_000)
    found = standing(rules, None, Spent(0, 0.0, 0), ("IDR", 1.0))
    assert (found.offers, found.dear) == (["hemat"], ["gajian"])
    told = {lang: sentences(found, Shop(ZoneInfo("Asia/Jakarta"), "IDR", 5, lang))[1] for lang in ("en", "id")}
    assert told["en"].startswith("“gajian” is given to nobody: it leaves less")
    assert told["id"].startswith("“gajian” tidak diberikan kepada siapa pun")


def test_it_says_that_the_trial_is_smaller_while_offers_surely_lose() -> None:
    found = standing(RULES, learnt(NOTHING), Spent(0, 0.0, 0), ("IDR", 1.0))
    lost = learnt(NOTHING)
    lost = lost._replace(book=dataclasses.replace(lost.book, loses=True))
    smaller = standing(RULES, lost, Spent(0, 0.0, 0), ("IDR", 1.0))
    assert (found.loses, found.trial, smaller.loses, smaller.trial) == (False, 0.2, True, 0.05)
    told = {lang: sentences(smaller, Shop(ZoneInfo("Asia/Jakarta"), "IDR", 5, lang))[-1] for lang in ("en", "id")}
    assert "surely costs more than it brings" in told["en"]
    assert "5.0%" in told["en"]
    assert "5,0%" in told["id"]


@pytest.mark.parametrize(
    ("profit", "verdict", "english", "indonesian"),
    [
        (Estimate(2e6, 1e6, 3e6), "earned", "It has earned more than it cost.", "lebih besar daripada biayanya"),
        (Estimate(-2e6, -3e6, -1e6), "lost", "It has cost more than it earned.", "Biayanya lebih besar"),
        (Estimate(1e6, -1e6, 3e6), "unsure", "cannot be told yet", "Belum dapat dipastikan"),
    ],
)
def test_it_says_what_offers_brought_and_cost(profit: Estimate, verdict: str, english: str, indonesian: str) -> None:
    told = Brought("hemat", 1_234, 5_000, 4e6, Estimate(40.2, 10.4, 70.0), Estimate(3e6, 2e6, 4e6), profit)
    rules = replace(RULES, margin=0.25)
    found = standing(rules, learnt(NOTHING)._replace(brought=[told]), Spent(0, 0.0, 0), ("IDR", 1.0))
    (worth,) = found.brought
    assert (worth.verdict, worth.discounts, worth.profit.low) == (
        verdict, Money(4_000_000, "IDR"), Money(round(profit.low), "IDR"),
    )  # fmt: skip
    said = {lang: sentences(found, Shop(ZoneInfo("Asia/Jakarta"), "IDR", 5, lang))[-1] for lang in ("en", "id")}
    assert english in said["en"]
    assert indonesian in said["id"]
    assert "on 1,234 visits so far, for Rp 4,000,000 of discounts" in said["en"].replace("\xa0", " ")
    assert "brought: orders 40 (10 to 70), revenue Rp" in said["en"]
    assert "25.0%" in said["en"]


def test_it_says_from_when_until_when_offers_hold_by_the_shops_clock() -> None:
    jakarta = ZoneInfo("Asia/Jakarta")
    book = read_rulebook(
        '[offers]\nbudget = 9\noffer = [{name = "a", discount = 0.1, from = 2026-11-11, until = 2026-11-11},'
        '{name = "b", discount = 0.1, from = 2026-12-01T20:00:00},'
        '{name = "c", discount = 0.1, until = 2026-11-10T23:30:00}, {name = "d", discount = 0.1}]',
        zone=jakarta,
    )
    now = to_micros(datetime(2026, 11, 11, 9, tzinfo=jakarta))
    dated = dates(book.at(now), now)
    assert [(one.offer, one.state) for one in dated] == [("a", "holding"), ("b", "waiting"), ("c", "over")]
    found = standing(book.at(now).offers, None, Spent(0, 0.0, 0), ("IDR", 1.0), dated)
    assert found.offers == ["a", "d"]
    lines = sentences(found, Shop(jakarta, "IDR", 5, "en"))
    assert lines[1:4] == [
        "“a” holds from 11 Nov 2026 until 11 Nov 2026.",
        "“b” has not begun: it holds from 1 December 2026, 20.00 WIB.".replace("20.00", "20:00"),
        "“c” is over: it held until 10 November 2026, 23:30 WIB.",
    ]
    none = standing(OfferRules(), None, Spent(0, 0.0, 0), ("IDR", 1.0), dated[1:])
    assert none.rule == "resting"
    assert "holds now" in sentences(none, Shop(jakarta, "IDR", 5, "en"))[0]
