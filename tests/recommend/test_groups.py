"""Visits and orders among interactions."""

import numpy as np
from tests.recommend.made import HOUR, made

from detak.recommend.base import sequences
from detak.recommend.content import Kind
from detak.recommend.groups import orders, visits

VIEW, BUY = Kind.VIEW, Kind.BUY


def test_a_pause_or_another_person_ends_a_visit() -> None:
    minute = HOUR // 60
    data = made(
        [(0, 1, 0, VIEW, -1), (0, 1, 30 * minute, VIEW, -1), (0, 1, 61 * minute, VIEW, -1), (1, 1, 0, VIEW, -1)], 2
    )
    assert visits(data).tolist() == [0, 0, 1, 2]


def test_without_times_a_persons_life_is_one_visit() -> None:
    assert visits(sequences([[1, 2], [2]], ("a", "b", "c"))).tolist() == [0, 0, 1]


def test_what_an_order_names_and_else_the_visit_holds_purchases_together() -> None:
    data = made(
        [
            (0, 0, 0, BUY, 7),
            (0, 1, 0, VIEW, -1),
            (0, 2, 9 * HOUR, BUY, 7),
            (0, 3, 20 * HOUR, BUY, -1),
            (0, 4, 20 * HOUR, BUY, -1),
            (1, 5, 0, BUY, 7),
        ],
        6,
    )
    found = orders(data)
    together = [data.item[found.row[found.group == number]].tolist() for number in np.unique(found.group)]
    assert sorted(together) == [[0, 2], [3, 4], [5]]


def test_where_nothing_is_known_of_touches_each_is_a_purchase() -> None:
    assert orders(sequences([[1, 2], [0]], ("a", "b", "c"))).group.tolist() == [0, 0, 1]
