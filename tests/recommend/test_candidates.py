"""What is said of candidates, against its plain definition worked out product by product."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from detak.recommend.base import NOBODY, Floats, History, Ints32, Situation, sequences
from detak.recommend.blend import BlendModel
from detak.recommend.candidates import Heard, Voices
from detak.recommend.links import Links
from detak.recommend.ranker import Ranker
from detak.recommend.stack import Stack

SIZE, NOMINEES = 40, 5
NAMES = ("after", "other", "beside")
DECAYS = (0.9, 0.5, 0.2)
HEARD = [(0, 0.9), (1, 0.5), (2, 0.2), (0, 0.0), (2, 0.0)]  # the last two are asked about the last touch alone


def links() -> dict[str, Links]:
    """Weights of which no two are alike, some of them negative."""
    random = np.random.default_rng(7)
    weights = [random.random((SIZE, SIZE)) * (random.random((SIZE, SIZE)) < 0.2) for _ in NAMES]
    weights[1] -= 0.4 * (weights[1] > 0)
    kept = [sparse.csr_array(one.astype(np.float32)) for one in weights]
    return {name: Links(one, decay) for name, one, decay in zip(NAMES, kept, DECAYS, strict=True)}


LINKS = links()
VOICES = Voices.over(LINKS, sequences([[at, at // 2, at // 3] for at in range(SIZE)], ("p",) * SIZE), NOMINEES)
TABLES = [one.weight.toarray() for one in LINKS.values()]


def model() -> BlendModel:
    random = np.random.default_rng(3)
    shapes = [(26,), (26,), (26, 6), (6,), (6,), (26,)]
    ranker = Ranker(*(random.standard_normal(one).astype(np.float32) for one in shapes))
    return BlendModel(VOICES, ranker, again=True, found={}, wanted={})


MODEL = model()


def values(history: list[int]) -> "list[np.ndarray[tuple[int], np.dtype[np.float64]]]":
    """What each model says of every product."""
    found = []
    for at, decay in HEARD:
        total = np.zeros(SIZE)
        for back, item in enumerate(reversed(history)):
            if decay**back >= 0.01 and back < 100:
                total += decay**back * TABLES[at][item]
        found.append(np.maximum(total, 0))
    return found


def named(history: list[int], closed: list[int]) -> list[int]:
    open_ = [one for one in range(SIZE) if one not in closed]
    found = set(sorted(open_, key=lambda one: (-VOICES.count[one], one))[:NOMINEES])
    for told in values(history)[: len(NAMES)]:
        found |= set(sorted((one for one in open_ if told[one] > 0), key=lambda one: -told[one])[:NOMINEES])
    return sorted(found)


def features(history: list[int], items: list[int]) -> Floats:
    columns = []
    for told in values(history):
        here = told[items]
        order = sorted(range(len(items)), key=lambda at: -here[at])
        place = np.array([order.index(at) if here[at] > 0 else 200 for at in range(len(items))])
        columns += [here / max(here.max(), 1e-30), 1 / (1 + place), np.log1p(place), np.log(here + 1e-3)]
    much = np.log1p(VOICES.count[items])
    columns += [much, much**2, np.log(VOICES.late[items] + 0.5) - much, np.full(len(items), np.log1p(len(history)))]
    columns.append(np.log1p([history.count(one) for one in items]))
    columns.append(np.array([1 / (1 + history[::-1].index(one)) if one in history else 0 for one in items]))
    return np.stack(columns, axis=1).astype(np.float32)


def hear(history: list[int], closed: list[int]) -> Heard:
    return VOICES.hear(np.array(history, np.int32), np.array(closed, np.int32))


def past(history: list[int]) -> History:
    return History(np.array(history, np.int32), np.zeros(len(history), np.int64), np.ones(len(history), np.float32))


products = st.lists(st.integers(0, SIZE - 1), max_size=130)


@settings(max_examples=150)
@given(products, st.lists(st.integers(0, SIZE - 1), max_size=30))
def test_the_quick_way_says_what_the_definition_says(history: list[int], closed: list[int]) -> None:
    history = history[-100:]
    heard = hear(history, closed)
    items = named(history, closed)
    assert heard.item.tolist() == items
    if not items:
        return
    expected = features(history, items)
    np.testing.assert_allclose(heard.features, expected, rtol=1e-5, atol=1e-5)
    shut: Ints32 = np.array(closed, np.int32)
    answer = MODEL.recommend(past(history), 4, shut, Situation())
    assert MODEL.ranker is not None
    score = MODEL.ranker.scores(expected)
    np.testing.assert_allclose(answer.score, np.sort(score)[::-1][:4], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(score[np.searchsorted(items, answer.item)], answer.score, rtol=1e-4, atol=1e-4)


@settings(max_examples=50)
@given(products.filter(bool))
def test_a_reason_is_the_touch_that_speaks_most(history: list[int]) -> None:
    heard = hear(history, [])
    chosen = heard.item[::2][::-1]
    touched = sorted(set(history))
    total = np.zeros((len(touched), len(chosen)))
    for at, decay in HEARD[: len(NAMES)]:
        said = np.zeros_like(total)
        for back, item in enumerate(reversed(history)):
            if decay**back >= 0.01 and back < 100:
                said[touched.index(item)] += decay**back * TABLES[at][item, chosen]
        total += said / max(said.max(), 1e-9)
    for own, item, told in zip(total.T, chosen, VOICES.because(heard, chosen), strict=True):
        if told == NOBODY:
            assert own.max() <= 1e-6, item
        else:
            assert own[touched.index(told)] >= own.max() - 1e-5


def test_what_one_answer_leaves_does_not_reach_the_next() -> None:
    first = hear([3, 4, 5], [7])
    hear([9, 1, 1], [2, 3])
    again = hear([3, 4, 5], [7])
    np.testing.assert_array_equal(first.item, again.item)
    np.testing.assert_array_equal(first.features, again.features)


def test_the_product_of_the_page_is_the_last_touch() -> None:
    none = np.zeros(0, np.int32)
    on_page = MODEL.recommend(past([3, 4]), 5, none, Situation(product=9))
    touched = MODEL.recommend(past([3, 4, 9]), 5, none, Situation())
    assert on_page.item.tolist() == touched.item.tolist()
    assert MODEL.recommend(past([3, 4, 9]), 5, none, Situation(product=9)).item.tolist() == touched.item.tolist()
    unknown = MODEL.recommend(past([3, 4]), 5, none, Situation(product=SIZE + 2))
    assert unknown.item.tolist() == MODEL.recommend(past([3, 4]), 5, none, Situation()).item.tolist()


def test_a_stack_has_the_rows_of_every_model() -> None:
    stack = Stack.of([one.weight for one in LINKS.values()], SIZE)
    found = stack.entries(np.array([SIZE + 3, 5]), np.array([2, 1], np.float32))
    expected = [*(2 * LINKS["other"].weight[[3]].data), *LINKS["after"].weight[[5]].data]
    assert found.told.tolist() == pytest.approx(expected)
