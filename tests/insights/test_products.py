"""Products and categories bought, counted by hand."""

from dataclasses import replace

import msgspec
import pytest
from tests.contracts import test_insights as contract
from tests.facts import JAKARTA, Told, ask, sums, tables

from detak.errors import UsageError
from detak.insights.bought import Bought
from detak.insights.products import DIMENSIONS, Level, Products
from detak.money import Money

PLATE = {"product_id": "p1", "name": "Piring", "category": "Dapur", "currency": "IDR"}
GLASS = {"product_id": "p2", "name": "Gelas", "category": "Dapur", "currency": "IDR"}


def _named(bought: list[Bought]) -> dict[str, Bought]:
    return {one.name: one for one in bought}


def test_orders_pieces_and_revenue_with_the_cancelled_beside_them() -> None:
    told = Told()
    told.order("1", items=[{**PLATE, "quantity": 2.0, "amount": 20_000}, {**GLASS, "quantity": 1.0, "amount": 5_000}])
    told.order("2", items=[{**PLATE, "quantity": 1.0, "amount": 10_000}, {**PLATE, "quantity": 3.0, "amount": 30_000}])
    told.order("3", items=[{**PLATE, "quantity": 9.0, "amount": 90_000}])
    told.cancel("3")
    report = ask(Products(), told)
    plate, glass = report.products
    assert (plate.product, plate.name, plate.category) == ("p1", "Piring", "Dapur")
    assert (plate.orders, plate.quantity, plate.cancelled, plate.revenue) == (2, 6.0, 1, Money(60_000, "IDR"))
    assert (glass.orders, glass.quantity, glass.cancelled, glass.revenue) == (1, 1.0, 0, Money(5_000, "IDR"))
    (kitchen,) = report.categories
    assert (kitchen.name, kitchen.orders, kitchen.quantity, kitchen.cancelled) == ("Dapur", 2, 7.0, 1)
    assert kitchen.revenue == Money(65_000, "IDR")
    assert (plate.unpriced, plate.uncounted, kitchen.unpriced) == (0, 0, 0)


def test_what_is_not_known_is_not_made_up() -> None:
    told = Told()
    told.order("1", items=[{**PLATE, "amount": 10_000}])
    told.order("2", items=[{**PLATE, "quantity": 2.0}])
    told.order("3", items=[GLASS])
    found = _named(ask(Products(), told).products)
    assert (found["Piring"].revenue, found["Piring"].unpriced) == (Money(10_000, "IDR"), 1)
    assert (found["Piring"].quantity, found["Piring"].uncounted) == (2.0, 1)
    assert (found["Gelas"].revenue, found["Gelas"].quantity) == (None, None)


def test_currencies_are_never_added_up() -> None:
    told = Told()
    for order, currency in (("1", "USD"), ("2", "USD"), ("3", "IDR")):
        told.order(order, items=[{**PLATE, "currency": currency, "amount": 100}])
    (plate,) = ask(Products(), told).products
    assert (plate.orders, plate.revenue, plate.unpriced) == (3, Money(200, "USD"), 1)


def test_a_product_is_called_what_it_is_called_most_often() -> None:
    told = Told()
    for at, name in enumerate(["Piring", "PIRING BARU", "Piring", None]):
        told.order(str(at), items=[{**PLATE, "name": name}])
    (plate,) = ask(Products(), told).products
    assert (plate.name, plate.orders) == ("Piring", 4)


def test_without_an_id_the_name_stands_for_the_product_and_without_both_there_is_none() -> None:
    told = Told()
    told.order("1", items=[{"name": "Sendok"}, {"category": "Dapur"}])
    report = ask(Products(), told)
    assert [(one.product, one.name) for one in report.products] == [("Sendok", "Sendok")]
    assert [one.name for one in report.categories] == ["Dapur"]


def test_only_so_many_and_the_most_ordered_first() -> None:
    told = Told()
    for at in range(6):
        told.order(str(at), items=[{"product_id": str(product)} for product in range(at, 6)])
    report = ask(Products(limit=2), told)
    assert [(one.product, one.orders) for one in report.products] == [("5", 6), ("4", 5)]
    with pytest.raises(UsageError, match="at least 1"):
        Products(limit=0)


