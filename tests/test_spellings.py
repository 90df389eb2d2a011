"""Queries that mean the same: rules one by one, and slips that the simulated shop planted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detak.simulate import language
from detak.simulate.config import Config
from detak.spellings import Typed, distance, unite, words

COMMON = ["sepatu", "celana", "baju", "wanita", "murah", "powerbank", "cari", "sapu", "hp", "botol", "minum", "hijab"]


def heads(*rare: str, **clicks: dict[str, int]) -> list[str]:
    """What stands for each of the rare ones among queries of one common word each."""
    typed = [Typed(one, 100, clicks.get(one, {})) for one in COMMON]
    found = unite([*typed, *(Typed(one, 2, clicks.get(one, {})) for one in rare)])
    return [found[one] for one in rare]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("spatu", "sepatu"),  # vowels left out
        ("sptu", "sepatu"),
        ("wanta", "wanita"),
        ("sepatunya", "sepatu"),  # affixes
        ("mencari", "cari"),
        ("menyapu", "sapu"),
        ("termurah", "murah"),
        ("baju2", "baju"),  # doubling
        ("baju-baju", "baju"),
        ("muraaah", "murah"),  # drawn out
        ("SEPATU!", "sepatu"),
        ("hape", "hp"),  # letters by their names
        ("cleana", "celana"),  # slips: swapped, beside, doubled, lost
        ("celaba", "celana"),
        ("celanaa", "celana"),
        ("hjjab", "hijab"),
        ("power bank", "powerbank"),  # where words end
    ],
)
def test_a_rare_spelling_stands_for_a_frequent_word(typed: str, meant: str) -> None:
    assert heads(typed) == [meant]


@pytest.mark.parametrize("typed", ["kemeja", "rak", "sepeda", "celemek", "s8", "hp 5g", "xyz"])
def test_another_word_stands_for_itself(typed: str) -> None:
    assert heads(typed) == [typed]


def test_what_leads_elsewhere_is_another_word_however_close() -> None:
    shoes, sawn = {"Sepatu": 50}, {"Dapur": 20}
    assert heads("sepati", sepatu=shoes, sepati=sawn, baju=sawn) == ["sepati"]
    assert heads("sepati", sepatu=shoes, sepati={"Sepatu": 20}, baju=sawn) == ["sepatu"]


def test_a_word_of_all_categories_stands_for_its_slips_in_one() -> None:
    everywhere = {"Sepatu": 30, "Baju": 30, "Dapur": 30}
    found = heads("mruah", murah=everywhere, mruah={"Dapur": 20}, baju=everywhere)
    assert found == ["murah"]


def test_two_frequent_words_stay_two() -> None:
    typed = [Typed("sandal", 100, {}), Typed("sandar", 60, {})]
    assert unite(typed) == {"sandal": "sandal", "sandar": "sandar"}


def test_the_order_of_words_does_not_matter_and_the_most_frequent_query_is_the_head() -> None:
    typed = [
        Typed("murah sepatu", 3, {}),
        Typed("sepatu murah", 9, {}),
        Typed("sptu murah", 2, {}),
        Typed("sepatu", 50, {}),
    ]
    assert unite(typed) == {
        "murah sepatu": "sepatu murah",
        "sepatu murah": "sepatu murah",
        "sptu murah": "sepatu murah",
        "sepatu": "sepatu",
    }


def test_a_slip_over_a_space() -> None:
    typed = [Typed("baju koko", 50, {}), Typed("bajuk oko", 2, {})]
    assert unite(typed)["bajuk oko"] == "baju koko"


def test_words_of_a_query() -> None:
    assert words("  Baju-baju  ANAK2 murahhh!! ") == ["baju", "anak", "murah"]
    assert words("…") == []


@given(st.lists(st.tuples(st.text(max_size=12), st.integers(1, 50)), max_size=12, unique_by=lambda one: one[0]))
def test_every_query_has_a_head_that_stands_for_itself(drawn: list[tuple[str, int]]) -> None:
    typed = [Typed(text, count, {}) for text, count in drawn]
    found = unite(typed)
    assert found.keys() == {one.text for one in typed}
    assert all(found[head] == head for head in found.values())
    assert unite(typed[::-1]) == found


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_distance_counts_both_ways_alike(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one)
    assert (distance(one, other) == 0) == (one == other)
    assert abs(len(one) - len(other)) <= distance(one, other) <= max(len(one), len(other))


def test_planted_slips_are_found_and_nothing_else_is_united(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the slips that the simulated shop plants, without a click to go by, whose right spelling is typed too."""
    meant: dict[str, str] = {}
    slip = language.slip

    def told(rng: np.random.Generator, text: str) -> str:
        slipped = slip(rng, text)
        meant[slipped.lower()] = meant.get(text.lower(), text.lower())
        return slipped

    monkeypatch.setattr(language, "slip", told)
    queries = language.make_queries(Config(seed=7))
    typed: dict[str, int] = {}
    for text, share in zip(queries.text, queries.share, strict=True):
        typed[text.lower()] = typed.get(text.lower(), 0) + round(10_000 * share) + 1
    behind = dict(zip((text.lower() for text in queries.text), queries.meant, strict=True))
    found = unite([Typed(text, count, {}) for text, count in typed.items()])
    slips = [text for text in typed if meant.get(text, text) != text and meant[text] in typed]
    assert np.mean([found[text] == found[meant[text]] for text in slips]) > 0.75
    united = [text for text in typed if found[text] != text]
    assert np.mean([behind[text] == behind[found[text]] for text in united]) > 0.97
