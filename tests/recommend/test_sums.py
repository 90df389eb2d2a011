"""Sums over people: exact, whatever the order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from detak.recommend.sums import Sums, grain

ITEMS = ("a", "b", "c")
numbers = st.lists(st.floats(-3, 3), min_size=3, max_size=3)


def person(weights: list[float], items: tuple[str, ...] = ITEMS) -> Sums:
    row = sparse.csr_array(grain(np.array([weights])))
    return Sums({"gram": sparse.csr_array(row.T @ row)}, {"count": grain(np.array(weights))}, items)


@given(st.lists(numbers, min_size=1, max_size=6), numbers)
def test_who_is_taken_away_leaves_nothing(people: list[list[float]], gone: list[float]) -> None:
    total = person(people[0])
    for one in people[1:]:
        total = total.plus(person(one))
    again = person(gone).plus(total).minus(person(gone))
    assert (again.pairs["gram"] != total.pairs["gram"]).nnz == 0
    assert again.singles["count"].tolist() == total.singles["count"].tolist()
    assert again.pairs["gram"].nnz == np.count_nonzero(again.pairs["gram"].toarray())


def test_products_that_one_does_not_know_count_nothing() -> None:
    both = person([1, 2, 3]).plus(person([1, 1, 1], ("c", "d", "a")))
    assert both.items == ("a", "b", "c", "d")
    assert both.singles["count"].tolist() == [2, 2, 4, 1]
    assert both.pairs["gram"].toarray()[0].tolist() == [2, 2, 4, 1]


def test_a_counted_product_cannot_be_dropped() -> None:
    with pytest.raises(KeyError):
        person([1, 2, 3]).over(("a", "b"))
