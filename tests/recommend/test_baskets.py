"""Evaluation by time, on baskets counted by hand."""

from dataclasses import replace

import numpy as np
import pytest

from detak.recommend.base import Floats, Interactions, sequences
from detak.recommend.baskets import figures, places, split

ITEMS = tuple("abcde")


class Alphabet:
    """Ranks a before b before c ..."""

    def scores(self, histories: Interactions) -> Floats:
        return np.tile(np.array([5, 4, 3, 2, 1], np.float32), (histories.people, 1))


def shop() -> Interactions:
    """One has a, comes back for a, c and c, later for e; one comes once before and never again; one only after."""
    data = sequences([[0, 0, 2, 2, 4], [1], [3]], ITEMS)
    return replace(data, time=np.array([1, 10, 10, 10, 20, 2, 11]))


def test_the_first_basket_after_the_moment_is_asked_for() -> None:
    parts = split(shop(), 5, again=True)
    assert parts.told.item.tolist() == [0, 1]
    assert parts.histories.item.tolist() == [0]
    assert parts.next.item.tolist() == [0, 2]
    assert split(shop(), 5, again=False).next.item.tolist() == [2]


def test_places_leave_out_what_was_had_unless_it_may_come_again() -> None:
    assert places(Alphabet(), split(shop(), 5, again=True), again=True).tolist() == [1, 3]
    assert places(Alphabet(), split(shop(), 5, again=False), again=False).tolist() == [2]


def test_nothing_after_the_moment_asks_nobody() -> None:
    assert split(shop(), 100, again=True).next.people == 0


def test_figures_of_a_basket() -> None:
    found = figures(np.array([1, 3]), split(shop(), 5, again=True).next, 2)
    assert (found["hit"][0], found["recall"][0], found["mrr"][0]) == (1, 0.5, 1)
    assert found["ndcg"][0] == pytest.approx(1 / (1 + 1 / np.log2(3)))
