"""Pages of many placements: what the compiled kernel composes is what Python does, and no product comes twice."""

from functools import partial
from math import ceil
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detak.decide.compiled_pages import compiled
from detak.decide.exploring import Exploration
from detak.decide.orders import Order
from detak.decide.page import FEATURES, Layout, Placed
from detak.decide.pages import pages, plainly
from detak.decide.rows import Joined, Rows, rows_of
from detak.kernel.library import library

PRODUCTS = st.integers(0, 25)
SHELF = st.lists(st.tuples(PRODUCTS, st.integers(0, 40), st.integers(-1, 3)), max_size=14, unique_by=lambda one: one[0])


def placed(shelf: str, product: int, score: float, category: int = -1) -> Placed:
    """A product, whose features say which it is."""
    return Placed(product, shelf, score, bytes([product] * len(FEATURES)), category)


def laid(k: int, *, shelf: int, share: float) -> Layout:
    """A page of ``k``."""
    return Layout(k, min(shelf, max(1, ceil(0.6 * k))), share)


@st.composite
def shops(draw: st.DrawFn) -> tuple[Rows, list[list[Order]]]:
    """Shelves, some of one name and some for everyone, and questions of a few placements."""
    joined = Joined()
    shelves = []
    for pool in draw(st.lists(SHELF, max_size=6)):
        name = draw(st.sampled_from("abcde"))
        row = sorted((placed(name, one, score / 64, kind) for one, score, kind in pool), key=lambda one: -one.score)
        shelves.append(joined.add(rows_of(name, row, common=draw(st.booleans()))))
    pinned = [placed("pinned", one, 0.0) for one in draw(st.lists(PRODUCTS, max_size=2))]
    pins = joined.first(joined.add(rows_of("pinned", pinned)))

    def order() -> Order:
        which = draw(st.lists(st.sampled_from(shelves), unique=True)) if shelves else []
        at = draw(st.lists(st.integers(0, 9), min_size=len(pinned), max_size=len(pinned), unique=True))
        layout = partial(laid, shelf=draw(st.integers(1, 6)), share=draw(st.sampled_from([0.2, 0.5, 1.0])))
        tried = Exploration(draw(st.sampled_from([0.0, 0.3, 1.0])), draw(st.sampled_from([0.0, 0.1, 0.5])))
        lot = draw(st.none() | st.sampled_from([0.0, 0.1, 0.299, 0.5, 0.999]))
        theirs, shut = draw(st.lists(PRODUCTS, max_size=6)), draw(st.lists(PRODUCTS, max_size=4))
        puts = [(place, pins + row) for row, place in enumerate(sorted(at))] if draw(st.booleans()) else []
        return Order(draw(st.integers(1, 14)), which, theirs, shut, puts, layout, tried, lot)

    questions = [[order() for _ in range(draw(st.integers(0, 4)))] for _ in range(draw(st.integers(0, 3)))]
    return joined.rows, questions


@pytest.mark.skipif(library() is None, reason="no compiled kernel")
@settings(max_examples=300)
@given(shops())
def test_the_kernel_composes_the_same_pages(shop: tuple[Rows, list[list[Order]]]) -> None:
    rows, questions = shop
    kernel: Any = library()
    found, expected = compiled(kernel, rows, questions), plainly(rows, questions)
    assert [[one.page.slate for one in some] for some in found] == [
        [one.page.slate for one in some] for some in expected
    ]
    assert [[one[1:] for one in some] for some in found] == [[one[1:] for one in some] for some in expected]


@given(shops())
@settings(max_examples=50)
def test_no_product_comes_twice_among_the_placements_of_a_question(shop: tuple[Rows, list[list[Order]]]) -> None:
    rows, questions = shop
    for some in pages(rows, [[one._replace(pins=()) for one in some] for some in questions]):
        shown = [placed.product for one in some for placed in one.page.slate]
        assert len(shown) == len(set(shown))


def test_what_is_there_for_the_visitor_stands_on_no_shelf_for_everyone() -> None:
    joined = Joined()
    mine = joined.add(rows_of("mine", [placed("mine", 1, 0.1)]))
    everyones = joined.add(
        rows_of("everyones", [placed("everyones", 1, 0.9), placed("everyones", 2, 0.8)], common=True)
    )
    order = Order(4, [mine, everyones], [1], [], (), partial(laid, shelf=4, share=1.0), Exploration(0.0), 0.5)
    for way in (pages, plainly):
        (((page, *_),),) = way(joined.rows, [[order]])
        assert [(one.product, one.shelf) for one in page.slate] == [(2, "everyones"), (1, "mine")]


def test_rows_are_put_side_by_side_once() -> None:
    joined = Joined()
    first, other = rows_of("a", [placed("a", 3, 0.5), placed("a", 4, 0.25)]), rows_of("b", [placed("b", 5, 0.75)])
    assert [joined.add(one) for one in (first, other, first)] == [0, 1, 0]
    assert joined.first(1) == 2
    assert joined.rows.lists() == [*first.lists(), *other.lists()]
    assert Joined().rows.lists() == [[]]