def test_the_answer_has_the_agreed_shape_and_the_text_its_numbers() -> None:
    told = Told()
    told.order("1", items=[{**PLATE, "quantity": 2.0, "amount": 20_000}])
    report = ask(Products(), told)
    answer = msgspec.to_builtins(report)
    assert answer["products"][0]["revenue"] == {"amount": 20_000, "currency": "IDR"}
    assert answer["searches"] == []
    assert "Rp 20,000" in report.text(JAKARTA)


def _brief(levels: list[Level]) -> list[tuple[str, int, list[tuple[str, int]], list[tuple[str, int]]]]:
    """Names and orders of each level, of its products and of its categories."""
    return [
        (
            level.level,
            level.orders,
            [(one.name, one.orders) for one in level.products],
            [(one.name, one.orders) for one in level.categories],
        )
        for level in levels
    ]


def _two_provinces() -> Told:
    told = Told()
    for order in ("1", "2", "3"):
        told.order(order, province="Bali", items=[{**PLATE, "quantity": 2.0, "amount": 20_000}])
    told.order("4", province="Bali", items=[{**GLASS, "quantity": 1.0, "amount": 5_000}])
    for order in ("5", "6"):
        told.order(order, province="Aceh", items=[{**GLASS, "quantity": 4.0, "amount": 18_000}])
    told.order("7", province="Aceh", items=[{**PLATE, "quantity": 9.0, "amount": 90_000}])
    told.cancel("7")
    return told


def test_each_level_has_its_own_products_and_categories_the_most_orders_first() -> None:
    report = ask(Products(by="province"), _two_provinces())
    assert report.by.dimension == "province"
    assert _brief(report.by.levels) == [
        ("Bali", 4, [("Piring", 3), ("Gelas", 1)], [("Dapur", 4)]),
        ("Aceh", 2, [("Gelas", 2), ("Piring", 0)], [("Dapur", 2)]),
    ]
    bali, aceh = report.by.levels
    assert [(one.quantity, one.revenue) for one in bali.products] == [
        (6.0, Money(60_000, "IDR")),
        (1.0, Money(5_000, "IDR")),
    ]
    assert (aceh.products[0].quantity, aceh.products[0].revenue) == (8.0, Money(36_000, "IDR"))
    assert (aceh.products[1].cancelled, aceh.products[1].revenue, bali.products[0].cancelled) == (1, None, 0)
    assert aceh.products[0].category == "Dapur"


def test_a_split_leaves_the_tables_of_all_together_as_they_are() -> None:
    told = _two_provinces()
    split, whole = ask(Products(by="province"), told), ask(Products(), told)
    assert whole.by is msgspec.UNSET
    assert "by" not in msgspec.to_builtins(whole)
    assert msgspec.structs.replace(split, by=msgspec.UNSET) == whole


def test_small_groups_are_one_and_lose_their_name() -> None:
    told = Told()
    for at in range(3):
        told.order(f"b{at}", province="Bali", items=[PLATE])
    told.order("a", province="Aceh", items=[GLASS])
    told.order("c", province="Banten", items=[GLASS])
    told.order("d", items=[{"product_id": "p3", "name": "Sendok"}])
    report = ask(Products(by="province"), told, replace(JAKARTA, min_group=3))
    assert _brief(report.by.levels) == [
        ("Bali", 3, [("Piring", 3)], [("Dapur", 3)]),
        ("Other (small groups)", 3, [("Gelas", 2), ("Sendok", 1)], [("Dapur", 2)]),
    ]
    assert not {"Aceh", "Banten"} & set(msgspec.json.encode(report).decode().split('"'))


def test_orders_whose_level_is_unknown_have_one_of_their_own() -> None:
    told = Told()
    told.order("1", province="Bali", items=[PLATE])
    for order in ("2", "3"):
        told.order(order, items=[GLASS])
    told.order("4")
    assert _brief(ask(Products(by="province"), told).by.levels) == [
        ("unknown", 3, [("Gelas", 2)], [("Dapur", 2)]),
        ("Bali", 1, [("Piring", 1)], [("Dapur", 1)]),
    ]


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_every_dimension_splits(dimension: str) -> None:
    told = Told()
    for order, level in (("1", "ios"), ("2", "ios"), ("3", "web")):
        told.order(order, items=[PLATE if level == "ios" else GLASS], **{dimension: level})
    assert _brief(ask(Products(by=dimension), told).by.levels) == [
        ("ios", 2, [("Piring", 2)], [("Dapur", 2)]),
        ("web", 1, [("Gelas", 1)], [("Dapur", 1)]),
    ]


