"""Which products a rule speaks of."""

import pytest
from tests.recommend.goods import goods

from detak.recommend.ruled import idle, matching, ruled
from detak.recommend.rules import Boost, Bury, Match, Pin, Quota, Rules

ITEMS = goods(
    ("a", "Fashion > Gamis", "Sekar"),
    ("b", "Fashion > Sepatu", "Langkah"),
    ("c", "", ""),
    ("d", "Sepatu", "SEKAR"),
    labels={1: "promo"},
    price=[100, 200, -1, 300],
)


@pytest.mark.parametrize(
    ("match", "found"),
    [
        (Match(products=("p2", "p0", "p9")), [0, 2]),
        (Match(category="sepatu"), [1, 3]),
        (Match(category="Fashion"), [0, 1]),
        (Match(brand="Sekar"), [0, 3]),
        (Match(label="promo"), [1]),
        (Match(label="unheard"), []),
        (Match(price_from=200), [1, 3]),
        (Match(price_to=200), [0, 1]),
        (Match(price_from=0), [0, 1, 3]),
        (Match(brand="Sekar", category="Sepatu"), [3]),
        (Match(brand="unheard"), []),
    ],
)
def test_everything_that_is_said_holds(match: Match, found: list[int]) -> None:
    assert matching(match, ITEMS, "IDR").nonzero()[0].tolist() == found


def test_prices_are_said_in_major_units() -> None:
    assert matching(Match(price_from=2, price_to=2.5), ITEMS, "USD").nonzero()[0].tolist() == [1]


def test_rules_become_arrays() -> None:
    rules = Rules(
        pin=(Pin("p3", 2), Pin("unheard", 1)),
        boost=(Boost(brand="Sekar", by=2), Boost(products=("p0",), by=3)),
        bury=(Bury(label="promo"),),
        hide=(Match(products=("p2",)),),
        quota=(Quota(each="brand", at_most=1), Quota(label="promo", at_least=1)),
    )
    laid = ruled(rules, ITEMS, "IDR")
    assert laid.factor.tolist() == [6, 0, 1, 2]
    assert laid.hidden.tolist() == [False, False, True, False]
    assert laid.pinned == ((1, 3),)
    assert laid.limits[0].group.tolist() == [0, 1, -1, 2]
    assert laid.limits[1].group.tolist() == [-1, 0, -1, -1]


def test_rules_that_speak_of_no_product_are_named() -> None:
    rules = Rules(
        pin=(Pin("p3", 2), Pin("unheard", 1)),
        boost=(Boost(brand="Skear", by=2), Boost(brand="Sekar", by=2)),
        hide=(Match(category="Sepatu"), Match(category="Seaptu")),
        quota=(Quota(each="brand", at_most=1), Quota(label="promosi", at_least=1)),
    )
    assert idle(rules, ITEMS, "IDR", 0) == ["pin[1]", "boost[0]", "hide[1]", "quota[1]"]
