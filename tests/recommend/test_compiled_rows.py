"""Answers from rows by the compiled kernel, against those of NumPy."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.recommend.test_serve import ITEMS, matrix

from detak.kernel.library import library
from detak.recommend.base import Crowd, History, Ints32, Situation
from detak.recommend.links import Links

pytestmark = pytest.mark.skipif(not library(), reason="no compiled kernel: python hatch_build.py")

items = st.lists(st.integers(-1, ITEMS + 1), max_size=30)


def numbers(some: list[int]) -> Ints32:
    return np.array(some, np.int32)


def past(touched: list[int]) -> History:
    return History(numbers(touched), np.zeros(len(touched), np.int64), np.ones(len(touched), np.float32))


@settings(max_examples=40)
@given(
    st.lists(st.tuples(items, items), max_size=6),
    items,
    st.integers(-1, ITEMS + 2),
    st.sampled_from([1.0, 0.5]),
    st.integers(0, 9),
)
def test_many_are_answered_as_each_alone(
    asked: list[tuple[list[int], list[int]]], closed: list[int], k: int, decay: float, seed: int
) -> None:
    links = Links(matrix(seed), decay)
    meant = replace(links)
    meant.__dict__["_compiled"] = None
    crowd = Crowd([past(one) for one, _ in asked], [numbers(shut) for _, shut in asked], numbers(closed))
    for (touched, shut), found in zip(asked, links.recommend_many(crowd, k, Situation()), strict=True):
        alone = meant.recommend(past(touched), k, numbers([*shut, *closed]), Situation())
        assert found.item.tolist() == alone.item.tolist()
        assert found.score.tolist() == alone.score.tolist()
        assert found.because.tolist() == alone.because.tolist()


def test_damaged_rows_are_refused() -> None:
    weight = matrix(1)
    weight.indices[:] = ITEMS
    with pytest.raises(ValueError, match="fit again"):
        Links(weight, 0.5).recommend(past([1, 2, 3]), 3, numbers([]), Situation())


def test_nobody_is_answered_nothing() -> None:
    assert Links(matrix(1), 0.5).recommend_many(Crowd([], []), 5, Situation()) == []
