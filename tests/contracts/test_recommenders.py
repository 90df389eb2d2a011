"""What every recommender keeps to."""

from dataclasses import is_dataclass, replace
from functools import cache

import numpy as np
import pytest
from tests.recommend.made import DAY, HOUR, Row, made

from detak.plugins import members
from detak.recommend.base import (
    NOBODY,
    History,
    Interactions,
    Ints32,
    Model,
    Recommender,
    Scored,
    Scorer,
    Situation,
)
from detak.recommend.content import Items, Kind, Place

RECOMMENDERS = members("detak.recommend", "recommender")
KINDS = [kind() for kind in RECOMMENDERS.values()]
every_recommender = pytest.mark.parametrize("recommender", KINDS, ids=list(RECOMMENDERS))
SIZE = 30
NONE = np.zeros(0, np.int32)


@cache
def shop() -> Interactions:
    """Fifty people walk around; products of one shelf go together, and some are bought, in orders."""
    random = np.random.default_rng(5)
    rows: list[Row] = []
    for person in range(50):
        shelf, at = int(random.integers(0, 3)) * 10, int(random.integers(0, 20)) * DAY
        for step in range(int(random.integers(1, 9))):
            item = shelf + int(random.integers(0, 10)) if random.random() < 0.9 else int(random.integers(0, SIZE))
            buys = random.random() < 0.4
            kind, order = (Kind.BUY, person * 100 + step // 3) if buys else (Kind.VIEW, -1)
            rows.append((person, item, at + step * HOUR, kind, order))
    place = [person % 2 for person in range(50)]
    return made(rows, SIZE, (Place("Bali", "Denpasar"), Place("Banten", "Serang")), place, content())


def content() -> Items:
    names = tuple(f"{('gelas', 'piring', 'sendok')[at // 10]} motif {at % 10}" for at in range(SIZE))
    return Items(
        tuple(f"p{at}" for at in range(SIZE)),
        names,
        tuple((("Gelas", "Piring", "Sendok")[at // 10],) for at in range(SIZE)),
        tuple(("Kedaung", "Vicenza")[at % 2] for at in range(SIZE)),
        np.arange(SIZE, dtype=np.int64) * 1_000 + 10_000,
        np.arange(SIZE, dtype=np.int64) * HOUR,
    )


@cache
def fitted(name: str) -> Model:
    model: Model = RECOMMENDERS[name]().fit(shop())
    return model


def history(*items: int) -> History:
    times = (np.arange(len(items)) + 24) * HOUR
    return History(np.array(items, np.int32), times.astype(np.int64), np.ones(len(items), np.float32))


SITUATION = Situation(now=22 * DAY, province="Bali", city="Denpasar")
HISTORIES = [history(), history(3), history(3, 4, 3), history(12, 25, 1, 2, 9, 14), shop().of(0), shop().of(7)]


def ask(model: Model, past: History, k: int = 10, exclude: Ints32 = NONE) -> Scored:
    return model.recommend(past, k, exclude, SITUATION)


def same(left: Model, right: Model) -> None:
    first, second = left.arrays(), right.arrays()
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)


@every_recommender
def test_it_is_its_parameters(recommender: Recommender) -> None:
    assert is_dataclass(recommender)
    assert recommender.recommender.islower()
    with pytest.raises(AttributeError):
        recommender.anything = 1  # type: ignore[attr-defined]


@every_recommender
def test_the_same_data_give_the_same_model(recommender: Recommender) -> None:
    same(recommender.fit(shop()), fitted(recommender.recommender))


@every_recommender
def test_an_answer_keeps_to_what_was_asked(recommender: Recommender) -> None:
    model = fitted(recommender.recommender)
    for past in HISTORIES:
        for k in (0, 1, 4, 100):
            exclude = np.array([2, 5, 29, 13], np.int32)
            scored = ask(model, past, k, exclude)
            assert len(scored.item) == len(scored.score) == len(scored.because) <= k
            assert not set(scored.item.tolist()) & set(exclude.tolist())
            assert len(set(scored.item.tolist())) == len(scored.item)
            assert ((scored.item >= 0) & (scored.item < SIZE)).all()
            assert np.isfinite(scored.score).all()
            assert (np.diff(scored.score) <= 0).all()


@every_recommender
def test_a_shorter_list_is_the_head_of_a_longer_one(recommender: Recommender) -> None:
    model = fitted(recommender.recommender)
    for past in HISTORIES:
        assert ask(model, past, 3).item.tolist() == ask(model, past, 12).item[:3].tolist()


@every_recommender
def test_only_what_was_touched_is_given_as_a_reason(recommender: Recommender) -> None:
    model = fitted(recommender.recommender)
    for past in HISTORIES:
        assert set(ask(model, past).because.tolist()) <= {NOBODY, *past.item.tolist()}


@every_recommender
def test_products_that_came_in_since_are_passed_over(recommender: Recommender) -> None:
    model = fitted(recommender.recommender)
    later = ask(model, history(4, SIZE + 3), exclude=np.array([SIZE + 5], np.int32))
    assert (later.item < SIZE).all()
    assert SIZE + 3 not in later.because


@every_recommender
def test_what_is_kept_answers_as_before(recommender: Recommender) -> None:
    model = fitted(recommender.recommender)
    kept = {name: array.copy() for name, array in model.arrays().items()}
    assert all(isinstance(array, np.ndarray) and array.dtype != object for array in kept.values())
    again = recommender.load(kept)
    same(again, model)
    for past in HISTORIES:
        for one, other in zip(ask(model, past), ask(again, past), strict=True):
            np.testing.assert_array_equal(one, other)


@every_recommender
def test_an_answer_changes_nothing(recommender: Recommender) -> None:
    model = fitted(recommender.recommender)
    before = {name: array.copy() for name, array in model.arrays().items()}
    first = ask(model, HISTORIES[3])
    ask(model, HISTORIES[4])
    np.testing.assert_array_equal(first.item, ask(model, HISTORIES[3]).item)
    for name, array in model.arrays().items():
        np.testing.assert_array_equal(array, before[name])


@every_recommender
@pytest.mark.parametrize("rows", [1, 2])
def test_one_person_is_enough(recommender: Recommender, rows: int) -> None:
    few = [(0, at, at * HOUR, Kind.VIEW, -1) for at in range(rows)]
    model = recommender.fit(made(few, 3))
    assert len(ask(model, history(0), 2).item) <= 2
    assert len(ask(model, history(), 2).item) <= 2


@every_recommender
def test_people_without_rows_say_nothing(recommender: Recommender) -> None:
    data = shop()
    assert data.details is not None
    gone = np.arange(10)
    silent = data.rows(~np.isin(data.person, gone))
    places = replace(data.details, place=np.where(np.arange(50) < 10, -1, data.details.place).astype(np.int32))
    assert silent.details is not None
    silent = replace(silent, details=replace(silent.details, place=places.place))
    same(recommender.fit(silent), recommender.fit(data.without(gone)))


@every_recommender
def test_scores_and_answers_agree(recommender: Recommender) -> None:
    model = fitted(recommender.recommender)
    if not isinstance(model, Scorer):
        pytest.skip("it scores a few alone")
    people = shop().only(np.arange(12))
    table = model.scores(people)
    assert table.shape == (12, SIZE)
    for person in range(12):
        past = people.of(person)
        scored = model.recommend(past, 5, NONE, Situation())
        if len(scored.item) < 5:
            continue
        own = table[person]
        found = own[scored.item]
        assert (np.diff(found) <= 1e-6).all()
        assert found[-1] >= np.sort(own)[-5] - 1e-6


@pytest.mark.parametrize("name", ["blend", "directed", "ease", "followed"])
def test_a_click_changes_the_answer_without_a_fit(name: str) -> None:
    """A click on another shelf of the shop."""
    model, gone = fitted(name), np.arange(0, 30, 7, dtype=np.int32)
    assert ask(model, history(1, 2), 5, gone).item.tolist() != ask(model, history(1, 2, 22), 5, gone).item.tolist()
