"""Alike by what they are."""

from dataclasses import replace

import numpy as np
import pytest
from tests.recommend.goods import goods
from tests.recommend.made import NONE, made, past

from detak.recommend.base import Situation, sequences
from detak.recommend.content import Items
from detak.recommend.name_words import name_words
from detak.recommend.similar import Similar

ROWS = (
    ("Gamis Polos Sekar", "Fashion > Gamis", "Sekar"),
    ("GAMIS Motif Bunga", "Fashion > Gamis", "Ayunda"),
    ("Sepatu Lari Anti-Slip", "Sepatu", "Jejak"),
    ("Sepatu Sekolah", "Sepatu", "Jejak"),
    ("", "Buku", ""),
    ("Gamis polosnya", "Fashion > Gamis", "Sekar"),
)
PRICES = [90_000, 95_000, 200_000, 180_000, 50_000, 91_000]


def first(count: int) -> Items:
    """The first products of the shop."""
    return goods(*ROWS[:count], price=PRICES[:count])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Kupu-kupu Hias", ("kupu", "hias")),
        ("Boneka kupu2", ("boneka", "kupu")),
        ("Bajunya Anak", ("baju", "anak")),
        ("READY STOCK! Serum 20ml (BISA COD)", ("serum", "20ml")),
        ("Sepatu anti-slip", ("sepatu", "anti", "slip")),
        ("Somethin'g Asri", ("somethin", "g", "asri")),
        ("Nyala tanya", ("nyala", "tanya")),
        ("", ()),
    ],
)
def test_the_words_of_a_name(name: str, words: tuple[str, ...]) -> None:
    assert name_words(name) == words


def test_the_most_alike_stand_first_with_their_reason() -> None:
    model = Similar().fit(made([], 6, content=first(6)))
    told = model.recommend(past(0), 6, NONE, Situation())
    assert told.item.tolist() == [5, 1]
    assert told.because.tolist() == [0, 0]
    assert (np.diff(told.score) < 0).all()
    assert told.score[0] <= 1
    assert model.recommend(past(2), 6, NONE, Situation()).item.tolist() == [3]


def test_a_new_product_is_known_without_a_fit() -> None:
    model = Similar().fit(made([], 3, content=first(3)))
    grown = model.grown(first(6))
    assert grown.recommend(past(0), 6, NONE, Situation()).item.tolist() == [5, 1]
    assert grown.recommend(past(5), 6, NONE, Situation()).item.tolist() == [0, 1]
    assert grown.recommend(past(3), 6, NONE, Situation()).item.tolist() == [2]
    assert model.recommend(past(0), 6, NONE, Situation()).item.tolist() == [1]
    assert model.grown(first(3)) is model


def test_growing_finds_the_neighbours_that_fitting_finds() -> None:
    random = np.random.default_rng(1)
    words = ["gamis", "polos", "bunga", "lengan", "panjang", "katun", "anak", "merah", "biru", "hitam"]
    rows = [(" ".join(random.choice(words, 3)), f"K{at % 3}", f"B{at % 4}") for at in range(120)]
    items = goods(*rows, price=random.integers(10_000, 90_000, 120).tolist())
    part = goods(*rows[:100], price=items.price[:100].tolist())
    whole = Similar(keep=8).fit(made([], 120, content=items))
    rarity = whole.rarity  # the same words' weights, so that only the neighbours may differ
    grown = replace(Similar(keep=8).fit(made([], 100, content=part)), rarity=rarity)
    fresh = grown.grown(items).neighbours
    for at in range(100, 120):
        own = slice(fresh.starts[at], fresh.starts[at + 1])
        same = slice(whole.neighbours.starts[at], whole.neighbours.starts[at + 1])
        assert fresh.strength[own] == pytest.approx(whole.neighbours.strength[same], abs=1e-5)


def test_a_product_without_a_name_is_found_by_category_and_price() -> None:
    items = goods(("", "Buku", "Andi"), ("", "Buku", "Andi"), ("", "Sepatu", "Andi"), price=[100, 100, 100])
    assert Similar().fit(made([], 3, content=items)).recommend(past(0), 3, NONE, Situation()).item.tolist() == [1]


def test_without_content_it_says_nothing() -> None:
    model = Similar().fit(sequences([[0, 1]], ("a", "b")))
    assert len(model.recommend(past(0), 5, NONE, Situation()).item) == 0


def test_it_comes_back_from_its_arrays() -> None:
    model = Similar().fit(made([], 6, content=first(6)))
    again = Similar().load(model.arrays())
    assert (
        again.recommend(past(0, 2), 6, NONE, Situation()).score.tolist()
        == model.recommend(past(0, 2), 6, NONE, Situation()).score.tolist()
    )
    assert len(again.grown(first(6)).neighbours.item) == len(model.neighbours.item)
