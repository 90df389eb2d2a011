"""What is fitted together."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from detak.errors import StoreError
from detak.recommend.base import Interactions, sequences
from detak.recommend.popular import Popular
from detak.recommending.fitted import OPEN, Fitted, fit_all, fit_first, holds, load, settled
from detak.snapshot import Array

HOUR = OPEN
NOON = 500 * HOUR


def shop(items: str = "bdfhjlnpr", touches: int = 2_400) -> Interactions:
    """Three hundred people go from a product to the next one, now and then to any: the last touch an hour before
    ``NOON``, and then on and on, a touch a second."""
    random = np.random.default_rng(2)
    at = np.arange(2_500)
    person = random.integers(0, 300, len(at))
    item = np.where(random.random(len(at)) < 0.7, (at // 300 + person) % 9, random.integers(0, 9, len(at)))
    person, item, at = person[:touches], item[:touches], at[:touches]
    time = NOON - HOUR + (at - 2_399) * 1_000_000
    told = np.lexsort((at, person))
    number = np.array([items.index(one) for one in "bdfhjlnpr"], np.int32)
    ones = np.ones(touches, np.float32)
    return Interactions(
        person[told].astype(np.int32), number[item[told]], time[told], ones, np.arange(300), tuple(items)
    )


def bare(data: Interactions, made: int = NOON, learnt: int = 2_400) -> Fitted:
    return Fitted(made, 0.0, 0, made - OPEN, learnt, data, {"popular": Popular()}, {})


def test_the_order_of_people_follows_from_what_they_did() -> None:
    random = np.random.default_rng(4)
    rows = [random.integers(0, 9, int(random.integers(0, 6))).tolist() for _ in range(40)]
    data = sequences(rows, tuple("abcdefghi"))
    data = replace(data, time=random.integers(0, 2**50, len(data.item)))
    once, again = settled(data), settled(data.only(random.permutation(40)))
    assert once.item.tolist() == again.item.tolist()
    assert once.time.tolist() == again.time.tolist()
    assert once.person.tolist() == again.person.tolist()
    assert once.subjects[once.lengths > 0].tolist() == again.subjects[again.lengths > 0].tolist()
    assert sorted(once.subjects.tolist()) == list(range(40))


def test_a_refit_is_the_whole_fit_to_the_last_bit() -> None:
    """Touches came in since, and a product that stands before others."""
    last = fit_all(shop(), zone="Asia/Jakarta", made=NOON, reached=1)
    more = shop("abdfhjlnpr", 2_450)
    again = fit_all(more, zone="Asia/Jakarta", made=NOON + HOUR, reached=2, last=last)
    whole = fit_all(more, zone="Asia/Jakarta", made=NOON, reached=2)
    assert again.chosen == last.chosen == NOON - HOUR
    assert again.learnt == last.learnt > 2_300
    assert again.models.keys() == whole.models.keys()
    assert "ranker/inner" in again.models["blend"].arrays()
    for name, model in whole.models.items():
        found = again.models[name].arrays()
        for key, array in model.arrays().items():
            np.testing.assert_array_equal(found[key], array, err_msg=f"{name} {key}")


def test_what_was_chosen_stands_while_nothing_is_gone() -> None:
    last, more = bare(shop()), shop("abdfhjlnpr", 2_450)
    assert holds(last, bare(more))
    assert not holds(last, bare(more.rows(np.arange(2_450) != 1_000)))
    assert not holds(last, bare(shop().rows(np.zeros(2_400, np.bool_))))
    nobody = more.without(np.array([7]))
    assert holds(bare(nobody), bare(more))
    assert not holds(last, bare(nobody))


def test_what_was_chosen_is_chosen_again_when_it_is_old_or_the_shop_grew() -> None:
    last, soon, late = bare(shop()), NOON + 23 * HOUR, NOON + 25 * HOUR
    assert holds(last, bare(shop(), soon))
    assert not holds(last, bare(shop(), late))
    assert not holds(bare(shop(), learnt=2_100), bare(shop()))
    assert not holds(bare(shop(), learnt=0), bare(shop()))


def test_what_moved_in_the_hour_before_is_no_reason() -> None:
    data = shop()
    moved = replace(data, time=np.where(data.time == data.time.max(), NOON - 1, data.time))
    assert holds(bare(data), bare(moved))


Arrays = dict[str, Array]


@cache
def quick(touches: int) -> Fitted:
    return fit_first(shop(touches=touches), zone="Asia/Jakarta", made=NOON, reached=1)


def test_what_was_kept_together_is_loaded() -> None:
    again = load(quick(2_400).arrays())
    assert again.arrays().keys() == quick(2_400).arrays().keys()
    assert again.models.keys() == quick(2_400).models.keys()


def cut(arrays: Arrays, name: str) -> Arrays:
    return {**arrays, name: arrays[name][:-1]}


def other(arrays: Arrays, name: str) -> Arrays:
    return {**arrays, name: quick(2_300).arrays()[name]}


def gone(arrays: Arrays, name: str) -> Arrays:
    return {key: array for key, array in arrays.items() if key != name}


def further(arrays: Arrays, name: str) -> Arrays:
    return {**arrays, f"{name}er": arrays[name]}


def retyped(arrays: Arrays, name: str) -> Arrays:
    return {**arrays, name: arrays[name].astype(np.float64)}


@pytest.mark.parametrize("spoilt", [cut, other, gone, further, retyped])
@pytest.mark.parametrize("name", ["model/popular/weight", "model/trending/total", "data/item"])
def test_parts_that_do_not_belong_together_are_refused(spoilt: Callable[[Arrays, str], Arrays], name: str) -> None:
    with pytest.raises(StoreError, match="do not belong together"):
        load(spoilt(quick(2_400).arrays(), name))


def test_a_note_of_another_fit_is_refused() -> None:
    with pytest.raises(StoreError, match="do not belong together"):
        load(other(quick(2_400).arrays(), "note"))
    with pytest.raises(StoreError, match="cannot be read"):
        load(gone(quick(2_400).arrays(), "note"))
