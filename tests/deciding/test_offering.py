"""How offers stand, in words: nobody to tell apart, too little, too dear, none."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detak.decide.offers import AVERAGE, NOTHING, UPLIFT, Book
from detak.decide.offers_learning import Learnt
from detak.decide.rulebook import Offer, OfferRules
from detak.deciding.offering import sentences, standing
from detak.deciding.resuming import Spent
from detak.insights.base import Shop

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
        (RULES, learnt(NOTHING, "too-little"), "too_little", "4,100 visits"),
        (RULES, learnt(NOTHING), "nothing", "the simplest rule holds: only the trial"),
        (RULES, learnt(AVERAGE), "average", "Nobody can be told apart"),
        (RULES, learnt(UPLIFT), "uplift", "People differ"),
        (OfferRules(offer=(Offer("kilat", 0.05),)), learnt(UPLIFT), "unlearnt", "not learnt yet"),
    ],
)
def test_it_says_by_which_rule_people_are_treated(
    rules: OfferRules, lesson: Learnt | None, rule: str, said: str
) -> None:
    found = standing(rules, lesson, Spent(0, 120_000.0, 8), "IDR", usual_price=0.0 if rule == "unpriced" else 1.0)
    told = {lang: sentences(found, Shop(ZoneInfo("Asia/Jakarta"), "IDR", 5, lang)) for lang in ("en", "id")}
    assert found.rule == rule
    assert said in told["en"][0]
    assert len(told["en"]) == len(told["id"])
    if rule == AVERAGE:
        assert told["en"][1].startswith("So the simpler rule holds: all are treated alike")
        assert "Rp 120,000 of Rp 500,000" in told["en"][2].replace("\xa0", " ")
        assert "1.3 more orders per 100 visits" in told["en"][4]
