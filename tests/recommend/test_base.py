"""Interactions: parts of them keep their meaning."""

from dataclasses import replace

import numpy as np

from detak.recommend.base import Interactions, sequences
from detak.recommend.content import Details, Kind, Place

ITEMS = ("a", "b", "c", "d")


def rows(data: Interactions) -> list[list[int]]:
    return [data.of(person).item.tolist() for person in range(data.people)]


def test_sequences_keep_order_and_people_without_rows() -> None:
    assert rows(sequences([[2, 1, 2], [], [3]], ITEMS)) == [[2, 1, 2], [], [3]]
    assert rows(sequences([], ITEMS)) == []


def test_the_last_ones_and_those_before_them() -> None:
    data = sequences([[0, 1, 2], [3], []], ITEMS)
    assert rows(data.before_last(1)) == [[0, 1], [], []]
    assert rows(data.last(2)) == [[1, 2], [3], []]
    assert data.back.tolist() == [2, 1, 0, 0]


def test_some_people_in_another_order() -> None:
    data = sequences([[0, 1], [], [2, 3, 0], [1]], ITEMS)
    some = data.only(np.array([3, 1, 2]))
    assert rows(some) == [[1], [], [2, 3, 0]]
    assert some.subjects.tolist() == [3, 1, 2]
    assert rows(data.without(np.array([0, 2]))) == [[], [1]]
    assert rows(data.only(np.zeros(0, np.int64))) == []


def test_one_history_alone_is_what_it_was() -> None:
    data = sequences([[0, 1], [2, 3]], ITEMS)
    assert rows(data.of(1).alone(ITEMS)) == [[2, 3]]


def test_what_the_touches_were_goes_with_them() -> None:
    kind = np.array([Kind.VIEW, Kind.BUY, Kind.CART], np.int8)
    details = Details(kind, np.array([-1, 7, -1]), np.array([1, 0], np.int32), (Place("Bali"), Place("Banten")))
    data = replace(sequences([[0, 1], [2]], ITEMS), details=details)
    second, last = data.only(np.array([1])).details, data.last(1).details
    assert second is not None
    assert (second.kind.tolist(), second.order.tolist(), second.place.tolist()) == ([Kind.CART], [-1], [0])
    assert last is not None
    assert (last.kind.tolist(), last.place.tolist()) == ([Kind.BUY, Kind.CART], [1, 0])
