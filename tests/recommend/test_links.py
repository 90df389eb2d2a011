"""The linear recommenders, on data whose regressions are known."""

import numpy as np
import pytest

from detak.recommend.base import NOBODY, History, Interactions, Situation, sequences
from detak.recommend.directed import Directed
from detak.recommend.ease import Ease
from detak.recommend.followed import Followed
from detak.recommend.links import Links

ITEMS = tuple("abcdef")
NONE = np.zeros(0, np.int32)


def chains() -> Interactions:
    """a, b, c in this order; d, e together in any."""
    return sequences([[0, 1, 2]] * 20 + [[3, 4]] * 10 + [[4, 3]] * 10, ITEMS)


def past(*items: int) -> History:
    return History(np.array(items, np.int32), np.zeros(len(items), np.int64), np.ones(len(items), np.float32))


def first(model: Links, *items: int) -> int:
    return int(model.recommend(past(*items), 1, np.array(items, np.int32), Situation()).item[0])


@pytest.mark.parametrize("recommender", [Directed(), Followed()])
def test_order_counts(recommender: Directed | Followed) -> None:
    model = recommender.fit(chains())
    assert first(model, 0) == 1
    assert first(model, 0, 1) == 2
    assert first(model, 3) == 4
    assert not len(model.recommend(past(5), 3, NONE, Situation()).item)


def test_order_does_not_count_for_ease() -> None:
    model = Ease(penalty=1).fit(chains())
    table = model.weight.toarray()
    assert table[0, 1] == pytest.approx(table[2, 1], rel=1e-3)
    assert np.diagonal(table).tolist() == [0] * 6


def test_ease_is_the_formula() -> None:
    """Where every two products stand together somewhere; else a product is regressed on those beside it alone."""
    data = sequences([[0, 1, 2], [1, 2], [2, 3], [0, 1, 2, 3, 4]], ITEMS)
    x = np.zeros((4, 6))
    x[data.person, data.item] = 1
    inverse = np.linalg.inv(x.T @ x + 2 * np.eye(6))
    weight = -inverse / np.diagonal(inverse)
    np.fill_diagonal(weight, 0)
    np.testing.assert_allclose(Ease(penalty=2).fit(data).weight.toarray(), weight, atol=1e-5)


def test_directed_is_the_formula() -> None:
    """Of one walk a, b, c: the pasts are a and b + d a, what follows them b + g c and c."""
    model = Directed(decay=0.5, discount=0.25, penalty=1).fit(sequences([[0, 1, 2]], ITEMS))
    y = np.array([[1, 0, 0, 0, 0, 0], [0.5, 1, 0, 0, 0, 0]])
    z = np.array([[0, 1, 0.25, 0, 0, 0], [0, 0, 1, 0, 0, 0]])
    np.testing.assert_allclose(model.weight.toarray(), np.linalg.solve(y.T @ y + np.eye(6), y.T @ z), atol=1e-5)


def test_pairs_fade_with_the_distance_and_popularity_is_taken_out() -> None:
    model = Followed(discount=0.5, heard=0.5, wanted=0.5).fit(sequences([[0, 1, 2], [0]], ITEMS))
    table = model.weight.toarray()
    assert table[0, 1] == pytest.approx(1 / np.sqrt(3 * 2))
    assert table[0, 2] == pytest.approx(0.5 / np.sqrt(3 * 2))
    assert table[1, 0] == 0


def test_the_touch_that_speaks_most_is_the_reason() -> None:
    model = Followed().fit(chains())
    scored = model.recommend(past(3, 0), 3, np.array([0, 3], np.int32), Situation())
    assert dict(zip(scored.item.tolist(), scored.because.tolist(), strict=True)) == {1: 0, 2: 0, 4: 3}
    assert NOBODY not in scored.because


def test_what_outgrows_memory_is_fitted_by_neighbourhoods() -> None:
    small = Directed(penalty=1, pairs=0).fit(chains())
    assert first(small, 0) == 1
    assert first(small, 0, 1) == 2
    assert first(small, 3) == 4
    again = Directed(penalty=1, pairs=0).fit(chains())
    assert (again.weight != small.weight).nnz == 0


def test_one_answer_is_that_of_the_whole_table() -> None:
    model = Ease(penalty=1).fit(chains())
    history = past(0, 1, 0, 99, -1)
    table = model.scores(sequences([[0, 1, 0, 99, -1]], ITEMS)).ravel()
    found = model.recommend(history, 6, np.array([5, 77], np.int32), Situation())
    assert found.item.tolist() == [item for item in np.argsort(-table, kind="stable") if table[item] > 0 and item != 5]
    np.testing.assert_allclose(found.score, table[found.item], rtol=1e-5)


def test_two_steps_reach_what_nobody_touched_together() -> None:
    """b goes with a, and c with b; a and c were never touched by the same person."""
    data = sequences([[0, 1]] * 3 + [[1, 2]] * 3, ITEMS)
    assert Followed().fit(data).weight.toarray()[0, 2] == 0
    assert first(Followed(further=True).fit(data), 0) == 2
