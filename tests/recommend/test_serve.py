"""Answers from rows, held against the whole sum."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from detak.recommend.serve import Rows

ITEMS = 40


def matrix(seed: int, filled: float = 0.3) -> sparse.csr_array:
    rng = np.random.default_rng(seed)
    # Few different values, so that some items are alike.
    return sparse.csr_array((rng.random((ITEMS, ITEMS)) < filled) * rng.integers(-2, 4, (ITEMS, ITEMS)), dtype="f4")


def answer(of: sparse.csr_array, touched: list[int], weight: list[float], k: int, exclude: list[int]) -> list:
    said = of.toarray()[touched] * np.array(weight, np.float32)[:, None]
    score = said.sum(axis=0) if touched else np.zeros(ITEMS, np.float32)
    score[exclude] = 0
    order = [item for item in sorted(range(ITEMS), key=lambda item: (-score[item], item)) if score[item] > 0][:k]
    return [(item, float(score[item]), float(said[:, item].max())) for item in order]


@settings(max_examples=40)
@given(
    st.integers(0, 20),
    st.lists(
        st.tuples(st.integers(0, ITEMS - 1), st.sampled_from([0.25, 0.5, 1.0])), max_size=6, unique_by=lambda p: p[0]
    ),
    st.integers(0, 12),
    st.lists(st.integers(0, ITEMS - 1), max_size=10),
)
def test_it_is_the_best_of_the_whole_sum(
    seed: int, history: list[tuple[int, float]], k: int, exclude: list[int]
) -> None:
    of = matrix(seed)
    rows = Rows.of(of)
    touched, weight = [item for item, _ in history], [one for _, one in history]
    expected = answer(of, touched, weight, k, exclude)
    for _ in range(2):  # nothing is left behind by an answer
        found = rows.best(np.array(touched, np.int32), np.array(weight, np.float32), k, np.array(exclude, np.int32))
        assert list(zip(found.item.tolist(), found.score.tolist(), strict=True)) == [one[:2] for one in expected]
        said = of.toarray()
        loudest = [float(said[by, item]) for item, by in zip(found.item, found.because, strict=True)]
        counts = [weight[touched.index(int(by))] for by in found.because]
        assert [one * count for one, count in zip(loudest, counts, strict=True)] == [one[2] for one in expected]


def test_threads_do_not_disturb_each_other() -> None:
    rows = Rows.of(matrix(1))

    def ask(item: int) -> list[int]:
        return rows.best(np.array([item], np.int32), np.ones(1, np.float32), 5, np.zeros(0, np.int32)).item.tolist()

    alone = [ask(item % ITEMS) for item in range(80)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda item: ask(item % ITEMS), range(80))) == alone


def test_who_touched_nothing_is_told_nothing() -> None:
    found = Rows.of(matrix(1)).best(np.zeros(0, np.int32), np.zeros(0, np.float32), 5, np.zeros(0, np.int32))
    assert [len(part) for part in found] == [0, 0, 0]
