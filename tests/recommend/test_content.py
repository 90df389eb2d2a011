"""Products' content, out of a catalogue."""

from detak.catalogue import UNKNOWN, Product
from detak.money import Money
from detak.recommend.content import items_of, numbered


def test_what_the_catalogue_knows_comes_in_the_order_asked_for() -> None:
    products = {
        "a": Product(id="a", name="Gamis", category=("Fashion", "Gamis"), brand="Sekar", price=Money(900, "IDR")),
        "b": Product(id="b", price=Money(5, "USD"), labels=("promo",), listed=7),
    }
    items = items_of(products, ["b", "unheard", "a"], "IDR")
    assert items.ids == ("b", "unheard", "a")
    assert items.name == ("", "", "Gamis")
    assert items.price.tolist() == [UNKNOWN, UNKNOWN, 900]
    assert items.added.tolist() == [7, UNKNOWN, UNKNOWN]
    assert items.kinds.tolist() == [-1, -1, 0]
    assert {label: at.tolist() for label, at in items.labelled.items()} == {"promo": [0]}


def test_what_is_empty_has_no_number() -> None:
    assert numbered(["x", "", "y", "x"]).tolist() == [0, -1, 1, 0]
