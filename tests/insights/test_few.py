"""That nothing follows of few people from what is told, whatever is added and taken away."""

from collections.abc import Sequence
from itertools import combinations

import ibis
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.facts import JAKARTA, rows

from detak.insights import few
from detak.insights.base import Shop

LEAST = 5
COUNTS = st.one_of(st.integers(0, 12), st.integers(0, 2), st.integers(20, 40))
Sums = Sequence[Sequence[float]]


def follows(told: Sums, wanted: Sequence[float]) -> bool:
    """Whether a sum is one of those told, added up and taken away from one another."""
    matrix = np.array(told, float).reshape(-1, len(wanted))
    both = np.vstack([matrix, wanted])
    return bool(np.linalg.matrix_rank(both) == np.linalg.matrix_rank(matrix))


def gives_away(told: Sums, groups: Sums, people: Sequence[int]) -> list[Sequence[float]]:
    """Which of the groups that are few people follow."""
    return [one for one in groups if 0 < np.dot(one, people) < LEAST and follows(told, one)]


def test_nobody_and_many_are_told() -> None:
    assert [few.told(count, LEAST) for count in (0, 1, 4, 5, 6)] == [0, None, None, 5, 6]
    assert [few.part(count, 30, LEAST) for count in (0, 2, 25, 26, 29, 30)] == [0, None, 25, None, None, 30]


def test_of_a_third_step_with_two_people_nothing_is_told() -> None:
    assert few.steps([30, 12, 2], LEAST) == [30, 12, None]
    assert few.steps([30, 12, 2, 0], LEAST) == [30, 12, None, 0]


def test_nor_of_two_who_turned_back() -> None:
    assert few.steps([30, 28, 20, 17, 12], LEAST) == [30, None, 20, None, 12]


@given(st.lists(COUNTS, min_size=1, max_size=6))
def test_from_steps_follows_nothing_of_few(left: list[int]) -> None:
    """``left``: how many got to each step and no further."""
    counts = np.cumsum(left[::-1])[::-1].tolist()
    size = len(left)
    got = [[float(at >= step) for at in range(size)] for step in range(size)]
    told = [got[at] for at, count in enumerate(few.steps(counts, LEAST)) if count is not None]
    turned = [np.subtract(got[one], got[other]).tolist() for one, other in combinations(range(size), 2)]
    assert gives_away(told, [*got, *turned], left) == []


@given(st.lists(st.lists(COUNTS, min_size=3, max_size=3), min_size=2, max_size=5))
def test_from_steps_of_levels_and_of_all_follows_nothing_of_a_level(left: list[list[int]]) -> None:
    levels = [np.cumsum(one[::-1])[::-1].tolist() for one in left]
    levels = [one for one in levels if not few.few(one[0], LEAST)]  # they stand together with others
    if not levels:
        return
    shape = (len(levels), 3)
    people = [one[at] - (one[at + 1] if at < 2 else 0) for one in levels for at in range(3)]

    def got(which: Sequence[int], step: int) -> list[float]:
        grid = np.zeros(shape)
        grid[list(which), step:] = 1
        return grid.ravel().tolist()

    every = range(len(levels))
    totals, shown = few.split_steps(levels, LEAST)
    told = [got(every, at) for at, count in enumerate(totals) if count is not None]
    told += [got([one], at) for one in every for at in range(3) if shown[one][at] is not None]
    groups = []
    for which in (every, *([one] for one in every)):
        groups += [got(which, at) for at in range(3)]
        groups += [np.subtract(got(which, one), got(which, other)).tolist() for one, other in combinations(range(3), 2)]
    assert gives_away(told, groups, people) == []
    assert all(shown[one][at] in (None, levels[one][at]) for one in every for at in range(3))


@given(st.lists(COUNTS, min_size=1, max_size=6))
def test_from_parts_and_their_sum_follows_nothing_of_few(counts: list[int]) -> None:
    shown = few.parts(counts, LEAST)
    assert all(one in (None, count) for one, count in zip(shown, counts, strict=True))
    alone = np.eye(len(counts)).tolist()
    told = [alone[at] for at, one in enumerate(shown) if one is not None]
    if few.sums_tell_nothing([counts], shown, LEAST):
        told.append([1.0] * len(counts))
    hidden = [float(one is None) for one in shown]
    assert gives_away(told, [*alone, hidden], counts) == []


def test_the_part_that_would_tell_the_withheld_one_is_withheld_too() -> None:
    assert few.parts([20, 9, 2], LEAST) == [20, None, None]
    assert few.parts([20, 9, 2, 4], LEAST) == [20, 9, None, None]
    assert few.parts([20, 9, 2, 1], LEAST) == [20, None, None, None]
    assert few.parts([20, 9], LEAST, [40, 10]) == [None, None], "one of ten did not"


@given(st.lists(COUNTS, min_size=9, max_size=9))
def test_from_a_table_with_its_sums_follows_nothing_of_few(people: list[int]) -> None:
    grid = np.arange(9).reshape(3, 3)
    sums = [list(range(9)), *grid.tolist(), *grid.T.tolist(), *([at] for at in range(9))]
    shown = few.untelling(sums, people, LEAST)
    groups = [np.isin(np.arange(9), one).astype(float).tolist() for one in sums]
    rests = [np.subtract(groups[0], one).tolist() for one in groups]
    told = [one for one, seen in zip(groups, shown, strict=True) if seen]
    told += [alone for alone, count in zip(np.eye(9).tolist(), people, strict=True) if not count]  # it may be known
    assert gives_away(told, [*groups, *rests], people) == []


def test_what_tells_nothing_is_told() -> None:
    assert few.untelling([[0, 1], [0], [1]], [10, 20], LEAST) == [True, True, True]
    assert few.untelling([[0, 1], [0], [1]], [2, 20], LEAST) == [True, False, False]


def _folded(people: dict[str | None, int]) -> dict[str | None, bool]:
    schema = ibis.schema({"level": "string", "people": "int64"})
    levels = ibis.memtable([{"level": level, "people": count} for level, count in people.items()], schema=schema)
    return {row["level"]: row["small"] for row in rows(few.folded(levels, LEAST))}


def test_small_levels_stand_together_and_never_too_few() -> None:
    assert _folded({"Bali": 20, "Aceh": 9, None: 2}) == {"Bali": False, "Aceh": True, None: True}
    assert _folded({"Bali": 20, "Aceh": 9, "Papua": 3, None: 2}) == {
        "Bali": False, "Aceh": False, "Papua": True, None: True,
    }  # fmt: skip
    assert _folded({"Bali": 20, "Aceh": 9}) == {"Bali": False, "Aceh": False}


def test_it_is_said_in_words() -> None:
    for language, word in (("en", "withheld"), ("id", "dirahasiakan")):
        shop = Shop(JAKARTA.zone, "IDR", LEAST, language)
        assert few.cell(None, language) == word
        assert few.cell(0, language) == "0"
        assert word in (few.note([1, None], shop) or "").lower()
        assert few.note([1, 0], shop) is None
