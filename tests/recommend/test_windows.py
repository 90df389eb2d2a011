"""Sums over pairs in a window, held against Y and Z written out row by row."""

import numpy as np
import pytest
from scipy import sparse

from detak.recommend.solve import Effort
from detak.recommend.windows import Touched, Window, regress_windows, thinned

ITEMS = 30


def histories(people: int = 80) -> list[list[int]]:
    rng = np.random.default_rng(3)
    return [rng.integers(0, ITEMS, length).tolist() for length in rng.integers(0, 15, people)]


def flat(rows: list[list[int]]) -> Touched:
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    return Touched(np.array([item for row in rows for item in row], np.int32), starts, ITEMS)


def written_out(rows: list[list[int]], window: Window) -> tuple[np.ndarray, np.ndarray]:
    """Y'Y and Y'Z by the definition."""
    gram, cross = np.zeros((ITEMS, ITEMS)), np.zeros((ITEMS, ITEMS))
    for row in rows:
        for k in range(len(row) - 1):
            y, z = np.zeros(ITEMS), np.zeros(ITEMS)
            for distance, weight in enumerate(window.past[: k + 1]):
                y[row[k - distance]] += weight
            for distance, weight in enumerate(window.future[: len(row) - k - 1]):
                z[row[k + 1 + distance]] += weight
            gram += np.outer(y, y)
            cross += np.outer(y, z)
    return gram, cross


def decay(rate: float, width: int) -> tuple[float, ...]:
    return tuple((rate ** np.arange(width)).tolist())


@pytest.mark.parametrize(
    "window",
    [Window(decay(0.8, 20), decay(0.6, 20)), Window(decay(0.7, 3), (1.0,)), Window((1.0,), (1.0,))],
    ids=["whole histories", "the last three", "the last alone"],
)
def test_they_are_the_sums_of_the_definition(window: Window) -> None:
    rows = histories()
    gram, cross = written_out(rows, window)
    found = thinned(flat(rows), window, (ITEMS, ITEMS))
    np.testing.assert_allclose(found.gram.toarray(), gram, rtol=1e-5, atol=1e-5)
    if len(window.past) == 1 or len(window.past) == 20:  # else Z reaches beyond the window, where no pair is counted
        np.testing.assert_allclose(found.cross.toarray(), cross, rtol=1e-5, atol=1e-5)


def test_of_each_item_the_strongest_neighbours_stay() -> None:
    rows = histories(400)
    window = Window(decay(0.8, 20), decay(0.6, 20))
    gram, cross = written_out(rows, window)
    found = thinned(flat(rows), window, (6, 4))
    scale = 1 / np.sqrt(np.bincount(flat(rows).item, minlength=ITEMS) + 1)
    kept, kept_cross = found.gram.toarray(), found.cross.toarray()
    for item in range(ITEMS):
        order = gram[item] * scale
        order[item] = np.inf
        assert set(np.flatnonzero(kept[item])) == set(np.argsort(-order)[:6])
        assert set(np.flatnonzero(kept_cross[:, item])) == set(np.argsort(-cross[:, item] * scale)[:4])
    np.testing.assert_allclose(np.diagonal(kept), np.diagonal(gram), rtol=1e-5)
    np.testing.assert_allclose(kept[kept > 0], gram[kept > 0], rtol=1e-5)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, window = histories(), Window(decay(0.8, 5), decay(0.6, 5))
    whole = thinned(flat(rows), window, (8, 8))
    monkeypatch.setattr("detak.recommend.windows._BLOCK", 10)
    parts = thinned(flat(rows), window, (8, 8))
    for one, other in ((whole.gram, parts.gram), (whole.cross, parts.cross)):
        assert (sparse.csr_array(one) != sparse.csr_array(other)).nnz == 0


def test_from_histories_it_is_the_regression_of_the_definition() -> None:
    rows = [[item for item in row for _ in range(2)] for row in histories(600)]  # everything is followed by everything
    window = Window.fading(0.8, 0.6, 30)
    gram, cross = written_out(rows, window)
    assert (cross > 0).all()
    found = regress_windows(flat(rows), window, 5.0, Effort(neighbours=ITEMS)).toarray()
    np.testing.assert_allclose(found, np.linalg.solve(gram + 5.0 * np.eye(ITEMS), cross), atol=1e-4)


def test_who_touched_one_thing_says_nothing() -> None:
    found = thinned(flat([[3], [], [7]]), Window((1.0,), (1.0,)), (5, 5))
    assert (found.gram.nnz, found.cross.nnz) == (0, 0)


def test_a_window_has_its_bounds() -> None:
    with pytest.raises(ValueError, match="127 at most"):
        thinned(flat([[1, 2]]), Window((1.0,) * 128, (1.0,)), (5, 5))
