"""The model of products that go with each."""

import numpy as np
from scipy import sparse
from tests.recommend.made import NONE, past

from detak.recommend.base import Situation, sequences
from detak.recommend.neighbours import Neighbours

LINKS = sparse.csr_array(np.array([[9, 4, 2, 0], [4, 9, 0, 1], [2, 2, 9, 2], [0, 0, 0, 0]], np.float64))
MODEL = Neighbours.of(LINKS, keep=2, depth=2, decay=0.5)


def test_only_the_strongest_are_kept_and_nothing_goes_with_itself() -> None:
    assert MODEL.item.tolist() == [1, 2, 0, 3, 0, 1]
    assert MODEL.starts.tolist() == [0, 2, 4, 6, 6]


def test_the_last_touch_counts_most_and_the_loudest_is_the_reason() -> None:
    told = MODEL.recommend(past(1, 0), 5, NONE, Situation())
    assert told.item.tolist() == [1, 0, 2, 3]  # 1: 4; 0: 2; 2: 2; 3: 0.5
    assert told.score.tolist() == [4, 2, 2, 0.5]
    assert told.because.tolist() == [0, 1, 0, 1]


def test_the_product_of_the_page_is_the_last_touch() -> None:
    told = MODEL.recommend(past(0), 5, NONE, Situation(product=2))
    assert told.item.tolist()[:2] == [1, 0]
    assert told.because.tolist()[0] == 2


def test_further_back_than_its_depth_it_does_not_look_and_strangers_are_passed_over() -> None:
    assert MODEL.recommend(past(0, 3, 3, 99), 5, NONE, Situation()).item.tolist() == [1, 2]
    assert MODEL.recommend(past(0, 2, 1), 5, NONE, Situation()).because.tolist().count(0) == 0


def test_nothing_known_nothing_told() -> None:
    assert len(MODEL.recommend(past(), 5, NONE, Situation()).item) == 0
    assert len(MODEL.recommend(past(3), 5, NONE, Situation()).item) == 0


def test_all_scores_at_once_are_those_one_by_one() -> None:
    histories = [[1, 0], [], [2, 3, 3], [0, 1, 2]]
    table = MODEL.scores(sequences(histories, ("a", "b", "c", "d")))
    for row, history in zip(table, histories, strict=True):
        told = MODEL.recommend(past(*history), 9, NONE, Situation())
        assert {int(at): row[at] for at in row.nonzero()[0]} == dict(zip(told.item.tolist(), told.score, strict=True))
