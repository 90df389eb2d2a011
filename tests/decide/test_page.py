"""Pages: the most valuable shelf first, no product twice, no category over all, and worth that the shop sets."""

from collections import Counter
from collections.abc import Iterable
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from detak.decide.exploring import BEST, EXPLORED, Exploration, draw, worth
from detak.decide.page import Layout, Page, Placed, compose


def placed(shelf: str, *products: str, score: float = 0.5) -> list[Placed]:
    """A shelf whose products, which letters stand for, are worth less and less."""
    return [Placed(ord(one), shelf, score - at / 100, b"") for at, one in enumerate(products)]


def letters(row: Iterable[Placed]) -> str:
    """The products of a row."""
    return "".join(chr(one.product) for one in row)


def test_the_more_valuable_shelf_stands_first() -> None:
    page = compose([placed("low", "a", "b", score=0.1), placed("high", "c", "d")], Layout(k=4, shelf=2))
    assert [letters(row) for row in page.shelves] == ["cd", "ab"]


@given(
    st.lists(st.lists(st.sampled_from("abcdefghijkl"), unique=True, max_size=8), max_size=5),
    st.integers(1, 14),
    st.integers(1, 5),
)
def test_no_product_twice_and_no_place_empty_that_could_be_filled(pools: list[list[str]], k: int, shelf: int) -> None:
    shelves = [placed(f"s{at}", *one, score=0.9 - at / 10) for at, one in enumerate(pools)]
    shelves = [[one._replace(category=one.product % 2) for one in row] for row in shelves]
    page = compose(shelves, Layout(k, shelf, 0.5), shown={ord("a")})
    products = [one.product for one in page.slate]
    assert len(set(products)) == len(products) == min(k, len({one for pool in pools for one in pool} - {"a"}))
    assert len({row[0].shelf for row in page.shelves}) == len(page.shelves)
    assert all(len({one.shelf for one in row}) == 1 for row in page.shelves)


@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from("abcdefghijklmnop"), st.integers(1, 40), st.integers(-1, 2)),
            max_size=10,
            unique_by=lambda one: one[0],
        ),
        max_size=5,
    ),
    st.integers(1, 14),
    st.integers(1, 6),
    st.sampled_from([0.2, 0.5, 1.0]),
)
def test_each_row_is_the_shelf_whose_next_products_are_worth_the_most(
    pools: list[list[tuple[str, int, int]]], k: int, shelf: int, share: float
) -> None:
    shelves = [
        sorted(
            (Placed(ord(one), f"s{at}", score / 64, b"", kind) for one, score, kind in pool), key=lambda one: -one.score
        )
        for at, pool in enumerate(pools)
    ]
    rows = compose(shelves, Layout(k, shelf, share), {ord("a")}).shelves
    expected = plainly(shelves, Layout(k, shelf, share), {ord("a")})
    assert [list(row[: len(one)]) for row, one in zip(rows, expected, strict=False)] == expected


def plainly(shelves: list[list[Placed]], layout: Layout, shown: set[int]) -> list[list[Placed]]:
    """The rows of a page by the rule itself: every shelf is tried for every row."""
    most, used, rows = max(1, ceil(layout.category_share * layout.k)), set(shown), list[list[Placed]]()
    shelves = [[one for one in shelf if one.product not in shown] for shelf in shelves]
    shelves = sorted([one for one in shelves if one], key=lambda one: -one[0].score)
    left, counts = dict(enumerate(shelves)), Counter[int]()
    while left and (size := min(layout.shelf, layout.k - sum(map(len, rows)))) > 0:
        offers = {}
        for at, shelf in left.items():
            picked: list[Placed] = []
            for one in shelf:
                theirs = counts[one.category] + sum(other.category == one.category for other in picked)
                full = one.category >= 0 and theirs >= most
                if len(picked) < size and one.product not in used and not full:
                    picked.append(one)
            offers[at] = (sum(one.score for one in picked) / (size + len(picked)), picked)
        best = max(offers, key=lambda at: offers[at][0])
        if offers[best][0] <= 0:
            break
        del left[best]
        rows.append(offers[best][1])
        used |= {one.product for one in rows[-1]}
        counts.update(one.category for one in rows[-1])
    return rows


@given(st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=5), min_size=1, max_size=5), st.floats(0.01, 0.9))
def test_an_order_is_tried_where_the_whole_page_loses_little(scores: list[list[int]], loss: float) -> None:
    page = Page(
        tuple(
            tuple(Placed(at * 10 + n, f"s{at}", one / 50, b"") for n, one in enumerate(row))
            for at, row in enumerate(scores)
        )
    )
    rows = page.shelves
    lifted = [Page((rows[at], *rows[:at], *rows[at + 1 :])) for at in range(1, len(rows))]
    least = (1 - loss) * worth(page)
    exploration = Exploration(0.5, loss)
    drawn = [draw(page, exploration, (n + 0.5) / 1_000).page for n in range(1_000)]
    found = [page, *{one.shelves[0][0].shelf: one for one in drawn}.values()]
    assert {one.shelves[0][0].shelf for one in found[1:]} >= {
        one.shelves[0][0].shelf for one in lifted if worth(one) >= least + 1e-9
    }
    assert all(worth(one) >= least - 1e-9 for one in found)


def test_no_category_takes_more_than_its_share_while_there_is_anything_else() -> None:
    shelves = [placed("one", *"abcdef", score=0.9), placed("two", *"uvwxyz", score=0.2)]
    shelves = [[one._replace(category=int(one.product < ord("m"))) for one in shelf] for shelf in shelves]
    page = compose(shelves, Layout(k=6, shelf=3, category_share=0.5))
    assert sum(one.product < ord("m") for one in page.slate) == 3


def three() -> Page:
    shelves = [placed("one", "a", "b"), placed("two", "c", "d", score=0.48), placed("three", "e", "f", score=0.1)]
    return compose(shelves, Layout(k=6, shelf=2))


def test_only_orders_that_cost_little_are_tried_and_their_chances_add_up() -> None:
    page, exploration = three(), Exploration(share=0.2, most_loss=0.05)
    drawn = [draw(page, exploration, lot / 1000) for lot in range(1000)]
    tops = sorted({one.page.shelves[0][0].shelf for one in drawn})
    assert tops == ["one", "two"]  # lifting the third shelf would cost too much
    share = {top: sum(one.page.shelves[0][0].shelf == top for one in drawn) / 1000 for top in tops}
    chance = {one.page.shelves[0][0].shelf: one.propensity for one in drawn}
    assert share == {"one": 0.9, "two": 0.1}
    assert abs(sum(chance.values()) - 1) < 1e-9
    assert all(abs(share[top] - chance[top]) < 1e-9 for top in tops)
    assert {one.variant for one in drawn} == {BEST, EXPLORED}


def test_exploring_costs_no_more_than_its_bound() -> None:
    page, exploration = three(), Exploration(share=0.3, most_loss=0.6)
    mean = sum(worth(draw(page, exploration, lot / 1000).page) for lot in range(1000)) / 1000
    assert 0 < worth(page) - mean <= exploration.bound * worth(page)


def test_a_page_of_one_shelf_has_one_order() -> None:
    drawn = draw(compose([placed("one", "a")], Layout()), Exploration(share=1.0), 0.0)
    assert (drawn.variant, drawn.propensity) == (BEST, 1.0)
