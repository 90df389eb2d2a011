"""What products are worth: by the person, by the shop's factors; what may not be shown, and what chooses nobody."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detak.decide.learning import unpacked
from detak.decide.page import FEATURES, Placed, Weights, packed
from detak.decide.scoring import Pool, Scoring, Wares

EVEN = Weights((0.0,) * len(FEATURES), 0.0)
SIZE = 6


def wares(**columns: Sequence[float]) -> Wares:
    """Six products and one that nobody knows, alike but for these columns."""
    floats = {name: np.zeros(SIZE + 1) for name in ("popular", "fresh", "offered", "liked")}
    made = Wares(
        **floats,
        worth=np.ones(SIZE + 1),
        category=np.array([0, 0, 1, 1, 2, 2, -1], np.int32),
        open=np.ones(SIZE + 1, np.bool_),
        sensitive=np.zeros(SIZE + 1, np.bool_),
    )
    for name, values in columns.items():
        getattr(made, name)[: len(values)] = values
    return made


def pool(
    *products: int, fits: Sequence[float] = (), personal: bool = False, seen: bool = False, leans: Any = None
) -> Pool:
    return Pool("x", products, fits or [0.0] * len(products), seen=seen, personal=personal, leans=leans)


def products(shelf: Sequence[Placed]) -> list[int]:
    return [one.product for one in shelf]


def test_what_a_click_is_worth_moves_a_product_up() -> None:
    (shelf,) = Scoring(EVEN, wares(worth=[1.0, 1.5])).scored([pool(0, 1)])
    assert products(shelf) == [1, 0]


def test_what_is_shut_is_not_shown_and_what_is_sensitive_chooses_nobody() -> None:
    scoring = Scoring(EVEN, wares(open=[0, 1, 1], sensitive=[0, 1, 0]))
    personal, common = scoring.scored([pool(0, 1, 2, personal=True), pool(0, 1, 2)])
    assert (products(personal), products(common)) == ([2], [1, 2])


def test_what_fits_the_person_moves_a_product_up_on_every_shelf() -> None:
    (shelf,) = Scoring(Weights(), wares()).scored([pool(0, 1, 2, fits=[0, 0, 1])])
    assert shelf[0].product == 2
    assert unpacked(packed(shelf), 3)[0, :2] == pytest.approx([1.0, 1 / 3], abs=1 / 255)


def test_a_product_that_nobody_knows_counts_as_the_last_row_does() -> None:
    scoring = Scoring(EVEN, wares())
    scoring.wares.open[-1] = False
    (shelf,) = scoring.scored([pool(0, SIZE + 5)])
    assert products(shelf) == [0]


def test_of_products_alike_the_better_liked_one_is_worth_more() -> None:
    (shelf,) = Scoring(Weights(), wares(liked=[0.5, 0.7])).scored([pool(0, 1)])
    assert products(shelf) == [1, 0]
    assert unpacked(packed(shelf), 2)[:, FEATURES.index("liked")] == pytest.approx([0.7, 0.5], abs=1 / 255)


def test_what_is_of_a_kind_that_the_person_leans_to_is_worth_more_to_them_alone() -> None:
    leans = np.array([0.4, 0.9, 0.5, 0.5])
    theirs, everybodys = Scoring(Weights(), wares()).scored([pool(0, 2, SIZE, leans=leans), pool(0, 2, SIZE)])
    assert products(theirs) == [2, SIZE, 0]
    assert unpacked(packed(theirs), 3)[:, FEATURES.index("kind")] == pytest.approx([0.9, 0.5, 0.4], abs=1 / 255)
    assert products(everybodys) == [0, 2, SIZE]


def test_features_survive_the_facts() -> None:
    (shelf,) = Scoring(Weights(), wares(popular=[0.3, 0.2], offered=[1.0])).scored(
        [pool(0, 1, fits=[0.5, 0], seen=True)]
    )
    expected = [[0.5, 1.0, 0.3, 0, 1, 0, 1, 0, 0.5], [0, 0.5, 0.2, 0, 0, 0, 1, 0, 0.5]]
    assert products(shelf) == [0, 1]
    assert unpacked(packed(shelf), 2) == pytest.approx(np.array(expected), abs=1 / 255)


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, SIZE + 2), st.floats(0, 1)), unique_by=lambda one: one[0], max_size=8),
        max_size=5,
    ),
    st.lists(st.booleans(), min_size=SIZE, max_size=SIZE),
)
def test_shelves_scored_together_are_those_scored_alone(lists: list[list[tuple[int, float]]], shut: list[bool]) -> None:
    scoring = Scoring(Weights(), wares(open=[not one for one in shut], worth=[1, 2, 3, 1, 2, 3]))
    pools = [
        pool(
            *(one for one, _ in told),
            fits=[fit for _, fit in told],
            personal=bool(at % 2),
            seen=at == 1,
            leans=np.array([0.1, 0.5, 0.9, 0.5]) if at == 2 else None,
        )
        for at, told in enumerate(lists)
    ]
    assert scoring.scored(pools) == [scoring.scored([one])[0] for one in pools]
