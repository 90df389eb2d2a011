"""Goods: the catalogue's numbers as arrays, with a last row for what it does not have."""

from detak.catalogue import Availability, Product, Snapshot
from detak.decide.goods import NEVER, goods_of
from detak.money import Money


def rupiah(amount: int) -> Money:
    return Money(amount, "IDR")


KNOWN = {
    one.id: one
    for one in (
        Product(id="cheap", price=rupiah(80), compare_at_price=rupiah(100), cost=rupiah(60), stock=50, listed=7),
        Product(
            id="gone", price=rupiah(80), compare_at_price=Money(100, "USD"), availability=Availability.OUT_OF_STOCK
        ),
        Product(id="loss", price=rupiah(80), cost=rupiah(90), stock=1_000),
    )
}


def test_each_number_is_the_catalogues() -> None:
    goods = goods_of(Snapshot(1, KNOWN), ["cheap", "gone", "loss", "left"])
    assert goods.margin.tolist() == [0.25, 0, 0, 0, 0]
    assert goods.stocked.tolist() == [0.5, 0, 1, 0, 0]
    assert goods.cut.round(9).tolist() == [0.2, 0, 0, 0, 0]  # currencies do not compare
    assert goods.listed.tolist() == [7, *[NEVER] * 4]
    assert goods.sellable.tolist() == [True, False, True, False, False]
    assert goods.offered.tolist() == [True, True, True, False, False]


def test_of_a_shop_without_a_catalogue_everything_can_be_had() -> None:
    assert goods_of(Snapshot(1, {}), ["a"]).sellable.tolist() == [True, True]


def test_where_events_alone_told_of_products_others_are_sold_too() -> None:
    assert goods_of(Snapshot(1, KNOWN, stated=False), ["left", "unheard"]).sellable[1:].tolist() == [True, True]
