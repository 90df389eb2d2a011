"""What rules make of scored products."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.recommend.goods import goods

from detak.recommend.arrange import DAY, Occasion, Shelf, arrange, rarity
from detak.recommend.base import NOBODY, Scored
from detak.recommend.content import Items
from detak.recommend.ruled import ruled
from detak.recommend.rules import Boost, Bury, Match, Pin, Quota, Rules

SHOP = goods(
    ("a", "Gamis", "Sekar"),
    ("b", "Gamis", "Sekar"),
    ("c", "Gamis", "Ayunda"),
    ("d", "Sepatu", "Langkah"),
    ("e", "Sepatu", "Jejak"),
    ("f", "Buku", ""),
    labels={4: "promo", 5: "promo"},
)
PLAIN = {"diversity": 0.0, "purchased_days": 0}


def scored(*items: int) -> Scored:
    """These candidates, the first best."""
    n = len(items)
    return Scored(np.array(items, np.int32), np.linspace(9, 1, n, dtype=np.float32), np.full(n, NOBODY, np.int32))


def shelf(
    rules: Rules, candidates: Scored, k: int = 10, occasion: Occasion | None = None, items: Items = SHOP
) -> Shelf:
    return arrange(candidates, k, ruled(rules, items, "IDR"), occasion or Occasion())


def test_without_rules_the_best_stand_in_their_order() -> None:
    made = shelf(Rules(**PLAIN), scored(3, 1, 0, 2), 3)
    assert made.item.tolist() == [3, 1, 0]
    assert made.rules == ((), (), ())
    assert made.left_out == {}


def test_a_pinned_product_stands_where_it_is_pinned_and_needs_no_score() -> None:
    made = shelf(Rules(**PLAIN, pin=(Pin("p5", 2), Pin("p0", 4))), scored(0, 1, 2, 3))
    assert made.item.tolist() == [1, 5, 2, 0, 3]
    assert made.rules[1] == ("pin",)


def test_a_pin_behind_the_end_of_a_short_shelf_stands_last() -> None:
    rules = Rules(**PLAIN, pin=(Pin("p5", 9),))
    assert shelf(rules, scored(0, 1)).item.tolist() == [0, 1, 5]
    assert shelf(rules, scored(0, 1), 2).item.tolist() == [0, 1]


def test_hidden_goes_before_pinned() -> None:
    made = shelf(Rules(**PLAIN, pin=(Pin("p0", 1),), hide=(Match(brand="Sekar"),)), scored(1, 2, 0))
    assert made.item.tolist() == [2]
    assert made.left_out["hide"].tolist() == [1, 0]


def test_a_boost_lifts_and_burying_lowers_with_their_reasons() -> None:
    rules = Rules(**PLAIN, boost=(Boost(brand="Langkah", by=3),), bury=(Bury(brand="Sekar"),))
    made = shelf(rules, scored(0, 2, 3, 5))
    assert made.item.tolist() == [3, 2, 5, 0]
    assert made.rules == (("boost",), (), (), ("bury",))


def test_what_is_buried_for_good_stands_behind_however_varied_a_shelf_is() -> None:
    made = shelf(Rules(diversity=0.9, bury=(Bury(category="Buku"),)), scored(5, 0, 1, 2))
    assert made.item.tolist()[-1] == 5


def test_at_most_so_many_of_each_brand() -> None:
    made = shelf(Rules(**PLAIN, quota=(Quota(each="brand", at_most=1),)), scored(0, 1, 2, 5))
    assert made.item.tolist() == [0, 2, 5]
    assert made.left_out["quota"].tolist() == [1]


def test_at_least_so_many_promoted_even_if_none_was_a_candidate() -> None:
    quota = (Quota(label="promo", at_least=2),)
    made = shelf(Rules(**PLAIN, quota=quota), scored(0, 1, 4, 2), 3)
    assert made.item.tolist() == [0, 4, 5]
    assert made.rules == ((), ("quota",), ("quota",))
    assert shelf(Rules(**PLAIN, quota=quota), scored(0, 4, 5, 2), 3).rules == ((), (), ())


@pytest.mark.parametrize(("sold_out", "shown"), [("hide", [1, 2]), ("bury", [1, 2, 0]), ("show", [0, 1, 2])])
def test_what_is_sold_out(sold_out: str, shown: list[int]) -> None:
    sellable = np.array([False, True, True, True, True, True])
    rules = Rules(**PLAIN, sold_out=sold_out)  # type: ignore[arg-type]
    assert shelf(rules, scored(0, 1, 2), occasion=Occasion(sellable=sellable)).item.tolist() == shown


def test_what_was_bought_lately_is_left_out_unless_it_is_due_again() -> None:
    bought, now = np.array([0, 1, 2], np.int32), 100 * DAY
    at = np.array([99, 99, 1]) * DAY
    occasion = Occasion(now=now, bought=bought, bought_at=at, due=np.array([1], np.int32))
    made = shelf(Rules(diversity=0, purchased_days=30), scored(0, 1, 2, 3), occasion=occasion)
    assert made.item.tolist() == [1, 2, 3]
    assert made.rules[0] == ("due",)
    assert made.left_out["purchased"].tolist() == [0]


def test_variety_brings_the_next_kind_forward() -> None:
    made = shelf(Rules(diversity=0.5, purchased_days=0), scored(0, 1, 3))
    assert made.item.tolist() == [0, 3, 1]
    assert made.rules[1] == ("diversity",)


def test_novelty_favours_what_few_know() -> None:
    fame = np.array([0.5, 0.001, 0.1, 0.1, 0.1, 0.1], np.float32)
    made = shelf(Rules(**PLAIN, novelty=0.9), scored(0, 1), occasion=Occasion(fame=fame))
    assert made.item.tolist()[:1] == [0]  # 1 has the lowest score there is: novelty multiplies, it does not invent
    made = shelf(Rules(**PLAIN, novelty=0.9), scored(0, 1, 2), occasion=Occasion(fame=fame))
    assert made.item.tolist() == [1, 0, 2]


def test_rarity_is_self_information_over_its_range() -> None:
    assert rarity(np.array([0.1, 0.001, 0.01], np.float32)) == pytest.approx([0, 1, 0.5])
    assert rarity(np.array([0.1, 0.1], np.float32)).tolist() == [0, 0]


def test_nothing_makes_an_empty_shelf() -> None:
    made = shelf(Rules(), scored())
    assert len(made.item) == 0
    assert made.rules == ()


SOME = st.lists(st.integers(0, 5), unique=True)
MATCHES = st.builds(Match, products=SOME.map(lambda some: tuple(f"p{one}" for one in some)))
QUOTAS = st.one_of(
    st.builds(Quota, each=st.sampled_from(["brand", "category"]), at_most=st.integers(1, 3)),
    st.builds(Quota, label=st.just("promo"), at_most=st.integers(1, 3)),
)
PINS = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 7)), unique_by=(lambda pin: pin[0], lambda pin: pin[1]))
RULES = st.builds(
    Rules,
    pin=PINS.map(lambda pins: tuple(Pin(f"p{item}", at) for item, at in pins)),
    hide=st.lists(MATCHES, max_size=2).map(tuple),
    bury=st.lists(st.builds(Bury, brand=st.just("Sekar"), by=st.floats(0, 1)), max_size=1).map(tuple),
    quota=st.lists(QUOTAS, max_size=2).map(tuple),
    diversity=st.floats(0, 1),
)


@settings(max_examples=200)
@given(
    rules=RULES, some=SOME, k=st.integers(0, 8), excluded=SOME, sellable=st.lists(st.booleans(), min_size=6, max_size=6)
)
def test_rules_hold_whatever_they_are(
    rules: Rules, some: list[int], k: int, excluded: list[int], sellable: list[bool]
) -> None:
    occasion = Occasion(exclude=np.array(excluded, np.int32), sellable=np.array(sellable))
    laid = ruled(rules, SHOP, "IDR")
    made = arrange(scored(*some), k, laid, occasion)
    shown = made.item.tolist()
    assert len(shown) == len(set(shown)) == len(made.rules) <= k
    assert not [item for item in shown if laid.hidden[item] or item in excluded or not sellable[item]]
    pins = {at: item for at, item in laid.pinned if at < k and item not in excluded and sellable[item]}
    pins = {at: item for at, item in pins.items() if not laid.hidden[item]}
    assert set(pins.values()) <= set(shown)
    for at, item in pins.items():
        assert shown.index(item) == at or all(one in pins.values() for one in shown[shown.index(item) :])
    for limit in laid.limits:
        for number in set(limit.group.tolist()) - {-1}:
            mine = [item for item in shown if limit.group[item] == number]
            pinned = [item for item in mine if item in pins.values()]
            assert limit.at_most is not None
            assert len(mine) <= max(limit.at_most, len(pinned))


@settings(max_examples=100)
@given(some=SOME, k=st.integers(2, 6), least=st.integers(1, 2), diversity=st.floats(0, 1))
def test_a_quota_of_the_least_is_filled_while_the_shop_has_such_products(
    some: list[int], k: int, least: int, diversity: float
) -> None:
    rules = Rules(diversity=diversity, quota=(Quota(label="promo", at_least=least),))
    shown = shelf(rules, scored(*some), k).item.tolist()
    assert len({4, 5} & set(shown)) >= least
