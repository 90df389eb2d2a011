"""The blend, on people whose next touch follows a rule."""

from dataclasses import replace

import numpy as np
import pytest

from detak.recommend.base import Interactions, Situation, sequences
from detak.recommend.blend import Blend, BlendModel, Queries
from detak.recommend.evaluate import Asked, accuracy, answers

SIZE = 60


def walkers(people: int, seed: int, again: bool = False) -> Interactions:
    """Everybody goes from a product to the next higher one, now and then to any; ``again``: back to the first."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(people):
        row = [int(random.integers(0, SIZE))]
        for _ in range(int(random.integers(4, 7))):
            row.append((row[-1] + 1) % SIZE if random.random() < 0.8 else int(random.integers(0, SIZE)))
        rows.append([*dict.fromkeys(row), row[0]] if again else list(dict.fromkeys(row)))
    return sequences(rows, tuple(f"p{at}" for at in range(SIZE)))


@pytest.fixture(scope="module")
def walk() -> BlendModel:
    return Blend().fit(walkers(300, 0))


def test_a_ranker_is_learnt_and_finds_the_rule(walk: BlendModel) -> None:
    assert walk.ranker is not None
    assert not walk.again
    some = walkers(100, 9)
    found = answers(walk, Asked(some.before_last(1), some.last(1).item), 5)
    assert accuracy(found.place)["recall@5"] > 0.7


def test_it_says_why(walk: BlendModel) -> None:
    data = sequences([[40, 10]], tuple(f"p{at}" for at in range(SIZE)))
    scored = walk.recommend(data.of(0), 3, np.zeros(0, np.int32), Situation())
    assert scored.item[0] == 11
    assert scored.because[0] == 10


def test_with_a_ranker_it_is_kept_whole(walk: BlendModel) -> None:
    again = Blend().load(walk.arrays())
    some = walkers(20, 3)
    np.testing.assert_array_equal(again.scores(some), walk.scores(some))
    assert again.found == pytest.approx(dict(walk.found))


def test_products_are_suggested_again_where_people_touch_them_again() -> None:
    model = Blend().fit(walkers(100, 1, again=True))
    assert model.again
    data = sequences([[5, 6, 7, 8, 9]], tuple(f"p{at}" for at in range(SIZE)))
    assert 5 in model.recommend(data.of(0), 10, np.zeros(0, np.int32), Situation()).item


def test_held_people_are_not_told_to_the_models() -> None:
    data = walkers(50, 2)
    queries = Blend(holdout="people").queries(data)
    assert queries.told.people == 45
    assert queries.asked.people == len(queries.target) == int((data.lengths[45:] - 1).sum())
    last = data.of(49).item.tolist()
    assert queries.asked.of(queries.asked.people - 1).item.tolist() == last[:-1]
    assert queries.target[-1] == last[-1]


def test_too_few_to_learn_from_are_added_up() -> None:
    data = walkers(30, 4)
    told = data.before_last(1)
    model = Blend().held(Queries(told, told, data.last(1).item))
    assert model.ranker is None
    assert set(model.found) >= {"after", "ease"}


def test_what_has_one_time_is_kept_from_the_models_as_one() -> None:
    """Two orders of two products each: the second is hidden whole, and one product of it is asked for."""
    data = replace(sequences([[0, 1, 2, 3], [4, 5]], ("a", "b", "c", "d", "e", "f")), time=np.array([5, 5, 9, 9, 7, 7]))
    queries = Blend().queries(data)
    assert queries.told.item.tolist() == [0, 1]
    assert queries.asked.people == 1
    assert queries.target.tolist() in ([2], [3])
