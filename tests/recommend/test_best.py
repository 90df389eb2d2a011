"""The best few of many scores."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detak.recommend.best import best


@given(st.lists(st.integers(-3, 3), max_size=12), st.integers(-1, 15), st.lists(st.integers(-2, 14), max_size=4))
def test_it_is_what_sorting_everything_gives(scores: list[int], k: int, exclude: list[int]) -> None:
    allowed = [item for item in range(len(scores)) if item not in exclude]
    wanted = sorted(allowed, key=lambda item: (-scores[item], item))[: max(k, 0)]
    assert best(np.array(scores, np.float32), k, np.array(exclude, np.int32)).tolist() == wanted


def test_what_scores_minus_infinity_is_never_shown() -> None:
    scores = np.array([1, -np.inf, 0], np.float32)
    assert best(scores, 3, np.zeros(0, np.int32)).tolist() == [0, 2]
