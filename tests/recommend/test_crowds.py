"""Many answered at once, against the answers given one by one."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.recommend.test_candidates import MODEL, SIZE, VOICES

from detak.recommend.base import Crowd, History, Ints32, Situation, sequences
from detak.recommend.blend import BlendModel
from detak.recommend.crowds import Crowds
from detak.recommend.ragged import Ragged

# The last two are products that came in after the fit.
products = st.lists(st.integers(0, SIZE + 1), max_size=120)
few = st.lists(st.integers(0, SIZE + 1), max_size=SIZE)
people = st.lists(st.tuples(products, few), max_size=40)


def past(touched: list[int]) -> History:
    return History(items(touched), np.zeros(len(touched), np.int64), np.ones(len(touched), np.float32))


def items(some: list[int]) -> Ints32:
    return np.array(some, np.int32)


def agree(model: BlendModel, asked: list[tuple[list[int], list[int]]], closed: list[int], situation: Situation) -> None:
    crowd = Crowd([past(touched) for touched, _ in asked], [items(shut) for _, shut in asked], items(closed))
    for (touched, shut), found in zip(asked, model.recommend_many(crowd, 6, situation), strict=True):
        alone = model.recommend(past(touched), 6, items([*shut, *closed]), situation)
        assert found.item.tolist() == alone.item.tolist()
        np.testing.assert_allclose(found.score, alone.score, rtol=1e-4, atol=1e-4)
        assert found.because.tolist() == alone.because.tolist()


@settings(max_examples=40, deadline=None)
@given(people, few, st.booleans(), st.integers(-1, SIZE + 2))
def test_a_crowd_is_answered_as_each_alone(
    asked: list[tuple[list[int], list[int]]], closed: list[int], again: bool, page: int
) -> None:
    agree(replace(MODEL, again=again), asked, closed, Situation(product=None if page < 0 else page))


def test_without_a_ranker_too() -> None:
    asked = [([1, 2, 3], [4]), ([], []), ([7], list(range(20))), ([5, 5, 5], [])]
    agree(replace(MODEL, ranker=None), asked, [9], Situation())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(0, SIZE - 1), max_size=100), min_size=1, max_size=9), st.booleans())
def test_the_same_is_said_of_the_same_candidates(touched: list[list[int]], again: bool) -> None:
    histories = [items(one) for one in touched]
    told = Crowds(VOICES).hear(Ragged.of(histories), Ragged.of([items([3])] * len(touched)), items([4]), again=again)
    for at, history in enumerate(histories):
        shut = items([3, 4])
        heard = VOICES.hear(history, shut if again else np.concatenate([shut, history]))
        rows = slice(told.start[at], told.start[at + 1])
        assert told.item[rows].tolist() == heard.item.tolist()
        np.testing.assert_allclose(told.features[rows], heard.features, rtol=1e-6, atol=1e-6)


def test_of_what_no_model_speaks_nothing_is_the_reason() -> None:
    spoken = set(VOICES.hear(items([3]), items([])).entries.item.tolist())
    agree(MODEL, [([3], sorted(spoken))], [], Situation())


def test_nobody_is_answered_nothing() -> None:
    assert MODEL.recommend_many(Crowd([], []), 5, Situation()) == []


def test_scores_are_those_of_each_alone() -> None:
    histories = [[1, 2, 3], [], [9, 9], list(range(30)), *([at, at + 1] for at in range(30))]
    data = Ragged.of([items(one) for one in histories])
    table = MODEL.scores(sequences(histories, tuple(map(str, range(SIZE)))))
    assert len(table) == data.count
    for row, touched in zip(table, histories, strict=True):
        heard = VOICES.hear(items(touched), items([]))
        assert MODEL.ranker is not None
        score = MODEL.ranker.scores(heard.features)
        assert np.flatnonzero(row).tolist() == heard.item.tolist()
        np.testing.assert_allclose(row[heard.item], score - score.min() + 1, rtol=1e-3, atol=1e-3)
