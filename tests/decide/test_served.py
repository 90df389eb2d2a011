"""What was shown and offered to whom: by day, settled for the day, and no longer than the rules stay."""

from detak.decide.offers import Choice
from detak.decide.rulebook import Offer, OfferRules
from detak.decide.served import DAY, Served

NOW = 100 * DAY
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


def test_what_was_shown_often_tires_until_it_was_clicked_or_is_long_ago() -> None:
    served = Served()
    served.show(7, ["a", "b"], NOW, 3)
    assert served.tired(7, 1, 3, NOW) == ["a", "b"]
    assert served.tired(7, 2, 3, NOW) == []
    served.show(7, ["a", "c"], NOW + DAY, 3)
    assert served.tired(7, 2, 3, NOW + DAY) == ["a"]
    assert served.tired(7, 0, 3, NOW + DAY) == []
    assert served.tired(7, 2, 3, NOW + 4 * DAY) == []
    served.show(7, ["a"], NOW + 4 * DAY, 3)  # its days are over: it counts from here
    assert served.tired(7, 2, 3, NOW + 4 * DAY) == []
    served.show(7, ["a"], NOW + 4 * DAY, 3)
    served.clicked(7, ["a"])
    assert served.tired(7, 2, 3, NOW + 4 * DAY) == []


def test_what_stands_twice_on_a_page_counts_twice_the_first_time_too() -> None:
    served = Served()
    served.show(7, ["a", "b", "a"], NOW, 3)
    assert served.tired(7, 2, 3, NOW) == ["a"]


def test_only_the_latest_products_of_a_person_are_remembered() -> None:
    served = Served()
    served.show(7, [f"p{at}" for at in range(250)], NOW, 3)
    assert served.tired(7, 1, 3, NOW) == [f"p{at}" for at in range(50, 250)]


def test_who_signs_in_keeps_what_was_settled_for_the_device() -> None:
    served = Served()
    served.settle(8, 10, RULES, CHOICE)
    served.give(8, 10)
    for _ in range(2):
        served.adopt(7, {8, 9})
    assert served.settled(7, 10, RULES) == CHOICE
    assert not served.give(7, 10)
    assert served.settled(8, 10, RULES) == CHOICE, "pages that know the device alone keep it"
    assert not served.given(9, 3, 10)


def test_what_was_settled_for_the_person_that_day_stands_beside_a_devices() -> None:
    served, none = Served(), Choice(None, "trial", 0.9, "by_chance")
    served.settle(7, 10, RULES, none)
    served.settle(8, 10, RULES, CHOICE)
    served.adopt(7, {8})
    assert served.settled(7, 10, RULES) == none
    served.settle(8, 11, RULES, CHOICE)
    served.adopt(7, {8})
    assert served.settled(7, 11, RULES) == CHOICE
