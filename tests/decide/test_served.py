"""What was shown and offered to whom: by day, settled for the day, and no longer than the rules stay."""

from detak.decide.offers import Choice
from detak.decide.rulebook import Offer, OfferRules
from detak.decide.served import Served

RULES = OfferRules(offer=(Offer("hemat", 0.1),))
CHOICE = Choice(RULES.offer[0], "trial", 0.1, "by_chance", 5.0)


def test_a_day_with_an_offer_counts_once_however_many_pages_showed_it() -> None:
    served = Served()
    assert [served.give(7, day) for day in (10, 10, 12, 12)] == [True, False, True, False]
    assert served.given(7, 3, 12) == [10, 12]
    assert served.given(7, 3, 13) == [12]
    assert served.given(8, 3, 13) == []


def test_what_is_settled_holds_for_the_day_and_these_rules() -> None:
    served = Served()
    served.settle(7, 10, RULES, CHOICE)
    assert served.settled(7, 10, RULES) == CHOICE
    assert served.settled(7, 11, RULES) is None
    assert served.settled(7, 10, OfferRules()) is None
    assert served.settled(8, 10, RULES) is None
    served.drop({7})
    assert served.settled(7, 10, RULES) is None
