"""What people like has its part in pages: products that lists showed, and kinds that somebody leans to."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.conftest import send
from tests.deciding.test_deciding import OPEN, ask, touch
from tests.shop import track

from detak.decision import Decision
from detak.engine import Engine

BATIK, ALAT = [f"b{n}" for n in range(8)], [f"t{n}" for n in range(8)]


def shown(user: str, *products: str) -> dict[str, Any]:
    """Somebody is shown a list."""
    listed = {"list_id": "all", "products": [{"product_id": one} for one in products]}
    return track("Product List Viewed", f"l-{user}-{products[0]}", user=user, properties=listed)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Sixty people are shown the same two lists; b7 and t7 are turned to by everybody, b0 and t0 by a third."""
    folder = tmp_path_factory.mktemp("store")
    (folder / "rules.toml").write_text(
        '[placements.default.page]\nexplore = 0.0\ncategory_share = 1.0\n[guardrails]\nsensitive = ["Obat"]\n'
    )
    with Engine(folder, OPEN) as engine:
        rows = [{"id": one, "name": one, "category": ["Toko", "Batik"]} for one in BATIK]
        rows += [{"id": one, "name": one, "category": ["Toko", "Alat"]} for one in ALAT]
        engine.catalogue.put([*rows, {"id": "o", "name": "o", "category": ["Toko", "Obat"]}], "api")
        told = [shown(f"u{n}", *some) for n in range(60) for some in (BATIK, ALAT)]
        told += [touch(f"u{n}", one, f"{n}{one}") for n in range(60) for one in ("b7", "t7")]
        told += [touch(f"u{n}", one, f"{n}{one}") for n in range(20) for one in ("b0", "t0")]
        send(engine, *told)
        engine.models.fit()
        yield engine


def picked(decision: Decision) -> list[tuple[str, str]]:
    """What is on the page for a category's sake, and the category."""
    because = [(slot.product_id, slot.reason) for slot in decision.slate]
    return [(one, why.about) for one, why in because if why is not None and why.code == "kind"]


def test_who_leans_to_a_kind_sees_what_is_liked_of_it_and_is_told_why(shop: Engine) -> None:
    send(shop, touch("ani", "b3", "a1"), touch("ani", "b4", "a2"), touch("budi", "t3", "a3"), touch("budi", "t4", "a4"))
    shop.decisions.learn()
    (ani,), (budi,) = (ask(shop, one, placements=[{"name": "home", "k": 12}]) for one in ("ani", "budi"))
    assert {why for _, why in picked(ani)} == {"Batik"}
    assert {why for _, why in picked(budi)} == {"Alat"}
    assert {one for one, _ in picked(ani)} <= set(BATIK) - {"b3", "b4"}
    shop.settle()
    told = shop.decisions.why(ani.decision_id, "en")
    assert "Because you often look at Batik" in [one.why for one in told.products]


def test_what_is_liked_stands_before_what_is_only_shown(shop: Engine) -> None:
    shop.decisions.learn()
    rerank = [{"name": "list", "products": ["b1", "b7", "b0"]}]
    (found,) = ask(shop, None, placements=rerank)
    assert [slot.product_id for slot in found.slate] == ["b7", "b0", "b1"]


def test_nothing_of_a_sensitive_kind_is_leant_to(shop: Engine) -> None:
    send(shop, *[touch("citra", "o", f"c{n}") for n in range(5)], *[shown(f"s{n}", "o") for n in range(9)])
    send(shop, *[touch(f"s{n}", "o", f"so{n}") for n in range(9)])
    shop.decisions.learn()
    (found,) = ask(shop, "citra", placements=[{"name": "home", "k": 12}])
    assert picked(found) == []


def test_whoever_is_forgotten_leaves_nothing_in_what_is_liked(shop: Engine) -> None:
    shop.decisions.learn()
    with_them = dict(shop.decisions.liked)
    shop.forget([("user", "u1")])
    assert shop.decisions.liked == {}
    shop.decisions.learn()
    assert shop.decisions.liked.keys() == with_them.keys()
    assert shop.decisions.liked != with_them


def test_a_category_that_tells_of_faith_is_nobodys_trait_and_its_products_speak_for_themselves(shop: Engine) -> None:
    rules, clock = shop.folder / "rules.toml", shop.decisions.clock
    before = rules.read_text()
    send(shop, touch("hasan", "b3", "h1"), touch("hasan", "b4", "h2"))
    shop.decisions.learn()
    asked = [{"name": "home", "k": 12}]
    try:
        assert "Batik" in {why for _, why in picked(ask(shop, "hasan", placements=asked)[0])}
        rules.write_text(before + 'telling = ["batik"]\n')
        shop.decisions.clock = lambda: clock() + 10_000_000
        (found,) = ask(shop, "hasan", placements=asked)
        assert picked(found) == []
        assert {"b3", "b4"} <= {slot.product_id for slot in found.slate if slot.shelf == "continue"}
    finally:
        rules.write_text(before)
        shop.decisions.clock = lambda: clock() + 20_000_000
