"""Counted pairs, of all products and of some, by one member and by several at once."""

from dataclasses import replace

import numpy as np
import pytest

from detak.recommend.base import Interactions, sequences
from detak.recommend.followed import Followed, weighed
from detak.recommend.pairs import ByItem
from detak.recommend.parts import fitted, members

SIZE = 50


@pytest.fixture(scope="module")
def data() -> Interactions:
    random = np.random.default_rng(4)
    rows = [(random.integers(0, SIZE, random.integers(1, 12)) ** 2 // SIZE).tolist() for _ in range(300)]
    return sequences(rows, tuple(map(str, range(SIZE))))


def test_what_stands_near_is_counted(data: Interactions) -> None:
    lags = np.array([0.25, 0.5, 0, 1, 0.125])
    expected = np.zeros((SIZE, SIZE))
    for person in range(data.people):
        row = data.of(person).item.tolist()
        for at, lag in np.ndindex(len(row), len(lags)):
            if lags[lag] and 0 <= at + lag - 2 < len(row):
                expected[row[at], row[at + lag - 2]] += lags[lag]
    found = ByItem.of(data).near(0, SIZE, lags, np.ones(data.people))
    np.testing.assert_array_equal(found.toarray(), expected)


def test_the_rows_of_some_are_those_of_all(data: Interactions) -> None:
    touches, some = ByItem.of(data), np.array([0, 3, 4, 16, 48], np.int32)
    whole = weighed([Followed(keep=7)], touches)[0].toarray()
    few = weighed([Followed(keep=7)], touches.only(some))[0].toarray()
    assert whole[some].any(axis=1).all()
    np.testing.assert_array_equal(few[some], whole[some])
    assert not np.delete(few, some, axis=0).any()
    assert not weighed([Followed()], touches.only(some[:0]))[0].nnz


def test_a_shared_count_is_everybodys_own(data: Interactions) -> None:
    made = {**members(SIZE), "rare": replace(Followed(), wanted=0.5, keep=3)}
    together = fitted(made, data)
    assert list(together) == list(made)
    for name, one in made.items():
        alone = one.fit(data)
        assert together[name].decay == alone.decay
        np.testing.assert_array_equal(together[name].weight.toarray(), alone.weight.toarray(), err_msg=name)
