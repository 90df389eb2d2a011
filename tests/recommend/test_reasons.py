"""Reasons in words."""

import pytest
from tests.recommend.goods import goods

from detak.recommend.base import NOBODY
from detak.recommend.content import Kind, Place
from detak.recommend.parts_of_day import PARTS
from detak.recommend.reasons import Reason, by_history, by_novelty, by_popularity, by_rules, strongest
from detak.recommend.trending import Basis
from detak.words import keys

ITEMS = goods(("Gamis Polos", "Fashion > Gamis", "Sekar"), ("", "", ""), ("SERUM WAJAH", "", ""), ("x" * 80, "", ""))
BANDUNG = Place("Jawa Barat", "Bandung")


@pytest.mark.parametrize(
    ("reason", "english", "indonesian"),
    [
        (
            by_history("directed", 0, Kind.VIEW, ITEMS),
            "Because you looked at Gamis Polos",
            "Karena Anda melihat Gamis Polos",
        ),
        (
            by_history("directed", 0, Kind.BUY, ITEMS),
            "Because you bought Gamis Polos",
            "Karena Anda membeli Gamis Polos",
        ),
        (by_history("directed", 1, Kind.VIEW, ITEMS), "Picked for you", "Dipilih untuk Anda"),
        (by_history("directed", NOBODY, Kind.VIEW, ITEMS), "Picked for you", "Dipilih untuk Anda"),
        (by_history("similar", 2, Kind.VIEW, ITEMS), "Similar to Serum Wajah", "Mirip dengan Serum Wajah"),
        (
            by_history("also_viewed", 0, Kind.VIEW, ITEMS),
            "People who looked at Gamis Polos looked at this too",
            "Yang melihat Gamis Polos juga melihat ini",
        ),
        (
            by_history("together_bought", 0, Kind.CART, ITEMS),
            "Often bought together with Gamis Polos",
            "Sering dibeli bersama Gamis Polos",
        ),
        (
            by_history("together_bought", 0, Kind.BUY, ITEMS),
            "People who bought Gamis Polos bought this too",
            "Pembeli Gamis Polos juga membeli ini",
        ),
        (
            by_popularity(Basis(BANDUNG, "night"), None),
            "Popular in Bandung tonight",
            "Ramai diminati di Bandung malam ini",
        ),
        (by_popularity(Basis(Place("Bali"), None), None), "Popular in Bali", "Ramai diminati di Bali"),
        (by_popularity(Basis(None, "morning"), "Gamis"), "Popular this morning", "Ramai diminati pagi ini"),
        (by_popularity(Basis(None, None), "Gamis"), "Popular in Gamis", "Ramai diminati di kategori Gamis"),
        (by_popularity(Basis(None, None), None), "Popular right now", "Sedang ramai diminati"),
        (by_novelty(0, ITEMS), "New in Gamis", "Baru di kategori Gamis"),
        (by_novelty(1, ITEMS), "Just in", "Baru datang"),
        (by_rules(["bury", "pin"])[0], "Recommended by the shop", "Pilihan toko"),
    ],
)
def test_reasons_are_sentences_in_both_languages(reason: Reason, english: str, indonesian: str) -> None:
    assert (reason.said("en"), reason.said("id")) == (english, indonesian)


def test_a_long_name_is_cut() -> None:
    assert len(by_history("directed", 3, Kind.VIEW, ITEMS).said("en")) < 100


def test_every_place_and_part_of_the_day_has_a_text() -> None:
    for place in (None, BANDUNG):
        for part in (None, *PARTS):
            assert by_popularity(Basis(place, part), None).said("id")


def test_every_text_is_one_that_some_reason_has() -> None:
    """What no reason says would be translated for nobody."""
    told = {key.removeprefix("because.") for key in keys("en") if key.startswith("because.")}
    popular = {by_popularity(Basis(p, t), None).kind for p in (None, BANDUNG) for t in (None, *PARTS)}
    own = {by_history("directed", 0, kind, ITEMS).kind for kind in Kind}
    rules = {one.kind for one in by_rules(["pin", "quota", "diversity", "due"])}
    others = {"viewed_too", "bought_too", "together", "similar", "popular_category", "new", "new_category", "for_you"}
    assert told == popular | own | rules | others


def test_the_three_strongest_are_told_each_once() -> None:
    reasons = [
        Reason("looked", 0.2, product="a"),
        Reason("similar", 0.9, product="a"),
        Reason("popular", 0.1),
        Reason("looked", 0.5, product="b"),
        Reason("due", 0.3),
        Reason("shop", 0.0),
        Reason("for_you", 9.0),
    ]
    assert [(one.kind, one.product) for one in strongest(reasons)] == [("similar", "a"), ("looked", "b"), ("due", None)]


def test_what_says_nothing_in_particular_is_said_where_nothing_else_is() -> None:
    assert strongest([Reason("for_you"), Reason("for_you", 2.0)]) == (Reason("for_you", 2.0),)
    assert strongest([]) == ()