def test_the_same_number_in_two_sources_is_two_orders() -> None:
    told = Told()
    told.order("1", source="web", items=[PLATE])
    told.order("1", source="android", items=[GLASS])
    assert _brief(ask(Products(by="source"), told).by.levels) == [
        ("android", 1, [("Gelas", 1)], [("Dapur", 1)]),
        ("web", 1, [("Piring", 1)], [("Dapur", 1)]),
    ]


@pytest.mark.parametrize(("limit", "rows"), [(50, 10), (3, 3)])
def test_a_level_shows_few_the_most_ordered_there(limit: int, rows: int) -> None:
    told = Told()
    for province, ranks in (("Bali", range(12)), ("Aceh", reversed(range(12)))):
        for rank, product in enumerate(ranks):
            for at in range(12 - rank):
                told.order(f"{province}-{product}-{at}", province=province, items=[{"product_id": f"p{product:02d}"}])
    aceh, bali = ask(Products(limit=limit, by="province"), told).by.levels
    assert [(one.product, one.orders) for one in bali.products] == [(f"p{at:02d}", 12 - at) for at in range(rows)]
    assert [(one.product, one.orders) for one in aceh.products] == [(f"p{11 - at:02d}", 12 - at) for at in range(rows)]


def test_a_product_in_several_currencies_takes_one_place_of_a_level() -> None:
    told = Told()
    for order, currency in (("1", "USD"), ("2", "USD"), ("3", "IDR")):
        told.order(order, province="Bali", items=[{**PLATE, "currency": currency, "amount": 100, "quantity": 1.0}])
    told.order("4", province="Bali", items=[{**GLASS, "amount": 900}])
    (bali,) = ask(Products(limit=2, by="province"), told).by.levels
    plate, glass = bali.products
    assert (plate.orders, plate.quantity, plate.revenue, plate.unpriced) == (3, 3.0, Money(200, "USD"), 1)
    assert (glass.orders, glass.revenue) == (1, Money(900, "IDR"))


def test_a_dimension_that_does_not_split_products_is_refused() -> None:
    for by in ("colour", "category"):
        with pytest.raises(UsageError, match=f"{by!r}; there are: province, .*device"):
            Products(by=by)


def test_a_level_is_a_line_with_its_three_most_ordered() -> None:
    told = Told()
    for at in range(4):
        for product in range(at, 4):
            told.order(f"{at}-{product}", province="Bali", items=[{"name": f"Produk {product}"}])
    told.order("c", province="Banten", items=[{"category": "Dapur"}])
    told.order("n", province="Aceh", items=[GLASS])
    told.cancel("n")
    lines = ask(Products(by="province"), told).text(JAKARTA).splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("Province"))
    assert [line.split(maxsplit=2) for line in lines[at + 1 : at + 4]] == [
        ["Bali", "10", "Produk 3 (4), Produk 2 (3), Produk 1 (2)"],
        ["Banten", "1", "Dapur (1)"],
        ["Aceh", "0", "–"],
    ]


def test_levels_are_shown_even_where_no_item_is_known() -> None:
    told = Told()
    told.order("1", province="Bali")
    text = ask(Products(by="province"), told).text(JAKARTA)
    assert "Bali" in text
    assert "no orders yet" not in text


def test_a_split_keeps_to_the_contract_of_insights() -> None:
    split = Products(by="province")
    contract.test_no_facts_give_a_report(split)
    contract.test_the_order_of_rows_does_not_matter(split)
    contract.test_orders_told_twice_count_once(split)
    contract.test_rows_of_orders_that_stand_there_twice_count_once(split)
    contract.test_it_speaks_every_language(split)
    contract.test_what_crosses_into_python_does_not_grow_with_the_orders(split)
    for engine in ("postgres", "clickhouse"):
        contract.test_it_is_written_for_no_engine_in_particular(split, engine)


def test_what_crosses_into_python_are_the_few_of_each_level() -> None:
    told = Told()
    for at in range(120):
        told.order(str(at), province=f"P{at % 4}", items=[{"product_id": f"p{at}", "category": f"K{at}"}])
    found = sums(Products(by="province"), tables(told.events, told.items))
    sizes = {name: len(table) for name, table in found.items()}
    assert sizes["levels"] == 4
    assert sizes["level_products"] == sizes["level_categories"] == 4 * 10
