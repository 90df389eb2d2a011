"""Places for new products: which are new, where they stand, and that a shelf is never theirs."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.recommend.goods import goods

from detak.recommend.arrange import DAY, Occasion, arrange
from detak.recommend.base import NOBODY, Scored
from detak.recommend.newcomers import chosen, in_turn, newcomers, places
from detak.recommend.ruled import ruled
from detak.recommend.rules import Match, New, Pin, Quota, Rules

SHOP = goods(*((name, "Gamis", "Sekar" if at < 4 else "Ayunda") for at, name in enumerate("abcdefgh")))
NOW = 100 * DAY


def told(*items: int) -> Scored:
    return Scored(
        np.array(items, np.int32),
        np.linspace(9, 1, len(items), dtype=np.float32),
        np.full(len(items), NOBODY, np.int32),
    )


def test_new_is_what_came_lately_and_few_have_touched() -> None:
    added = np.array([NOW - DAY, NOW - 31 * DAY, NOW - DAY, -1, NOW + DAY, NOW, NOW, NOW], np.int64)
    count = np.array([0, 0, 20, 0, 0, 19, 500, 0])
    assert newcomers(New(), replace(SHOP, added=added), count, NOW).nonzero()[0].tolist() == [0, 5, 7]


@given(st.integers(0, 200), st.floats(0, 0.5))
def test_no_more_places_than_the_share(k: int, share: float) -> None:
    found = places(New(share=share), k)
    assert len(found) <= k * share + 1e-6
    assert len(set(found)) == len(found)
    assert all(0 <= one < k for one in found)


def test_they_are_the_last_of_each_part() -> None:
    assert places(New(), 10) == [9]
    assert places(New(share=0.25), 12) == [3, 7, 11]
    assert places(New(), 9) == []


def test_each_hour_another_order() -> None:
    some = np.arange(40, dtype=np.int32)
    once, again, later = (in_turn(some, at).item.tolist() for at in (NOW, NOW + 1, NOW + DAY))
    assert once == again != later
    assert sorted(later) == some.tolist()


def test_a_quota_is_not_overstepped() -> None:
    laid = ruled(Rules(quota=(Quota(each="brand", at_most=2),), pin=(Pin("p0", 1),)), SHOP, "IDR")
    assert chosen(told(0, 1, 2, 3, 4), 4, laid) == [(1, NOBODY), (4, NOBODY)]


def test_they_stand_where_nothing_is_pinned_and_say_so() -> None:
    rules = Rules(diversity=0.0, pin=(Pin("p6", 2),), hide=(Match(products=("p5",)),))
    occasion = Occasion(fresh={1: 7, 2: 4, 3: 5})
    made = arrange(told(0, 1, 2, 3), 5, ruled(rules, SHOP, "IDR"), occasion)
    assert made.item.tolist() == [0, 6, 4, 1, 2]
    assert made.rules == ((), ("pin",), ("new",), (), ())
