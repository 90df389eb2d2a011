"""Pages under the rules of any shelf: quotas, variety, novelty, what is sold out."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import send
from tests.deciding.test_deciding import OPEN, ask, touch

from detak.decide.page import Layout, Placed, compose
from detak.decide.ruling import Ruling, chooses
from detak.engine import Engine
from detak.recommend.content import Items
from detak.recommend.ruled import ruled
from detak.recommend.rules import Boost, Match, Pin, Quota, Rules

SIZE = 12
IDS = tuple(f"p{at}" for at in range(SIZE))
ITEMS = Items(
    ids=IDS, name=IDS, category=(("T", "a"),) * 6 + (("T", "b"),) * 6, brand=("x", "y", "z") * 4,
    price=np.full(SIZE, 100), added=np.zeros(SIZE, np.int64), labels=(frozenset({"promo"}),) * 2 + (frozenset(),) * 10,
)  # fmt: skip


def ruling(rules: Rules) -> Ruling:
    return Ruling(ruled(rules, ITEMS, "IDR"), np.ones(SIZE, np.bool_), np.linspace(0.2, 0.0, SIZE).astype(np.float32))


def shelf(name: str, *products: int, score: float = 0.9) -> list[Placed]:
    return [Placed(one, name, score - at / 20, b"") for at, one in enumerate(products)]


def page(rules: Rules, *shelves: list[Placed], k: int = 6, shut: frozenset[int] = frozenset()) -> list[int]:
    made = ruling(rules)
    layout = Layout(k, 4, 1.0)
    return [one.product for one in compose(made.chosen(shelves, k, shut, 0), layout, shut).slate]


def test_no_brand_has_more_than_its_quota_and_the_page_is_full_all_the_same() -> None:
    found = page(Rules(quota=(Quota(each="brand", at_most=2),)), shelf("one", 0, 3, 6, 9, 1, 4), shelf("two", 2, 5, 8))
    assert len(found) == 6
    assert np.bincount([one % 3 for one in found]).max() == 2


def test_a_quota_that_no_shelf_fills_is_filled_from_the_shop() -> None:
    found = page(Rules(quota=(Quota(label="promo", at_least=2),)), shelf("one", 4, 5, 6, 7, 8, 9, 10))
    assert len(found) == 6
    assert {0, 1} <= set(found)
    shut = page(Rules(quota=(Quota(label="promo", at_least=2),)), shelf("one", 4, 5, 6, 7), shut=frozenset((0,)))
    assert 0 not in shut
    assert 1 in shut


def test_diversity_brings_in_another_category() -> None:
    shelves = shelf("one", 0, 3, 1, 4, 2, 5), shelf("two", 11, score=0.6)
    assert 11 not in page(Rules(diversity=0.0, novelty=0.01), *shelves, k=4)
    assert 11 in page(Rules(diversity=0.9), *shelves, k=4)


def test_novelty_brings_in_what_few_have_touched() -> None:
    shelves = (shelf("one", 0, 1, 2, 3, 11),)
    assert 11 not in page(Rules(diversity=0.0), *shelves, k=3)
    assert 11 in page(Rules(diversity=0.0, novelty=1.0), *shelves, k=3)


def test_rules_that_say_nothing_choose_nothing() -> None:
    assert not chooses(ruled(Rules(), ITEMS, "IDR"))
    assert not chooses(ruled(Rules(pin=(Pin("x", 1),), boost=(Boost(brand="x", by=2.0),)), ITEMS, "IDR"))
    assert chooses(ruled(Rules(diversity=0.1), ITEMS, "IDR"))
    assert not chooses(ruled(Rules(hide=(Match(brand="x"),)), ITEMS, "IDR"))
    assert chooses(ruled(Rules(quota=(Quota(each="brand", at_most=1),)), ITEMS, "IDR"))


@given(
    st.lists(st.lists(st.integers(0, SIZE - 1), unique=True, max_size=8), max_size=4),
    st.integers(1, 10),
    st.integers(1, 3),
    st.sets(st.integers(0, SIZE - 1), max_size=4),
)
def test_at_most_always_holds(lists: list[list[int]], k: int, most: int, shut: set[int]) -> None:
    rules = Rules(quota=(Quota(each="brand", at_most=most),))
    found = page(rules, *(shelf(f"s{at}", *one) for at, one in enumerate(lists)), k=k, shut=frozenset(shut))
    assert len(found) == len(set(found)) <= k
    assert not shut & set(found)
    assert np.bincount([one % 3 for one in found], minlength=1).max() <= most


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Products of three brands; home has a quota and a pin, cart shows what is sold out."""
    folder: Path = tmp_path_factory.mktemp("store")
    (folder / "rules.toml").write_text(
        """
        [placements.home.rules]
        pin = [{product = "a", at = 2}]
        quota = [{each = "brand", at_most = 2}, {label = "promo", at_least = 1}]
        [placements.cart.rules]
        sold_out = "show"
        """
    )
    with Engine(folder, OPEN) as engine:
        rows = [
            {"id": one, "name": one, "category": ["T", one], "brand": "xyz"[at % 3]}
            for at, one in enumerate("abcdefghi")
        ]
        rows.append({"id": "p", "name": "p", "labels": ["promo"], "category": ["T", "p"]})
        rows.append({"id": "gone", "name": "gone", "stock": 0, "category": ["T", "g"]})
        engine.catalogue.put(rows, "api")
        send(engine, *[touch(f"u{n}", one, f"{n}{one}") for n in range(4) for one in "adg"], touch("ani", "gone", "x"))
        engine.models.fit()
        yield engine


def test_what_the_file_says_holds_on_pages(shop: Engine) -> None:
    (found,) = ask(shop, "u1", placements=[{"name": "home", "k": 6}])
    products = [one.product_id for one in found.slate]
    assert products[1] == "a"
    assert "p" in products
    assert len(products) == 6
    brands = ["abcdefghi".index(one) % 3 for one in products if one != "p"]
    assert np.bincount(brands).max() <= 2


def test_what_is_sold_out_shows_where_the_shop_says_so(shop: Engine) -> None:
    (home,), (cart,) = (ask(shop, "ani", placements=[{"name": one, "k": 6}]) for one in ("home", "cart"))
    assert "gone" not in [one.product_id for one in home.slate]
    assert "gone" in [one.product_id for one in cart.slate]


def test_a_pin_takes_its_place_of_the_quota() -> None:
    rules = Rules(pin=(Pin("p0", 1),), quota=(Quota(each="brand", at_most=1),))
    found = page(rules, shelf("one", 3, 6, 1, 2), k=3)
    assert 0 not in found  # the page puts it in its place
    assert set(found) == {1, 2}
