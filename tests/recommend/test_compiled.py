"""The compiled kernel's answers, against those of NumPy, which are what is meant."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.recommend.test_candidates import MODEL, NAMES, NOMINEES, SIZE, VOICES
from tests.recommend.test_serve import matrix

from detak.kernel.library import library
from detak.recommend.base import Crowd, History, Ints32, Scored, Situation, sequences
from detak.recommend.blend import BlendModel
from detak.recommend.candidates import Voices
from detak.recommend.compiled import CompiledBlend
from detak.recommend.links import Links

pytestmark = pytest.mark.skipif(not library(), reason="no compiled kernel: python hatch_build.py")

# Products that came in after the fit, and none at all.
products = st.lists(st.integers(-1, SIZE + 1), max_size=130)
few = st.lists(st.integers(-1, SIZE + 1), max_size=SIZE)
people = st.lists(st.tuples(products, few), max_size=4)

ALIKE = Voices.over(
    {name: Links(matrix(at), decay) for at, (name, decay) in enumerate(zip(NAMES, (1.0, 0.5, 0.2), strict=True))},
    sequences([[at] for at in range(SIZE)], ("p",) * SIZE),
    NOMINEES,
)
"""Models that say the same of many products."""


def items(some: list[int]) -> Ints32:
    return np.array(some, np.int32)


def past(touched: list[int]) -> History:
    return History(items(touched), np.zeros(len(touched), np.int64), np.ones(len(touched), np.float32))


def in_numpy(model: BlendModel) -> BlendModel:
    other = replace(model)
    other.__dict__["_compiled"] = None
    return other


def agree(found: Scored, meant: Scored, all_: Scored) -> None:
    """As many, of the same scores to 1e-4, and the same products but where scores are as near as that."""
    np.testing.assert_allclose(found.score, meant.score, rtol=1e-4, atol=1e-4)
    assert (np.diff(found.score) <= 0).all()
    score = dict(zip(all_.item.tolist(), all_.score.tolist(), strict=True))
    assert [score[item] for item in found.item.tolist()] == pytest.approx(meant.score.tolist(), rel=2e-4, abs=2e-4)
    if found.item.tolist() == meant.item.tolist():
        assert found.because.tolist() == meant.because.tolist()


def ask(model: BlendModel, crowd: Crowd, k: int, page: int | None) -> None:
    meant, situation = in_numpy(model), Situation(product=page)
    many = model.recommend_many(crowd, k, situation)
    assert len(many) == len(crowd.histories)
    for history, own, found in zip(crowd.histories, crowd.exclude, many, strict=True):
        shut = np.concatenate([own, crowd.closed])
        agree(found, *(meant.recommend(history, most, shut, situation) for most in (k, 1000)))


@settings(max_examples=50)
@given(people, few, st.integers(-1, SIZE), st.booleans(), st.none() | st.integers(0, SIZE + 2), st.sampled_from("mpa"))
def test_a_crowd_is_answered_as_each_alone(
    asked: list[tuple[list[int], list[int]]], closed: list[int], k: int, again: bool, page: int | None, which: str
) -> None:
    model = replace(MODEL, again=again)
    model = {"m": model, "p": replace(model, ranker=None), "a": replace(model, voices=ALIKE)}[which]
    crowd = Crowd([past(touched) for touched, _ in asked], [items(shut) for _, shut in asked], items(closed))
    ask(model, crowd, k, page)


@pytest.mark.parametrize("again", [True, False])
def test_products_alike_in_everything_are_named_in_their_order(again: bool) -> None:
    model = replace(MODEL, voices=ALIKE, again=again)
    nothing = model.recommend(past([]), SIZE, items([]), Situation())
    assert nothing.item.tolist() == in_numpy(model).recommend(past([]), SIZE, items([]), Situation()).item.tolist()
    assert nothing.item.tolist() == list(range(NOMINEES))


@settings(max_examples=25)
@given(st.lists(products, min_size=1, max_size=5), st.booleans(), st.sampled_from([VOICES, ALIKE]))
def test_the_same_is_said_of_the_same_candidates(touched: list[list[int]], again: bool, voices: Voices) -> None:
    model = replace(MODEL, voices=voices, again=again)
    histories = [items(one) for one in touched]
    found, meant = model.told(histories), in_numpy(model).told(histories)
    assert found.item.tolist() == meant.item.tolist()
    assert found.start.tolist() == meant.start.tolist()
    np.testing.assert_array_equal(found.features, meant.features)  # so a fit does not depend on the kernel


def test_scores_are_those_of_numpy() -> None:
    data = sequences([[1, 2, 3], [], [9, 9], list(range(30)), *([at, at] for at in range(30))], ("p",) * SIZE)
    found, meant = MODEL.scores(data), in_numpy(MODEL).scores(data)
    np.testing.assert_allclose(found, meant, rtol=1e-3, atol=1e-3)


def test_of_what_no_model_speaks_nothing_is_the_reason() -> None:
    spoken = sorted(set(VOICES.hear(items([3]), items([])).entries.item.tolist()))
    ask(MODEL, Crowd([past([3])], [items(spoken)]), 6, None)


def test_threads_do_not_disturb_each_other() -> None:
    asked = [past([at % SIZE, at % 7]) for at in range(80)]

    def answer(history: History) -> list[int]:
        return MODEL.recommend(history, 5, history.item, Situation()).item.tolist()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(answer, asked)) == [answer(one) for one in asked]


@pytest.mark.parametrize("where", ["begin", "item"])
def test_damaged_rows_are_refused_and_leave_nothing_behind(where: str) -> None:
    stack = VOICES.stack
    begin, item = stack.begin.copy(), stack.item.copy()
    whole = CompiledBlend.of(replace(VOICES, stack=replace(stack, begin=begin, item=item)), MODEL.ranker)
    assert whole
    crowd = Crowd([past([5, 6])], [items([])])
    before = whole.best(crowd, 5, None, again=True)[0]
    kept = (begin if where == "begin" else item)[6:].copy()
    (begin if where == "begin" else item)[6:] = 1 << 30
    with pytest.raises(ValueError, match="fit again"):
        whole.best(crowd, 5, None, again=True)
    (begin if where == "begin" else item)[6:] = kept
    after = whole.best(crowd, 5, None, again=True)[0]
    assert [one.tolist() for one in after] == [one.tolist() for one in before]


def test_what_does_not_belong_together_is_refused_and_not_read_past() -> None:
    stack, ranker = VOICES.stack, MODEL.ranker
    assert ranker
    crowd, situation = Crowd([past([5, SIZE - 1])], [items([])]), Situation()
    short = replace(MODEL, voices=replace(VOICES, stack=replace(stack, begin=stack.begin[: SIZE // 2].copy())))
    narrow = replace(MODEL, ranker=replace(ranker, outer=ranker.outer[:-1]))
    for damaged in (short, narrow):
        with pytest.raises(ValueError, match="fit again"):
            damaged.recommend_many(crowd, 5, situation)
    with pytest.raises(ValueError, match="zip"):
        MODEL.recommend_many(Crowd([past([5]), past([6])], [items([])]), 5, situation)
